//! A large circuit through the file and the analysis, with counts that can be worked out by hand.

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::field::Field;
use nexuszero_crypto::format::{read, write};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::Bounds;

const BITS: u32 = 100_000;

/// For each bit `x_i` (wire `i`, in a circle): `x_i * (x_i - 1) = 0` and `5x_i * (3x_i + 7x_{i+1}) = y_i`.
fn circle(field: Field) -> R1cs {
    let mut builder = Builder::new(field);
    for x in 1..=BITS {
        let (next, y) = (x % BITS + 1, BITS + x);
        let boolean: [&[_]; 3] = [&[(x, 1)], &[(x, 1), (0, -1)], &[]];
        let product: [&[_]; 3] = [&[(x, 5)], &[(x, 3), (next, 7)], &[(y, 1)]];
        for form in [boolean, product].concat() {
            form.iter().for_each(|&(wire, value)| builder.term(wire, field.from_i64(value)).unwrap());
            builder.end_combination().unwrap();
        }
    }
    builder.finish(2 * BITS + 1, 0, 0).unwrap()
}

/// Every constraint has a form of its own; products have values up to `5 * 10`, and with `y_i` `M` is 100.
#[test]
fn two_hundred_thousand_constraints() {
    let circuit = circle(Field::parse("bn254").unwrap());
    let mut bytes = Vec::new();
    write(&circuit, &mut bytes).unwrap();
    let r1cs = read(&bytes).unwrap();
    assert_eq!(r1cs, circuit);
    let analysis = Analysis::of(&r1cs, &Bounds::new()).unwrap();
    assert_eq!((analysis.constraints, analysis.linear, analysis.packed), (2 * BITS, 0, 2 * BITS));
    assert_eq!((analysis.forms, analysis.liftable, analysis.bits), (3 * BITS, true, 7));
    let ceilings = [64, 32, 16, 8, 4, 2].map(|slots| analysis.forms.div_ceil(slots));
    assert!(
        analysis.heights.iter().zip(ceilings).all(|(&height, least)| (least..least + 2).contains(&height))
    );
}
