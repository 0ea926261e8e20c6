//! Parameters of a demand without a circuit, and the record of chosen ones.

use std::ffi::c_char;

use anyhow::{Result, ensure};

use crate::field::{Field, U256};
use crate::label::{self, Choice, MAX_BITS, Modulus};
use crate::security::Limit;

use super::memory::{fill, slice, slice_mut, text};
use super::status::{Status, copy_text, guard};

/// The demand of a set of forms.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DemandQuery {
    /// The prime, little-endian, where q is fixed; all zero where it is free.
    pub p: [u8; 32],
    /// Distinct private forms.
    pub forms: u32,
    /// `B` where q is free.
    pub bits: u32,
    /// lambda: 100, 128, 192 or 256.
    pub security: u32,
}

impl DemandQuery {
    fn demand(&self) -> Result<label::Demand> {
        let p = U256::from_le_bytes(self.p);
        let modulus = if p.is_zero() { free(self.bits)? } else { Modulus::fixed(&Field::new(p)?) };
        Ok(label::Demand::of_forms(self.forms, modulus))
    }
}

/// A free modulus for values of `bits` bits.
pub(super) fn free(bits: u32) -> Result<Modulus> {
    ensure!(bits <= MAX_BITS, "B is {bits}; values of up to {MAX_BITS} bits are supported");
    Ok(Modulus::Free { bits })
}

/// The smallest sound parameters, or why there are none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ChoiceRecord {
    /// Standard deviation of the Gaussian mask, s2.
    pub sigma: f64,
    /// Standard deviation of secret and error of the Module-LWE that hiding rests on.
    pub s: f64,
    /// Standard deviation of the commitment randomness.
    pub s1: f64,
    /// Bits of hiding.
    pub lwe_bits: f64,
    /// Bits of binding.
    pub sis_bits: f64,
    /// Bits of soundness.
    pub soundness: f64,
    /// The smaller of hiding and binding.
    pub bit_security: f64,
    /// Its hardness.
    pub hardness: f64,
    /// Bytes.
    pub proof_size: u64,
    /// Thousandths of a bit of t0. The six parts add up to the proof, which is rounded up to bytes.
    pub part_commitment: u64,
    /// Thousandths of a bit of the committed rows.
    pub part_rows: u64,
    /// Thousandths of a bit of the answers to the linear checks.
    pub part_masks: u64,
    /// Thousandths of a bit of the coefficients of z.
    pub part_openings: u64,
    /// Thousandths of a bit of the hints.
    pub part_hints: u64,
    /// Thousandths of a bit of header, hash, filling and coder.
    pub part_fixed: u64,
    /// LWE dimension.
    pub n: u32,
    /// Bits of q.
    pub log2_q: u32,
    /// Order of q modulo 128.
    pub ord: u32,
    /// The number that sets the widths: 4, 5, 6 or 8.
    pub j: u32,
    /// Openings in parallel.
    pub k: u32,
    /// SIS rank.
    pub kappa: u32,
    /// Committed rows.
    pub l: u32,
    /// Low bits dropped from the commitment.
    pub cut_d: u32,
    /// Low bits dropped from the opening.
    pub cut_g: u32,
    /// Garbage rows.
    pub gamma: u32,
    /// Masks of the linear checks.
    pub nlin: u32,
    /// Largest coefficient of a challenge.
    pub w: u32,
    /// Largest operator norm of a challenge.
    pub t: u32,
    /// What forbids a smaller rank: 0 nothing, 1 half the modulus, 2 SIS near it, 3 SIS.
    pub rank_limit: u32,
    /// What forbids to drop one more bit of the opening: 0 nothing, else as above.
    pub cut_limit: u32,
    /// A concrete prime, little-endian; all zero where none was searched.
    pub q: [u8; 32],
    /// Whether there are sound parameters; if not, `reason` says which constraint fails.
    pub feasible: u8,
    /// NUL-terminated (a literal length: header readers know no constants).
    pub reason: [u8; 256],
}

impl ChoiceRecord {
    /// A choice and its prime (zero where none was searched), or why there is none.
    pub(super) fn of(result: Result<(Choice, U256)>) -> Self {
        match result {
            Ok((choice, q)) => Self::feasible(&choice, q),
            Err(error) => Self::infeasible(&format!("{error:#}")),
        }
    }

