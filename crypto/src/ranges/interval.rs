//! Intervals of integers and their arithmetic (labels.md, section 1.4).

use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest};

use super::number::Number;

/// The integers `lo..=hi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval<N = IBig> {
    /// Smallest value.
    pub lo: N,
    /// Largest value.
    pub hi: N,
}

impl<N: Clone> Interval<N> {
    /// A single integer.
    #[must_use]
    pub fn point(value: N) -> Self {
        Self { lo: value.clone(), hi: value }
    }
}

impl Interval {
    /// `[-half, half]` for a prime r: its signed representatives.
    #[must_use]
    pub fn signed_field(r: &IBig) -> Self {
        let half: IBig = r >> 1;
        Self { lo: -&half, hi: half }
    }

    /// `max(|lo|, |hi|)`.
    #[must_use]
    pub fn magnitude(&self) -> IBig {
        let (lo, hi) = ((&self.lo).abs(), (&self.hi).abs());
        if lo > hi { lo } else { hi }
    }
}

impl<N: Number> Interval<N> {
    /// The numbers of integers.
    pub(super) fn of(interval: &Interval) -> Result<Self, N::Outgrown> {
        Ok(Self { lo: N::of(&interval.lo)?, hi: N::of(&interval.hi)? })
    }

    /// The integers of the numbers.
    pub(super) fn integers(&self) -> Interval {
        Interval { lo: self.lo.integer(), hi: self.hi.integer() }
    }

    pub(super) const fn zero() -> Self {
        Self { lo: N::ZERO, hi: N::ZERO }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.lo.is_zero() && self.hi.is_zero()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lo > self.hi
    }

    pub(super) fn negated(self) -> Result<Self, N::Outgrown> {
        Ok(Self { lo: self.hi.negated()?, hi: self.lo.negated()? })
    }

    /// Adds `factor` times an interval.
    #[inline]
    pub(super) fn add_times(&mut self, factor: &N, other: &Self) -> Result<(), N::Outgrown> {
        if factor.is_one() {
            self.lo.add(&other.lo)?;
            self.hi.add(&other.hi)
        } else if factor.is_minus_one() {
            self.lo.sub(&other.hi)?;
            self.hi.sub(&other.lo)
        } else {
            let (low, high) = if *factor < N::ZERO { (&other.hi, &other.lo) } else { (&other.lo, &other.hi) };
            self.lo.add(&factor.times(low)?)?;
            self.hi.add(&factor.times(high)?)
        }
    }

    /// Takes a term with coefficient 1 or -1 out of a sum.
    pub(super) fn subtract(&mut self, unit: &N, other: &Self) -> Result<(), N::Outgrown> {
        if unit.is_one() {
            self.lo.sub(&other.lo)?;
            self.hi.sub(&other.hi)
        } else {
            self.lo.add(&other.hi)?;
            self.hi.add(&other.lo)
        }
    }

    pub(super) fn product(&self, other: &Self) -> Result<Self, N::Outgrown> {
        let mut hull = Self::point(self.lo.times(&other.lo)?);
        hull.extend(self.lo.times(&other.hi)?);
        hull.extend(self.hi.times(&other.lo)?);
        hull.extend(self.hi.times(&other.hi)?);
        Ok(hull)
    }

    pub(super) fn within(&self, outer: &Self) -> bool {
        self.lo >= outer.lo && self.hi <= outer.hi
    }

    pub(super) fn holds_zero(&self) -> bool {
        self.lo <= N::ZERO && self.hi >= N::ZERO
    }

    /// Whether a multiple of r is in an interval without zero; without an r, one that is larger than all numbers.
    pub(super) fn holds_multiple(&self, r: Option<&N>) -> Result<bool, N::Outgrown> {
        r.map_or(Ok(false), |r| Ok(self.hi.multiple_below(r)? >= self.lo))
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

    /// Takes a value in.
    fn extend(&mut self, value: N) {
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
