//! Estimates of LWE and SIS instances.

use crate::estimate::{self, Attack, CostModel, Estimate, Lwe, Problem, Sis, Status as Verdict};
use crate::security;

use super::memory::{by_number, fill, slice, slice_mut};
use super::status::{Status, guard};

/// The attacks on LWE, in the order of their numbers.
const ATTACKS: [Attack; 5] = [Attack::Usvp, Attack::Bdd, Attack::Dual, Attack::DualHybrid, Attack::Rough];

/// Core-SVP, classical and quantum.
const MODELS: [CostModel; 2] = [CostModel::Adps16, CostModel::Adps16Quantum];

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
    /// `log2` of the cost with a quantum sieve, the attack's parameters chosen anew. What is not lattice reduction, such
    /// as the guesses of the dual hybrid, is counted in full.
    pub quantum_bits: f64,
    /// Hardness of `bits`.
    pub hardness: f64,
    /// Block size; 0 where there is none.
    pub beta: u64,
    /// Lattice dimension; 0 where it is not reported.
    pub d: u64,
    /// 0 usvp, 1 bdd, 2 dual, 3 dual_hybrid, 5 sis: the attack that the figures belong to.
    pub attack: u32,
    /// 0 it works, 1 it does not (of SIS: no vector that short is expected, or no block size finds it), 2 there is
    /// nothing to attack, 3 there is no figure for such an instance.
    pub status: u32,
}

impl EstimateRecord {
    /// Of an estimate and the same under the quantum model.
    fn of(estimate: &Estimate, quantum: &Estimate) -> Self {
        let finite = |bits: f64| if bits.is_finite() { bits } else { f64::NAN };
        let works = estimate.log2_rop.is_finite();
        Self {
            delta: estimate.delta.unwrap_or(f64::NAN),
            bits: finite(estimate.log2_rop),
            quantum_bits: finite(quantum.log2_rop),
            hardness: if works { security::hardness(estimate.log2_rop) } else { f64::NAN },
            beta: estimate.beta.unwrap_or(0),
            d: estimate.d.unwrap_or(0),
            attack: match estimate.problem {
                Problem::Lwe(Attack::Usvp) => 0,
                Problem::Lwe(Attack::Bdd) => 1,
                Problem::Lwe(Attack::Dual) => 2,
                Problem::Lwe(Attack::DualHybrid | Attack::Rough) => 3,
                Problem::Sis => 5,
            },
            status: match estimate.status {
                Verdict::Works => 0,
                Verdict::Fails => 1,
                Verdict::Trivial => 2,
                Verdict::Undefined(_) => 3,
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
            let [classical, quantum] = MODELS.map(|model| estimate::estimate(*attack, &lwe, model));
            Ok(EstimateRecord::of(&classical, &quantum))
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
            let [classical, quantum] = MODELS.map(|model| sis.estimate(model));
            Ok(EstimateRecord::of(&classical, &quantum))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lwe(n: u64, samples: u64, log2_q: f64) -> EstimateRecord {
        let query = LweQuery { n, samples, log2_q, sigma_s: 3.19, sigma_e: 3.19, attack: 4 };
        let mut record = std::mem::MaybeUninit::uninit();
        // SAFETY: one query and room for one record.
        assert_eq!(unsafe { nexuszero_estimate_lwe(&query, 1, record.as_mut_ptr()) }, Status::Ok);
        // SAFETY: a call that ends well has written it.
        unsafe { record.assume_init() }
    }

    /// With few samples the dual hybrid guesses the whole secret, which no quantum sieve makes cheaper; `0.265 beta`
    /// would be ten bits.
    #[test]
    fn guessing_counts_against_a_quantum_attacker_too() {
        let few = lwe(1024, 64, 27.0);
        assert!(few.bits > 3000.0 && few.quantum_bits > 3000.0, "{few:?}");
        let many = lwe(1024, 0, 27.0);
        assert!((0.265..1.0).contains(&(many.quantum_bits / many.bits)), "{many:?}");
    }
}
