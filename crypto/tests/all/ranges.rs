//! What is dropped, hints, integers, intervals and `M` against the text's words (`slow`), for random systems.

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::slow::idioms::{Draft, KINDS, display, renumbered};
use crate::slow::ranges::{counting, infer, largest_value};
use crate::slow::{Form, Kept, System, integers, kept};
use dashu_int::IBig;
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::field::{Field, U256, to_ubig};
use nexuszero_crypto::ranges::{Interval, Ranges};
use nexuszero_crypto::relation::{Kind, Relation};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const PRIMES: [&str; 8] = ["3", "5", "7", "17", "101", "65537", "goldilocks", "bn254"];
/// Other moduli.
const OTHERS: [u64; 7] = [3, 5, 11, 23, 257, 12289, 4_294_967_291];
/// Primes that fit a machine integer or whose half does: `2^127 - 1`, and the largest one below `2^128`.
const EDGES: [&str; 2] =
    ["170141183460469231731687303715884105727", "340282366920938463463374607431768211297"];

/// Forms of the relation in the words of the slow reference; a hint's factor is left out.
fn constraints(relation: &Relation) -> Vec<(usize, Kind, Vec<Form>)> {
    let form = |form| relation.terms(form).map(|(wire, value)| (wire, value.clone())).collect();
    let all = relation.constraints().map(|constraint| {
        let forms: Vec<Form> = match constraint.hint_forms() {
            Some(forms) => forms.map(form).to_vec(),
            None => constraint.forms.map(form).to_vec(),
        };
        (constraint.number as usize, constraint.kind, forms)
    });
    all.collect()
}

fn slow_constraints(kept: &[Kept]) -> Vec<(usize, Kind, Vec<Form>)> {
    let all = kept.iter().map(|constraint| {
        let forms = match constraint.hint_forms() {
            Some(forms) => forms.map(Clone::clone).to_vec(),
            None => constraint.forms.to_vec(),
        };
        (constraint.number, constraint.kind, forms)
    });
    all.collect()
}

/// A hint stands in the factor that it replaces, alone, and is neither public nor declared nor mentioned elsewhere.
fn check_hints(system: &System, relation: &Relation) {
    let counts = relation.counting();
    let mut hints = BTreeSet::new();
    for constraint in relation.constraints() {
        let Kind::Hint(factor) = constraint.kind else { continue };
        let hint = constraint.hint().unwrap();
        let [a, b, c] = &system.constraints[constraint.number as usize];
        let [replaced, other] = if factor as usize == 0 { [a, b] } else { [b, a] };
        assert!(hints.insert(hint) && !counts[hint as usize]);
        assert!(hint >= system.first_private() && !system.bounds.contains_key(&hint));
        assert!(replaced.contains_key(&hint) && !other.contains_key(&hint) && !c.contains_key(&hint));
    }
}

/// Compares all that is said of a system.
fn compare(system: &System) {
    let r1cs = system.r1cs();
    let relation = Relation::of(&r1cs, &system.bounds);
    let forwards: Vec<usize> = (0..system.constraints.len()).collect();
    let backwards: Vec<usize> = forwards.iter().rev().copied().collect();
    let slow_kept = kept(system, &forwards);
    let (slow, rescaled) = integers(&slow_kept, &system.p());
    assert_eq!(constraints(&relation), slow_constraints(&slow));
    let (other_order, _) = integers(&kept(system, &backwards), &system.p());
    assert_eq!(constraints(&relation), slow_constraints(&other_order));
    assert_eq!(relation.rescaled(), rescaled);
    check_hints(system, &relation);

    let dropped: BTreeSet<usize> = relation.dropped().iter().map(|one| one.constraint as usize).collect();
    let kept_numbers: BTreeSet<usize> = slow.iter().map(|one| one.number).collect();
    assert_eq!(dropped.len() + kept_numbers.len(), system.constraints.len());
    assert!(dropped.is_disjoint(&kept_numbers));
    let counts = counting(&slow);
    for (wire, flag) in (0..).zip(relation.counting()) {
        assert_eq!(flag, counts.contains(&wire));
    }

    let p = system.field.modulus();
    compare_modulo(system, &relation, &slow, p);
    for other in OTHERS.map(U256::from) {
        compare_modulo(system, &relation, &slow, other);
    }
    compare_analysis(system, &slow);
}

