//! Reasons for missing bounds: worked by hand, on circom's files, and consistent with the analysis.

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report

use std::path::PathBuf;

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::explain::{Explanation, Finding, Overflow, Reason};
use nexuszero_crypto::field::Field;
use nexuszero_crypto::format::read_file;
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::{Bounds, Interval, parse_bounds};
use nexuszero_crypto::synth::{Family, synthesize};
use proptest::prelude::*;

type Sides<'a> = [&'a [(u32, i64)]; 3];

/// Over F_101, wire 1 an output and wire 2 a public input.
fn system(constraints: &[Sides<'_>], wires: u32) -> R1cs {
    let field = Field::parse("101").unwrap();
    let mut builder = Builder::new(field);
    for form in constraints.iter().flatten() {
        form.iter().for_each(|&(wire, value)| builder.term(wire, field.from_i64(value)).unwrap());
        builder.end_combination().unwrap();
    }
    builder.finish(wires, 1, 1).unwrap()
}

fn explain(r1cs: &R1cs) -> Explanation {
    Explanation::of(r1cs, &Bounds::new()).unwrap()
}

const fn finding(
    reason: Reason,
    constraint: Option<u32>,
    cause: Option<u32>,
) -> (Reason, Option<u32>, Option<u32>) {
    (reason, constraint, cause)
}

/// Name, constraints, and reason, constraint and cause of the wires from 1 on.
#[test]
fn worked_examples() {
    use Reason::{Boolean, Bounded, Broad, Derived, Free, Large, Roots, Unused};
    let bit: Sides<'_> = [&[(3, 1)], &[(3, 1), (0, -1)], &[]];
    let free = finding(Free, None, None);
    let plain = |reason| finding(reason, None, None);
    let at = |reason, constraint| finding(reason, Some(constraint), None);
    let derived = |constraint, cause| finding(Derived, Some(constraint), Some(cause));
    let cases: [(&str, Vec<Sides<'_>>, Vec<_>); 10] = [
        ("a bit", vec![bit], vec![plain(Unused), plain(Unused), plain(Boolean)]),
        ("the output of a product", vec![[&[(2, 1)], &[(3, 1)], &[(1, 1)]]], vec![derived(0, 2), free, free]),
        (
            "a sum: the output follows, whatever the order of the constraints",
            vec![[&[(4, 1)], &[(4, 1)], &[(1, 1)]], [&[], &[], &[(2, 1), (3, 1), (4, -1)]]],
            vec![derived(0, 4), free, free, derived(1, 2)],
        ),
        (
            "what follows from a bit is bounded",
            vec![bit, [&[], &[], &[(3, 7), (1, -1)]], [&[(2, 1)], &[(2, 1)], &[(4, 1)]]],
            vec![plain(Bounded), free, plain(Boolean), derived(2, 2)],
        ),
        (
            "a coefficient that is not +1 or -1 is not solved for",
            vec![bit, [&[], &[], &[(3, 1), (2, 2)]]],
            vec![plain(Unused), free, plain(Boolean)],
        ),
        (
            "values beyond half the field, and what depends on them",
            vec![bit, [&[], &[], &[(3, 49), (0, 3), (4, -1)]], [&[(4, 1)], &[(3, 1)], &[(1, 1)]]],
            vec![derived(2, 4), plain(Unused), plain(Boolean), at(Broad, 1)],
        ),
        (
            "a product beyond half the field",
            vec![bit, [&[(3, 8)], &[(3, 8)], &[(1, 1)]]],
            // the enumeration of rule 4 finds 0 and 64
            vec![at(Broad, 1), plain(Unused), plain(Boolean)],
        ),
        (
            "half a root",
            vec![[&[(3, 2), (0, -1)], &[(3, 1)], &[]], [&[(3, 1)], &[(2, 1)], &[(1, 1)]]],
            vec![derived(1, 2), free, at(Roots, 0)],
        ),
        (
            "a wire on both sides is not solved for",
            vec![[&[(3, 1)], &[(2, 1)], &[(3, 1), (1, 1)]]],
            vec![derived(0, 2), free, free],
        ),
        (
            "more than a quarter of the field",
            vec![bit, [&[], &[], &[(3, 26), (1, -1)]]],
            vec![plain(Large), plain(Unused), plain(Boolean)],
        ),
    ];
    for (name, constraints, expected) in cases {
        let r1cs = system(&constraints, expected.len() as u32 + 1);
        let wires = explain(&r1cs).wires;
        let parts = |one: &Finding| finding(one.reason, one.constraint, one.cause);
        assert_eq!(wires[1..].iter().map(parts).collect::<Vec<_>>(), expected, "{name}");
        assert_eq!((wires[0].reason, wires[0].range_bits), (Bounded, 0.0));
        for finding in &wires {
            let wide = !matches!(finding.reason, Bounded | Boolean | Large);
            assert_eq!((finding.range_bits - 101_f64.log2()).abs() < 1e-12, wide, "{name}");
        }
    }
}

/// `x_i = x_{i+1}` from the far end learns one wire a pass; the 65th comes too late.
#[test]
fn what_the_passes_did_not_settle_is_said() {
    let equals: Vec<_> = (1..80).map(|i| [(i, 1), (i + 1, -1)]).collect();
    let mut constraints: Vec<Sides<'_>> = equals.iter().map(|pair| [&[][..], &[], pair]).collect();
    constraints.push([&[(80, 1)], &[(80, 1), (0, -1)], &[]]);
    let wires = explain(&system(&constraints, 81)).wires;
    assert_eq!((wires[15].reason, wires[15].constraint), (Reason::Unsettled, Some(14)));
    assert!(wires[16..].iter().all(|finding| finding.reason == Reason::Boolean));
    assert!(wires[1..15].iter().all(|finding| finding.reason == Reason::Derived));
}

/// `30x + 30y = 2z`, all in `[0, 1]`: bounded wires, but 62 is beyond 50.
#[test]
fn a_constraint_may_be_too_large_on_its_own() {
    let bit = |x: &'static [(u32, i64)], y: &'static [(u32, i64)]| -> Sides<'static> { [x, y, &[]] };
    let r1cs = system(
        &[
            bit(&[(1, 1)], &[(1, 1), (0, -1)]),
            bit(&[(2, 1)], &[(2, 1), (0, -1)]),
            bit(&[(3, 1)], &[(3, 1), (0, -1)]),
            [&[], &[], &[(1, 30), (2, 30), (3, -2)]],
            [&[(1, 6)], &[(2, 9)], &[(3, 1)]],
        ],
        4,
    );
    let explanation = explain(&r1cs);
    assert!(explanation.wires[1..].iter().all(|finding| finding.reason == Reason::Boolean));
    assert_eq!((explanation.overflows, explanation.worst), (2, Some(Overflow { constraint: 3, bits: 6 })));
    assert!(!Analysis::of(&r1cs, &Bounds::new()).unwrap().liftable);
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/circuits")
}

/// A circuit lifts exactly if nothing hinders it.
fn consistent(r1cs: &R1cs, bounds: &Bounds) -> Result<Explanation, TestCaseError> {
    let explanation = Explanation::of(r1cs, bounds).unwrap();
    prop_assert_eq!(explanation.wires.len(), r1cs.wires() as usize);
    let hindered =
        explanation.overflows > 0 || explanation.wires.iter().any(|finding| finding.reason.hinders());
    prop_assert_eq!(Analysis::of(r1cs, bounds).unwrap().liftable, !hindered);
    prop_assert_eq!(explanation.worst.is_some(), explanation.overflows > 0);
    for finding in explanation.wires.iter().filter(|finding| finding.reason == Reason::Derived) {
        let (constraint, cause) = (finding.constraint.unwrap(), finding.cause.unwrap());
        let mentioned = r1cs.constraint(constraint as usize).iter().any(|form| form.wires.contains(&cause));
        prop_assert!(mentioned && explanation.wires[cause as usize].reason.hinders());
    }
    Ok(explanation)
}

#[test]
fn fixtures_agree_with_the_analysis() {
    let files = std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|it| it == "r1cs")) {
        consistent(&read_file(&path).unwrap(), &Bounds::new()).unwrap();
    }
}

/// With the free wires of a dot product bounded, no wire stays without a bound.
#[test]
fn bounds_of_the_free_wires_are_all_that_is_missing() {
    let r1cs = read_file(&fixtures().join("dot4.bn128.O1.r1cs")).unwrap();
    let missing = explain(&r1cs);
    let free = |(_, finding): &(usize, &Finding)| finding.reason == Reason::Free;
    let byte = Interval { lo: (-128).into(), hi: 127.into() };
    let free: Bounds =
        missing.wires.iter().enumerate().filter(free).map(|(wire, _)| (wire as u32, byte.clone())).collect();
    assert_eq!(free.len(), 8);
    let explanation = Explanation::of(&r1cs, &free).unwrap();
    assert!(explanation.wires.iter().all(|finding| finding.reason == Reason::Bounded));
    assert!(Explanation::of(&r1cs, &parse_bounds(r#"{"99": [0, 1]}"#).unwrap()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn synthetic_circuits_agree_with_the_analysis(family in 0..Family::ALL.len(), seed: u64) {
        consistent(&synthesize(Family::ALL[family], seed).r1cs, &Bounds::new())?;
    }
}
