//! Proofs of real circuits from circom's own witnesses and of drawn ones: each is valid, and as long as its label says.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::format::read_file;
use nexuszero_crypto::modulus::primes;
use nexuszero_crypto::proof::{Code, Statement, check_witness, prove, read_witness, verify};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::{Bounds, parse_bounds};
use nexuszero_crypto::synth::{Family, Synthetic, synthesize, synthesize_sized};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn circuit(name: &str) -> (Arc<R1cs>, Vec<U256>) {
    let r1cs = Arc::new(read_file(&fixtures().join(format!("circuits/{name}.O1.r1cs"))).unwrap());
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
    let mut off = Vec::new();
    for name in names {
        let (r1cs, witness) = circuit(name);
        for security in [100, 128, 192, 256] {
            let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
            off.push(off_label(name, &statement, &witness));
        }
    }
    check_mean(&off);
}

/// Three circuits of every family at every level, with the assignments that they were drawn with.
#[test]
fn drawn_circuits_have_proofs_of_the_size_of_their_labels() {
    let mut off = Vec::new();
    for family in Family::ALL {
        for seed in 0..3 {
            let Synthetic { r1cs, witness } = synthesize(family, seed);
            let r1cs = Arc::new(r1cs);
            for security in [100, 128, 192, 256] {
                let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
                off.push(off_label(&format!("{family:?} {seed}"), &statement, &witness));
            }
        }
    }
    check_mean(&off);
}

/// Proves and verifies; by how much of its label the proof is longer, at most 1 %.
fn off_label(name: &str, statement: &Statement, witness: &[U256]) -> f64 {
    let proof = statement.prove(witness).unwrap();
    statement.verify(&proof.bytes, &proof.public).unwrap();
    let off = proof.bytes.len() as f64 / statement.expected_size() as f64 - 1.0;
    assert!(off < 0.01, "{name}: {off:.4} above its label, {:?}", statement.parameters());
    off
}

fn check_mean(off: &[f64]) {
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    assert!(mean.abs() < 0.005, "proofs are {mean:.4} longer than their labels in the mean");
    println!("{} proofs, {mean:.5} longer in the mean", off.len());
}

