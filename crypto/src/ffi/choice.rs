//! Parameters of a demand without a circuit, and the record of chosen ones.

use std::ffi::c_char;

use anyhow::{Result, ensure};

use crate::field::{Field, U256};
use crate::label::{self, Choice, MAX_BITS, Modulus};

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
    /// Standard deviation of the Gaussian mask.
    pub sigma: f64,
    /// Bits of hiding.
    pub lwe_bits: f64,
    /// Bits of binding.
    pub sis_bits: f64,
    /// Bits of soundness.
    pub soundness: f64,
    /// The smaller of the two.
    pub bit_security: f64,
    /// Its hardness.
    pub hardness: f64,
    /// Bytes.
    pub proof_size: u64,
    /// LWE dimension.
    pub n: u32,
    /// Bits of q.
    pub log2_q: u32,
    /// Order of q modulo 128.
    pub ord: u32,
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
        Self {
            sigma: choice.sigma,
            lwe_bits: choice.lwe_bits,
            sis_bits: choice.sis_bits,
            soundness: choice.soundness,
            bit_security: choice.bit_security(),
            hardness: choice.hardness(),
            proof_size: choice.proof_size,
            n: choice.n(),
            log2_q: choice.candidate.bits,
            ord: choice.candidate.ord,
            k: choice.k,
            kappa: choice.kappa,
            l: choice.l,
            cut_d: choice.cut_d,
            cut_g: choice.cut_g,
            q: q.to_le_bytes(),
            feasible: 1,
            reason: [0; 256],
        }
    }

    fn infeasible(reason: &str) -> Self {
        let mut record = Self {
            sigma: 0.0,
            lwe_bits: 0.0,
            sis_bits: 0.0,
            soundness: 0.0,
            bit_security: 0.0,
            hardness: 0.0,
            proof_size: 0,
            n: 0,
            log2_q: 0,
            ord: 0,
            k: 0,
            kappa: 0,
            l: 0,
            cut_d: 0,
            cut_g: 0,
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
