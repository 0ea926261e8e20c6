//! Packing against brute force from labels.md, section 1.6: `height` over all cuts into runs, `forms` and `packed` from a
//! slow set of normalised forms of the kept constraints, over the integers and modulo p.

use std::collections::{BTreeMap, BTreeSet};

use crate::slow::{Form, Kept, System, integers, inverse, kept, reduced, standard, times};
use dashu_int::IBig;
use nexuszero_crypto::packing::{Packing, SLOTS};
use nexuszero_crypto::ranges::{Bounds, Interval};
use nexuszero_crypto::relation::Relation;
use proptest::prelude::*;

const PRIMES: [&str; 6] = ["3", "7", "101", "65537", "goldilocks", "bn254"];

/// Terms on private wires, brought to a standard; nothing if there are none.
fn private(system: &System, liftable: bool, form: &Form) -> Option<Form> {
    let first = system.first_private();
    let terms: Form = form.iter().filter(|(wire, _)| **wire >= first).map(|(w, k)| (*w, k.clone())).collect();
    let lead = terms.values().next()?;
    if liftable {
        return Some(standard(&terms));
    }
    let p = system.p();
    Some(reduced(times(&terms, &inverse(&crate::slow::modulo(lead, &p), &p)), &p))
}

/// The set of forms that each packed constraint needs.
fn needs(system: &System, liftable: bool) -> Vec<BTreeSet<Form>> {
    let order: Vec<usize> = (0..system.constraints.len()).collect();
    let (kept, _) = integers(&kept(system, &order), &system.p());
    let needed = |Kept { forms, .. }: &Kept| {
        let [a, b, c] = forms.each_ref().map(|form| private(system, liftable, form));
        Some([Some(a?), Some(b?), c].into_iter().flatten().collect())
    };
    kept.iter().filter_map(needed).collect()
}

/// The smallest height over all cuts: `best[i]` is that of the first `i` constraints in at most `slots` runs.
fn height(needs: &[BTreeSet<Form>], slots: u32) -> u32 {
    let count = needs.len();
    let run = |from: usize, to: usize| needs[from..to].iter().flatten().collect::<BTreeSet<_>>().len();
    let mut best = vec![usize::MAX; count + 1];
    best[0] = 0;
    for _ in 0..slots {
        let before = best.clone();
        for (end, height) in best.iter_mut().enumerate() {
            let cuts = (0..end).map(|start| before[start].max(run(start, end)));
            *height = cuts.min().unwrap_or(0).min(before[end]);
        }
    }
    best[count].max(1) as u32
}

/// Forms from a small pool, so that many repeat up to a factor.
fn any_system() -> impl Strategy<Value = System> {
    let wires = 12_u32;
    let terms = prop::collection::btree_map(0..wires, -4_i64..=4, 0..4);
    let pool = prop::collection::vec(terms, 1..6);
    let forms = prop::collection::vec((any::<prop::sample::Index>(), 1_i64..5), 3..=36);
    let prime = prop::sample::select(&PRIMES[..]);
    (prime, pool, forms, 0_u32..4, 0_u32..4).prop_map(move |(prime, pool, forms, outputs, inputs)| {
        let scaled = |(index, factor): &(prop::sample::Index, i64)| {
            let form: &BTreeMap<u32, i64> = index.get(&pool);
            form.iter().map(|(wire, value)| (*wire, IBig::from(value * factor))).collect::<Form>()
        };
        let mut system = System::of(prime, [wires, outputs, inputs], &[]);
        let p = system.p();
        let constraint = |three: &[_]| [0, 1, 2].map(|side: usize| reduced(scaled(&three[side]), &p));
        system.constraints = forms.chunks_exact(3).map(constraint).collect();
        system
    })
}

