//! Proofs: made, verified, read.

use std::ffi::c_char;

use anyhow::Context;
use zeroize::Zeroizing;

use crate::field::U256;
use crate::proof::{self, Header, Refusal};
use crate::ranges::Ranges;
use crate::relation::Relation;

use super::circuits::{Circuits, System, system};
use super::memory::{give, hand_over, slice, slice_mut};
use super::status::{Status, copy_text, guard};

/// Bytes of a public value, little-endian.
const VALUE: usize = 32;
/// What [`nexuszero_verify`] writes where a work limit ended it.
const NOT_DECIDED: u32 = u32::MAX;

/// A proof with its public values, in memory.
pub struct Proof {
    bytes: Vec<u8>,
    /// [`VALUE`] bytes each.
    public: Vec<u8>,
    attempts: u32,
    constraints: u32,
    expected: u64,
}

/// Where a proof's bytes lie, until it is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProofRecord {
    /// What a verifier reads.
    pub data: *const u8,
    /// Their number.
    pub bytes: usize,
    /// Outputs, then inputs: 32 bytes each, little-endian.
    pub public_values: *const u8,
    /// Number of public values.
    pub public_count: usize,
    /// Bytes that a proof of this circuit has on average.
    pub expected: u64,
    /// Attempts that it took.
    pub attempts: u32,
    /// Constraints that are kept; where there are none, the proof says nothing of a witness.
    pub constraints: u32,
}

/// What a proof's header says; nothing of it is verified.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HeaderRecord {
    /// Version of the format.
    pub version: u32,
    /// lambda.
    pub security: u32,
    /// Length of the whole proof.
    pub length: u32,
    /// Length of its coded part.
    pub coded: u32,
    /// The first bytes of the statement's digest.
    pub statement: [u8; 16],
}

/// Proves that a `.wtns` file's values satisfy circuit `index`; [`nexuszero_proof_record`] says where the proof lies.
/// With a null `witness`, the assignment with which [`super::circuits::nexuszero_circuits_synthesize`] built the circuit.
///
/// # Safety
/// `circuits` is a live handle, `witness` is null or points to `length` bytes, `out` to room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_prove(
    circuits: *const Circuits,
    index: usize,
    witness: *const u8,
    length: usize,
    security: u32,
    out: *mut *mut Proof,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let system = unsafe { system(circuits, index)? };
        let witness = if witness.is_null() {
            Zeroizing::new(system.own_witness()?)
        } else {
            // SAFETY: the caller promises the bytes.
            proof::read_witness(unsafe { slice(witness, length)? }, system.r1cs.field())?
        };
        let statement = system.statement(security)?;
        let made = statement.prove(&witness)?;
        let proof = Proof {
            public: made.public.iter().flat_map(|value| value.to_le_bytes::<VALUE>()).collect(),
            bytes: made.bytes,
            attempts: made.attempts,
            constraints: statement.constraints() as u32,
            expected: statement.expected_size(),
        };
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(proof, out) }
    })
}

/// Says where a proof lies.
///
/// # Safety
/// `proof` is a live handle, `out` has room for a record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_proof_record(proof: *const Proof, out: *mut ProofRecord) -> Status {
    guard(|| {
        // SAFETY: null is caught, and the caller promises a live handle otherwise.
        let proof = unsafe { proof.as_ref() }.context("a null pointer where a proof was promised")?;
        let record = ProofRecord {
            data: proof.bytes.as_ptr(),
            bytes: proof.bytes.len(),
            public_values: proof.public.as_ptr(),
            public_count: proof.public.len() / VALUE,
            expected: proof.expected,
            attempts: proof.attempts,
            constraints: proof.constraints,
        };
        // SAFETY: the caller promises the room.
        unsafe { give(record, out) }
    })
}

/// Frees a proof; null is allowed.
///
/// # Safety
/// `proof` is null or a live handle, which dies here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_proof_free(proof: *mut Proof) {
    if !proof.is_null() {
        // SAFETY: the handle came from `hand_over`, and the caller promises that it is live.
        drop(unsafe { Box::from_raw(proof) });
    }
}

/// Verifies a proof for circuit `index` and `public_count` public values of 32 bytes, at least at `least` bits.
///
/// Writes 0 to `code` where it is valid, else the number of the check that failed (`R1` to `R14`, proof.md, section 11)
/// or `2^32 - 1` where a work limit ended it, and the reason to `reason`, NUL-terminated and cut to `capacity`.
///
/// # Safety
/// `circuits` is a live handle, `proof` points to `length` bytes, `public_values` to 32 bytes a value, `code` to room for
/// a number, `reason` to room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_verify(
    circuits: *const Circuits,
    index: usize,
    proof: *const u8,
    length: usize,
    public_values: *const u8,
    public_count: usize,
    least: u32,
    code: *mut u32,
    reason: *mut c_char,
    capacity: usize,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let system = unsafe { system(circuits, index)? };
        let size = public_count.checked_mul(VALUE).context("too many public values")?;
        // SAFETY: the caller promises the bytes.
        let (proof, public) = unsafe { (slice(proof, length)?, slice(public_values, size)?) };
        let public: Vec<U256> = public.chunks_exact(VALUE).map(U256::from_le_slice).collect();
        // SAFETY: the caller promises the room.
        let (code, room) = unsafe { (slice_mut(code, 1)?, slice_mut(reason.cast::<u8>(), capacity)?) };
        let verdict = proof::stated_level(proof, least)
            .and_then(|level| system.statement(level))
            .and_then(|statement| statement.verify(proof, &public));
        let refusal = verdict.err();
        copy_text(&refusal.as_ref().map(Refusal::to_string).unwrap_or_default(), room);
        code[0] = refusal.map_or(0, |it| it.code().map_or(NOT_DECIDED, |code| code.number().into()));
        Ok(())
    })
}

