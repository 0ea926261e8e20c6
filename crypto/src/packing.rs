//! Packing of quadratic constraints into NTT slots (labels.md, section 1.4).
//!
//! A product holds slot by slot, so the forms of one constraint share a slot, and a form that several
//! constraints use is committed once per slot that needs it.

use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::field::U256;
use crate::r1cs::{Combination, R1cs};

/// Slot counts `64 / ord` for `ord` = 1, 2, 4, 8, 16, 32.
pub const SLOTS: [u32; 6] = [64, 32, 16, 8, 4, 2];

/// The private forms that each packed constraint needs, in file order.
#[derive(Clone, Debug)]
pub struct Packing {
    forms: u32,
    packed: Vec<[u32; 3]>, // a missing third form repeats the first
}

impl Packing {
    /// Finds the packed constraints of a system and numbers their distinct private forms.
    #[must_use]
    pub fn of(r1cs: &R1cs) -> Self {
        let mut table = FormTable::new(r1cs);
        let packed = private_forms(r1cs).map(|[a, b, c]| {
            let (a, b) = (table.number(a), table.number(b));
            [a, b, if c.is_empty() { a } else { table.number(c) }]
        });
        let packed = packed.collect();
        Self { forms: table.forms.len() as u32, packed }
    }

    /// Number of distinct private forms over the packed constraints.
    #[must_use]
    pub const fn forms(&self) -> u32 {
        self.forms
    }

    /// Number of packed constraints.
    #[must_use]
    pub const fn packed(&self) -> usize {
        self.packed.len()
    }

    /// `height(slots)`: the smallest `h >= 1` such that the packed constraints can be cut into at most
    /// `slots` consecutive runs that need at most `h` distinct forms each.
    #[must_use]
    pub fn height(&self, slots: u32) -> u32 {
        let mut last_run = vec![0; self.forms as usize];
        let mut stamp = 0;
        let mut fits = |height| {
            let (runs, next) = self.runs(height, stamp, slots, &mut last_run);
            stamp = next;
            runs <= slots
        };
        let (mut low, mut high) = (self.forms.div_ceil(slots).max(1), self.forms.max(1));
        while low < high {
            let middle = low + (high - low) / 2;
            if fits(middle) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// The heights for each of [`SLOTS`].
    #[must_use]
    pub fn heights(&self) -> [u32; 6] {
        SLOTS.map(|slots| self.height(slots))
    }

    /// Fills runs of at most `height` forms from the front; gives up above `limit` of them.
    /// Run `r` marks its forms with `stamp + r`, so the marks need no clearing.
    fn runs(&self, height: u32, stamp: u32, limit: u32, last_run: &mut [u32]) -> (u32, u32) {
        let (mut runs, mut used) = (1, 0);
        for forms in &self.packed {
            let mut fresh = mark(forms, stamp + runs, last_run);
            if used + fresh > height {
                runs += 1;
                used = 0;
                fresh = mark(forms, stamp + runs, last_run);
            }
            if runs > limit || fresh > height {
                return (limit + 1, stamp + runs);
            }
            used += fresh;
        }
        (runs, stamp + runs)
    }
}

/// Marks `forms` as used by `run` and counts those that it had not used yet.
fn mark(forms: &[u32; 3], run: u32, last_run: &mut [u32]) -> u32 {
    forms.iter().map(|&form| u32::from(std::mem::replace(&mut last_run[form as usize], run) != run)).sum()
}

/// The private forms of the packed constraints, in file order.
fn private_forms(r1cs: &R1cs) -> impl Iterator<Item = [Combination<'_>; 3]> {
    let first = r1cs.first_private();
    let forms =
        (0..r1cs.constraints()).map(move |index| r1cs.constraint(index).map(|it| it.from_wire(first)));
    forms.filter(|[a, b, _]| !a.is_empty() && !b.is_empty())
}

/// Distinct private forms, by number; equal up to a factor means equal.
struct FormTable<'a> {
    r1cs: &'a R1cs,
    inverses: Vec<U256>, // by coefficient number: of those that lead a form of several terms
    forms: Vec<(u64, Combination<'a>)>, // with its hash
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<'a> FormTable<'a> {
    fn new(r1cs: &'a R1cs) -> Self {
        let values = r1cs.coefficients().values();
        let mut inverses = vec![U256::ZERO; values.len()];
        for form in private_forms(r1cs).flatten().filter(|form| form.wires.len() > 1) {
            let lead = form.coefficients[0] as usize;
            inverses[lead] = values[lead];
        }
        r1cs.field().invert_all(&mut inverses);
        let (numbers, hasher) = (HashTable::new(), DefaultHashBuilder::default());
        Self { r1cs, inverses, forms: Vec::new(), numbers, hasher }
    }

    /// The number of a non-empty private form.
    fn number(&mut self, form: Combination<'a>) -> u32 {
        let hash = self.hash(form);
        let known = |number: u32| self.forms[number as usize];
        let same = |&number: &u32| known(number).0 == hash && self.same(form, known(number).1);
        if let Some(&number) = self.numbers.find(hash, same) {
            return number;
        }
        let number = self.forms.len() as u32;
        self.forms.push((hash, form));
        self.numbers.insert_unique(hash, number, |&number| self.forms[number as usize].0);
        number
    }

    fn hash(&self, form: Combination<'_>) -> u64 {
        let mut hash = self.hasher.build_hasher();
        form.wires.iter().zip(self.quotients(form)).for_each(|term| term.hash(&mut hash));
        hash.finish()
    }

    fn same(&self, a: Combination<'_>, b: Combination<'_>) -> bool {
        a.wires == b.wires && (a.coefficients == b.coefficients || self.quotients(a).eq(self.quotients(b)))
    }

    /// The coefficients divided by the first one.
    fn quotients(&self, form: Combination<'_>) -> impl Iterator<Item = U256> {
        let (field, values) = (self.r1cs.field(), self.r1cs.coefficients().values());
        let (lead, one) = (form.coefficients[0], U256::from(1));
        let inverse = self.inverses[lead as usize];
        form.coefficients.iter().map(move |&number| match values[number as usize] {
            _ if number == lead => one,
            value if inverse == one => value,
            value => field.mul(value, inverse),
        })
    }
}
