//! Proofs of another implementation: each is accepted, or rejected with its code (`../fixtures/proofs/README.md`).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use nexuszero_crypto::field::U256;
use nexuszero_crypto::format::read_file;
use nexuszero_crypto::proof::verify;
use nexuszero_crypto::ranges::Bounds;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A proof after edits: `place=byte`, `cut length`, `add byte`.
fn edited(name: &str, edits: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(fixtures().join("proofs").join(name)).unwrap();
    let hex = |text: &str| u8::from_str_radix(text, 16).unwrap();
    for edit in edits.split(';').filter(|edit| !edit.is_empty()) {
        if let Some(length) = edit.strip_prefix("cut ") {
            bytes.truncate(length.parse().unwrap());
        } else if let Some(byte) = edit.strip_prefix("add ") {
            bytes.push(hex(byte));
        } else {
            let (place, byte) = edit.split_once('=').unwrap();
            bytes[place.parse::<usize>().unwrap()] = hex(byte);
        }
    }
    bytes
}

#[test]
fn every_vector_has_its_verdict() {
    let (mut accepted, mut rejected, mut wrong) = (0, 0, Vec::new());
    let mut reader = csv::Reader::from_path(fixtures().join("proofs/vectors.csv")).unwrap();
    for row in reader.deserialize::<HashMap<String, String>>() {
        let row = row.unwrap();
        let r1cs = Arc::new(read_file(&fixtures().join("circuits").join(&row["circuit"])).unwrap());
        let proof = edited(&row["proof"], &row["edits"]);
        let public: Vec<U256> =
            row["public"].split_whitespace().map(|value| value.parse().unwrap()).collect();
        let level = row["security"].parse().unwrap();
        let verdict = verify(&r1cs, &Bounds::new(), &proof, &public, level);
        let code =
            verdict.as_ref().err().map_or(String::new(), |refusal| refusal.code().unwrap().to_string());
        if code != row["code"] {
            wrong
                .push(format!("{} {}: {verdict:?} instead of {:?}", row["proof"], row["edits"], row["code"]));
        }
        if row["code"].is_empty() { accepted += 1 } else { rejected += 1 }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((accepted, rejected), (16, 79));
}
