//! A security level: its challenges, and the widths that hide at it (labels.md, section 3).

use anyhow::{Result, bail, ensure};

use super::demand::{Demand, MAX_BITS, Modulus};

/// The security levels that have a challenge set.
pub const LEVELS: [u32; 4] = [100, 128, 192, 256];
/// The numbers j that set the widths.
pub const WIDTHS: [u32; 4] = [4, 5, 6, 8];

/// Challenges: independent uniform coefficients in `[-w, w]`, kept where the operator norm is at most `t`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Challenges {
    /// Largest coefficient.
    pub w: u32,
    /// Largest operator norm T.
    pub t: u32,
    /// S, the mean of the squared l2 norm over those kept.
    pub s: u32,
    /// `log2` of how many there are, rounded down.
    pub(super) bits: f64,
    /// Place among the sets.
    pub(super) number: usize,
}

/// All sets: for 100 and 128 bits, 192, 256, and a smaller one for 100.
pub(super) const CHALLENGES: [Challenges; 4] = [
    Challenges { w: 2, t: 20, s: 119, bits: 146.0, number: 0 },
    Challenges { w: 4, t: 37, s: 397, bits: 200.0, number: 1 },
    Challenges { w: 8, t: 69, s: 1417, bits: 259.0, number: 2 },
    Challenges { w: 1, t: 13, s: 42, bits: 100.4, number: 3 },
];

/// Whether a security level has a challenge set.
///
/// # Errors
/// When it has none; the line names those that do.
pub fn check_level(security: u32) -> Result<()> {
    if LEVELS.contains(&security) {
        return Ok(());
    }
    let levels = LEVELS.map(|level| level.to_string()).join(", ");
    bail!("security {security} has no challenge set; choose one of {levels}")
}

/// Whether a demand can be asked at a level.
///
/// # Errors
/// When the level has no challenge set, or the values are too long.
pub(crate) fn check(demand: &Demand, security: u32) -> Result<()> {
    if let Modulus::Free { bits } = demand.modulus {
        ensure!(bits <= MAX_BITS, "values of {bits} bits are too long; up to {MAX_BITS} bits are supported");
    }
    check_level(security)
}

/// What is asked of every candidate of a length: the level, and whether q is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// lambda.
    pub(crate) security: u32,
    /// Whether q is free.
    pub(crate) free: bool,
}

impl Level {
    /// The level of a demand.
    pub(crate) const fn of(demand: &Demand, security: u32) -> Self {
        Self { security, free: matches!(demand.modulus, Modulus::Free { .. }) }
    }

    /// The challenges for a modulus of this length and order.
    pub(super) const fn challenges(self, bits: u32, ord: u32) -> Challenges {
        match self.security {
            100 if self.free && ord >= 8 && bits >= 18 => CHALLENGES[3],
            100 | 128 => CHALLENGES[0],
            192 => CHALLENGES[1],
            _ => CHALLENGES[2],
        }
    }

    /// `e`: the least that smoothing allows for up to `2^13` rows, `j e/8` being the variance of the secrets.
    const fn smoothing(self) -> u32 {
        match self.security {
            100 => 17,
            128 => 21,
            192 => 30,
            _ => 39,
        }
    }

    /// The widths that a number j sets, for k openings in parallel.
    pub(super) fn widths(self, challenges: Challenges, j: u32, k: u32) -> Widths {
        Widths::new(self.smoothing(), challenges, j, k)
    }

    /// s, the deviation of secrets and errors: `s^2 = j e/8`.
    pub(super) fn deviation(self, j: u32) -> f64 {
        ratio(j * self.smoothing(), 8).sqrt()
    }
}

/// A rational number, not reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rational {
    pub(crate) numerator: u128,
    pub(crate) denominator: u128,
}

impl Rational {
    pub(super) fn real(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

fn ratio(numerator: u32, denominator: u32) -> f64 {
    f64::from(numerator) / f64::from(denominator)
}

/// The squares of the widths, exact. With `rho` the smallest integer of `16 rho^2 >= 49 k` and
/// `low = j^2 e/(8 (j-2))`, they meet `1/s1^2 + k T^2/s2^2 = 1/low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Widths {
    /// `s1^2`, of the commitment randomness.
    pub(crate) randomness: Rational,
    /// `s2^2`, of the mask.
    pub(crate) mask: Rational,
    /// `V = s2^2 + S s1^2`, of an answer's coefficients.
    pub(crate) answer: Rational,
}

impl Widths {
    fn new(e: u32, challenges: Challenges, j: u32, k: u32) -> Self {
        let (e, j, k) = (u128::from(e), u128::from(j), u128::from(k));
        let (t, s) = (u128::from(challenges.t), u128::from(challenges.s));
        let rho = split(k);

        // all three over 8 (j-2) and rho; at most 2^34 over 2^10 for k up to 64
        let common = j * j * e * (1 + rho);
        let low = 8 * (j - 2);
        let over = |factor: u128, rho: u128| Rational { numerator: common * factor, denominator: low * rho };
        Self { randomness: over(1, 1), mask: over(k * t * t, rho), answer: over(k * t * t + s * rho, rho) }
    }

    /// s1.
    pub(super) fn s1(&self) -> f64 {
        self.randomness.real().sqrt()
    }

    /// s2, which is called sigma.
    pub(super) fn s2(&self) -> f64 {
        self.mask.real().sqrt()
    }

    /// A wider mask than [`Self::s2`]: its square rounded up to a multiple of `2^-10`.
    pub(super) fn with_mask(self, sigma: f64, challenges: Challenges) -> Self {
        const PARTS: u128 = 1 << 10;
        let square = |value: f64| (value * PARTS as f64).ceil() as u128; // as far as it goes
        let mask = square(sigma * sigma);
        let randomness = square(self.randomness.real());
        let answer = mask.saturating_add(u128::from(challenges.s) * randomness);
        let over = |numerator| Rational { numerator, denominator: PARTS };
        Self { mask: over(mask), answer: over(answer), ..self }
    }
}

/// `rho`: the split of the width between randomness and mask that makes V nearly least.
fn split(k: u128) -> u128 {
    (1..).find(|rho| 16 * rho * rho >= 49 * k).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_is_as_the_definition_lists_it() {
        assert_eq!([1, 2, 4, 8, 16].map(split), [2, 3, 4, 5, 7]);
    }

    /// `1/s1^2 + k T^2/s2^2 = 1/low`, in integers.
    #[test]
    fn widths_hide_as_well_as_low() {
        for security in LEVELS {
            let level = Level { security, free: true };
            for challenges in CHALLENGES {
                for (j, k) in WIDTHS.into_iter().flat_map(|j| [1, 2, 4, 8, 16, 32, 64].map(|k| (j, k))) {
                    let widths = level.widths(challenges, j, k);
                    let e = u128::from(level.smoothing());
                    let (j, kt2) = (u128::from(j), u128::from(k * challenges.t * challenges.t));
                    let (s1, s2) = (widths.randomness, widths.mask);
                    let sum = s1.denominator * s2.numerator + kt2 * s2.denominator * s1.numerator;
                    assert_eq!(sum * j * j * e, s1.numerator * s2.numerator * 8 * (j - 2));
                }
            }
        }
    }
}
