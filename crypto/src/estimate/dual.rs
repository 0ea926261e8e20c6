//! The plain dual attack: distinguish by short vectors of the dual lattice.
//!
//! Source: lattice-estimator `lwe_dual.py`, `DualHybrid.dual_reduce` with `zeta = 0`, and `prob.py`,
//! `amplify_sigma` (malb/lattice-estimator @27a581b), after Albrecht, *On dual lattice attacks against
//! small-secret LWE* (Eurocrypt 2017); estimator.md, section 5.1.

use std::f64::consts::{LN_2, LOG2_E, PI};

use super::cost::{LISTS, clamp, log2_add};
use super::delta::{BETA_MAX, BETA_MIN, ln_delta};
use super::search::Range;
use super::{Attack, CostModel, Detail, Estimate, Lwe};

/// Probability with which the distinguisher must answer right.
const SUCCESS: f64 = 0.99;

/// Ratios of vectors to sieve outputs above `2^1000` count as infinite.
pub(crate) const LOG2_SIEVES_MAX: f64 = 1000.0;

/// Most bits of precision that the estimator spends on `1 - adv^2`.
const PRECISION_MAX: f64 = 2048.0;

/// Cheapest distinguisher. A secret of which half the coordinates are zero (`sigma_s < 0.798`) is
/// sparse: the estimator has no number for it, and none is given here.
///
/// ```
/// use nexuszero_crypto::estimate::{CostModel, Lwe, dual::dual};
/// let lwe = Lwe::new(384, 14.0, 0.8, 0.8, Some(768))?;
/// assert_eq!(
///     dual(&lwe, CostModel::Adps16).to_string(),
///     "rop: 2^59.9, beta: 205, d: 778, delta: 1.006187, m: 394, N: 2^41.6"
/// );
/// let sparse = Lwe::new(384, 14.0, 0.5, 0.5, None)?;
/// assert_eq!(
///     dual(&sparse, CostModel::Adps16).to_string(),
///     "rop: inf (a sparse secret, sigma_s < 0.798, has no plain dual estimate)"
/// );
/// # Ok::<(), anyhow::Error>(())
/// ```
#[must_use]
pub fn dual(lwe: &Lwe, model: CostModel) -> Estimate {
    let Some(exponent) = model.sieve_exponent() else {
        return Estimate::undefined(Attack::Dual, "the dual attack is priced under ADPS16 only");
    };
    if lwe.sigma_s < 2.0 / (2.0 * PI).sqrt() {
        let reason = "a sparse secret, sigma_s < 0.798, has no plain dual estimate";
        return Estimate::undefined(Attack::Dual, reason);
    }
    let stop = lwe.samples.clamp(48.0, BETA_MAX as f64) as u64;
    let best =
        Range { start: BETA_MIN, stop, step: 8 }.local_minimum_refined(|beta| log2_rop(lwe, exponent, beta));
    match best.filter(|(_, rop)| rop.is_finite()) {
        Some((beta, rop)) => report(lwe, beta, rop),
        None => Estimate::fails(Attack::Dual),
    }
}

fn report(lwe: &Lwe, beta: u64, log2_rop: f64) -> Estimate {
    let samples = samples_used(lwe, beta);
    let log2_vectors = log2_vectors(ln_advantage(lwe, beta));
    let detail = Detail::Dual { samples: samples as u64, log2_vectors };
    Estimate::works(Attack::Dual, clamp(log2_rop), beta, Some((samples + lwe.n) as u64), detail)
}

/// `N + ceil(N / 2^(0.2075 beta)) 2^(c beta)`; one vector costs one sieve.
fn log2_rop(lwe: &Lwe, exponent: f64, beta: u64) -> f64 {
    let vectors = log2_vectors(ln_advantage(lwe, beta));
    let sieves = vectors - LISTS * beta as f64;
    if sieves > LOG2_SIEVES_MAX {
        return f64::INFINITY;
    }
    log2_add(vectors, sieves.exp2().ceil().log2() + exponent * beta as f64)
}

/// `ln(c)`, `c = sigma_s q / sigma_e`.
fn ln_scale(lwe: &Lwe) -> f64 {
    lwe.sigma_s.ln() + lwe.ln_q - lwe.sigma_e.ln()
}

/// `min(m, max(1, ceil(sqrt(n ln(c) / ln(delta))) - n))`.
fn samples_used(lwe: &Lwe, beta: u64) -> f64 {
    let balanced = (lwe.n * ln_scale(lwe).max(0.0) / ln_delta(beta)).sqrt().ceil();
    (balanced - lwe.n).max(1.0).min(lwe.samples)
}

/// `ln(adv) = -2 pi^2 s^2` with `s = sqrt(4/3) sigma_s delta^d / c^(m/d)`, the spread of a scalar
/// product over `q`; minus infinity where `sqrt(2 pi) s > 16`.
fn ln_advantage(lwe: &Lwe, beta: u64) -> f64 {
    let samples = samples_used(lwe, beta);
    let d = samples + lwe.n;
    let ln_rho = 0.5 * (4.0_f64 / 3.0).ln();
    let s = (ln_rho + lwe.sigma_s.ln() + d * ln_delta(beta) - samples / d * ln_scale(lwe)).exp();
    if (2.0 * PI).sqrt() * s > 16.0 { f64::NEG_INFINITY } else { -2.0 * (PI * s).powi(2) }
}

/// `log2` of the vectors that a majority needs: `N = ceil(2 ln(2 - 2*0.99) / ln(1 - adv^2))`.
fn log2_vectors(ln_adv: f64) -> f64 {
    let adv = ln_adv.exp();
    if adv > SUCCESS {
        return 0.0;
    }
    if adv == 0.0 {
        return f64::INFINITY;
    }
    let ln_failure = (2.0 - 2.0 * SUCCESS).ln();
    let precision = 2.0 * adv.log2().abs().ceil();
    if precision <= 53.0 {
        return (2.0 * ln_failure / (1.0 - adv * adv).ln()).ceil().log2();
    }
    let precision = precision.min(PRECISION_MAX);
    (-2.0 * ln_failure).log2() + precision - ulps(2.0 * ln_adv * LOG2_E + precision).log2()
}

/// The estimator rounds `1 - adv^2` to `P` bits: `adv^2 2^P` becomes an integer, ties to even.
fn ulps(log2_ratio: f64) -> f64 {
    (log2_ratio * LN_2).exp().round_ties_even()
}
