//! Proofs of real circuits from circom's own witnesses: each is valid, and about as long as its label says.

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report

use std::path::PathBuf;
use std::time::Instant;

use nexuszero_crypto::field::U256;
use nexuszero_crypto::format::read_file;
use nexuszero_crypto::proof::{Statement, check_witness, prove, read_witness, verify};
use nexuszero_crypto::r1cs::R1cs;
use nexuszero_crypto::ranges::Bounds;
use nexuszero_crypto::synth::{Family, Synthetic, synthesize_sized};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn circuit(name: &str) -> (R1cs, Vec<U256>) {
    let r1cs = read_file(&fixtures().join(format!("circuits/{name}.O1.r1cs"))).unwrap();
    let bytes = std::fs::read(fixtures().join(format!("proofs/{name}.wtns"))).unwrap();
    let witness = read_witness(&bytes, r1cs.field()).unwrap().to_vec();
    (r1cs, witness)
}

#[test]
fn every_witness_has_a_proof_of_the_size_of_its_label() {
    let names = [
        "rangesum4x8.goldilocks",
        "median3x10.goldilocks",
        "divmod16.goldilocks",
        "mulbits8.bn128",
        "adder24.bn128",
        "xorchain48.goldilocks",
        "sortnet8x16.goldilocks",
        "life4.bn128",
        "batchinv8.bn128",
        "toyhash12.goldilocks",
        "merkle16.goldilocks",
        "edge_no_constraints.bn128",
        "edge_const_out.bn128",
    ];
    for name in names {
        let (r1cs, witness) = circuit(name);
        for security in [100, 128, 192, 256] {
            let start = Instant::now();
            let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
            let prepared = start.elapsed();
            let start = Instant::now();
            let proof = statement.prove(&witness).unwrap();
            let proved = start.elapsed();
            let start = Instant::now();
            statement.verify(&proof.bytes, &proof.public).unwrap();
            let verified = start.elapsed();
            let (real, expected) = (proof.bytes.len() as f64, statement.expected_size() as f64);
            println!(
                "{name} {security}: {real} of {expected} bytes, {} attempts; {prepared:.1?} {proved:.1?} {verified:.1?}",
                proof.attempts
            );
            assert!((real / expected - 1.0).abs() < 0.02, "{name} {security}: {real} of {expected}");
        }
    }
}

#[test]
fn a_witness_that_violates_a_constraint_has_no_proof() {
    let (r1cs, mut witness) = circuit("rangesum4x8.goldilocks");
    let last = witness.len() - 1;
    witness[last] = r1cs.field().sub(witness[last], U256::from(1));
    let violated = r1cs.first_violation(&witness).unwrap();
    let error = prove(&r1cs, &Bounds::new(), &witness, 128).unwrap_err();
    assert_eq!(error.to_string(), format!("the witness violates constraint {violated}"));
    assert!(check_witness(&r1cs, &witness[1..]).is_err());
}

#[test]
fn two_proofs_differ_and_neither_serves_other_public_values_or_levels() {
    let (r1cs, witness) = circuit("rangesum4x8.goldilocks");
    let [a, b] = [(); 2].map(|()| prove(&r1cs, &Bounds::new(), &witness, 128).unwrap());
    assert_ne!(a.bytes[64..], b.bytes[64..]);
    let code = |proof: &[u8], public: &[U256], level| {
        verify(&r1cs, &Bounds::new(), proof, public, level).unwrap_err().code().unwrap().number()
    };
    let mut other = a.public.clone();
    other[0] += U256::from(1);
    assert_eq!(code(&a.bytes, &other, 128), 7);
    assert_eq!(code(&a.bytes, &a.public, 192), 4);
    assert_eq!(code(&a.bytes, &a.public[1..], 128), 1);
}

/// Times of circuits of some sizes; `cargo test --release --test proof -- --ignored --nocapture times`.
#[test]
#[ignore = "prints times"]
fn times_by_size() {
    for family in [
        Family::Adders,
        Family::Comparisons,
        Family::Dense,
        Family::Boolean,
        Family::Poseidon,
        Family::Merkle,
    ] {
        for nodes in [1000, 10_000, 60_000] {
            let Synthetic { r1cs, witness } = synthesize_sized(family, 1, nodes);
            let start = Instant::now();
            let statement = match Statement::new(&r1cs, &Bounds::new(), 128) {
                Ok(statement) => statement,
                Err(refusal) => {
                    println!("{family:?} {nodes}: {refusal}");
                    continue;
                }
            };
            let prepared = start.elapsed();
            let start = Instant::now();
            let proof = statement.prove(&witness).unwrap();
            let proved = start.elapsed();
            let start = Instant::now();
            statement.verify(&proof.bytes, &proof.public).unwrap();
            let verified = start.elapsed();
            let parameters = statement.parameters();
            println!(
                "{family:?}: {} constraints, {} bits, ord {}, l {}, {} bytes, {} attempts: prepared {prepared:.1?}, proved {proved:.1?}, verified {verified:.1?}",
                r1cs.constraints(),
                parameters.bits,
                parameters.ord,
                parameters.l,
                proof.bytes.len(),
                proof.attempts,
            );
        }
    }
}
