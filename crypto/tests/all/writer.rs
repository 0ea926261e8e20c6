//! What is written is read back as the same system, and as large as circom's own file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::format::{read, read_file, write, write_file};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::synth::{Family, synthesize};
use proptest::prelude::*;

/// Of one to four words, with and without a zero top byte.
const PRIMES: [&str; 6] = [
    "3",
    "babybear",
    "goldilocks",
    "340282366920938463463374607431768211297", // 2^128 - 159
    "bn254",
    "115792089237316195423570985008687907853269984665640564039457584007908834671663", // secp256k1
];

fn written(r1cs: &R1cs) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(r1cs, &mut bytes).unwrap();
    bytes
}

fn fixtures() -> impl Iterator<Item = PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/circuits");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|it| it == "r1cs"))
}

/// The payload of a section.
fn section(bytes: &[u8], wanted: u32) -> &[u8] {
    let mut rest = &bytes[12..];
    loop {
        let kind = u32::from_le_bytes(rest[..4].try_into().unwrap());
        let size = u64::from_le_bytes(rest[4..12].try_into().unwrap()) as usize;
        if kind == wanted {
            return &rest[12..12 + size];
        }
        rest = &rest[12 + size..];
    }
}

/// The header is circom's but for the labels, which count the wires; the same terms take the same room.
#[test]
fn circom_files_are_the_same_systems_in_as_many_bytes() {
    for path in fixtures() {
        let (original, r1cs) = (std::fs::read(&path).unwrap(), read_file(&path).unwrap());
        let bytes = written(&r1cs);
        assert_eq!(read(&bytes).unwrap(), r1cs, "{}", path.display());
        assert_eq!(bytes.len(), original.len(), "{}", path.display());
        let (ours, theirs) = (section(&bytes, 1), section(&original, 1));
        let labels = ours.len() - 12..ours.len() - 4;
        assert_eq!(ours[..labels.start], theirs[..labels.start], "{}", path.display());
        assert_eq!(ours[labels.clone()], u64::from(r1cs.wires()).to_le_bytes());
        assert_eq!(ours[labels.end..], theirs[labels.end..], "{}", path.display());
    }
}

#[test]
fn synthetic_circuits_survive() {
    for family in Family::ALL {
        for seed in 0..40 {
            let r1cs = synthesize(family, seed).r1cs;
            assert_eq!(read(&written(&r1cs)).unwrap(), r1cs, "{family:?} {seed}");
        }
    }
}

#[test]
fn files_name_themselves_in_errors() {
    let r1cs = synthesize(Family::Dot, 1).r1cs;
    let path = std::env::temp_dir().join(format!("nexuszero-writer-{}.r1cs", std::process::id()));
    write_file(&r1cs, &path).unwrap();
    assert_eq!(read_file(&path).unwrap(), r1cs);
    std::fs::remove_file(&path).unwrap();
    let message = format!("{:#}", write_file(&r1cs, &path.join("nowhere.r1cs")).unwrap_err());
    assert!(message.contains("nowhere.r1cs: cannot write") && !message.contains('\n'), "{message}");
}

/// A field, its combinations by wire, unused wires and public counts.
fn any_system() -> impl Strategy<Value = R1cs> {
    let term = (0_u32..12, any::<[u64; 4]>());
    let form = prop::collection::vec(term, 0..5);
    let prime = prop::sample::select(&PRIMES[..]);
    (prime, prop::collection::vec([form.clone(), form.clone(), form], 0..12), 0_u32..4, 0_u32..4).prop_map(
        |(prime, constraints, outputs, inputs)| {
            let field = Field::parse(prime).unwrap();
            let mut builder = Builder::new(field);
            for form in constraints.iter().flatten() {
                let element = |limbs| U256::from_limbs(limbs) % field.modulus();
                let terms: BTreeMap<u32, U256> =
                    form.iter().map(|&(wire, limbs)| (wire, element(limbs))).collect();
                for (wire, value) in terms.into_iter().filter(|(_, value)| !value.is_zero()) {
                    builder.term(wire, value).unwrap();
                }
                builder.end_combination().unwrap();
            }
            builder.finish(12, outputs, inputs).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_system_survives(r1cs in any_system()) {
        prop_assert_eq!(read(&written(&r1cs)).unwrap(), r1cs);
    }
}
