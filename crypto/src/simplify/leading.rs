//! Bits that the range of their sum fixes, as where a template compares 252 bits of what has 32.
//!
//! Let `sum 2^e b_e = R` with bits of different places, R an integer form of other wires within `[lo, hi]`; `-2^e b` is put
//! as `2^e (1 - b) - 2^e`, so that `b_e` is a bit or 1 less a bit. From the highest place down, T what all lower bits add up
//! to at most: if `lo > T`, `b_e = 1`; if `hi < 2^e`, `b_e = 0`. The first one, k, that is not fixed decides between R and
//! `R - 2^k` for those below. Where a next one is 0 if `b_k` is 1, and 1 if it is 0, `b_e = 1 - b_k`; and so on.
//!
//! > All ranges follow from the circuit alone (labels.md, section 1.4), with no declared width, and both sides differ by less
//! > than p: so all this holds for each solution, which the new equations leave as it is.

use std::cmp::Reverse;
use std::collections::HashSet;

use dashu_int::ops::BitTest;
use dashu_int::{IBig, Sign};

use crate::r1cs::{Combination, R1cs};
use crate::ranges::{Bounds, Interval, Ranges};
use crate::relation::{Kind, Relation};

use super::Form;

/// `2^place` times a wire of range `[0, 1]`, or times 1 less that wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Bit {
    place: usize,
    less: bool,
    wire: u32,
}

/// Linear forms that are 0, each with one bit that is fixed, or the opposite of another.
pub(super) fn equations(r1cs: &R1cs) -> Vec<Form> {
    let none = Bounds::new();
    let relation = Relation::of(r1cs, &none);
    let Ok(ranges) = Ranges::infer(&relation, r1cs.field().modulus(), &none) else { return Vec::new() };
    let mut sums = Sums { relation: &relation, ranges: &ranges, equations: Vec::new() };
    let linear = relation.constraints().filter(|constraint| constraint.kind == Kind::Linear);
    linear.for_each(|constraint| sums.look(constraint.forms[2]));
    sums.equations
}

struct Sums<'a> {
    relation: &'a Relation,
    ranges: &'a Ranges<'a>,
    equations: Vec<Form>,
}

impl Sums<'_> {
    /// Fixes bits of a form that is 0.
    fn look(&mut self, form: Combination<'_>) {
        let p = IBig::from(crate::field::to_ubig(self.relation.field().modulus()));
        if self.interval(form, &[]).magnitude() >= p {
            return;
        }
        for negative in [true, false] {
            let bits = self.bits(form, negative);
            let known = self.equations.len();
            self.fix(&bits, self.interval(form, &bits), negative);
            if self.equations.len() > known {
                return;
            }
        }
    }

    /// Wires of a power of two and of range `[0, 1]`, the highest first. One a place: those of this sign, or else 1 less one
    /// of the other.
    fn bits(&self, form: Combination<'_>, negative: bool) -> Vec<Bit> {
        let bit = |(wire, coefficient): (u32, &IBig)| {
            let Interval { lo, hi } = self.ranges.interval(wire);
            let (sign, magnitude) = coefficient.clone().into_parts();
            let place = magnitude.trailing_zeros()?;
            let fits = *lo == IBig::ZERO && *hi == IBig::ONE && magnitude.bit_len() == place + 1;
            fits.then_some(Bit { place, less: (sign == Sign::Negative) != negative, wire })
        };
        let mut bits: Vec<Bit> = self.relation.terms(form).filter_map(bit).collect();
        bits.sort_unstable_by_key(|bit| (Reverse(bit.place), *bit));
        bits.dedup_by_key(|bit| bit.place);
        bits
    }

    /// The interval of a form without some wires.
    fn interval(&self, form: Combination<'_>, without: &[Bit]) -> Interval {
        let without: HashSet<u32> = without.iter().map(|bit| bit.wire).collect();
        let mut sum = Interval::point(IBig::ZERO);
        for (wire, coefficient) in self.relation.terms(form) {
            if !without.contains(&wire) {
                let Interval { lo, hi } = self.ranges.interval(wire);
                let (low, high) = (coefficient * lo, coefficient * hi);
                sum.lo += (&low).min(&high);
                sum.hi += (&low).max(&high);
            }
        }
        sum
    }

    /// Adds what a sum of bits and a rest that together are 0 say of the bits.
    fn fix(&mut self, bits: &[Bit], rest: Interval, negative: bool) {
        let (mut lo, mut hi) = if negative { (rest.lo, rest.hi) } else { (-rest.hi, -rest.lo) };
        for bit in bits.iter().filter(|bit| bit.less) {
            lo += IBig::ONE << bit.place;
            hi += IBig::ONE << bit.place;
        }
        let mut lower: IBig = bits.iter().map(|bit| IBig::ONE << bit.place).sum();
        let mut deciding = None;
        for bit in bits {
            let power = IBig::ONE << bit.place;
            lower -= &power;
            match deciding {
                None if lo > lower => {
                    self.equate(bit, None);
                    lo -= &power;
                    hi -= power;
                }
                None if hi < power => self.equate(&Bit { less: !bit.less, ..*bit }, None),
                None => {
                    deciding = Some(bit);
                    hi -= power;
                }
                Some(_) if hi < power && lo > lower => {
                    self.equate(bit, deciding);
                    lo -= power;
                }
                Some(_) => break,
            }
        }
    }

    /// A private bit is 1, or adds up to 1 with another.
    fn equate(&mut self, bit: &Bit, other: Option<&Bit>) {
        if bit.wire < self.relation.first_private() {
            return;
        }
        let field = self.relation.field();
        let mut constant = -1;
        let mut form = Form::new();
        for bit in [Some(bit), other].into_iter().flatten() {
            constant += i64::from(bit.less);
            form.push((bit.wire, field.from_i64(if bit.less { -1 } else { 1 })));
        }
        form.push((0, field.from_i64(constant)));
        self.equations.push(form);
    }
}
