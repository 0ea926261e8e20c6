//! Intervals of integers and their arithmetic (labels.md, section 1.2).

use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest};

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

    pub(super) fn zero() -> Self {
        Self { lo: IBig::ZERO, hi: IBig::ZERO }
    }

    pub(super) fn is_point(&self) -> bool {
        self.lo == self.hi
    }

    pub(super) fn is_zero(&self) -> bool {
        self.lo.is_zero() && self.hi.is_zero()
    }

    pub(super) fn negated(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        Self { lo: &self.lo - &other.hi, hi: &self.hi - &other.lo }
    }

    pub(super) fn times(&self, factor: &IBig) -> Self {
        let (lo, hi) = (&self.lo * factor, &self.hi * factor);
        if factor < &IBig::ZERO { Self { lo: hi, hi: lo } } else { Self { lo, hi } }
    }

    pub(super) fn product(&self, other: &Self) -> Self {
        if let Some((lo, hi)) = self.small_product(other) {
            return Self { lo: lo.into(), hi: hi.into() };
        }
        let corners =
            [&self.lo * &other.lo, &self.lo * &other.hi, &self.hi * &other.lo, &self.hi * &other.hi];
        let mut hull = Self::point(corners[0].clone());
        for corner in corners {
            hull.extend(corner);
        }
        hull
    }

    /// The same in machine words, where the ends fit.
    fn small_product(&self, other: &Self) -> Option<(i128, i128)> {
        let word = |value: &IBig| i64::try_from(value).ok().map(i128::from);
        let (a, b) = (word(&self.lo)?, word(&self.hi)?);
        let (c, d) = (word(&other.lo)?, word(&other.hi)?);
        let corners = [a * c, a * d, b * c, b * d];
        Some((*corners.iter().min()?, *corners.iter().max()?))
    }

    pub(super) fn within(&self, outer: &Self) -> bool {
        self.lo >= outer.lo && self.hi <= outer.hi
    }

    /// `max(|lo|, |hi|)`.
    #[must_use]
    pub fn magnitude(&self) -> IBig {
        let (lo, hi) = ((&self.lo).abs(), (&self.hi).abs());
        if lo > hi { lo } else { hi }
    }

    /// Takes a value in.
    pub(super) fn extend(&mut self, value: IBig) {
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