fn compare_modulo(system: &System, relation: &Relation, slow: &[Kept], r: U256) {
    let counts = counting(slow);
    let r_integer = IBig::from(to_ubig(r));
    let half: IBig = (&r_integer - IBig::ONE) / 2;
    let outside = |bound: &Interval| bound.lo > half || bound.hi < -&half;
    if system.bounds.iter().any(|(wire, bound)| counts.contains(wire) && outside(bound)) {
        return; // no prime above M(p) is that small
    }

    let expected = infer(slow, system.wires, &r_integer, &system.bounds);
    let ranges = match (Ranges::infer(relation, r, &system.bounds), expected) {
        (Ok(ranges), Ok(outcome)) => (ranges, outcome),
        (Err(_), Err(_)) => return,
        (fast, slow) => panic!("modulo {r}: {:?}, expected {:?}", fast.err(), slow.err()),
    };
    let (ranges, outcome) = ranges;
    assert_eq!(ranges.rounds(), outcome.rounds, "rounds modulo {r}");
    let pair = |wire: u32| {
        let Interval { lo, hi } = ranges.interval(wire).clone();
        (lo, hi)
    };
    for &wire in &counts {
        assert_eq!(pair(wire), outcome.wires[wire as usize], "wire {wire} modulo {r}");
    }
    for (constraint, other) in relation.constraints().zip(slow) {
        let Some(hint) = constraint.hint() else { continue };
        assert_eq!(pair(hint), outcome.wires[other.hint().unwrap() as usize], "hint {hint} modulo {r}");
    }
    assert_eq!(ranges.largest_value(), largest_value(slow, &outcome.wires), "M modulo {r}");
}

