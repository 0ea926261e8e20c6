//! Security of a module: what hiding and binding cost to break (labels.md, section 2).
//!
//! Core-SVP (Alkim, Ducas, Poeppelmann, Schwabe, USENIX Security 2016): BKZ with block size beta costs
//! `2^(0.292 beta)` classically and `2^(0.265 beta)` on a quantum computer.
//!
//! Delta, uSVP and SIS stand here a second time beside [`estimate`], for two reasons. The labels are defined by
//! formulas, block sizes from 41 on without an end, a bound trivial from `q/2` on; the estimator has a first and a last
//! block size, measured deltas up to 40, a bound trivial from q on, and tests whether a short vector exists, and any
//! change there must leave the labels alone. And the search tests whether a rank is enough, which [`BindingTest`] answers without a block size. The
//! tests of this file hold the two together: they give the same block sizes, but for the points just named.

use std::f64::consts::{E, LN_2, PI};

use crate::estimate::{self, Attack, CostModel, Lwe};

pub use crate::estimate::cost::{CLASSICAL, QUANTUM};

/// Ring degree `d`: ranks count multiples of it.
pub const DEGREE: u32 = 64;
/// Smallest block size that an attack is charged with.
const MIN_BETA: u32 = 41;
/// Where the search for a block size or a rank gives up: far above any that a label can have.
const FAR: u32 = 1 << 24;

/// `log2 T_delta(beta)`, the root Hermite factor of BKZ with a real block size above 40 (Chen, thesis 2013).
#[must_use]
pub fn log2_delta(beta: f64) -> f64 {
    ((beta / (2.0 * PI * E)).log2() + (PI * beta).log2() / beta) / (2.0 * (beta - 1.0))
}

/// `1 - log T_delta(bits/0.292) / log 1.0219`: 0 where LLL wins, 1 in the limit.
#[must_use]
pub fn hardness(bits: f64) -> f64 {
    let beta = bits / CLASSICAL;
    if beta <= 40.0 { 0.0 } else { 1.0 - log2_delta(beta) / 1.0219_f64.log2() }
}

/// Bits of LWE with unlimited samples: the cheaper of primal uSVP and the dual hybrid.
///
/// `n` is the dimension, `log2_q` the modulus, `sigma` the standard deviation of secret and error.
#[must_use]
pub fn lwe_bits(n: u32, log2_q: f64, sigma: f64) -> f64 {
    usvp_bits(n, log2_q, sigma).min(dual_hybrid_bits(n, log2_q, sigma))
}

fn dual_hybrid_bits(n: u32, log2_q: f64, sigma: f64) -> f64 {
    Lwe::new(u64::from(n), log2_q, sigma, sigma, None)
        .map_or(f64::INFINITY, |lwe| estimate::estimate(Attack::DualHybrid, &lwe, CostModel::Adps16).log2_rop)
}

/// `0.292 beta` for the smallest block size at which primal uSVP succeeds; modulo 3 none does.
fn usvp_bits(n: u32, log2_q: f64, sigma: f64) -> f64 {
    classical_bits(smallest(MIN_BETA, |beta| usvp_succeeds(n, log2_q, sigma, beta)))
}

fn classical_bits(beta: Option<u32>) -> f64 {
    beta.map_or(f64::INFINITY, |beta| CLASSICAL * f64::from(beta))
}

fn usvp_succeeds(n: u32, log2_q: f64, sigma: f64, beta: u32) -> bool {
    let n = f64::from(n);
    let beta = f64::from(beta);
    let ln_q = log2_q * LN_2;
    let ln_sigma = sigma.ln();
    let ln_delta = log2_delta(beta) * LN_2;

    // the best real dimension: one of the integers beside it is the best integer
    let best = (((n + 1.0) * ln_q - ln_sigma) / ln_delta).sqrt().floor();
    [best, best + 1.0].into_iter().any(|d| {
        let d = d.max(n + 2.0).max(beta + 1.0);
        let gsa = ln_delta * (2.0 * beta - d - 1.0) + (ln_sigma + (d - n - 1.0) * ln_q) / d;
        ln_sigma + beta.ln() / 2.0 <= gsa
    })
}

