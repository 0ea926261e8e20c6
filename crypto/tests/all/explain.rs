//! Reasons for missing bounds: worked by hand, on circom's files, and consistent with the analysis.

use std::path::PathBuf;

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::explain::{Explanation, Finding, Overflow, Reason};
use nexuszero_crypto::field::Field;
use nexuszero_crypto::format::read_file;
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::{Bounds, Interval, Rule, parse_bounds};
use nexuszero_crypto::synth::{Family, synthesize};
use proptest::prelude::*;

type Sides<'a> = [&'a [(u32, i64)]; 3];

/// Over F_101, wire 1 an output and all others public inputs, so that nothing is dropped.
fn system(constraints: &[Sides<'_>], wires: u32) -> R1cs {
    let field = Field::parse("101").unwrap();
    let mut builder = Builder::new(field);
    for form in constraints.iter().flatten() {
        form.iter().for_each(|&(wire, value)| builder.term(wire, field.from_i64(value)).unwrap());
        builder.end_combination().unwrap();
    }
    builder.finish(wires, 1, wires - 2).unwrap()
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
    let unused = finding(Unused, None, None);
    let boolean = finding(Boolean, Some(0), None);
    let at = |reason, constraint| finding(reason, Some(constraint), None);
    let derived = |constraint, cause| finding(Derived, Some(constraint), Some(cause));
    let cases: [(&str, Vec<Sides<'_>>, Vec<_>); 10] = [
        ("a bit", vec![bit], vec![unused, unused, boolean]),
        ("the output of a product", vec![[&[(2, 1)], &[(3, 1)], &[(1, 1)]]], vec![derived(0, 2), free, free]),
        (
            "a sum: the output follows, whatever the order of the constraints",
            vec![[&[(4, 1)], &[(4, 1)], &[(1, 1)]], [&[], &[], &[(2, 1), (3, 1), (4, -1)]]],
            vec![derived(0, 4), free, free, derived(1, 2)],
        ),
        (
            "what follows from a bit is bounded",
            vec![bit, [&[], &[], &[(3, 7), (1, -1)]], [&[(2, 1)], &[(2, 1)], &[(4, 1)]]],
            vec![at(Bounded, 1), free, boolean, derived(2, 2)],
        ),
        (
            "a coefficient that is not +1 or -1 is not solved for",
            vec![bit, [&[], &[], &[(3, 1), (2, 2)]]],
            vec![unused, free, boolean],
        ),
        (
            "values beyond half the field, and what depends on them",
            vec![bit, [&[], &[], &[(3, 49), (0, 3), (4, -1)]], [&[(4, 1)], &[(3, 1)], &[(1, 1)]]],
            vec![derived(2, 4), unused, boolean, at(Broad, 1)],
        ),
        (
            "a product beyond half the field",
            vec![bit, [&[(3, 8)], &[(3, 8)], &[(1, 1)]]],
            // rule 3 finds 0 and 64
            vec![at(Broad, 1), unused, boolean],
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
            vec![at(Large, 1), unused, boolean],
        ),
    ];
    for (name, constraints, expected) in cases {
        let r1cs = system(&constraints, expected.len() as u32 + 1);
        let wires = explain(&r1cs).wires;
        let parts = |one: &Finding| finding(one.reason, one.constraint, one.cause);
        assert_eq!(wires[1..].iter().map(parts).collect::<Vec<_>>(), expected, "{name}");
        assert!(matches!(wires[0].reason, Bounded | Unused) && wires[0].range_bits == 0.0);
        for finding in &wires[1..] {
            let wide = !matches!(finding.reason, Bounded | Boolean | Large);
            assert_eq!((finding.range_bits - 101_f64.log2()).abs() < 1e-12, wide, "{name}");
        }
    }
}

/// `x_i = x_{i+1}` from the far end learns one wire a round, as long as it takes.
#[test]
fn long_chains_are_settled() {
    let equals: Vec<_> = (1..80).map(|i| [(i, 1), (i + 1, -1)]).collect();
    let mut constraints: Vec<Sides<'_>> = equals.iter().map(|pair| [&[][..], &[], pair]).collect();
    constraints.push([&[(80, 1)], &[(80, 1), (0, -1)], &[]]);
    let r1cs = system(&constraints, 81);
    let wires = explain(&r1cs).wires;
    assert!(wires[1..].iter().all(|finding| finding.reason == Reason::Boolean));
    assert_eq!(
        (wires[80].rule, wires[79].rule, wires[79].constraint),
        (Rule::ZeroProduct, Rule::Linear, Some(78))
    );
    assert_eq!(Analysis::of(&r1cs, &Bounds::new()).unwrap().rounds, 81);
}

/// `x * h = y - 1` with bits x, y: h needs no bound. `x * k = z`, z of no other constraint, is dropped.
#[test]
fn hints_and_what_is_dropped_need_no_bounds() {
    let field = Field::parse("101").unwrap();
    let constraints: [Sides<'_>; 4] = [
        [&[(1, 1)], &[(1, 1), (0, -1)], &[]],
        [&[(2, 1)], &[(2, 1), (0, -1)], &[]],
        [&[(1, 1)], &[(3, 1)], &[(2, 1), (0, -1)]],
        [&[(1, 1)], &[(4, 1)], &[(5, 1)]],
    ];
    let mut builder = Builder::new(field);
    for form in constraints.iter().flatten() {
        form.iter().for_each(|&(wire, value)| builder.term(wire, field.from_i64(value)).unwrap());
        builder.end_combination().unwrap();
    }
    let explanation = explain(&builder.finish(6, 1, 1).unwrap());
    let found = |wire: usize| (explanation.wires[wire].reason, explanation.wires[wire].constraint);
    assert_eq!((found(1), found(2)), ((Reason::Boolean, Some(0)), (Reason::Boolean, Some(1))));
    assert_eq!(found(3), (Reason::Hint, Some(2)));
    assert_eq!([found(4), found(5)], [(Reason::Unused, None); 2]);
    assert!(!explanation.wires.iter().any(|finding| finding.reason.hinders()));
}

/// A bit that is 2.
#[test]
fn unsatisfiable_circuits_are_refused_by_the_constraint_that_shows_it() {
    let r1cs = system(&[[&[(1, 1)], &[(1, 1), (0, -1)], &[]], [&[], &[], &[(1, 1), (0, -2)]]], 3);
    let error = Explanation::of(&r1cs, &Bounds::new()).unwrap_err().to_string();
    assert!(error.starts_with("nothing satisfies the circuit: constraint "), "{error}");
    assert!(Analysis::of(&r1cs, &Bounds::new()).unwrap().unsatisfiable.is_some());
}

/// `30x + 31y = 2z`, all in `[0, 1]`: bounded wires, but 61 is beyond 50.
#[test]
fn a_constraint_may_be_too_large_on_its_own() {
    let bit = |x: &'static [(u32, i64)], y: &'static [(u32, i64)]| -> Sides<'static> { [x, y, &[]] };
    let r1cs = system(
        &[
            bit(&[(1, 1)], &[(1, 1), (0, -1)]),
            bit(&[(2, 1)], &[(2, 1), (0, -1)]),
            bit(&[(3, 1)], &[(3, 1), (0, -1)]),
            [&[], &[], &[(1, 30), (2, 31), (3, -2)]],
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
fn consistent(r1cs: &R1cs, bounds: &Bounds) -> Result<(), TestCaseError> {
    let analysis = Analysis::of(r1cs, bounds).unwrap();
    if analysis.unsatisfiable.is_some() {
        prop_assert!(Explanation::of(r1cs, bounds).is_err());
        return Ok(());
    }
    let explanation = Explanation::of(r1cs, bounds).unwrap();
    prop_assert_eq!(explanation.wires.len(), r1cs.wires() as usize);
    let hindered =
        explanation.overflows > 0 || explanation.wires.iter().any(|finding| finding.reason.hinders());
    prop_assert_eq!(analysis.liftable, !hindered);
    prop_assert_eq!(explanation.worst.is_some(), explanation.overflows > 0);
    for finding in explanation.wires.iter().filter(|finding| finding.reason == Reason::Derived) {
        let (constraint, cause) = (finding.constraint.unwrap(), finding.cause.unwrap());
        let mentioned = r1cs.constraint(constraint as usize).iter().any(|form| form.wires.contains(&cause));
        prop_assert!(mentioned && explanation.wires[cause as usize].reason.hinders());
    }
    Ok(())
}

#[test]
fn fixtures_agree_with_the_analysis() {
    let files = std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|it| it == "r1cs")) {
        consistent(&read_file(&path).unwrap(), &Bounds::new()).unwrap();
    }
}

/// With the free wires bounded, no wire stays without a bound.
#[test]
fn bounds_of_the_free_wires_are_all_that_is_missing() {
    let r1cs = read_file(&fixtures().join("interpolate.r1cs")).unwrap();
    let missing = explain(&r1cs);
    let free = |(_, finding): &(usize, &Finding)| finding.reason == Reason::Free;
    let small = Interval { lo: 0.into(), hi: 131_071.into() };
    let free: Bounds =
        missing.wires.iter().enumerate().filter(free).map(|(wire, _)| (wire as u32, small.clone())).collect();
    assert_eq!(free.keys().copied().collect::<Vec<_>>(), [2]);
    let explanation = Explanation::of(&r1cs, &free).unwrap();
    assert!(!explanation.wires.iter().any(|finding| finding.reason.hinders()));
    assert!(Explanation::of(&r1cs, &parse_bounds(r#"{"99": [0, 1]}"#).unwrap()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn synthetic_circuits_agree_with_the_analysis(family in 0..Family::ALL.len(), seed: u64) {
        consistent(&synthesize(Family::ALL[family], seed).r1cs, &Bounds::new())?;
    }
}
