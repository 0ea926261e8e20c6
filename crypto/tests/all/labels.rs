//! The exact search: every row of `fixtures/golden/labels.csv` is reproduced exactly.

use std::collections::HashMap;
use std::path::PathBuf;

use nexuszero_crypto::field::Field;
use nexuszero_crypto::label::{Demand, Modulus, choose};

#[test]
fn choose_reproduces_every_golden_row() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/labels.csv");
    let (mut rows, mut infeasible) = (0, 0);
    for row in csv::Reader::from_path(path).unwrap().deserialize::<HashMap<String, String>>() {
        let row = row.unwrap();
        let number = |key: &str| row[key].parse::<u32>().unwrap();
        let modulus = if row["B"].is_empty() {
            Modulus::fixed(&Field::parse(&row["p"]).unwrap())
        } else {
            Modulus::Free { bits: number("B") }
        };
        rows += 1;
        let answer = choose(&Demand::of_forms(number("forms"), modulus), number("lambda_"));
        if row["proof_size"].is_empty() {
            assert!(answer.unwrap_err().to_string().contains("binomial"), "{row:?}");
            infeasible += 1;
            continue;
        }
        let choice = answer.unwrap();
        let (bits, decimals) = (|value: f64| format!("{value:.3}"), |value: f64| format!("{value:.6}"));
        for (key, value) in [
            ("n", choice.n().to_string()),
            ("log2_q", choice.candidate.bits.to_string()),
            ("sigma", decimals(choice.sigma)),
            ("ord", choice.candidate.ord.to_string()),
            ("k", choice.k.to_string()),
            ("kappa", choice.kappa.to_string()),
            ("l", choice.l.to_string()),
            ("D", choice.cut_d.to_string()),
            ("g", choice.cut_g.to_string()),
            ("Gamma", choice.gamma.to_string()),
            ("nlin", choice.nlin.to_string()),
            ("w", choice.challenges.w.to_string()),
            ("T", choice.challenges.t.to_string()),
            ("j", choice.j.to_string()),
            ("s", decimals(choice.s)),
            ("s1", decimals(choice.s1)),
            ("lwe_bits", bits(choice.lwe_bits)),
            ("sis_bits", bits(choice.sis_bits)),
            ("bit_security", bits(choice.bit_security())),
            ("hardness", decimals(choice.hardness())),
            ("proof_size", choice.proof_size.to_string()),
        ] {
            assert_eq!(value, row[key], "{key} in {row:?}");
        }
        assert_eq!(choice.parts.total().div_ceil(8000), choice.proof_size, "{row:?}");
    }
    assert_eq!((rows, infeasible), (440, 33));
}
