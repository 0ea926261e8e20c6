//! Details of labels.md, section 1, that no row of `fixtures/circuits/expected.csv` notices (section 6, last item): a
//! small circuit for each. Wires are public where nothing else is said, so that nothing is dropped.

use crate::slow::{Form, System, reduced, times};
use dashu_int::IBig;
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::r1cs::Combination;
use nexuszero_crypto::ranges::{Interval, Ranges, Unsatisfiable};
use nexuszero_crypto::relation::Relation;

type Terms<'a> = &'a [(u32, i64)];

fn interval(lo: i64, hi: i64) -> Interval {
    Interval { lo: lo.into(), hi: hi.into() }
}

/// All wires are public but the last `private` ones.
fn system(prime: &str, [wires, private]: [u32; 2], constraints: &[[Terms<'_>; 3]]) -> System {
    System::of(prime, [wires, wires - 1 - private, 0], constraints)
}

fn declared(mut system: System, bounds: &[(u32, i64, i64)]) -> System {
    system.bounds = bounds.iter().map(|&(wire, lo, hi)| (wire, interval(lo, hi))).collect();
    system
}

/// Multiplies the forms of a constraint by a power of two, which no small integer shows.
fn hide(system: &mut System, index: usize, powers: [usize; 3]) {
    let p = system.p();
    for (form, power) in system.constraints[index].iter_mut().zip(powers) {
        *form = reduced(times(form, &(IBig::ONE << power)), &p);
    }
}

fn relation(system: &System) -> Relation {
    Relation::of(&system.r1cs(), &system.bounds)
}

/// The integers of a kept constraint.
fn integers(relation: &Relation, index: usize) -> [Vec<(u32, IBig)>; 3] {
    let form = |form: Combination<'_>| relation.terms(form).map(|(wire, k)| (wire, k.clone())).collect();
    relation.get(index).forms.map(form)
}

fn terms(terms: Terms<'_>) -> Vec<(u32, IBig)> {
    terms.iter().map(|&(wire, k)| (wire, k.into())).collect()
}

/// The intervals of all wires, and the number of rounds.
fn infer(system: &System) -> Result<(Vec<Interval>, u32), Unsatisfiable> {
    let relation = relation(system);
    let ranges = Ranges::infer(&relation, system.field.modulus(), &system.bounds)?;
    Ok(((0..system.wires).map(|wire| ranges.interval(wire).clone()).collect(), ranges.rounds()))
}

/// One linear constraint over wires from 1 on.
fn linear(prime: &str, coefficients: &[IBig]) -> System {
    let mut system = system(prime, [coefficients.len() as u32 + 1, 0], &[[&[], &[], &[]]]);
    let p = system.p();
    system.constraints[0][2] = reduced((1..).zip(coefficients.iter().cloned()), &p);
    system
}

/// `2^200` times `2, 3, 4, ..` with a 1 at one place: only the inverse of that one makes them small.
fn hidden_at(place: usize, first: i64) -> u32 {
    let mut coefficients: Vec<IBig> = (2_i64..300).map(IBig::from).collect();
    coefficients[0] = first.into();
    coefficients.insert(place, IBig::ONE);
    coefficients.iter_mut().for_each(|k| *k <<= 200);
    relation(&linear("bn254", &coefficients)).rescaled()
}

#[test]
fn the_first_256_coefficients_are_tried() {
    assert_eq!(hidden_at(255, 2), 1);
    assert_eq!(hidden_at(256, 2), 0);
    // 2 becomes -3, and the second of 3 and -3 does not count
    assert_eq!((hidden_at(256, -3), hidden_at(257, -3)), (1, 0));
}

/// `s(t) = 4`; `s(1) = 4u`.
#[test]
fn a_scale_gains_sixteen_bits() {
    let rescaled = |u: i64| relation(&linear("bn254", &[u.into(), (3 * u).into()])).rescaled();
    assert_eq!((rescaled((1 << 16) - 1), rescaled(1 << 16)), (0, 1));
}

/// With `v*v = -1` the scales of `u*(x + v*y)` tie: `x + v*y` and `y - v*x`.
#[test]
fn the_first_of_two_scales_is_taken() {
    const V: i64 = 262_184;
    let u = IBig::from(30_000_000_019_i64);
    let mut system = linear("68740449857", &[u.clone(), u * V]);
    let form = integers(&relation(&system), 0)[2].clone();
    assert!(form == terms(&[(1, 1), (2, V)]) || form == terms(&[(1, -1), (2, -V)]));
    system.bounds.insert(2, interval(0, 1));
    assert_eq!(infer(&system).unwrap().0[1], interval(-V, 0));
}

/// `(x - y) * h = z - 1` in the words of a file: `h` alone is private.
fn hint(scales: [usize; 3]) -> System {
    let mut system = system("bn254", [5, 1], &[[&[(1, 1), (2, -1)], &[(4, 1)], &[(3, 1), (0, -1)]]]);
    hide(&mut system, 0, scales);
    system
}

#[test]
fn a_hint_s_forms_have_scales_of_their_own() {
    let expected = [(1, 1), (2, -1)];
    for (scales, rescaled) in [([0, 0, 0], 0), ([100, 0, 0], 1), ([0, 0, 100], 1), ([90, 7, 100], 2)] {
        let system = hint(scales);
        let relation = relation(&system);
        let [f, h, c] = integers(&relation, 0);
        assert_eq!((relation.hints(), relation.rescaled()), (1, rescaled), "{scales:?}");
        assert_eq!((f, h), (terms(&expected), terms(&[(4, 1)])));
        assert!(c == terms(&[(0, -1), (3, 1)]) || c == terms(&[(0, 1), (3, -1)]));
        let bits = declared(system, &[(1, 0, 1), (2, 0, 1), (3, 0, 1)]);
        let analysis = Analysis::of(&bits.r1cs(), &bits.bounds).unwrap();
        assert_eq!((analysis.liftable, analysis.bits), (true, 2));
    }
}

#[test]
fn common_divisors_leave() {
    let of = |private: u32, constraint: [Terms<'_>; 3]| {
        integers(&relation(&system("65537", [7, private], &[constraint])), 0)
    };
    let [_, _, l] = of(0, [&[], &[], &[(1, 6), (2, 10), (3, -4)]]);
    assert_eq!(l, terms(&[(1, -3), (2, -5), (3, 2)]));
    let [f, h, c] = of(1, [&[(1, 6), (2, -9)], &[(6, 5)], &[(3, 10), (0, 15)]]);
    assert_eq!([f, h, c], [terms(&[(1, 2), (2, -3)]), terms(&[(6, 1)]), terms(&[(0, 3), (3, 2)])]);
    let [a, b, _] = of(0, [&[(1, 6), (2, -9)], &[(3, 4), (0, 4)], &[]]);
    assert_eq!([a, b], [terms(&[(1, 2), (2, -3)]), terms(&[(0, 1), (3, 1)])]);
    // of A and C, of B and C, of all three
    let [a, b, c] = of(0, [&[(1, 3)], &[(2, 2), (3, 1)], &[(4, 6)]]);
    assert_eq!([a, b, c], [terms(&[(1, 1)]), terms(&[(2, 2), (3, 1)]), terms(&[(4, 2)])]);
    let [a, b, c] = of(0, [&[(1, 1), (2, 3)], &[(3, 2), (4, 4)], &[(5, 6)]]);
    assert_eq!([a, b, c], [terms(&[(1, 1), (2, 3)]), terms(&[(3, 1), (4, 2)]), terms(&[(5, 3)])]);
    let [a, b, c] = of(0, [&[(1, 4)], &[(2, 6)], &[(3, 24)]]);
    assert_eq!([a, b, c], [terms(&[(1, 1)]), terms(&[(2, 1)]), terms(&[(3, 1)])]);
}

/// `x = y` and `y = x - 1` from `[0, width]`: each end of each wire moves in every second round.
fn contradiction(width: i64) -> Result<(Vec<Interval>, u32), Unsatisfiable> {
    let constraints: [[Terms<'_>; 3]; 2] =
        [[&[], &[], &[(1, 1), (2, -1)]], [&[], &[], &[(1, 1), (2, -1), (0, -1)]]];
    infer(&declared(system("bn254", [3, 0], &constraints), &[(1, 0, width), (2, 0, width)]))
}

#[test]
fn a_wire_narrows_in_64_rounds() {
    let (wires, rounds) = contradiction(1000).unwrap();
    assert_eq!((&wires[1..], rounds), (&[interval(32, 968), interval(32, 968)][..], 65));
    // both are 32 after 64 rounds, and then a rule finds no solution; with one value more it does
    assert!(contradiction(64).is_err());
    assert_eq!(contradiction(65).unwrap().1, 65);
}

/// `x * h = z - y` says `z = y` where x is zero, and bounds h where it is one.
#[test]
fn rule_3_applies_to_hints() {
    let constraint: [Terms<'_>; 3] = [&[(1, 1)], &[(4, 1)], &[(2, 1), (3, -1)]];
    let of = |x| declared(system("101", [5, 1], &[constraint]), &[(1, x, x), (2, 0, 1)]);
    let zero = of(0);
    assert_eq!((relation(&zero).hints(), infer(&zero).unwrap().0[3].clone()), (1, interval(0, 1)));
    let one = declared(of(1), &[(1, 1, 1), (2, 0, 1), (3, 0, 5)]);
    let (wires, rounds) = infer(&one).unwrap();
    assert_eq!((&wires[4], rounds), (&interval(-5, 1), 2));
}

/// `z = x * (m - x)` for x in `[0, m]`: with four values the exact hull, with five an interval's.
#[test]
fn rule_3_goes_through_four_values() {
    let highest = |m: i64| {
        let constraint: [Terms<'_>; 3] = [&[(1, 1)], &[(0, m), (1, -1)], &[(2, 1)]];
        infer(&declared(system("101", [3, 0], &[constraint]), &[(1, 0, m)])).unwrap().0[2].clone()
    };
    assert_eq!([highest(2), highest(3), highest(4)], [interval(0, 1), interval(0, 2), interval(0, 16)]);
}

/// `y = x + z` cuts x first; with that cut y would follow in the same round.
#[test]
fn wires_of_one_equation_are_cut_from_the_same_intervals() {
    let system = system("101", [4, 0], &[[&[], &[], &[(1, 1), (2, -1), (3, 1)]]]);
    let (wires, rounds) = infer(&declared(system, &[(1, -10, 50), (2, -30, 20), (3, 0, 10)])).unwrap();
    assert_eq!((&wires[1..], rounds), (&[interval(-10, 20), interval(-10, 20), interval(0, 10)][..], 3));
}

/// `d * h = 1 - z` and `k*d * z = 0` make z a bit, whatever the sign and size of k.
#[test]
fn rule_5_compares_forms_up_to_a_factor() {
    for k in [1, -1, 3, -7] {
        let d: Terms<'_> = &[(1, 1), (2, -1)];
        let multiple: Vec<_> = d.iter().map(|&(wire, value)| (wire, value * k)).collect();
        let system =
            system("bn254", [5, 1], &[[d, &[(4, 1)], &[(0, 1), (3, -1)]], [&multiple, &[(3, 1)], &[]]]);
        assert_eq!(infer(&system).unwrap().0[3], interval(0, 1), "{k}");
    }
}

/// `256*(x + 256*y) = 256*x - y` modulo 65537, but not over the integers: forms x, y, z, two of them, and their products.
#[test]
fn forms_are_proportional_over_the_integers_where_circuits_lift() {
    let bit = |x: Terms<'static>, y: Terms<'static>| -> [Terms<'static>; 3] { [x, y, &[]] };
    let bits = [
        bit(&[(3, 1)], &[(3, 1), (0, -1)]),
        bit(&[(4, 1)], &[(4, 1), (0, -1)]),
        bit(&[(5, 1)], &[(5, 1), (0, -1)]),
    ];
    let products: [[Terms<'_>; 3]; 3] = [
        [&[(3, 1), (4, 256)], &[(5, 1)], &[(1, 1)]],
        [&[(3, 256), (4, -1)], &[(5, 1)], &[(2, 1)]],
        [&[(3, -2), (4, -512)], &[(5, 3)], &[(1, -6)]],
    ];
    let forms = |constraints: &[[Terms<'_>; 3]]| {
        let system = System::of("65537", [6, 2, 0], constraints);
        let analysis = Analysis::of(&system.r1cs(), &system.bounds).unwrap();
        (analysis.liftable, analysis.packed, analysis.forms)
    };
    assert_eq!(forms(&[&bits[..], &products].concat()), (true, 6, 5));
    assert_eq!(forms(&[&bits[..2], &products].concat()), (false, 5, 4));
}

/// A form that nothing names here is as the slow reference has it.
#[test]
fn scales_of_products_are_those_of_the_text() {
    let constraint: [Terms<'_>; 3] = [&[(1, 1), (2, -3)], &[(2, 5), (3, 1)], &[(4, 7), (1, -1)]];
    let mut system = system("bn254", [5, 0], &[constraint]);
    hide(&mut system, 0, [70, 90, 160]);
    let relation = relation(&system);
    let (expected, rescaled) = crate::slow::integers(&crate::slow::kept(&system, &[0]), &system.p());
    let forms = integers(&relation, 0).map(|form| form.into_iter().collect::<Form>());
    assert_eq!((&forms, relation.rescaled()), (&expected[0].forms, rescaled));
    assert_eq!(rescaled, 2);
}
