//! Packing against brute force from labels.md, section 1.4: `height` over all cuts into runs, `forms` and
//! `packed` from a slow set of normalised forms.
//! Source: labels.md, section 1.4.

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report

use std::collections::{BTreeMap, BTreeSet};

use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::packing::{Packing, SLOTS};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use proptest::prelude::*;

const PRIMES: [&str; 6] = ["3", "7", "101", "65537", "goldilocks", "bn254"];

/// A form by wire, coefficients in `[0, p)` and not zero.
type Form = BTreeMap<u32, U256>;

/// A system and what it consists of.
#[derive(Debug)]
struct Case {
    field: Field,
    wires: u32,
    public_outputs: u32,
    public_inputs: u32,
    constraints: Vec<[Form; 3]>,
}

impl Case {
    fn system(&self) -> R1cs {
        let mut builder = Builder::new(self.field);
        for form in self.constraints.iter().flatten() {
            form.iter().rev().for_each(|(wire, value)| builder.term(*wire, *value).unwrap());
            builder.end_combination().unwrap();
        }
        builder.finish(self.wires, self.public_outputs, self.public_inputs).unwrap()
    }

    /// Terms on wires above the public ones, divided by the first coefficient; nothing if there are none.
    fn private(&self, form: &Form) -> Option<Form> {
        let last_public = self.public_outputs + self.public_inputs;
        let terms: Form =
            form.iter().filter(|(wire, _)| **wire > last_public).map(|(w, v)| (*w, *v)).collect();
        let p = self.field.modulus();
        let lead = *terms.values().next()?;
        let inverse = lead.pow_mod(p - U256::from(2), p);
        Some(terms.into_iter().map(|(wire, value)| (wire, value.mul_mod(inverse, p))).collect())
    }

    /// The set of forms that each packed constraint needs.
    fn needs(&self) -> Vec<BTreeSet<Form>> {
        let needed = |[a, b, c]: &[Form; 3]| {
            let (a, b) = (self.private(a)?, self.private(b)?);
            Some([Some(a), Some(b), self.private(c)].into_iter().flatten().collect())
        };
        self.constraints.iter().filter_map(needed).collect()
    }
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
fn any_case() -> impl Strategy<Value = Case> {
    let wires = 12_u32;
    let terms = prop::collection::btree_map(0..wires, -4_i64..=4, 0..4);
    let pool = prop::collection::vec(terms, 1..6);
    let forms = prop::collection::vec((any::<prop::sample::Index>(), 1_i64..5), 3..=36);
    let prime = prop::sample::select(&PRIMES[..]);
    (prime, pool, forms, 0_u32..4, 0_u32..4).prop_map(
        move |(prime, pool, forms, public_outputs, public_inputs)| {
            let field = Field::parse(prime).unwrap();
            let scaled = |(index, factor): &(prop::sample::Index, i64)| {
                let entry = |(wire, value): (&u32, &i64)| (*wire, field.from_i64(value * factor));
                let form: Form =
                    index.get(&pool).iter().map(entry).filter(|(_, value)| !value.is_zero()).collect();
                form
            };
            let constraints =
                forms.chunks_exact(3).map(|three| [0, 1, 2].map(|side| scaled(&three[side]))).collect();
            Case { field, wires, public_outputs, public_inputs, constraints }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn forms_and_heights_are_those_of_brute_force(case in any_case()) {
        let (needs, packing) = (case.needs(), Packing::of(&case.system()));
        prop_assert_eq!(packing.packed(), needs.len());
        prop_assert_eq!(packing.forms() as usize, needs.iter().flatten().collect::<BTreeSet<_>>().len());
        for slots in 1..=needs.len() as u32 + 1 {
            prop_assert_eq!(packing.height(slots), height(&needs, slots), "{} slots", slots);
        }
        prop_assert_eq!(packing.heights(), SLOTS.map(|slots| height(&needs, slots)));
    }
}

fn case(constraints: &[[&[(u32, i64)]; 3]]) -> Case {
    let field = Field::parse("101").unwrap();
    let form =
        |terms: &[(u32, i64)]| terms.iter().map(|&(wire, value)| (wire, field.from_i64(value))).collect();
    let constraints = constraints.iter().map(|sides| sides.map(form)).collect();
    Case { field, wires: 8, public_outputs: 1, public_inputs: 1, constraints }
}

/// Name, constraints over wires 1 and 2 public, 3 to 7 private; packed, forms, height for one slot.
#[test]
fn worked_examples() {
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
        let packing = Packing::of(&constraints.system());
        assert_eq!((packing.packed(), packing.forms(), packing.height(1)), expected, "{name}");
    }
}
