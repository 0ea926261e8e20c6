//! The primal attack: the secret as the unique shortest vector, under the GSA.
//!
//! Source: lattice-estimator `lwe_primal.py`, `PrimalUSVP` (malb/lattice-estimator @27a581b),
//! after Alkim, Ducas, Pöppelmann, Schwabe (USENIX 2016) and Albrecht, Göpfert, Virdia, Wunderer,
//! *Revisiting the expected cost of solving uSVP* (Asiacrypt 2017);
//! estimator.md, section 4.
//!
//! ```text
//! ln(sigma_e) + ln(beta)/2 <= (2 beta - d - 1) ln(delta) + (ln(tau) + n ln(xi) + (d - n - 1) ln(q)) / d
//! ```

use super::delta::{BETA_MAX, BETA_MIN, ln_delta};
use super::search::Range;
use super::{Attack, CostModel, Detail, Estimate, Lwe};

/// Least block size and dimension at which the planted vector shows.
///
/// ```
/// use nexuszero_crypto::estimate::{CostModel, Lwe, usvp::usvp};
/// let kyber512 = Lwe::new(512, 3329_f64.log2(), 1.5_f64.sqrt(), 1.5_f64.sqrt(), Some(512))?;
/// let estimate = usvp(&kyber512, CostModel::Adps16);
/// assert_eq!(estimate.to_string(), "rop: 2^118.6, beta: 406, d: 998, delta: 1.003941");
/// # Ok::<(), anyhow::Error>(())
/// ```
#[must_use]
pub fn usvp(lwe: &Lwe, model: CostModel) -> Estimate {
    let lwe = lwe.normal_form();
    let cost = |beta| dimension(&lwe, beta).map_or(f64::INFINITY, |d| model.log2_rop(beta, d));
    let best = blocks(&lwe).local_minimum_refined(cost).filter(|(_, rop)| rop.is_finite());
    let Some((beta, log2_rop)) = best else { return Estimate::fails(Attack::Usvp) };
    Estimate::works(Attack::Usvp, log2_rop, beta, dimension(&lwe, beta), Detail::None)
}

/// Block sizes to search: up to the largest dimension, at most 1754.
fn blocks(lwe: &Lwe) -> Range {
    let stop = lwe.dimension_cap().clamp(45.0, BETA_MAX as f64) as u64;
    Range { start: BETA_MIN, stop, step: 5 }
}

/// Smallest dimension at which block size `beta` succeeds (estimator.md, section 4.4: steps 1 to 5).
fn dimension(lwe: &Lwe, beta: u64) -> Option<u64> {
    let (block, cap) = (beta as f64, lwe.dimension_cap());
    let mut d = lower_root(lwe, beta)?;
    if d > lwe.n {
        d = d.min(cap);
    }
    if d < block {
        d = block;
    }
    if d == block && d < cap {
        d += 1.0;
    }
    succeeds(lwe, beta, d).then_some(d as u64)
}

/// Smallest integer `d >= n` at which `F(d) = -L d^2 + B d + c` is not negative, `L = ln(delta)`.
fn lower_root(lwe: &Lwe, beta: u64) -> Option<f64> {
    let l = ln_delta(beta);
    let b = l * (2.0 * beta as f64 - 1.0) + lwe.ln_q - ln_projection(lwe, beta);
    let c = lwe.sigma_e.ln() + lwe.n * lwe.ln_xi() - (lwe.n + 1.0) * lwe.ln_q;
    if (b - l * lwe.n) * lwe.n + c >= 0.0 {
        return Some(lwe.n);
    }
    let root = (b - (b * b + 4.0 * l * c).sqrt()) / (2.0 * l);
    (lwe.n <= root).then(|| root.ceil())
}

/// `ln` of the length of the planted vector's projection on the last `beta` coordinates.
fn ln_projection(lwe: &Lwe, beta: u64) -> f64 {
    lwe.sigma_e.ln() + 0.5 * (beta as f64).ln()
}

/// The success condition at the head of this module.
fn succeeds(lwe: &Lwe, beta: u64, d: f64) -> bool {
    let ln_volume = lwe.sigma_e.ln() + lwe.n * lwe.ln_xi() + (d - lwe.n - 1.0) * lwe.ln_q;
    let ln_gso = (2.0 * beta as f64 - d - 1.0) * ln_delta(beta) + ln_volume / d;
    ln_projection(lwe, beta) <= ln_gso
}
