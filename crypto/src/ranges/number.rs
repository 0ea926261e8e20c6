//! Numbers of intervals: machine integers as long as they do, integers of any size where one outgrows them.
//!
//! What an operation returns is exact, or the operation fails: an inference that fails in machine integers is run again.

use std::convert::Infallible;

use dashu_int::IBig;
use dashu_int::ops::{Abs, DivRemEuclid, Gcd};

/// A number does not fit.
#[derive(Clone, Copy, Debug)]
pub struct Outgrown;

/// Why an operation on numbers fails.
pub trait Failure {}

impl Failure for Outgrown {}
impl Failure for Infallible {}

/// Exact integers.
pub trait Number: Clone + Ord {
    /// Why an operation fails.
    type Outgrown: Failure;

    const ZERO: Self;
    const ONE: Self;

    /// The number of an integer.
    fn of(integer: &IBig) -> Result<Self, Self::Outgrown>;
    /// The integer of a number.
    fn integer(&self) -> IBig;

    fn is_zero(&self) -> bool;
    fn is_one(&self) -> bool;
    fn is_minus_one(&self) -> bool;

    /// `self += other`
    fn add(&mut self, other: &Self) -> Result<(), Self::Outgrown>;
    /// `self -= other`
    fn sub(&mut self, other: &Self) -> Result<(), Self::Outgrown>;
    /// `self * other`
    fn times(&self, other: &Self) -> Result<Self, Self::Outgrown>;
    /// `-self`
    fn negated(self) -> Result<Self, Self::Outgrown>;
    /// `|self|`
    fn magnitude(&self) -> Result<Self, Self::Outgrown>;
    /// `self / divisor`, which leaves no rest.
    fn divided(&self, divisor: &Self) -> Self;
    /// The largest multiple of a positive number that is at most `self`.
    fn multiple_below(&self, of: &Self) -> Result<Self, Self::Outgrown>;
    /// The positive gcd; not both are zero.
    fn gcd(&self, other: &Self) -> Result<Self, Self::Outgrown>;

    /// Whether it is 1 or -1.
    fn is_unit(&self) -> bool {
        self.is_one() || self.is_minus_one()
    }

    /// `other - self`
    fn up_to(&self, other: &Self) -> Result<Self, Self::Outgrown> {
        let mut difference = other.clone();
        difference.sub(self)?;
        Ok(difference)
    }
}

impl Number for IBig {
    type Outgrown = Infallible;

    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;

    fn of(integer: &IBig) -> Result<Self, Infallible> {
        Ok(integer.clone())
    }

    fn integer(&self) -> IBig {
        self.clone()
    }

    fn is_zero(&self) -> bool {
        self.is_zero()
    }

    fn is_one(&self) -> bool {
        self.is_one()
    }

    fn is_minus_one(&self) -> bool {
        *self == Self::NEG_ONE
    }

    fn add(&mut self, other: &Self) -> Result<(), Infallible> {
        *self += other;
        Ok(())
    }

    fn sub(&mut self, other: &Self) -> Result<(), Infallible> {
        *self -= other;
        Ok(())
    }

    fn times(&self, other: &Self) -> Result<Self, Infallible> {
        Ok(self * other)
    }

    fn negated(self) -> Result<Self, Infallible> {
        Ok(-self)
    }

    fn magnitude(&self) -> Result<Self, Infallible> {
        Ok(self.abs())
    }

    fn divided(&self, divisor: &Self) -> Self {
        self / divisor
    }

    fn multiple_below(&self, of: &Self) -> Result<Self, Infallible> {
        let (quotient, _) = self.div_rem_euclid(of);
        Ok(quotient * of)
    }

    fn gcd(&self, other: &Self) -> Result<Self, Infallible> {
        Ok(Gcd::gcd(self, other).into())
    }
}

impl Number for i128 {
    type Outgrown = Outgrown;

    const ZERO: Self = 0;
    const ONE: Self = 1;

    fn of(integer: &IBig) -> Result<Self, Outgrown> {
        Self::try_from(integer).map_err(|_| Outgrown)
    }

    fn integer(&self) -> IBig {
        IBig::from(*self)
    }

    fn is_zero(&self) -> bool {
        *self == 0
    }

    fn is_one(&self) -> bool {
        *self == 1
    }

    fn is_minus_one(&self) -> bool {
        *self == -1
    }

    fn add(&mut self, other: &Self) -> Result<(), Outgrown> {
        *self = self.checked_add(*other).ok_or(Outgrown)?;
        Ok(())
    }

    fn sub(&mut self, other: &Self) -> Result<(), Outgrown> {
        *self = self.checked_sub(*other).ok_or(Outgrown)?;
        Ok(())
    }

    /// Two words at most have a product that fits; others are rare, and their check is slow.
    fn times(&self, other: &Self) -> Result<Self, Outgrown> {
        match (i64::try_from(*self), i64::try_from(*other)) {
            (Ok(a), Ok(b)) => Ok(Self::from(a) * Self::from(b)),
            _ => self.checked_mul(*other).ok_or(Outgrown),
        }
    }

    fn negated(self) -> Result<Self, Outgrown> {
        self.checked_neg().ok_or(Outgrown)
    }

    fn magnitude(&self) -> Result<Self, Outgrown> {
        self.checked_abs().ok_or(Outgrown)
    }

    fn divided(&self, divisor: &Self) -> Self {
        self.wrapping_div(*divisor)
    }

    fn multiple_below(&self, of: &Self) -> Result<Self, Outgrown> {
        self.checked_sub(self.rem_euclid(*of)).ok_or(Outgrown)
    }

    fn gcd(&self, other: &Self) -> Result<Self, Outgrown> {
        let (a, b) = (self.unsigned_abs(), other.unsigned_abs());
        let gcd: dashu_int::UBig = Gcd::gcd(&dashu_int::UBig::from(a), &dashu_int::UBig::from(b));
        Self::try_from(gcd).map_err(|_| Outgrown)
    }
}