/// Reads a proof's header.
///
/// # Safety
/// `proof` points to `length` bytes, `out` has room for a record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_inspect(
    proof: *const u8,
    length: usize,
    out: *mut HeaderRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the bytes.
        let proof = unsafe { slice(proof, length)? };
        let Header { security, length, coded, statement } = proof::inspect(proof)?;
        let version = u32::from(proof::VERSION);
        // SAFETY: the caller promises the room.
        unsafe { give(HeaderRecord { version, security, length, coded, statement }, out) }
    })
}

/// The constraint that a `.wtns` file's values violate first.
///
/// Writes its number to `constraint` and its wires, ascending, to `wires`; writes `2^32 - 1` and no wires where there is
/// none. `count` receives how many wires it has, of which the first `capacity` are written.
///
/// # Safety
/// `circuits` is a live handle, `witness` points to `length` bytes, `constraint` and `count` to room for a number each,
/// `wires` to room for `capacity` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_violation(
    circuits: *const Circuits,
    index: usize,
    witness: *const u8,
    length: usize,
    constraint: *mut u32,
    wires: *mut u32,
    capacity: usize,
    count: *mut usize,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle and the bytes.
        let (System { r1cs, .. }, witness) = unsafe { (system(circuits, index)?, slice(witness, length)?) };
        // SAFETY: the caller promises the room.
        let (constraint, wires, count) =
            unsafe { (slice_mut(constraint, 1)?, slice_mut(wires, capacity)?, slice_mut(count, 1)?) };
        let witness = proof::read_witness(witness, r1cs.field())?;
        let violated = proof::check_values(r1cs, &witness).map(|()| r1cs.first_violation(&witness))?;
        let used = violated.map_or_else(Vec::new, |violated| r1cs.wires_of(violated));
        wires.iter_mut().zip(&used).for_each(|(slot, &wire)| *slot = wire);
        constraint[0] = violated.map_or(u32::MAX, |violated| violated as u32);
        count[0] = used.len();
        Ok(())
    })
}

/// The first wire of which a `.wtns` file has a value outside the interval that range inference modulo p finds, declared bounds
/// taken for true; writes its number to `wire`, `2^32 - 1` where there is none.
///
/// # Safety
/// `circuits` is a live handle, `witness` points to `length` bytes, `wire` to room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_outside(
    circuits: *const Circuits,
    index: usize,
    witness: *const u8,
    length: usize,
    wire: *mut u32,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle and the bytes.
        let (system, witness) = unsafe { (system(circuits, index)?, slice(witness, length)?) };
        let System { r1cs, bounds, .. } = system;
        let witness = proof::read_witness(witness, r1cs.field())?;
        proof::check_values(r1cs, &witness)?;
        let relation = Relation::of(r1cs, bounds);
        let ranges = Ranges::infer(&relation, r1cs.field().modulus(), bounds)?;
        // SAFETY: the caller promises the room.
        unsafe { give(ranges.first_outside(&witness).unwrap_or(u32::MAX), wire) }
    })
}

/// A `.wtns` file of circuit `index`, which [`super::circuits::nexuszero_circuits_constrain`] made, from one of the circuit
/// that it was made of; `count` receives its length, of which the first `capacity` bytes are written.
///
/// # Safety
/// `circuits` is a live handle, `witness` points to `length` bytes, `out` to room for `capacity` bytes, `count` to room for
/// a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_extend_witness(
    circuits: *const Circuits,
    index: usize,
    witness: *const u8,
    length: usize,
    out: *mut u8,
    capacity: usize,
    count: *mut usize,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle and the bytes.
        let (system, witness) = unsafe { (system(circuits, index)?, slice(witness, length)?) };
        // SAFETY: the caller promises the room.
        let (out, count) = unsafe { (slice_mut(out, capacity)?, slice_mut(count, 1)?) };
        let field = system.r1cs.field();
        let values = system.extend(&proof::read_witness(witness, field)?)?;
        let bytes = proof::write_witness(&values, field);
        out.iter_mut().zip(bytes.iter()).for_each(|(slot, &byte)| *slot = byte);
        count[0] = bytes.len();
        Ok(())
    })
}
