//! Real circuits: every row of `fixtures/circuits/expected.csv` is reproduced exactly.

use std::collections::HashMap;
use std::path::PathBuf;

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::format::read_file;
use nexuszero_crypto::ranges::{Bounds, parse_bounds};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/circuits")
}

/// The columns of the analysis, by name.
fn columns(analysis: &Analysis) -> Vec<(&'static str, u32)> {
    let mut columns = vec![
        ("field_bits", analysis.field.bits()),
        ("field_order", analysis.field.order_mod_128()),
        ("wires", analysis.wires),
        ("constraints", analysis.constraints),
        ("linear", analysis.linear),
        ("quadratic", analysis.quadratic),
        ("dropped", analysis.dropped),
        ("hints", analysis.hints),
        ("rescaled", analysis.rescaled),
        ("unsatisfiable", u32::from(analysis.unsatisfiable.is_some())),
    ];
    if analysis.unsatisfiable.is_some() {
        return columns;
    }
    columns.extend([
        ("rounds", analysis.rounds),
        ("packed", analysis.packed),
        ("forms", analysis.forms),
        ("height_64", analysis.heights[0]),
        ("height_32", analysis.heights[1]),
        ("height_16", analysis.heights[2]),
        ("height_8", analysis.heights[3]),
        ("height_4", analysis.heights[4]),
        ("liftable", u32::from(analysis.liftable)),
        ("bits", analysis.bits),
    ]);
    columns
}

#[test]
fn analysis_reproduces_every_expected_row() {
    let (mut rows, mut lifted) = (0, 0);
    let mut reader = csv::Reader::from_path(fixtures().join("expected.csv")).unwrap();
    for row in reader.deserialize::<HashMap<String, String>>() {
        let row = row.unwrap();
        let r1cs = read_file(&fixtures().join(&row["file"])).unwrap();
        let bounds =
            if row["bounds"].is_empty() { Bounds::new() } else { parse_bounds(&row["bounds"]).unwrap() };
        let analysis = Analysis::of(&r1cs, &bounds).unwrap();
        for (name, value) in columns(&analysis) {
            assert_eq!(value.to_string(), row[name], "{name} of {}", row["file"]);
        }
        rows += 1;
        lifted += u32::from(analysis.liftable && analysis.unsatisfiable.is_none());
    }
    assert_eq!((rows, lifted), (118, 70));
}
