//! Intervals of integers and their arithmetic (labels.md, section 1.4).

use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest, DivRemEuclid};

/// The integers `lo..=hi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Smallest value.
    pub lo: IBig,
    /// Largest value.
    pub hi: IBig,
}

impl Interval {
    /// A single integer.
    #[must_use]
    pub fn point(value: IBig) -> Self {
        Self { lo: value.clone(), hi: value }
    }

    /// `[-half, half]` for a prime r: its signed representatives.
    #[must_use]
    pub fn signed_field(r: &IBig) -> Self {
        let half: IBig = r >> 1;
        Self { lo: -&half, hi: half }
    }

    pub(super) const fn zero() -> Self {
        Self { lo: IBig::ZERO, hi: IBig::ZERO }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.lo.is_zero() && self.hi.is_zero()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lo > self.hi
    }

    pub(super) fn negated(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }

    /// Adds `factor` times an interval.
    pub(super) fn add_times(&mut self, factor: &IBig, other: &Self) {
        if factor.is_one() {
            self.lo += &other.lo;
            self.hi += &other.hi;
        } else if *factor == IBig::NEG_ONE {
            self.lo -= &other.hi;
            self.hi -= &other.lo;
        } else if factor < &IBig::ZERO {
            self.lo += factor * &other.hi;
            self.hi += factor * &other.lo;
        } else {
            self.lo += factor * &other.lo;
            self.hi += factor * &other.hi;
        }
    }

    /// Takes a term with coefficient 1 or -1 out of a sum.
    pub(super) fn subtract(&mut self, unit: &IBig, other: &Self) {
        if unit.is_one() {
            self.lo -= &other.lo;
            self.hi -= &other.hi;
        } else {
            self.lo += &other.hi;
            self.hi += &other.lo;
        }
    }

    pub(super) fn product(&self, other: &Self) -> Self {
        let corners =
            [&self.lo * &other.lo, &self.lo * &other.hi, &self.hi * &other.lo, &self.hi * &other.hi];
        let [first, rest @ ..] = corners;
        let mut hull = Self::point(first);
        rest.into_iter().for_each(|corner| hull.extend(corner));
        hull
    }

    pub(super) fn within(&self, outer: &Self) -> bool {
        self.lo >= outer.lo && self.hi <= outer.hi
    }

    /// Whether a multiple of r is in the interval.
    pub(super) fn holds_multiple(&self, r: &IBig) -> bool {
        if self.lo <= IBig::ZERO && self.hi >= IBig::ZERO {
            return true;
        }
        let (quotient, _) = (&self.hi).div_rem_euclid(r);
        quotient * r >= self.lo
    }

    /// Cuts it to another interval; whether it narrows.
    pub(super) fn cut(&mut self, other: Self) -> bool {
        let (raises, lowers) = (other.lo > self.lo, other.hi < self.hi);
        if raises {
            self.lo = other.lo;
        }
        if lowers {
            self.hi = other.hi;
        }
        raises || lowers
    }

    /// The smallest interval around both.
    pub(super) fn hull(&mut self, other: &Self) {
        if other.lo < self.lo {
            self.lo = other.lo.clone();
        }
        if other.hi > self.hi {
            self.hi = other.hi.clone();
        }
    }

    /// `max(|lo|, |hi|)`.
    #[must_use]
    pub fn magnitude(&self) -> IBig {
        let (lo, hi) = ((&self.lo).abs(), (&self.hi).abs());
        if lo > hi { lo } else { hi }
    }

    /// Takes a value in.
    fn extend(&mut self, value: IBig) {
        if value < self.lo {
            self.lo = value;
        } else if value > self.hi {
            self.hi = value;
        }
    }
}

/// Bit length of a non-negative integer.
#[must_use]
pub fn bit_length(value: &IBig) -> u32 {
    value.bit_len() as u32
}
