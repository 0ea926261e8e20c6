//! Real circuits: every row of `fixtures/circuits/expected.csv` is reproduced exactly.

use std::path::PathBuf;

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::format::read_file;
use nexuszero_crypto::ranges::Bounds;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/circuits")
}

#[test]
fn analysis_reproduces_every_expected_row() {
    let mut rows = 0;
    let mut reader = csv::Reader::from_path(fixtures().join("expected.csv")).unwrap();
    for row in reader.deserialize::<std::collections::HashMap<String, String>>() {
        let row = row.unwrap();
        let r1cs = read_file(&fixtures().join(&row["file"])).unwrap();
        let analysis = Analysis::of(&r1cs, &Bounds::new()).unwrap();
        let heights = [64, 32, 16, 8, 4].map(|slots| row[&format!("height_{slots}")].parse::<u32>().unwrap());
        let number = |key: &str| row[key].parse::<u32>().unwrap();
        let expected = [
            number("wires"),
            number("constraints"),
            number("linear"),
            number("quadratic"),
            number("packed"),
            number("forms"),
            number("liftable"),
            number("bits"),
            number("field_bits"),
            number("field_order"),
        ];
        let got = [
            analysis.wires,
            analysis.constraints,
            analysis.linear,
            analysis.quadratic,
            analysis.packed,
            analysis.forms,
            u32::from(analysis.liftable),
            analysis.bits,
            analysis.field.bits(),
            analysis.field.order_mod_128(),
        ];
        assert_eq!(got, expected, "{}", row["file"]);
        assert_eq!(analysis.heights[..5], heights, "{}", row["file"]);
        rows += 1;
    }
    assert_eq!(rows, 100);
}
