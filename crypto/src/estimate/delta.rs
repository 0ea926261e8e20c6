//! The root Hermite factor `delta(beta)` and its inverse.
//!
//! Source: lattice-estimator `reduction.py` (malb/lattice-estimator @27a581b), after Yuanmi Chen,
//! *Réduction de réseau et sécurité concrète du chiffrement complètement homomorphe* (2013);
//! estimator.md, section 1 (delta) and estimator.md, section 6 (its inverse).
//!
//! ```text
//! delta(beta) = (beta/(2 pi e) * (pi beta)^(1/beta))^(1/(2(beta - 1)))    beta > 40
//! ```

use std::f64::consts::{E, PI};
use std::sync::LazyLock;

/// Smallest block size that an attack tries.
pub const BETA_MIN: u64 = 40;

/// Largest block size that an LWE attack tries: `0.292 * 1754` is about 512 bits.
pub const BETA_MAX: u64 = 1754;

/// Largest block size that the inverse looks at.
pub const BETA_LIMIT: u64 = 1 << 16;

/// Measured values up to `beta = 40`, where the closed form does not hold; a step function.
const MEASURED: [(f64, f64); 8] = [
    (40.0, 1.01295),
    (28.0, 1.01331),
    (25.0, 1.01342),
    (20.0, 1.01420),
    (15.0, 1.01485),
    (10.0, 1.01616),
    (5.0, 1.01862),
    (2.0, 1.02190),
];

/// Residual that the estimator's root finder accepts at either end of the jump at `beta = 40`.
const ROOT_TOLERANCE: f64 = 1e-6;

/// Slack of the estimator's rounding of a real block size up to an integer.
const CEIL_SLACK: f64 = 1e-8;

/// `ln delta(beta)` for `40 <= beta <= 1754`.
static LN_DELTA: LazyLock<Vec<f64>> =
    LazyLock::new(|| (BETA_MIN..=BETA_MAX).map(|beta| ln_delta_at(beta as f64)).collect());

/// Logarithm of the root Hermite factor that BKZ with block size `beta` reaches.
///
/// ```
/// use nexuszero_crypto::estimate::delta::ln_delta;
/// assert_eq!(format!("{:.6}", ln_delta(406).exp()), "1.003941");
/// assert_eq!(format!("{:.6}", ln_delta(40).exp()), "1.012950");
/// ```
#[must_use]
pub fn ln_delta(beta: u64) -> f64 {
    match beta.checked_sub(BETA_MIN).and_then(|i| LN_DELTA.get(i as usize)) {
        Some(&ln_delta) => ln_delta,
        None => ln_delta_at(beta as f64),
    }
}

/// `ln delta` of a real block size: the measured step function up to 40, the closed form above.
fn ln_delta_at(beta: f64) -> f64 {
    if beta > 40.0 {
        return ln_closed_form(beta);
    }
    let step = MEASURED.iter().find(|(measured, _)| *measured <= beta);
    step.map_or(1.0219, |(_, delta)| *delta).ln()
}

/// Logarithm of the closed form, at a real block size above 1; it falls for `beta >= 40`.
///
/// ```
/// use nexuszero_crypto::estimate::delta::ln_closed_form;
/// assert_eq!(format!("{:.7}", ln_closed_form(40.0).exp()), "1.0125375");
/// ```
#[must_use]
pub fn ln_closed_form(beta: f64) -> f64 {
    let ln_beta = beta.ln();
    (ln_beta - (2.0 * PI * E).ln() + (PI.ln() + ln_beta) / beta) / (2.0 * (beta - 1.0))
}

/// Real block size at which the closed form reaches `ln_delta`, 40 where it does so earlier, and
/// `f64::INFINITY` where it needs more than 65536.
///
/// ```
/// use nexuszero_crypto::estimate::delta::{ln_closed_form, real_block_size};
/// assert_eq!(format!("{:.6}", real_block_size(ln_closed_form(405.25))), "405.250000");
/// assert_eq!(real_block_size(0.02), 40.0);
/// assert_eq!(real_block_size(0.0), f64::INFINITY);
/// ```
#[must_use]
pub fn real_block_size(ln_delta: f64) -> f64 {
    let (mut lo, mut hi) = (BETA_MIN as f64, BETA_LIMIT as f64);
    if ln_closed_form(lo) <= ln_delta {
        return lo;
    }
    if ln_delta.is_nan() || ln_closed_form(hi) > ln_delta {
        return f64::INFINITY;
    }
    while hi - lo > 1e-9 {
        let mid = 0.5 * (lo + hi);
        if ln_closed_form(mid) <= ln_delta { hi = mid } else { lo = mid }
    }
    hi
}

/// Integer block size that the estimator takes for a target `ln_delta` (estimator.md, section 6: step 4):
/// the real root rounded up, with the jump of `delta` at 40; `None` where no block size will do.
///
/// ```
/// use nexuszero_crypto::estimate::delta::block_size;
/// assert_eq!(block_size(1.0040_f64.ln()), Some(398));
/// assert_eq!(block_size(1.0127_f64.ln()), Some(41));
/// assert_eq!(block_size(0.0), None);
/// ```
#[must_use]
pub fn block_size(ln_delta: f64) -> Option<u64> {
    let (delta, jump) = (ln_delta.exp(), MEASURED[0].1);
    if delta > jump - ROOT_TOLERANCE {
        return Some(BETA_MIN);
    }
    if ln_delta.is_nan() || ln_closed_form(BETA_LIMIT as f64) > ln_delta {
        return None;
    }
    let spurious = ln_closed_form(BETA_MIN as f64).exp() + ROOT_TOLERANCE;
    let smallest = if delta > spurious { BETA_MIN + 1 } else { BETA_MIN };
    Some(smallest.max(smallest_reaching(ln_delta)))
}

/// Smallest `beta` in `40..=65536` with `closed form(beta + 1e-8) <= ln_delta`, which is
/// `ceil(root - 1e-8)` since the closed form falls.
fn smallest_reaching(ln_delta: f64) -> u64 {
    let (mut lo, mut hi) = (BETA_MIN, BETA_LIMIT);
    while lo < hi {
        let mid = (lo + hi) / 2;
        if ln_closed_form(mid as f64 + CEIL_SLACK) <= ln_delta { hi = mid } else { lo = mid + 1 }
    }
    lo
}