    fn feasible(choice: &Choice, q: U256) -> Self {
        let number = |limit: Option<Limit>| limit.map_or(0, |limit| limit as u32);
        Self {
            sigma: choice.sigma,
            s: choice.s,
            s1: choice.s1,
            lwe_bits: choice.lwe_bits,
            sis_bits: choice.sis_bits,
            soundness: choice.soundness,
            bit_security: choice.bit_security(),
            hardness: choice.hardness(),
            proof_size: choice.proof_size,
            part_commitment: choice.parts.commitment,
            part_rows: choice.parts.rows,
            part_masks: choice.parts.masks,
            part_openings: choice.parts.openings,
            part_hints: choice.parts.hints,
            part_fixed: choice.parts.fixed,
            n: choice.n(),
            log2_q: choice.candidate.bits,
            ord: choice.candidate.ord,
            j: choice.j,
            k: choice.k,
            kappa: choice.kappa,
            l: choice.l,
            cut_d: choice.cut_d,
            cut_g: choice.cut_g,
            gamma: choice.gamma,
            nlin: choice.nlin,
            w: choice.challenges.w,
            t: choice.challenges.t,
            rank_limit: number(choice.rank_limit),
            cut_limit: number(choice.cut_limit),
            q: q.to_le_bytes(),
            feasible: 1,
            reason: [0; 256],
        }
    }

    fn infeasible(reason: &str) -> Self {
        let mut record = Self {
            sigma: 0.0,
            s: 0.0,
            s1: 0.0,
            lwe_bits: 0.0,
            sis_bits: 0.0,
            soundness: 0.0,
            bit_security: 0.0,
            hardness: 0.0,
            proof_size: 0,
            part_commitment: 0,
            part_rows: 0,
            part_masks: 0,
            part_openings: 0,
            part_hints: 0,
            part_fixed: 0,
            n: 0,
            log2_q: 0,
            ord: 0,
            j: 0,
            k: 0,
            kappa: 0,
            l: 0,
            cut_d: 0,
            cut_g: 0,
            gamma: 0,
            nlin: 0,
            w: 0,
            t: 0,
            rank_limit: 0,
            cut_limit: 0,
            q: [0; 32],
            feasible: 0,
            reason: [0; 256],
        };
        copy_text(reason, &mut record.reason);
        record
    }
}

/// Finds the parameters of `count` demands on all cores.
///
/// # Safety
/// `queries` and `out` point to `count` values each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_choose(
    queries: *const DemandQuery,
    count: usize,
    out: *mut ChoiceRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises both arrays.
        let (queries, out) = unsafe { (slice(queries, count)?, slice_mut(out, count)?) };
        fill(queries, out, |query| {
            label::check_level(query.security)?;
            let choice = label::choose(&query.demand()?, query.security);
            Ok(ChoiceRecord::of(choice.map(|choice| (choice, U256::ZERO))))
        })
    })
}

/// Every sound candidate of a demand, the smallest proof first: that one is the answer of [`nexuszero_choose`]. Where
/// none is sound `count` is 1 and the record says why.
///
/// # Safety
/// `query` points to one value, `out` has room for `capacity` records (1024 are enough) and `count` for one number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_candidates(
    query: *const DemandQuery,
    out: *mut ChoiceRecord,
    capacity: usize,
    count: *mut usize,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the query.
        let query = unsafe { &slice(query, 1)?[0] };
        // SAFETY: the caller promises the room.
        let (out, count) = unsafe { (slice_mut(out, capacity)?, slice_mut(count, 1)?) };
        label::check_level(query.security)?;
        let demand = query.demand()?;
        let records = match label::choose(&demand, query.security) {
            Ok(_) => candidates(&demand, query.security, U256::ZERO)?,
            Err(reason) => vec![ChoiceRecord::of(Err(reason))],
        };
        hand_out(&records, out, count)
    })
}

/// The records of all sound candidates, the first with its prime.
pub(super) fn candidates(demand: &label::Demand, security: u32, q: U256) -> Result<Vec<ChoiceRecord>> {
    let primes = std::iter::once(q).chain(std::iter::repeat(U256::ZERO));
    let choices = label::sound(demand, security)?;
    Ok(choices.into_iter().zip(primes).map(|pair| ChoiceRecord::of(Ok(pair))).collect())
}

/// Writes so many candidates, and how many there are.
pub(super) fn hand_out(
    records: &[ChoiceRecord],
    out: &mut [ChoiceRecord],
    count: &mut [usize],
) -> Result<()> {
    ensure!(records.len() <= out.len(), "room for {} of {} candidates", out.len(), records.len());
    out[..records.len()].copy_from_slice(records);
    count[0] = records.len();
    Ok(())
}

/// The prime of a field by name or number, little-endian in 32 bytes.
///
/// # Safety
/// `name` is NUL-terminated, `out` has room for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_field_parse(name: *const c_char, out: *mut u8) -> Status {
    guard(|| {
        // SAFETY: the caller promises both.
        let (name, out) = unsafe { (text(name)?, slice_mut(out, 32)?) };
        out.copy_from_slice(&Field::parse(name)?.modulus().to_le_bytes::<32>());
        Ok(())
    })
}