/// The smallest integer from `low` on that satisfies a monotone predicate, if one up to [`FAR`] does.
fn smallest(low: u32, holds: impl Fn(u32) -> bool) -> Option<u32> {
    if holds(low) {
        return Some(low);
    }

    // steps that double, until one lands where it holds
    let (mut fails, mut step) = (low, 1);
    while !holds(fails + step) {
        fails += step;
        step *= 2;
        if step > FAR {
            return None;
        }
    }

    // bisection between the last two
    let mut works = fails + step;
    while works - fails > 1 {
        let middle = fails + (works - fails) / 2;
        if holds(middle) { works = middle } else { fails = middle }
    }
    Some(works)
}

/// A module rank that hides, and the bits it gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HidingRank {
    /// `mu`, in multiples of the ring degree.
    pub mu: u32,
    /// `bits_LWE(64 mu, q, sigma)`.
    pub bits: f64,
}

/// The smallest rank `mu >= 1` whose LWE costs at least `security` bits with this standard deviation of secret and
/// error. uSVP grows with the rank, so all ranks below its own smallest one fall; from there both attacks decide.
#[must_use]
pub fn hiding_rank(log2_q: f64, sigma: f64, security: u32) -> HidingRank {
    let wanted = f64::from(security);
    let first = smallest(1, |mu| usvp_bits(DEGREE * mu, log2_q, sigma) >= wanted);
    let mut rank = HidingRank { mu: first.unwrap_or(FAR), bits: 0.0 };
    loop {
        rank.bits = lwe_bits(DEGREE * rank.mu, log2_q, sigma);
        if rank.bits >= wanted {
            return rank;
        }
        rank.mu += 1;
    }
}

/// `log2` of the root Hermite factor at which SIS in dimension `n` falls to a vector of length
/// `2^log2_bound`; nothing if the bound is so long that it takes no work.
#[must_use]
pub fn sis_log2_delta(n: f64, log2_q: f64, log2_bound: f64) -> Option<f64> {
    if log2_bound >= log2_q - 1.0 {
        return None;
    }
    let c = log2_bound * log2_bound / (4.0 * n * log2_q);
    let d = (n * log2_q / c).sqrt().floor();
    Some((log2_bound - n / d * log2_q) / (d - 1.0))
}

/// Core-SVP bits of SIS in the l2 norm; zero where it takes no work.
#[must_use]
pub fn sis_bits(n: f64, log2_q: f64, log2_bound: f64) -> f64 {
    sis_log2_delta(n, log2_q, log2_bound).map_or(0.0, |wanted| {
        classical_bits(smallest(MIN_BETA, |beta| log2_delta(f64::from(beta)) <= wanted))
    })
}

/// What keeps Module-SIS from withstanding a longer vector (labels.md, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Limit {
    /// A vector of half the modulus takes no work: `8*T*Bd < q/2`.
    HalfModulus = 1,
    /// From `q/8` on the many vectors of the last sieve help, and 1.021 times the bits are demanded.
    NearHalf = 2,
    /// The block size that finds the vector costs too little.
    Sis = 3,
}

impl Limit {
    /// All limits, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::HalfModulus, Self::NearHalf, Self::Sis];

    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HalfModulus => "half_modulus",
            Self::NearHalf => "near_half",
            Self::Sis => "sis",
        }
    }
}

/// What is demanded of Module-SIS near `q/2`, relative to lambda: the many short vectors of the last sieve save an
/// attacker 1 to 5 bits there (Ducas, Espitau, Postlethwaite, CRYPTO 2023), which the formula does not count.
const NEAR_HALF: f64 = 1.021;

