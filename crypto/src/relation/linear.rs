//! Linear constraints as one form `L = k*other - C`, beside the quadratic ones (labels.md, section 1.1).

use crate::field::U256;
use crate::r1cs::{Coefficients, Combination, R1cs};

/// A system whose linear constraints are single forms.
pub(crate) struct Source<'a> {
    pub(crate) r1cs: &'a R1cs,
    /// By coefficient number: those of the system, then those of the linear forms.
    pub(crate) values: Vec<U256>,
    places: Vec<u32>, // by constraint: the place of its linear form, or QUADRATIC
    ends: Vec<usize>,
    wires: Vec<u32>,
    coefficients: Vec<u32>,
}

const QUADRATIC: u32 = u32::MAX;
const EMPTY: Combination<'_> = Combination { wires: &[], coefficients: &[] };

impl<'a> Source<'a> {
    pub(crate) fn of(r1cs: &'a R1cs) -> Self {
        let mut source = Self {
            r1cs,
            values: r1cs.coefficients().values().to_vec(),
            places: Vec::with_capacity(r1cs.constraints()),
            ends: Vec::new(),
            wires: Vec::new(),
            coefficients: Vec::new(),
        };
        let mut new = Coefficients::default();
        for index in 0..r1cs.constraints() {
            if r1cs.is_linear(index) {
                source.places.push(source.ends.len() as u32);
                source.push(r1cs.constraint(index), &mut new);
            } else {
                source.places.push(QUADRATIC);
            }
        }
        source.values.extend(new.values());
        source
    }

    /// Number of linear constraints.
    pub(super) const fn linear(&self) -> u32 {
        self.ends.len() as u32
    }

    pub(super) const fn is_linear(&self, index: usize) -> bool {
        self.places.as_slice()[index] != QUADRATIC
    }

    /// `A`, `B` and `C` of a quadratic constraint; two empty forms and `L` of a linear one.
    pub(crate) fn forms(&self, index: usize) -> [Combination<'_>; 3] {
        let place = self.places[index] as usize;
        if place == QUADRATIC as usize {
            return self.r1cs.constraint(index);
        }
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        let range = start..self.ends[place];
        let form = Combination { wires: &self.wires[range.clone()], coefficients: &self.coefficients[range] };
        [EMPTY, EMPTY, form]
    }

    /// Appends `k*other - C` modulo p, where `k` is the value of the constant factor, A's if both are constant.
    fn push(&mut self, [a, b, c]: [Combination<'_>; 3], new: &mut Coefficients) {
        let field = self.r1cs.field();
        let known = self.values.len() as u32;
        let value = |number: u32| self.values[number as usize];
        let (constant, other) = if a.is_constant() { (a, b) } else { (b, a) };
        let k = constant.coefficients.first().map_or(U256::ZERO, |&number| value(number));

        // both lists ascend: merge them, and add up where a wire is in both
        let mut left = other.terms().peekable();
        let mut right = c.terms().peekable();
        while let Some(wire) = [left.peek(), right.peek()].into_iter().flatten().map(|term| term.0).min() {
            let mut sum = U256::ZERO;
            if let Some((_, number)) = left.next_if(|term| term.0 == wire) {
                sum = field.mul(k, value(number));
            }
            if let Some((_, number)) = right.next_if(|term| term.0 == wire) {
                sum = field.sub(sum, value(number));
            }
            if !sum.is_zero() {
                self.wires.push(wire);
                self.coefficients.push(known + new.intern(sum));
            }
        }
        self.ends.push(self.wires.len());
    }
}
