//! Packing of quadratic constraints into NTT slots (labels.md, section 1).
//!
//! A product holds slot by slot, so the forms of one constraint share a slot, and a form that several
//! constraints use is committed once per slot that needs it.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::field::U256;
use crate::r1cs::{Coefficients, Combination, R1cs};

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
        let packed = (0..r1cs.constraints())
            .filter_map(|index| {
                let [a, b, c] = r1cs.constraint(index).map(|form| table.private(form));
                if a.is_empty() || b.is_empty() {
                    return None;
                }
                let (a, b) = (table.number(a), table.number(b));
                Some([a, b, if c.is_empty() { a } else { table.number(c) }])
            })
            .collect();
        Self { forms: table.ends.len() as u32, packed }
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
                (runs, used) = (runs + 1, 0);
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

/// Private forms, each divided by its first coefficient, and their numbers.
struct FormTable<'a> {
    r1cs: &'a R1cs,
    coefficients: Coefficients,
    one: u32,
    inverses: HashMap<u32, U256>,
    quotients: HashMap<(u32, u32), u32>,
    terms: Vec<(u32, u32)>,
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<'a> FormTable<'a> {
    fn new(r1cs: &'a R1cs) -> Self {
        let mut coefficients = r1cs.coefficients().clone();
        Self {
            r1cs,
            one: coefficients.intern(U256::from(1)),
            coefficients,
            inverses: HashMap::new(),
            quotients: HashMap::new(),
            terms: Vec::new(),
            ends: Vec::new(),
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// The terms on private wires.
    fn private(&self, form: Combination<'a>) -> Combination<'a> {
        let start = form.wires.partition_point(|&wire| wire < self.r1cs.first_private());
        Combination { wires: &form.wires[start..], coefficients: &form.coefficients[start..] }
    }

    /// The number of a non-empty private form; equal up to a factor means equal.
    fn number(&mut self, form: Combination<'_>) -> u32 {
        let start = self.terms.len();
        let lead = form.coefficients[0];
        for (wire, coefficient) in form.terms() {
            let quotient = self.quotient(coefficient, lead);
            self.terms.push((wire, quotient));
        }
        self.deduplicate(start)
    }

    /// Numbers the terms from `start` on, and drops them if they are known.
    fn deduplicate(&mut self, start: usize) -> u32 {
        let Self { terms, ends, numbers, hasher, .. } = self;
        let slice = |number: u32| {
            let from = if number == 0 { 0 } else { ends[number as usize - 1] };
            &terms[from..ends[number as usize]]
        };
        let hash = hasher.hash_one(&terms[start..]);
        let found = numbers.find(hash, |&number| slice(number) == &terms[start..]).copied();
        if let Some(number) = found {
            terms.truncate(start);
            return number;
        }
        let number = ends.len() as u32;
        ends.push(terms.len());
        numbers.insert_unique(hash, number, |&number| {
            let from = if number == 0 { 0 } else { ends[number as usize - 1] };
            hasher.hash_one(&terms[from..ends[number as usize]])
        });
        number
    }

    fn quotient(&mut self, coefficient: u32, lead: u32) -> u32 {
        if lead == self.one {
            return coefficient;
        }
        if coefficient == lead {
            return self.one;
        }
        let Self { r1cs, coefficients, inverses, quotients, .. } = self;
        *quotients.entry((coefficient, lead)).or_insert_with(|| {
            let (field, values) = (r1cs.field(), coefficients.values());
            let inverse = inverses.entry(lead).or_insert_with(|| field.inv(values[lead as usize]));
            let quotient = field.mul(values[coefficient as usize], *inverse);
            coefficients.intern(quotient)
        })
    }
}
