//! The longest vector that binds, by modulus and rank (labels.md, section 3).

use std::sync::OnceLock;

use crate::security::{BindingTest, DEGREE, Limit};

use super::level::Challenges;
use super::shape::MAX_KAPPA;

/// Ranks that are worked out together.
const CHUNK: usize = 32;
const CHUNKS: usize = (MAX_KAPPA as usize).div_ceil(CHUNK);

/// Where longer norms are cut off: no search comes near. A rank `kappa` binds up to about `b^2 = C kappa` with
/// `C = 256 lg log2 T_delta < 420` (lg up to 256). If `b0` belongs to a demand without cuts, then
/// `C (kappa_min - 1) < b0^2`, and the longest `b` of `kappa_min + 2` has `b^2 < b0^2 + 3 C`. With fewer than `2^33`
/// rows and `V < 2^23`, `b0 < 41`; hence `b < 55` and `log2 Bd2 = 2 (b - 3 - log2 T) < 98`.
const CUT_OFF: u128 = 1 << 100;

/// For each rank the largest `Bd2` that binds; worked out when it is first asked for.
#[derive(Debug)]
pub(super) struct Norms {
    test: BindingTest,
    challenges: Challenges,
    log2_q: f64,
    /// The largest with `b < lg - 1`, whatever the rank.
    half_modulus: u128,
    chunks: [OnceLock<Box<[u128; CHUNK]>>; CHUNKS],
}

impl Norms {
    pub(super) fn new(security: u32, challenges: Challenges, log2_q: f64) -> Self {
        let mut norms = Self {
            test: BindingTest::new(security),
            challenges,
            log2_q,
            half_modulus: 0,
            chunks: [const { OnceLock::new() }; CHUNKS],
        };
        norms.half_modulus = largest(|norm| norms.log2_bound(norm) < log2_q - 1.0);
        norms
    }

    pub(super) const fn challenges(&self) -> Challenges {
        self.challenges
    }

    pub(super) const fn half_modulus(&self) -> u128 {
        self.half_modulus
    }

    /// `b = 3 + log2 T + log2(Bd2)/2`.
    pub(super) fn log2_bound(&self, norm: u128) -> f64 {
        3.0 + f64::from(self.challenges.t).log2() + (norm as f64).log2() / 2.0
    }

    /// What forbids a norm at a rank.
    pub(super) fn limit(&self, kappa: u32, norm: u128) -> Option<Limit> {
        self.test.limit(f64::from(DEGREE * kappa), self.log2_q, self.log2_bound(norm))
    }

    /// The largest `Bd2` with which a rank from 1 to [`MAX_KAPPA`] binds; 0 if none does.
    ///
    /// As a function of `b` the target delta is continuous and grows: with `x = n lg` and `d = floor(2 x/b)` it is
    /// `(b - x/d)/(d-1)`, which grows with b, and where d steps down, at `b = 2 x/d`, both sides are `x/(d (d-1))`.
    /// What more is demanded from `q/8` on only makes larger norms fail. So one norm parts those that bind from those
    /// that do not, and bisection finds it, but for the last bits of a double.
    pub(super) fn longest(&self, kappa: u32) -> u128 {
        let place = kappa as usize - 1;
        let first = place / CHUNK * CHUNK;
        let norm = |at: usize| largest(|norm| self.limit((first + at + 1) as u32, norm).is_none());
        self.chunks[place / CHUNK].get_or_init(|| Box::new(std::array::from_fn(norm)))[place % CHUNK]
    }
}

/// The largest number up to [`CUT_OFF`] for which a falling predicate holds; 0 if it does not even for 1.
fn largest(holds: impl Fn(u128) -> bool) -> u128 {
    let fails = (0..=CUT_OFF.ilog2()).find(|&power| !holds(1 << power));
    let (mut low, mut high) = match fails {
        None => return CUT_OFF,
        Some(0) => return 0,
        Some(power) => (1 << (power - 1), 1 << power),
    };
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::level::CHALLENGES;

    /// Both ends of the bisection, and that the limit grows with the rank up to half the modulus.
    #[test]
    fn the_longest_norm_binds_and_the_next_does_not() {
        for (security, set) in [(100, 0), (100, 3), (128, 0), (192, 1), (256, 2)] {
            for log2_q in (16..=64).map(f64::from).chain([30.9, 63.999, 253.6, 254.86, 256.0]) {
                let norms = Norms::new(security, CHALLENGES[set], log2_q);
                let mut last = 0;
                for kappa in 1..=60 {
                    let longest = norms.longest(kappa);
                    assert!(longest >= last && longest <= norms.half_modulus());
                    assert!(longest == 0 || norms.limit(kappa, longest).is_none());
                    assert!(
                        longest == CUT_OFF || norms.limit(kappa, longest + 1).is_some() || longest > 1 << 50
                    );
                    last = longest;
                }
            }
        }
    }
}
