//! A large circuit through the file and the analysis, with counts that can be worked out by hand.

use dashu_int::IBig;
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::field::Field;
use nexuszero_crypto::format::{read, write};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::{Bounds, Interval, Ranges};
use nexuszero_crypto::relation::Relation;

const BITS: u32 = 100_000;

/// For each private bit `x_i` (in a circle): `x_i * (x_i - 1) = 0` and `5x_i * (3x_i + 7x_{i+1}) = y_i`, which is public.
fn circle(field: Field) -> R1cs {
    let mut builder = Builder::new(field);
    for y in 1..=BITS {
        let (x, next) = (BITS + y, BITS + y % BITS + 1);
        let boolean: [&[_]; 3] = [&[(x, 1)], &[(x, 1), (0, -1)], &[]];
        let product: [&[_]; 3] = [&[(x, 5)], &[(x, 3), (next, 7)], &[(y, 1)]];
        for form in [boolean, product].concat() {
            form.iter().for_each(|&(wire, value)| builder.term(wire, field.from_i64(value)).unwrap());
            builder.end_combination().unwrap();
        }
    }
    builder.finish(2 * BITS + 1, BITS, 0).unwrap()
}

/// Every constraint has a form of its own, `y_i` is none; products have values up to `5 * 10`, and with `y_i` `M` is 100.
#[test]
fn two_hundred_thousand_constraints() {
    let circuit = circle(Field::parse("bn254").unwrap());
    let mut bytes = Vec::new();
    write(&circuit, &mut bytes).unwrap();
    let r1cs = read(&bytes).unwrap();
    assert_eq!(r1cs, circuit);
    let analysis = Analysis::of(&r1cs, &Bounds::new()).unwrap();
    assert_eq!((analysis.constraints, analysis.linear, analysis.packed), (2 * BITS, 0, 2 * BITS));
    assert_eq!((analysis.forms, analysis.liftable, analysis.bits), (2 * BITS, true, 7));
    assert_eq!((analysis.dropped, analysis.hints, analysis.rounds), (0, 0, 3));
    let ceilings = [64, 32, 16, 8, 4].map(|slots| analysis.forms.div_ceil(slots));
    assert!(
        analysis.heights.iter().zip(ceilings).all(|(&height, least)| (least..least + 2).contains(&height))
    );
}

/// A chain of squares that ends in a wire of its own falls from its end, one constraint after the other.
#[test]
fn a_long_chain_is_dropped_in_linear_time() {
    let field = Field::parse("bn254").unwrap();
    let mut builder = Builder::new(field);
    for x in 1..=BITS {
        for wire in [x, x, x + 1] {
            builder.term(wire, field.from_i64(1)).unwrap();
            builder.end_combination().unwrap();
        }
    }
    let r1cs = builder.finish(BITS + 2, 0, 1).unwrap();
    let analysis = Analysis::of(&r1cs, &Bounds::new()).unwrap();
    assert_eq!((analysis.dropped, analysis.is_empty(), analysis.rounds), (BITS, true, 0));
    let last = analysis.last_dropped.unwrap();
    assert_eq!((last.constraint, last.wire), (0, 2));
}

/// `C` and `A` share every wire, and every one of them narrows in one round: this must not take the square of their
/// number.
#[test]
fn shared_wires_take_linear_time() {
    let field = Field::parse("bn254").unwrap();
    let mut builder = Builder::new(field);
    let mut push = |form: &mut dyn Iterator<Item = (u32, i64)>| {
        form.for_each(|(wire, value)| builder.term(wire, field.from_i64(value)).unwrap());
        builder.end_combination().unwrap();
    };
    push(&mut (1..=BITS).map(|wire| (wire, 1)));
    push(&mut [(BITS + 1, 1)].into_iter());
    push(&mut (1..=BITS).map(|wire| (wire, 1)).chain([(0, -5)]));
    let r1cs = builder.finish(BITS + 2, BITS + 1, 0).unwrap();
    let ten = Interval { lo: IBig::ZERO, hi: IBig::from(10) };
    let mut bounds: Bounds = (1..=BITS).map(|wire| (wire, ten.clone())).collect();
    bounds.insert(BITS + 1, Interval::point(IBig::ZERO));
    let relation = Relation::of(&r1cs, &bounds);
    let ranges = Ranges::infer(&relation, field.modulus(), &bounds).unwrap();
    assert!((1..=BITS).all(|wire| ranges.interval(wire).hi == IBig::from(5)));
}
