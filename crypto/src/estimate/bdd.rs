//! The primal attack by bounded distance decoding: BKZ-`beta`, then one SVP call in dimension `eta + 1`.
//!
//! Source: lattice-estimator `lwe_primal.py`, `PrimalHybrid` with `zeta = 0` (malb/lattice-estimator
//! @27a581b), after Liu, Nguyen, *Solving BDD by enumeration* (CT-RSA 2013);
//! estimator.md, section 5.3. The final lift by Babai is taken to succeed: so it does in every golden row
//! (the estimator itself computes its probability only where `eta <= 20`).

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::delta::{BETA_MAX, BETA_MIN, ln_delta};
use super::search::Range;
use super::{Attack, CostModel, Detail, Estimate, Lwe, usvp::usvp};

/// Above this dimension only the last 1754 projections are looked at.
const ALL_PROJECTIONS: u64 = 4096;

/// `(2/k) ln vol(B_k) + ln k` for `k = 0..=4097`: the unit ball's share of the success condition.
static BALL: LazyLock<Vec<f64>> = LazyLock::new(|| (0..=ALL_PROJECTIONS + 1).map(ball).collect());

fn ball(k: u64) -> f64 {
    let k = k as f64;
    2.0 / k * (k / 2.0 * PI.ln() - libm::lgamma(k / 2.0 + 1.0)) + k.ln()
}

/// Costs are summed as doubles times `2^-200`: `0.292 * 4098` bits fit, and points that differ by a
/// relative `2^-53` alone still compare as they do in the estimator.
const LOG2_UNIT: f64 = 200.0;

/// One point of the search; points compare by cost.
#[derive(Clone, Copy, Debug)]
struct Point {
    rop: f64,
    svp: f64,
    d: u64,
    eta: u64,
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.rop == other.rop
    }
}

impl PartialOrd for Point {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.rop.partial_cmp(&other.rop)
    }
}

/// Cheapest `beta`, then cheapest `d` at that `beta`.
///
/// ```
/// use nexuszero_crypto::estimate::{CostModel, Lwe, bdd::bdd};
/// let lwe = Lwe::new(384, 14.0, 0.8, 0.8, Some(768))?;
/// let estimate = bdd(&lwe, CostModel::Adps16);
/// assert_eq!(
///     estimate.to_string(),
///     "rop: 2^57.7, beta: 195, d: 752, delta: 1.006381, eta: 192, red: 2^56.9, svp: 2^56.4"
/// );
/// # Ok::<(), anyhow::Error>(())
/// ```
#[must_use]
pub fn bdd(lwe: &Lwe, model: CostModel) -> Estimate {
    let Some(exponent) = model.sieve_exponent() else {
        return Estimate::undefined(Attack::Bdd, "bdd is priced under ADPS16 only");
    };
    let stop = usvp(lwe, model).beta.unwrap_or(BETA_MAX) + 2;
    let (lwe, range) = (lwe.normal_form(), Range { start: BETA_MIN, stop, step: 2 });
    let best = range.local_minimum_refined(|beta| point(&lwe, exponent, beta, widest(&lwe, beta)));
    let best = best.filter(|(_, point)| point.rop.is_finite());
    best.and_then(|(beta, first)| narrowest(&lwe, exponent, beta, first.d))
        .unwrap_or(Estimate::fails(Attack::Bdd))
}

/// The second search: the dimension, from `n` to that of the first search.
fn narrowest(lwe: &Lwe, exponent: f64, beta: u64, d: u64) -> Option<Estimate> {
    let range = Range { start: lwe.n as u64, stop: d + 1, step: 1 };
    let (_, best) =
        range.local_minimum(|d| point(lwe, exponent, beta, d)).filter(|(_, y)| y.rop.is_finite())?;
    let (log2_red, log2_svp) = (exponent * beta as f64, best.svp.log2() + LOG2_UNIT);
    let detail = Detail::Bdd { eta: best.eta, log2_red, log2_svp };
    Some(Estimate::works(Attack::Bdd, best.rop.log2() + LOG2_UNIT, beta, Some(best.d), detail))
}

/// `max(beta, min(ceil(sqrt(n ln(q/xi) / ln(delta))), cap))`.
fn widest(lwe: &Lwe, beta: u64) -> u64 {
    let balanced = (lwe.n * (lwe.ln_q - lwe.ln_xi()).max(0.0) / ln_delta(beta)).sqrt().ceil();
    beta.max(balanced.min(lwe.dimension_cap()) as u64)
}

/// Cost of BKZ-`beta` in dimension `d`, the SVP call, and the lift of the first `d - eta` vectors.
fn point(lwe: &Lwe, exponent: f64, beta: u64, d: u64) -> Point {
    let svp = svp_dimension(lwe, beta, d);
    let eta = svp - 1;
    if lwe.dimension_cap() < beta as f64 || d < beta || eta > d {
        return Point { rop: f64::INFINITY, svp: f64::INFINITY, d, eta };
    }
    let lift = ((d - eta).max(1) as f64).powi(2) * (-LOG2_UNIT).exp2();
    let svp = (exponent * svp as f64 - LOG2_UNIT).exp2() + lift;
    Point { rop: (exponent * beta as f64 - LOG2_UNIT).exp2() + svp, svp, d, eta }
}

/// `d - i + 2` for the first projection `i` in which the planted vector is the shortest, else 2.
///
/// ```text
/// (2/k) (V_i + ln(sigma_e) - ln vol(B_k)) < 2 ln(sigma_e) + ln(k),      k = d - i + 1
/// V_i = (d - i)/d ((d - n) ln(q) + n ln(xi)) - i (d - i) ln(delta)
/// ```
fn svp_dimension(lwe: &Lwe, beta: u64, d: u64) -> u64 {
    let (l, width) = (ln_delta(beta), d as f64);
    let per_vector = ((width - lwe.n) * lwe.ln_q + lwe.n * lwe.ln_xi()) / width;
    let ln_sigma = lwe.sigma_e.ln();
    let shows = |rank: u64| {
        let (r, k) = (rank as f64, rank as f64 + 1.0);
        let ln_volume = r * (per_vector - (width - r) * l);
        2.0 / k * (ln_volume + ln_sigma) < 2.0 * ln_sigma + BALL[rank as usize + 1]
    };
    let largest = if d > ALL_PROJECTIONS { BETA_MAX } else { d };
    (1..=largest).rev().find(|rank| shows(*rank)).map_or(2, |rank| rank + 2)
}