/// The test `0.292 beta_SIS >= security` without finding `beta_SIS`: the block size below the first
/// one that costs `security` bits must not do. Near `q/2` it asks for [`NEAR_HALF`] times the bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BindingTest {
    log2_delta: f64,
    near_half: f64,
}

impl BindingTest {
    /// The test for `security` bits.
    #[must_use]
    pub fn new(security: u32) -> Self {
        let wanted = f64::from(security);
        Self { log2_delta: first_that_fails(wanted), near_half: first_that_fails(NEAR_HALF * wanted) }
    }

    /// Whether SIS in dimension `n` with this bound costs at least the wanted bits.
    #[must_use]
    pub fn holds(&self, n: f64, log2_q: f64, log2_bound: f64) -> bool {
        self.limit(n, log2_q, log2_bound).is_none()
    }

    /// What forbids this bound; nothing if it holds.
    #[must_use]
    pub fn limit(&self, n: f64, log2_q: f64, log2_bound: f64) -> Option<Limit> {
        let Some(wanted) = sis_log2_delta(n, log2_q, log2_bound) else {
            return Some(Limit::HalfModulus);
        };
        if wanted >= self.log2_delta {
            return Some(Limit::Sis);
        }
        let near = log2_bound > log2_q - 3.0;
        (near && wanted >= self.near_half).then_some(Limit::NearHalf)
    }
}

