//! Packing of quadratic constraints into NTT slots (labels.md, section 1.6).
//!
//! A product holds slot by slot, so the forms of one constraint share a slot, and a form that several
//! constraints use is committed once per slot that needs it.

use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::field::{Field, U256};
use crate::r1cs::Combination;
use crate::relation::Relation;

/// Slot counts `64 / ord` for `ord` = 1, 2, 4, 8, 16.
pub const SLOTS: [u32; 5] = [64, 32, 16, 8, 4];

/// The private forms that each packed constraint needs, in file order.
#[derive(Clone, Debug)]
pub struct Packing {
    forms: u32,
    packed: Vec<[u32; 3]>, // a missing third form repeats the first
}

impl Packing {
    /// Finds the packed constraints and numbers their distinct private forms: those that are proportional are one, over
    /// the integers where the circuit lifts, modulo p elsewhere.
    #[must_use]
    pub fn of(relation: &Relation, liftable: bool) -> Self {
        let mut table = FormTable::new(relation, liftable);
        let packed = private_forms(relation).map(|[a, b, c]| {
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

    /// The numbers of the forms that each packed constraint needs; a missing third form repeats the first.
    #[must_use]
    pub fn forms_of(&self) -> &[[u32; 3]] {
        &self.packed
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
    pub fn heights(&self) -> [u32; 5] {
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
fn private_forms(relation: &Relation) -> impl Iterator<Item = [Combination<'_>; 3]> {
    let first = relation.first_private();
    let forms =
        relation.constraints().map(move |constraint| constraint.forms.map(|form| form.from_wire(first)));
    forms.filter(|[a, b, _]| !a.is_empty() && !b.is_empty())
}

/// Distinct private forms, by number.
struct FormTable<'a> {
    relation: &'a Relation,
    inverses: Option<Vec<U256>>, // by coefficient number, of those that lead a form; not over the integers
    forms: Vec<(u64, Combination<'a>, U256)>, // with its hash, and what its coefficients are divided or multiplied by
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<'a> FormTable<'a> {
    fn new(relation: &'a Relation, liftable: bool) -> Self {
        let inverses = (!liftable).then(|| {
            let mut inverses = vec![U256::ZERO; relation.values().len()];
            for form in private_forms(relation).flatten().filter(|form| form.wires.len() > 1) {
                let lead = form.coefficients[0] as usize;
                inverses[lead] = relation.values()[lead];
            }
            relation.field().invert_all(&mut inverses);
            inverses
        });
        let (numbers, hasher) = (HashTable::new(), DefaultHashBuilder::default());
        Self { relation, inverses, forms: Vec::new(), numbers, hasher }
    }

    /// The number of a non-empty private form.
    fn number(&mut self, form: Combination<'a>) -> u32 {
        let factor = self.factor(form);
        let hash = self.hash(form, factor);
        let known = |number: u32| self.forms[number as usize];
        let same = |&number: &u32| {
            let (other_hash, other, other_factor) = known(number);
            other_hash == hash && self.same(form, factor, other, other_factor)
        };
        if let Some(&number) = self.numbers.find(hash, same) {
            return number;
        }
        let number = self.forms.len() as u32;
        self.forms.push((hash, form, factor));
        self.numbers.insert_unique(hash, number, |&number| self.forms[number as usize].0);
        number
    }

    /// What brings a form to its standard: modulo p the inverse of the first coefficient; over the integers the gcd.
    fn factor(&self, form: Combination<'_>) -> U256 {
        if let Some(inverses) = &self.inverses {
            return inverses[form.coefficients[0] as usize];
        }
        let mut divisor = U256::ZERO;
        for &number in form.coefficients {
            divisor = divisor.gcd(self.relation.field().signed(self.relation.values()[number as usize]).1);
            if divisor == U256::from(1) {
                break;
            }
        }
        divisor
    }

    fn hash(&self, form: Combination<'_>, factor: U256) -> u64 {
        let mut hash = self.hasher.build_hasher();
        form.wires.iter().zip(self.standard(form, factor)).for_each(|term| term.hash(&mut hash));
        hash.finish()
    }

    fn same(&self, a: Combination<'_>, factor_a: U256, b: Combination<'_>, factor_b: U256) -> bool {
        let equal = || a.coefficients == b.coefficients;
        a.wires == b.wires && (equal() || self.standard(a, factor_a).eq(self.standard(b, factor_b)))
    }

    /// The coefficients in their standard: the first is 1 modulo p, or positive and without a common divisor.
    fn standard(&self, form: Combination<'_>, factor: U256) -> impl Iterator<Item = U256> {
        let (field, values) = (self.relation.field(), self.relation.values());
        let (lead, one) = (form.coefficients[0], U256::from(1));
        let over_integers = self.inverses.is_none();
        let negative = over_integers && field.signed(values[lead as usize]).0;
        form.coefficients.iter().map(move |&number| {
            let value = values[number as usize];
            if over_integers {
                let value = if negative { field.neg(value) } else { value };
                return if factor == one { value } else { divided(field, value, factor) };
            }
            match value {
                _ if number == lead => one,
                value if factor == one => value,
                value => field.mul(value, factor),
            }
        })
    }
}

/// The element of a signed representative that `divisor` divides, after the division.
fn divided(field: &Field, value: U256, divisor: U256) -> U256 {
    let (negative, magnitude) = field.signed(value);
    let quotient = magnitude / divisor;
    if negative { field.neg(quotient) } else { quotient }
}