fn packing(system: &System, liftable: bool) -> Packing {
    Packing::of(&Relation::of(&system.r1cs(), &system.bounds), liftable)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn forms_and_heights_are_those_of_brute_force(system in any_system(), liftable: bool) {
        let (needs, packing) = (needs(&system, liftable), packing(&system, liftable));
        prop_assert_eq!(packing.packed(), needs.len());
        prop_assert_eq!(packing.forms() as usize, needs.iter().flatten().collect::<BTreeSet<_>>().len());
        for slots in 1..=needs.len() as u32 + 1 {
            prop_assert_eq!(packing.height(slots), height(&needs, slots), "{} slots", slots);
        }
        prop_assert_eq!(packing.heights(), SLOTS.map(|slots| height(&needs, slots)));
    }
}

/// Name, constraints over F_101, wires 1 and 2 public, 3 to 7 private and kept by a sum that all are in; packed, forms,
/// height for one slot.
#[test]
fn worked_examples() {
    let rest: [&[(u32, i64)]; 3] = [&[(1, 1)], &[(1, 1)], &[(3, 1), (4, 2), (5, 3), (6, 4), (7, 5)]];
    let case = |constraints: &[[&[(u32, i64)]; 3]]| {
        let mut system = System::of("101", [8, 1, 1], &[constraints, &[rest]].concat());
        let all = Bounds::from_iter((3..8).map(|wire| (wire, no_bound(&system))));
        system.bounds = all;
        system
    };
    for (name, constraints, expected) in [
        ("Boolean needs one form", case(&[[&[(3, 1)], &[(3, 1), (0, -1)], &[]]]), (1, 1, 1)),
        (
            "a factor does not count",
            case(&[[&[(3, 2), (4, 4)], &[(3, -1), (4, -2)], &[(3, 50), (4, 100)]]]),
            (1, 1, 1),
        ),
        ("public wires do not count", case(&[[&[(1, 5), (3, 1)], &[(2, 7), (3, 2)], &[(1, 1)]]]), (1, 1, 1)),
        ("a public side is not packed", case(&[[&[(1, 1)], &[(3, 1)], &[(4, 1)]]]), (0, 0, 1)),
        ("a linear constraint is not packed", case(&[[&[], &[], &[(3, 1), (4, 1)]]]), (0, 0, 1)),
        ("three forms", case(&[[&[(3, 1)], &[(4, 1)], &[(5, 1)]]]), (1, 3, 3)),
        (
            "shared forms",
            case(&[[&[(3, 1)], &[(4, 1)], &[(5, 1)]], [&[(5, 1)], &[(4, 1)], &[(6, 1)]]]),
            (2, 4, 4),
        ),
        ("no constraints", case(&[]), (0, 0, 1)),
    ] {
        let packing = packing(&constraints, false);
        assert_eq!((packing.packed(), packing.forms(), packing.height(1)), expected, "{name}");
    }
}

/// A bound that says nothing, but keeps a private wire from being a constraint's own.
fn no_bound(system: &System) -> Interval {
    Interval::signed_field(&system.p())
}

/// `s * h = x - 1` and `t * k = x - 2`, h and k private and in no other constraint: forms s, h, x and t, k.
#[test]
fn hints_are_forms_like_any_other() {
    let bit = |wire: &'static [(u32, i64)], minus: &'static [(u32, i64)]| -> [&[(u32, i64)]; 3] {
        [wire, minus, &[]]
    };
    let system = System::of(
        "101",
        [7, 0, 1],
        &[
            bit(&[(2, 1)], &[(2, 1), (0, -1)]),
            bit(&[(3, 1)], &[(3, 1), (0, -1)]),
            bit(&[(4, 1)], &[(4, 1), (0, -1)]),
            [&[(2, 1)], &[(5, 7), (2, 1)], &[(4, 1), (0, -1)]],
            [&[(6, 1), (5, 1)], &[(3, 1)], &[(4, 1), (0, -2)]],
        ],
    );
    let packing = packing(&system, true);
    assert_eq!((packing.packed(), packing.forms()), (5, 5));
}