/// `log2 T_delta` of the largest block size that costs less than these bits.
fn first_that_fails(bits: f64) -> f64 {
    let enough = smallest(MIN_BETA, |beta| CLASSICAL * f64::from(beta) >= bits);
    log2_delta(f64::from(enough.unwrap_or(FAR) - 1))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::estimate::delta::{BETA_LIMIT, BETA_MAX, BETA_MIN, ln_closed_form};
    use crate::estimate::{Detail, Sis, Status};
    use crate::field::Field;
    use crate::label::{Demand, Modulus, sound};

    /// The estimator's search for uSVP steps by five, and may miss the last block sizes.
    const LAST_COMMON: u64 = BETA_MAX - 10;

    fn usvp_beta(n: u32, log2_q: f64, sigma: f64) -> Option<u64> {
        smallest(MIN_BETA, |beta| usvp_succeeds(n, log2_q, sigma, beta)).map(u64::from)
    }

    /// Compares the block sizes for uSVP; returns whether there is one of the estimator's range.
    fn same_usvp(n: u32, log2_q: f64, sigma: f64) -> bool {
        let here = usvp_beta(n, log2_q, sigma);
        let lwe = Lwe::new(u64::from(n), log2_q, sigma, sigma, None).unwrap();
        let estimator = estimate::estimate(Attack::Usvp, &lwe, CostModel::Adps16).beta;
        match (here, estimator) {
            (Some(41), Some(BETA_MIN)) => false,
            (Some(beta), None) if beta > LAST_COMMON => false,
            _ => {
                assert_eq!(here, estimator, "n = {n}, log2 q = {log2_q}, sigma = {sigma}");
                true
            }
        }
    }

    /// The estimator's block size for the length; nothing where it takes no work, infinite where none will do.
    fn estimated_sis(n: u32, log2_q: f64, log2_bound: f64) -> Option<Option<u64>> {
        let sis = Sis::new(u64::from(n), log2_q, log2_bound, None).unwrap().estimate(CostModel::Adps16);
        match (sis.status, sis.detail) {
            (Status::Trivial, _) => None,
            (_, Detail::Sis { beta }) => Some(beta),
            _ => panic!("{sis}"),
        }
    }

    /// Compares the block sizes for SIS; returns whether there is one of the estimator's range.
    fn same_sis(n: u32, log2_q: f64, log2_bound: f64) -> bool {
        let delta = sis_log2_delta(f64::from(n), log2_q, log2_bound);
        let beta = |wanted| smallest(MIN_BETA, |beta| log2_delta(f64::from(beta)) <= wanted).map(u64::from);
        let here = delta.map(beta);
        let estimator = estimated_sis(n, log2_q, log2_bound);
        match (here, estimator) {
            (Some(Some(41)), Some(Some(BETA_MIN))) => false,
            (Some(Some(beta)), Some(None)) if beta > BETA_LIMIT => false,
            (None, Some(_)) => false, // between q/2 and q, where labels call the bound trivial
            _ => {
                assert_eq!(here, estimator, "n = {n}, log2 q = {log2_q}, log2 bound = {log2_bound}");
                here.is_some()
            }
        }
    }

    #[test]
    fn delta_is_the_estimators_closed_form() {
        for beta in (41..100_000).map(f64::from) {
            let (here, estimator) = (log2_delta(beta) * LN_2, ln_closed_form(beta));
            assert!((here / estimator - 1.0).abs() < 1e-12, "beta = {beta}: {here}, {estimator}");
        }
    }

    #[test]
    fn usvp_has_the_estimators_block_sizes() {
        let mut common = 0;
        for n in (1..=64).map(|mu| DEGREE * mu) {
            for log2_q in (2..=300).step_by(3).map(f64::from) {
                for sigma in [0.3, 0.5, 0.8165, 1.0, 3.2, 30.0, 1000.0] {
                    common += u32::from(same_usvp(n, log2_q, sigma));
                }
            }
        }
        assert!(common > 20_000, "{common}");
    }

    #[test]
    fn sis_has_the_estimators_block_sizes() {
        let mut common = 0;
        for n in [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 300, 1000].map(|kappa| DEGREE * kappa) {
            for log2_q in (4..=300).step_by(3).map(f64::from) {
                for part in 1..200 {
                    common += u32::from(same_sis(n, log2_q, log2_q * f64::from(part) / 200.0));
                }
            }
        }
        assert!(common > 150_000, "{common}");
    }

    /// The demands of the golden labels.
    fn golden() -> Vec<(Demand, u32)> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/golden/labels.csv");
        let rows = csv::Reader::from_path(path).unwrap().into_deserialize::<HashMap<String, String>>();
        let demand = |row: HashMap<String, String>| {
            let number = |key: &str| row[key].parse::<u32>().unwrap();
            let modulus = match row["B"].as_str() {
                "" => Modulus::fixed(&Field::parse(&row["p"]).unwrap()),
                bits => Modulus::Free { bits: bits.parse().unwrap() },
            };
            (Demand::of_forms(number("forms"), modulus), number("lambda_"))
        };
        rows.map(|row| demand(row.unwrap())).collect()
    }

    /// The best of every candidate of every tenth golden row, not only the chosen ones: lengths with and without cuts,
    /// and the ranks around those that hide.
    #[test]
    fn golden_candidates_have_the_estimators_block_sizes() {
        let (mut moduli, mut common) = (HashSet::new(), 0);
        for (demand, security) in golden().into_iter().step_by(10) {
            for choice in sound(&demand, security).unwrap() {
                let log2_q = choice.candidate.log2_q;
                moduli.insert((log2_q.to_bits(), choice.s.to_bits(), choice.mu));
                let f = f64::from;
                let answer = choice.sigma.powi(2) + f(choice.challenges.s) * choice.s1.powi(2);
                let m2 = f(choice.mu + choice.kappa + choice.l);
                let whole = 3.0 + f(choice.challenges.t).log2() + (70.4 * m2 * answer).log2() / 2.0;
                common += u32::from(same_sis(DEGREE * choice.kappa, log2_q, whole));
                common += u32::from(same_sis(DEGREE * choice.kappa, log2_q, log2_q - 3.5));
            }
        }
        for (log2_q, s, mu) in moduli {
            for n in [mu - 1, mu, mu + 1].map(|mu| DEGREE * mu.max(1)) {
                common += u32::from(same_usvp(n, f64::from_bits(log2_q), f64::from_bits(s)));
            }
        }
        assert!(common > 10_000, "{common}");
    }
}
