//! Parameters of circuits: searched, judged, and searched for a predicted demand.

use anyhow::Result;

use crate::field::{Field, U256};
use crate::label::{self, Modulus};
use crate::proposal::{Proposal, Verdict, judge};

use super::choice::{ChoiceRecord, candidates, free, hand_out};
use super::circuits::{Circuits, System, system, systems};
use super::memory::{fill, slice, slice_mut};
use super::status::{Status, guard};

/// Finds every circuit's parameters at `security` bits with a concrete prime, on all cores.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for a record a circuit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_choose(
    circuits: *const Circuits,
    security: u32,
    out: *mut ChoiceRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let systems = unsafe { systems(circuits)? };
        // SAFETY: the caller promises the room.
        let out = unsafe { slice_mut(out, systems.len())? };
        label::check_level(security)?;
        fill(systems, out, |system| {
            system.analysis()?; // wrong bounds fail here: they are an error, not an infeasible demand
            let settled = system.settle(security);
            Ok(ChoiceRecord::of(settled.map(|settled| (settled.choice, settled.q))))
        })
    })
}

/// Every sound candidate of circuit `index`, the smallest proof first: that one is the answer of
/// [`nexuszero_circuits_choose`] and has a prime. Where none is sound `count` is 1 and the record says why.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for `capacity` records (1024 are enough) and `count` for one number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_candidates(
    circuits: *const Circuits,
    index: usize,
    security: u32,
    out: *mut ChoiceRecord,
    capacity: usize,
    count: *mut usize,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let system = unsafe { system(circuits, index)? };
        // SAFETY: the caller promises the room.
        let (out, count) = unsafe { (slice_mut(out, capacity)?, slice_mut(count, 1)?) };
        label::check_level(security)?;
        system.analysis()?;
        let records = match system.settle(security) {
            Ok(settled) => candidates(&settled.demand, security, settled.q)?,
            Err(reason) => vec![ChoiceRecord::of(Err(reason))],
        };
        hand_out(&records, out, count)
    })
}

/// Proposed parameters, as real numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProposalQuery {
    /// LWE dimension.
    pub n: f64,
    /// Bits of q.
    pub log2_q: f64,
    /// Standard deviation of the Gaussian mask.
    pub sigma: f64,
}

impl From<&ProposalQuery> for Proposal {
    fn from(query: &ProposalQuery) -> Self {
        Self { n: query.n, log2_q: query.log2_q, sigma: query.sigma }
    }
}

/// Whether a proposal is sound, once n and `log2_q` are rounded to what they count.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VerdictRecord {
    /// Bits of hiding that it has.
    pub lwe_bits: f64,
    /// Bytes of the smallest proof; 0 where it is not sound.
    pub proof_size: u64,
    /// LWE dimension that was judged.
    pub n: u32,
    /// Bits of q that were judged.
    pub log2_q: u32,
    /// What it does not meet, a bit each: 0 hiding, 1 modulus, 2 soundness, 3 width, 4 binding.
    pub fails: u32,
}

impl VerdictRecord {
    fn of(verdict: &Verdict) -> Self {
        Self {
            lwe_bits: verdict.lwe_bits,
            proof_size: verdict.proof_size.unwrap_or(0),
            n: verdict.n,
            log2_q: verdict.bits,
            fails: verdict.fails.iter().map(|&constraint| 1 << constraint as u32).sum(),
        }
    }
}

/// Judges parameters that were proposed for every circuit, as they stand, on all cores.
///
/// # Safety
/// `circuits` is a live handle, `proposals` and `out` point to a value a circuit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_judge(
    circuits: *const Circuits,
    security: u32,
    proposals: *const ProposalQuery,
    out: *mut VerdictRecord,
) -> Status {
    guard(|| {
        let judge = |system: &System, proposal: &ProposalQuery| {
            let demand = label::Demand::of_circuit(system.analysis()?);
            Ok(VerdictRecord::of(&judge(&demand, security, &proposal.into())?))
        };
        // SAFETY: the caller promises the handle and both arrays.
        unsafe { fill_by_circuit(circuits, proposals, out, judge) }
    })
}

/// A circuit's demand as it is predicted.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// `height(s)` for s = 64, 32, 16, 8, 4.
    pub heights: [u32; 5],
    /// `B` where q is free; 0 where it is the field's prime.
    pub bits: u32,
}

impl Demand {
    /// With the modulus that a circuit of `field` has.
    fn of_field(&self, field: &Field) -> Result<label::Demand> {
        let modulus = match self.bits {
            0 => Modulus::fixed(field),
            bits => free(bits)?,
        };
        Ok(label::Demand { modulus, heights: self.heights })
    }
}

/// The smallest sound parameters of every circuit for a predicted demand, on all cores; no primes.
///
/// # Safety
/// `circuits` is a live handle, `demands` and `out` point to a value a circuit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_choose_for(
    circuits: *const Circuits,
    security: u32,
    demands: *const Demand,
    out: *mut ChoiceRecord,
) -> Status {
    guard(|| {
        label::check_level(security)?;
        let choose = |system: &System, demand: &Demand| {
            let choice = label::choose(&demand.of_field(system.r1cs.field())?, security);
            Ok(ChoiceRecord::of(choice.map(|choice| (choice, U256::ZERO))))
        };
        // SAFETY: the caller promises the handle and both arrays.
        unsafe { fill_by_circuit(circuits, demands, out, choose) }
    })
}

/// Applies `each` to every circuit and its query in parallel.
///
/// # Safety
/// `circuits` is null or a live handle, `queries` and `out` point to a value a circuit.
unsafe fn fill_by_circuit<Q: Sync, R: Send>(
    circuits: *const Circuits,
    queries: *const Q,
    out: *mut R,
    each: impl Fn(&System, &Q) -> Result<R> + Sync,
) -> Result<()> {
    // SAFETY: the caller promises the handle.
    let systems = unsafe { systems(circuits)? };
    // SAFETY: the caller promises both arrays.
    let (queries, out) = unsafe { (slice(queries, systems.len())?, slice_mut(out, systems.len())?) };
    let pairs: Vec<_> = systems.iter().zip(queries).collect();
    fill(&pairs, out, |(system, query)| each(system, query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Analysis;
    use crate::ffi::nexuszero_circuits_free;
    use crate::ffi::tests::synthetic;
    use crate::ranges::Bounds;
    use crate::synth::{Family, synthesize};

    #[test]
    fn a_circuits_own_demand_has_its_own_parameters() {
        let circuits = synthetic();
        let analysis = Analysis::of(&synthesize(Family::Dot, 7).r1cs, &Bounds::new()).unwrap();
        let demand =
            Demand { heights: analysis.heights, bits: if analysis.liftable { analysis.bits } else { 0 } };
        let mut record = ChoiceRecord::of(Err(anyhow::anyhow!("none")));
        // SAFETY: a live handle, a demand and room for a record.
        let status = unsafe { nexuszero_circuits_choose_for(circuits, 128, &demand, &mut record) };
        let choice = label::choose(&label::Demand::of_circuit(&analysis), 128).unwrap();
        assert_eq!((status, record.feasible, record.proof_size), (Status::Ok, 1, choice.proof_size));
        let wide = Demand { bits: 256, ..demand };
        // SAFETY: as above.
        let status = unsafe { nexuszero_circuits_choose_for(circuits, 128, &wide, &mut record) };
        assert_eq!(status, Status::Invalid);
        // SAFETY: the handle is live until here.
        unsafe { nexuszero_circuits_free(circuits) };
    }
}