fn compare_analysis(system: &System, slow: &[Kept]) {
    let analysis = Analysis::of(&system.r1cs(), &system.bounds).unwrap();
    assert_eq!(analysis.dropped as usize, system.constraints.len() - slow.len());
    let outcome = infer(slow, system.wires, &system.p(), &system.bounds);
    assert_eq!(analysis.unsatisfiable.is_some(), outcome.is_err());
    let Ok(outcome) = outcome else { return };
    let largest = largest_value(slow, &outcome.wires);
    let bits = |value: &IBig| {
        let mut length = 0;
        while IBig::ONE << length <= *value {
            length += 1;
        }
        length as u32
    };
    let liftable = &largest * 2 < system.p();
    assert_eq!(analysis.liftable, liftable);
    assert_eq!(analysis.bits, if liftable { bits(&largest) } else { system.field.bits() });
    let is_hint = |one: &&Kept| matches!(one.kind, Kind::Hint(_));
    assert_eq!(analysis.hints as usize, slow.iter().filter(is_hint).count());
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let prime = prop::sample::select(&PRIMES[..]);
    let wires = (0_u32..3, 0_u32..3, 0_u32..6);
    let idioms = prop::collection::vec((0..KINDS, any::<[u32; 8]>()), 0..16);
    let bounds = prop::collection::vec((any::<u32>(), -20_i64..20, 0_u32..40), 0..3);
    let bounds = prop_oneof![2 => Just(Vec::new()), 1 => bounds];
    (prime, wires, 0_u32..=8, idioms, bounds).prop_map(
        |(prime, (outputs, inputs, private), bits, idioms, bounds)| {
            let field = Field::parse(prime).unwrap();
            Draft { field, outputs, inputs, private, bits, most: 40, idioms, bounds }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn everything_is_as_the_text_says(draft in any_draft()) {
        let system = draft.system();
        let result = std::panic::catch_unwind(|| compare(&system));
        prop_assert!(result.is_ok(), "{}", display(&system));
    }

    /// No order of constraints or wires enters, but for the order in which rule 5 solves its equations.
    #[test]
    fn other_orders_give_the_same(draft in any_draft(), seed: u64) {
        let system = draft.system();
        let relation = Relation::of(&system.r1cs(), &system.bounds);
        let (other, names) = renumbered(&system, seed, relation.alternatives().is_empty());
        let renamed = Relation::of(&other.r1cs(), &other.bounds);
        let [one, two] = [&system, &other].map(|it| Analysis::of(&it.r1cs(), &it.bounds).unwrap());
        let counts = |it: &Analysis| {
            (it.dropped, it.hints, it.rescaled, it.unsatisfiable.is_some(), it.rounds, it.liftable, it.bits, it.packed, it.forms)
        };
        prop_assert_eq!(counts(&one), counts(&two), "{}", display(&system));
        let p = system.field.modulus();
        let (Ok(one), Ok(two)) = (Ranges::infer(&relation, p, &system.bounds), Ranges::infer(&renamed, p, &other.bounds)) else {
            return Ok(());
        };
        for (wire, counts) in relation.counting().into_iter().enumerate() {
            if counts {
                prop_assert_eq!(one.interval(wire as u32), two.interval(names[wire]), "wire {} of {}", wire, display(&system));
            }
        }
    }
}

/// Where the inference modulo p says that it holds modulo q, the one modulo q is the same: wires, rounds and causes.
#[test]
fn an_inference_that_holds_modulo_another_prime_is_that_ones() {
    let hits = Cell::new(0);
    let check = |draft: Draft| {
        let system = draft.system();
        let relation = Relation::of(&system.r1cs(), &system.bounds);
        let Ok(one) = Ranges::infer(&relation, system.field.modulus(), &system.bounds) else { return Ok(()) };
        for q in OTHERS.map(U256::from).into_iter().filter(|&q| one.holds_modulo(q)) {
            let two = Ranges::infer(&relation, q, &system.bounds).unwrap();
            prop_assert_eq!(one.rounds(), two.rounds());
            for wire in 0..system.wires {
                prop_assert_eq!(one.cause(wire), two.cause(wire));
                prop_assert_eq!(
                    one.is_wide(wire),
                    two.is_wide(wire),
                    "wire {} of {}",
                    wire,
                    display(&system)
                );
                if !one.is_wide(wire) {
                    prop_assert_eq!(
                        one.interval(wire),
                        two.interval(wire),
                        "wire {} of {}",
                        wire,
                        display(&system)
                    );
                }
            }
            hits.set(hits.get() + u32::from(one.rounds() > 1));
        }
        Ok(())
    };
    TestRunner::new(ProptestConfig::with_cases(4000)).run(&any_draft(), check).unwrap();
    assert!(hits.get() > 1000, "{} inferences that found something hold modulo another prime", hits.get());
}

/// Squares of squares leave 128 bits: what machine integers cannot hold is gone through again.
#[test]
fn numbers_of_all_sizes_are_as_the_text_says() {
    let (one, minus) = (IBig::ONE, -IBig::ONE);
    for bits in [8, 31, 32, 61, 62, 63, 64, 126, 127, 128, 200] {
        for (lo, hi) in [(0, 1), (-1, 0), (-1, 1)] {
            let [x, y, z]: [&[(u32, i64)]; 3] = [&[(1, 1)], &[(2, 1)], &[(0, 1), (3, 1)]];
            let product = [&[(1, i64::MAX), (2, 1)], &[(0, 1), (3, -1)], &[(4, 1)][..]];
            let constraints = [[x, x, y], [y, y, z], product, [&[(0, 1)], &[(1, 5), (5, 1)], &[(2, 1)]]];
            let end = |unit: i64| if unit < 0 { &minus << bits } else { (&one << bits) * unit };
            for prime in ["bn254"].iter().chain(&EDGES) {
                let mut system = System::of(prime, [6, 1, 4], &constraints);
                let half: IBig = system.p() / 2;
                system.bounds.insert(1, Interval { lo: end(lo).max(-&half), hi: end(hi).min(half) });
                compare(&system);
            }
        }
    }
}
