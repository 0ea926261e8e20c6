//! Estimates of LWE and SIS instances.

use crate::estimate::{self, Attack, CostModel, Estimate, Lwe, Problem, Sis};
use crate::security;

use super::memory::{by_number, fill, slice, slice_mut};
use super::status::{Status, guard};

/// The attacks on LWE, in the order of their numbers.
const ATTACKS: [Attack; 5] = [Attack::Usvp, Attack::Bdd, Attack::Dual, Attack::DualHybrid, Attack::Rough];

/// An LWE instance.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LweQuery {
    /// Dimension.
    pub n: u64,
    /// Samples; 0 for unlimited ones.
    pub samples: u64,
    /// `log2` of the modulus.
    pub log2_q: f64,
    /// Standard deviation of the secret.
    pub sigma_s: f64,
    /// Standard deviation of the error.
    pub sigma_e: f64,
    /// 0 usvp, 1 bdd, 2 dual, 3 dual_hybrid, 4 rough.
    pub attack: u32,
}

/// A SIS instance in the l2 norm.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SisQuery {
    /// Dimension (rows).
    pub n: u64,
    /// Columns; 0 for unlimited ones.
    pub samples: u64,
    /// `log2` of the modulus.
    pub log2_q: f64,
    /// `log2` of the length bound.
    pub log2_bound: f64,
}

/// What an attack costs.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EstimateRecord {
    /// Root Hermite factor; NaN where there is none.
    pub delta: f64,
    /// `log2` of the classical core-SVP cost; NaN where the attack does not work.
    pub bits: f64,
    /// `log2` of the quantum core-SVP cost of the same block size.
    pub quantum_bits: f64,
    /// Hardness of `bits`.
    pub hardness: f64,
    /// Block size; 0 where there is none.
    pub beta: u64,
    /// Lattice dimension; 0 where it is not reported.
    pub d: u64,
    /// 0 usvp, 1 bdd, 2 dual, 3 dual_hybrid, 5 sis: the attack that the figures belong to.
    pub attack: u32,
}

impl EstimateRecord {
    fn of(estimate: &Estimate) -> Self {
        let beta = estimate.beta.unwrap_or(0);
        let works = estimate.log2_rop.is_finite();
        Self {
            delta: estimate.delta.unwrap_or(f64::NAN),
            bits: if works { estimate.log2_rop } else { f64::NAN },
            quantum_bits: if works { security::QUANTUM * beta as f64 } else { f64::NAN },
            hardness: if works { security::hardness(estimate.log2_rop) } else { f64::NAN },
            beta,
            d: estimate.d.unwrap_or(0),
            attack: match estimate.problem {
                Problem::Lwe(Attack::Usvp) => 0,
                Problem::Lwe(Attack::Bdd) => 1,
                Problem::Lwe(Attack::Dual) => 2,
                Problem::Lwe(Attack::DualHybrid | Attack::Rough) => 3,
                Problem::Sis => 5,
            },
        }
    }
}

/// Estimates `count` LWE instances on all cores.
///
/// # Safety
/// `queries` and `out` point to `count` values each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_estimate_lwe(
    queries: *const LweQuery,
    count: usize,
    out: *mut EstimateRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises both arrays.
        let (queries, out) = unsafe { (slice(queries, count)?, slice_mut(out, count)?) };
        fill(queries, out, |query| {
            let samples = (query.samples > 0).then_some(query.samples);
            let lwe = Lwe::new(query.n, query.log2_q, query.sigma_s, query.sigma_e, samples)?;
            let attack = by_number("attack", &ATTACKS, query.attack as usize)?;
            Ok(EstimateRecord::of(&estimate::estimate(*attack, &lwe, CostModel::Adps16)))
        })
    })
}

/// Estimates `count` SIS instances on all cores.
///
/// # Safety
/// `queries` and `out` point to `count` values each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_estimate_sis(
    queries: *const SisQuery,
    count: usize,
    out: *mut EstimateRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises both arrays.
        let (queries, out) = unsafe { (slice(queries, count)?, slice_mut(out, count)?) };
        fill(queries, out, |query| {
            let columns = (query.samples > 0).then_some(query.samples);
            let sis = Sis::new(query.n, query.log2_q, query.log2_bound, columns)?;
            Ok(EstimateRecord::of(&sis.estimate(CostModel::Adps16)))
        })
    })
}
