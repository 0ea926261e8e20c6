//! Bytes that are verified as a proof of a small circuit are refused in one line, whatever they are.
//!
//! `cargo fuzz run verify` in `crypto/`, with `RUSTC_BOOTSTRAP=1` on a stable compiler; the proofs of
//! `tests/fixtures/proofs` are a corpus. Lengths and the statement's id are mended, so that more than headers is tried.
#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use nexuszero_crypto::field::U256;
use nexuszero_crypto::format::read;
use nexuszero_crypto::proof::{Statement, inspect};
use nexuszero_crypto::ranges::Bounds;

const CIRCUIT: &[u8] = include_bytes!("../../tests/fixtures/circuits/rangesum4x8.goldilocks.O1.r1cs");
const PROOF: &[u8] = include_bytes!("../../tests/fixtures/proofs/rangesum4x8.goldilocks.128.proof");
/// Header and challenge.
const FRONT: usize = 64;

static STATEMENT: OnceLock<Statement> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let statement = STATEMENT.get_or_init(|| {
        let r1cs = Arc::new(read(CIRCUIT).expect("a circuit"));
        Statement::new(&r1cs, &Bounds::new(), 128).expect("parameters")
    });
    let public = [460, 460].map(U256::from);
    if inspect(bytes).is_ok() {
        let _ = statement.verify(bytes, &public);
    }
    if bytes.len() < 32 {
        return;
    }

    let mut proof = PROOF[..32].to_vec();
    proof.extend_from_slice(bytes);
    let string = statement.parameters().string_bytes();
    let coded = proof.len().saturating_sub(FRONT + string) as u32;
    let length = proof.len() as u32;
    proof[8..12].copy_from_slice(&length.to_le_bytes());
    proof[12..16].copy_from_slice(&coded.to_le_bytes());
    match statement.verify(&proof, &public) {
        Ok(()) => assert_eq!(proof, PROOF),
        Err(refusal) => assert!(!refusal.to_string().contains('\n')),
    }
});