#[test]
fn a_false_constraint_of_public_wires_is_named() {
    let field = Field::parse("goldilocks").unwrap();
    let mut builder = Builder::new(field);
    constrain(&mut builder, &field, [&[], &[], &[(1, 1), (2, -2)]]);
    constrain(&mut builder, &field, [&[(3, 1)], &[(3, 1)], &[(1, 1)]]);
    let r1cs = Arc::new(builder.finish(4, 2, 0).unwrap());
    let proof = prove(&r1cs, &Bounds::new(), &[1, 16, 8, 4].map(U256::from), 128).unwrap();
    verify(&r1cs, &Bounds::new(), &proof.bytes, &proof.public, 128).unwrap();
    let refused = verify(&r1cs, &Bounds::new(), &proof.bytes, &[16, 9].map(U256::from), 128);
    assert_eq!(refused.unwrap_err().code(), Some(Code::PublicConstraint));
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

/// Appends `A*B = C` with small coefficients.
fn constrain(builder: &mut Builder, field: &Field, forms: [&[(u32, i64)]; 3]) {
    for form in forms {
        for &(wire, value) in form {
            builder.term(wire, field.from_i64(value)).unwrap();
        }
        builder.end_combination().unwrap();
    }
}

/// Four bits, their sum through a constraint with factors 1/2 and 2, `(2s+1) s = y`, and s is not x: a scale and a gcd
/// other than 1, a hint whose form stands in B, and x is declared to be a byte.
#[test]
fn scales_divisors_hints_and_declared_bounds_have_valid_proofs() {
    let field = Field::parse("goldilocks").unwrap();
    let [y, x, s, inverse, z] = [1, 2, 7, 8, 9];
    let mut builder = Builder::new(field);
    for bit in 3..7 {
        constrain(&mut builder, &field, [&[(bit, 1)], &[(bit, 1), (0, -1)], &[]]);
    }
    builder.term(0, field.inv(U256::from(2))).unwrap();
    builder.end_combination().unwrap();
    for form in [&[(3, 2), (4, 4), (5, 8), (6, 16)][..], &[(s, 1)]] {
        for &(wire, value) in form {
            builder.term(wire, field.from_i64(value)).unwrap();
        }
        builder.end_combination().unwrap();
    }
    constrain(&mut builder, &field, [&[(s, 2), (0, 1)], &[(s, 1)], &[(z, 1)]]);
    constrain(&mut builder, &field, [&[(0, 1)], &[(z, 1)], &[(y, 1)]]);
    constrain(&mut builder, &field, [&[(inverse, 1)], &[(s, 1), (x, -1)], &[(0, 1)]]);
    let r1cs = Arc::new(builder.finish(10, 1, 1).unwrap());
    let mut witness = [1, 55, 3, 1, 0, 1, 0, 5, 0, 55].map(U256::from);
    witness[8] = field.inv(U256::from(2));

    let bounds = parse_bounds(r#"{"2": "u8"}"#).unwrap();
    for security in [100, 128, 192, 256] {
        let proof = prove(&r1cs, &bounds, &witness, security).unwrap();
        assert!(Statement::new(&r1cs, &bounds, security).unwrap().parameters().bits < 64);
        verify(&r1cs, &bounds, &proof.bytes, &proof.public, security).unwrap();
        assert!(verify(&r1cs, &Bounds::new(), &proof.bytes, &proof.public, security).is_err());
        let refused = verify(&r1cs, &bounds, &proof.bytes, &[55, 256].map(U256::from), security);
        assert_eq!(refused.unwrap_err().code(), Some(Code::PublicValue));
    }
    let private = parse_bounds(r#"{"7": "u8"}"#).unwrap();
    assert!(prove(&r1cs, &private, &witness, 128).unwrap_err().to_string().starts_with("R1: "));
}

/// `a*a = b`, `b*b = y` in fields of every order, with 1 to 16 openings and fewer garbage rows than those.
#[test]
fn native_fields_of_every_order_have_valid_proofs() {
    let babybear = Field::parse("babybear").unwrap();
    let small = |bits, ord| Field::new(primes(bits, ord).next().unwrap()).unwrap();
    for (field, security, k) in [
        (babybear, 100, 4),
        (babybear, 128, 8),
        (babybear, 192, 8),
        (babybear, 256, 16),
        (small(40, 1), 192, 8),
        (small(40, 2), 128, 2),
        (small(40, 4), 128, 1),
        (small(40, 4), 192, 2),
        (small(50, 8), 128, 1),
        (small(33, 16), 192, 1),
        (small(100, 4), 128, 1),
        (small(255, 1), 128, 1),
        (small(256, 1), 256, 1),
    ] {
        let mut builder = Builder::new(field);
        constrain(&mut builder, &field, [&[(2, 1)], &[(2, 1)], &[(3, 1)]]);
        constrain(&mut builder, &field, [&[(3, 1)], &[(3, 1)], &[(1, 1)]]);
        let r1cs = Arc::new(builder.finish(4, 1, 0).unwrap());
        let a = field.from_i64(-1234);
        let b = field.mul(a, a);
        let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
        let parameters = statement.parameters();
        assert_eq!((parameters.k, parameters.q), (k, field.modulus()), "{parameters:?}");
        let proof = statement.prove(&[U256::from(1), field.mul(b, b), a, b]).unwrap();
        statement.verify(&proof.bytes, &proof.public).unwrap();
        assert!(statement.verify(&proof.bytes, &[U256::from(16)]).is_err());
    }
}

/// Times of circuits of some sizes; `cargo test --release --test proof -- --ignored --nocapture times`.
#[test]
#[ignore = "prints times"]
fn times_by_size() {
    let families = [
        Family::Ranges,
        Family::Adders,
        Family::Comparisons,
        Family::Dense,
        Family::Boolean,
        Family::Poseidon,
        Family::Merkle,
    ];
    for family in families {
        for nodes in [1000, 10_000, 60_000] {
            let Synthetic { r1cs, witness } = synthesize_sized(family, 1, nodes);
            let r1cs = Arc::new(r1cs);
            let (prepared, statement) = timed(|| Statement::new(&r1cs, &Bounds::new(), 128));
            match statement {
                Ok(statement) => print_times(family, &statement, &witness, prepared),
                Err(refusal) => println!("{family:?} {nodes}: {refusal}"),
            }
        }
    }
}

fn print_times(family: Family, statement: &Statement, witness: &[U256], prepared: Times) {
    let (proved, proof) = timed(|| statement.prove(witness).unwrap());
    let (again, second) = timed(|| statement.prove(witness).unwrap());
    let (verified, _) = timed(|| statement.verify(&proof.bytes, &proof.public).unwrap());
    let parameters = statement.parameters();
    println!(
        "{family:?}: {} wires, {} bits, ord {}, l {}, {} bytes: prepared {prepared:?}, proved {proved:?} in {}, {again:?} in {}, verified {verified:?}",
        witness.len(),
        parameters.bits,
        parameters.ord,
        parameters.l,
        proof.bytes.len(),
        proof.attempts,
        second.attempts,
    );
}

/// Milliseconds on the wall and of all threads' processors.
#[derive(Debug)]
#[allow(dead_code)] // printed
struct Times {
    wall: u128,
    processor: u128,
}

fn timed<T>(work: impl FnOnce() -> T) -> (Times, T) {
    let (start, before) = (Instant::now(), processor_time());
    let result = work();
    let times =
        Times { wall: start.elapsed().as_millis(), processor: (processor_time() - before) / 1_000_000 };
    (times, result)
}

/// Nanoseconds that the threads of this process have run, on Linux.
fn processor_time() -> u128 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let files = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok());
    files.filter_map(|text| text.split_whitespace().next()?.parse::<u128>().ok()).sum()
}
