//! Range inference against a slow reference written from labels.md, section 1.2: every pass visits every
//! constraint, every interval is summed from scratch, rule 4 enumerates by brute force.
//! Source: labels.md, sections 1.2 to 1.3, in its own words below.

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report

use std::collections::{BTreeMap, BTreeSet};

use dashu_int::IBig;
use dashu_int::ops::{Abs, RemEuclid};
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::field::{Field, U256, to_ubig};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::{Bounds, Equations, Interval, Ranges};
use proptest::prelude::*;

const PRIMES: [&str; 7] = ["3", "7", "17", "101", "65537", "goldilocks", "bn254"];

/// A form by wire, coefficients signed and not zero.
type Form = BTreeMap<u32, IBig>;
type Constraint = [Form; 3];

/// The reference: the rules as the specification states them.
struct Slow {
    p: IBig,
    half: IBig,
    wires: Vec<(IBig, IBig)>,
    linear: Vec<Form>,
    quadratic: Vec<Constraint>,
    occurring: BTreeSet<u32>,
}

/// The canonical representative in `[0, p)`.
fn modulo(value: &IBig, p: &IBig) -> IBig {
    value.rem_euclid(p).into()
}

fn signed(value: &IBig, p: &IBig) -> IBig {
    let canonical = modulo(value, p);
    if &canonical * 2 > *p { canonical - p } else { canonical }
}

fn power(base: &IBig, exponent: &IBig, p: &IBig) -> IBig {
    let (mut result, mut base, mut exponent) = (IBig::ONE, base.clone(), exponent.clone());
    while exponent > IBig::ZERO {
        if modulo(&exponent, &IBig::from(2)) == IBig::ONE {
            result = modulo(&(result * &base), p);
        }
        base = modulo(&(&base * &base), p);
        exponent /= 2;
    }
    result
}

fn is_constant(form: &Form) -> bool {
    form.keys().all(|&wire| wire == 0)
}

impl Slow {
    fn new(constraints: &[Constraint], wires: u32, p: &IBig, half: &IBig) -> Self {
        let mut intervals = vec![(-half.clone(), half.clone()); wires as usize];
        intervals[0] = (IBig::ONE, IBig::ONE);
        let mut slow = Self {
            p: p.clone(),
            half: half.clone(),
            wires: intervals,
            linear: Vec::new(),
            quadratic: Vec::new(),
            occurring: constraints.iter().flatten().flat_map(|form| form.keys().copied()).collect(),
        };
        slow.occurring.remove(&0);
        for constraint in constraints {
            let [a, b, c] = constraint;
            match (is_constant(a), is_constant(b)) {
                (true, _) => slow.linear.push(slow.linear_form(a, b, c)),
                (_, true) => slow.linear.push(slow.linear_form(b, a, c)),
                _ => slow.quadratic.push(constraint.clone()),
            }
        }
        slow
    }

    /// `L = k*other - C`, reduced.
    fn linear_form(&self, constant: &Form, other: &Form, c: &Form) -> Form {
        let k = constant.get(&0).cloned().unwrap_or_default();
        let mut form = Form::new();
        for (wire, value) in other {
            *form.entry(*wire).or_default() += &k * value;
        }
        for (wire, value) in c {
            *form.entry(*wire).or_default() -= value;
        }
        form.iter_mut().for_each(|(_, value)| *value = signed(value, &self.p));
        form.retain(|_, value| *value != IBig::ZERO);
        form
    }

    fn infer(&mut self) {
        self.rule_1();
        for _ in 0..64 {
            let before = self.wires.clone();
            for form in self.linear.clone() {
                self.rule_2(&form);
            }
            for constraint in self.quadratic.clone() {
                self.rule_3(&constraint);
                self.rule_4(&constraint);
            }
            if self.wires == before {
                return;
            }
        }
    }

    fn update(&mut self, wire: u32, lo: IBig, hi: IBig) {
        if lo < -self.half.clone() || hi > self.half {
            return;
        }
        let (old_lo, old_hi) = self.wires[wire as usize].clone();
        let (lo, hi) = (lo.max(old_lo), hi.min(old_hi));
        if lo <= hi {
            self.wires[wire as usize] = (lo, hi);
        }
    }

    /// The interval of a form without one wire.
    fn interval(&self, form: &Form, without: u32) -> (IBig, IBig) {
        let (mut lo, mut hi) = (IBig::ZERO, IBig::ZERO);
        for (wire, value) in form.iter().filter(|(wire, _)| **wire != without) {
            let (x, y) = &self.wires[*wire as usize];
            let (x, y) = (value * x, value * y);
            lo += x.clone().min(y.clone());
            hi += x.max(y);
        }
        (lo, hi)
    }

    fn all(&self, form: &Form) -> (IBig, IBig) {
        self.interval(form, u32::MAX)
    }

    /// The signed root of `u*x + v`, if it is one over the integers.
    fn root(&self, form: &Form, x: u32) -> Option<IBig> {
        let (u, v) = (&form[&x], form.get(&0).cloned().unwrap_or_default());
        let inverse = power(&modulo(u, &self.p), &(&self.p - 2), &self.p);
        let root = signed(&(-&v * inverse), &self.p);
        (u * &root + v == IBig::ZERO).then_some(root)
    }

    fn rule_1(&mut self) {
        for [a, b, c] in self.quadratic.clone() {
            let mentioned = |form: &Form| form.keys().copied().filter(|&w| w != 0).collect::<Vec<_>>();
            let (of_a, of_b) = (mentioned(&a), mentioned(&b));
            if !c.is_empty() || of_a.len() != 1 || of_a != of_b {
                continue;
            }
            if let (Some(r), Some(s)) = (self.root(&a, of_a[0]), self.root(&b, of_a[0])) {
                self.update(of_a[0], r.clone().min(s.clone()), r.max(s));
            }
        }
    }

    fn rule_2(&mut self, form: &Form) {
        for (&x, coefficient) in form.iter().filter(|(wire, _)| **wire != 0) {
            let (lo, hi) = self.interval(form, x);
            if *coefficient == IBig::ONE {
                self.update(x, -hi, -lo);
            } else if *coefficient == IBig::NEG_ONE {
                self.update(x, lo, hi);
            }
        }
    }

    fn rule_3(&mut self, [a, b, c]: &Constraint) {
        for (&x, coefficient) in c.iter().filter(|(wire, _)| **wire != 0) {
            let ((a_lo, a_hi), (b_lo, b_hi)) = (self.all(a), self.all(b));
            let corners = [&a_lo * &b_lo, &a_lo * &b_hi, &a_hi * &b_lo, &a_hi * &b_hi];
            let (rest_lo, rest_hi) = self.interval(c, x);
            let lo = corners.iter().min().unwrap() - rest_hi;
            let hi = corners.iter().max().unwrap() - rest_lo;
            self.update_divided(x, coefficient, lo, hi);
        }
    }

    fn update_divided(&mut self, x: u32, coefficient: &IBig, lo: IBig, hi: IBig) {
        if *coefficient == IBig::ONE {
            self.update(x, lo, hi);
        } else if *coefficient == IBig::NEG_ONE {
            self.update(x, -hi, -lo);
        }
    }

    fn rule_4(&mut self, constraint: &Constraint) {
        let [a, b, c] = constraint;
        for (&x, coefficient) in c.iter().filter(|(wire, _)| **wire != 0) {
            if a.contains_key(&x) || b.contains_key(&x) {
                continue;
            }
            let mut others: BTreeSet<u32> = constraint.iter().flat_map(|form| form.keys().copied()).collect();
            others.remove(&x);
            let others: Vec<u32> = others.into_iter().collect();
            let size = |wire: &u32| &self.wires[*wire as usize].1 - &self.wires[*wire as usize].0 + 1;
            if others.iter().map(size).product::<IBig>() > IBig::from(256) {
                continue;
            }
            let mut values = Vec::new();
            self.enumerate(constraint, x, &others, &mut BTreeMap::new(), &mut values);
            let (lo, hi) = (values.iter().min().unwrap().clone(), values.iter().max().unwrap().clone());
            self.update_divided(x, coefficient, lo, hi);
        }
    }

    fn enumerate(
        &self,
        constraint: &Constraint,
        x: u32,
        others: &[u32],
        assignment: &mut BTreeMap<u32, IBig>,
        values: &mut Vec<IBig>,
    ) {
        let Some((&first, rest)) = others.split_first() else {
            let value = |form: &Form| {
                let terms = form.iter().filter(|(wire, _)| **wire != x);
                terms.map(|(wire, coefficient)| coefficient * &assignment[wire]).sum::<IBig>()
            };
            let [a, b, c] = constraint;
            return values.push(value(a) * value(b) - value(c));
        };
        let (mut at, hi) = self.wires[first as usize].clone();
        while at <= hi {
            assignment.insert(first, at.clone());
            self.enumerate(constraint, x, rest, assignment, values);
            at += 1;
        }
    }

    fn largest_value(&self) -> IBig {
        let magnitude = |(lo, hi): (IBig, IBig)| lo.abs().max(hi.abs());
        let wire = |wire: u32| magnitude(self.wires[wire as usize].clone());
        let products = self.quadratic.iter().map(|forms| {
            let [a, b, c] = forms.each_ref().map(|form| magnitude(self.all(form)));
            a * b + c
        });
        let sums = self.linear.iter().map(|form| form.iter().map(|(w, k)| k.abs() * wire(*w)).sum());
        let twice = self.occurring.iter().map(|&w| wire(w) * 2);
        products.chain(sums).chain(twice).max().unwrap_or_default()
    }

    fn is_unknown(&self, wire: u32) -> bool {
        self.wires[wire as usize] == (-self.half.clone(), self.half.clone())
    }
}

/// The system that the reference's constraints describe.
fn system(field: Field, constraints: &[Constraint], wires: u32) -> R1cs {
    let p = IBig::from(to_ubig(field.modulus()));
    let mut builder = Builder::new(field);
    for form in constraints.iter().flatten() {
        for (wire, value) in form {
            let text = modulo(value, &p).to_string();
            builder.term(*wire, text.parse::<U256>().unwrap()).unwrap();
        }
        builder.end_combination().unwrap();
    }
    builder.finish(wires, 0, 0).unwrap()
}

/// Runs both with `half` and compares every interval and `M`; returns how many wires are known.
fn compare(field: Field, half: &IBig, constraints: &[Constraint], wires: u32, bounds: &Bounds) -> usize {
    let p = IBig::from(to_ubig(field.modulus()));
    let mut slow = Slow::new(constraints, wires, &p, half);
    for (wire, bound) in bounds {
        slow.update(*wire, bound.lo.clone(), bound.hi.clone());
    }
    slow.infer();
    let r1cs = system(field, constraints, wires);
    let equations = Equations::of(&r1cs);
    assert_eq!((equations.linear(), equations.quadratic()), (slow.linear.len(), slow.quadratic.len()));
    let fast = Ranges::infer(&equations, half.clone(), bounds).unwrap();
    for (wire, (lo, hi)) in slow.wires.iter().enumerate() {
        let interval = fast.interval(wire as u32);
        assert_eq!((&interval.lo, &interval.hi), (lo, hi), "wire {wire} of {constraints:?}, {bounds:?}");
        assert_eq!(fast.is_wide(wire as u32), wire > 0 && slow.is_unknown(wire as u32), "wire {wire}");
    }
    match fast.largest_value() {
        Some(largest) => assert_eq!(largest, slow.largest_value(), "{constraints:?}"),
        None => {
            assert!(slow.occurring.iter().any(|&wire| slow.is_unknown(wire)), "{constraints:?}");
            assert!(slow.largest_value() > *half);
        }
    }
    (1..wires).filter(|&wire| !slow.is_unknown(wire)).count()
}

fn half_of(field: Field) -> IBig {
    IBig::from(to_ubig(field.half()))
}

fn form(terms: &[(u32, i64)]) -> Form {
    terms.iter().map(|&(wire, value)| (wire, IBig::from(value))).collect()
}

/// Small values mostly, +1 and -1 above all; the last kind fills the field.
fn coefficient() -> impl Strategy<Value = IBig> {
    prop_oneof![
        8 => prop_oneof![Just(1), Just(-1)].prop_map(IBig::from),
        4 => (-9_i64..=9).prop_map(IBig::from),
        2 => (0_u32..40).prop_map(|bit| IBig::ONE << bit as usize),
        1 => any::<[u64; 4]>().prop_map(|limbs| limbs.iter().fold(IBig::ZERO, |sum, &limb| (sum << 64) + limb)),
    ]
}

fn any_form(wires: u32, most: usize) -> impl Strategy<Value = Form> {
    prop::collection::btree_map(0..wires, coefficient(), 0..=most)
}

/// `u(x - r) * u'(x - s) = 0`, sometimes with roots that are not integers.
fn two_roots(wires: u32) -> impl Strategy<Value = Constraint> {
    let factor = || (prop_oneof![6 => Just(1_i64), 2 => Just(-1), 1 => -5_i64..=5], -4_i64..=4, 0_u8..12);
    (1..wires, factor(), factor()).prop_map(|(x, first, second)| {
        let side = |(u, root, odd): (i64, i64, u8)| form(&[(x, u), (0, -u * root + i64::from(odd == 0))]);
        [side(first), side(second), Form::new()]
    })
}

fn product(wires: u32) -> impl Strategy<Value = Constraint> {
    (1..wires, 1..wires, 1..wires, prop_oneof![Just(1), Just(-1)])
        .prop_map(|(x, y, z, sign)| [form(&[(x, 1)]), form(&[(y, sign)]), form(&[(z, sign)])])
}

fn any_constraint(wires: u32) -> impl Strategy<Value = Constraint> {
    let sum = any_form(wires, 6).prop_map(|c| [Form::new(), Form::new(), c]);
    let scaled = (any_form(1, 1), any_form(wires, 4), any_form(wires, 4), any::<bool>())
        .prop_map(|(k, other, c, swap)| if swap { [other, k, c] } else { [k, other, c] });
    let free = (any_form(wires, 3), any_form(wires, 3), any_form(wires, 5)).prop_map(<[_; 3]>::from);
    prop_oneof![5 => two_roots(wires), 3 => product(wires), 4 => sum, 1 => scaled, 4 => free]
}

/// A prime, the number of wires, constraints with repeats, and bounds near zero.
fn any_system() -> impl Strategy<Value = (Field, u32, Vec<Constraint>, Bounds)> {
    let prime = prop::sample::select(&PRIMES[..]).prop_map(|name| Field::parse(name).unwrap());
    (prime, 2_u32..10).prop_flat_map(|(field, wires)| {
        let constraints = prop::collection::vec(any_constraint(wires), 0..14);
        let bounds = prop::collection::btree_map(1..wires, (-20_i64..20, 0_i64..40), 0..=wires as usize / 2);
        (constraints, bounds, any::<prop::sample::Index>()).prop_map(
            move |(constraints, bounds, repeated)| {
                let mut constraints = tidy(constraints, field);
                if !constraints.is_empty() {
                    constraints.push(repeated.get(&constraints).clone());
                }
                (field, wires, constraints, within(bounds, field))
            },
        )
    })
}

/// Signed coefficients modulo the prime, zeros dropped.
fn tidy(mut constraints: Vec<Constraint>, field: Field) -> Vec<Constraint> {
    let p = IBig::from(to_ubig(field.modulus()));
    for form in constraints.iter_mut().flatten() {
        form.iter_mut().for_each(|(_, value)| *value = signed(value, &p));
        form.retain(|_, value| *value != IBig::ZERO);
    }
    constraints
}

fn within(bounds: BTreeMap<u32, (i64, i64)>, field: Field) -> Bounds {
    let half = half_of(field);
    let clamp = |value: i64| IBig::from(value).clamp(-half.clone(), half.clone());
    let interval = |(lo, width): (i64, i64)| Interval { lo: clamp(lo), hi: clamp(lo + width) };
    bounds.into_iter().map(|(wire, pair)| (wire, interval(pair))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    #[test]
    fn intervals_and_largest_value_are_those_of_the_plain_passes((field, wires, constraints, bounds) in any_system()) {
        compare(field, &half_of(field), &constraints, wires, &bounds);
    }

    /// As after the choice of a concrete `q`: the coefficients stay those modulo p, the wires change.
    #[test]
    fn another_modulus_too((field, wires, constraints, _) in any_system(), half in 1_u64..100_000) {
        compare(field, &IBig::from(half), &constraints, wires, &Bounds::new());
    }
}

/// Name, constraints, wires, and the interval of each wire from 1 on, over F_101.
type Worked = (&'static str, Vec<Constraint>, u32, Vec<(i64, i64)>);

fn worked() -> Vec<Worked> {
    let none = Form::new;
    let bit = |x| [form(&[(x, 1)]), form(&[(x, 1), (0, -1)]), none()];
    let sum = |terms: &[(u32, i64)]| [none(), none(), form(terms)];
    vec![
        ("Boolean", vec![bit(1)], 2, vec![(0, 1)]),
        (
            "scaled roots",
            vec![[form(&[(1, 3), (0, -9)]), form(&[(1, -2), (0, -4)]), none()]],
            2,
            vec![(-2, 3)],
        ),
        ("half a root", vec![[form(&[(1, 2), (0, -1)]), form(&[(1, 1)]), none()]], 2, vec![(-50, 50)]),
        ("two wires", vec![[form(&[(1, 1)]), form(&[(2, 1)]), none()]], 3, vec![(-50, 50), (-50, 50)]),
        (
            "sum of bits",
            vec![bit(1), bit(2), sum(&[(1, 1), (2, 2), (3, -1)])],
            4,
            vec![(0, 1), (0, 1), (0, 3)],
        ),
        ("order in a pass", vec![sum(&[(1, 1), (2, -1)]), sum(&[(2, 1), (0, -7)])], 3, vec![(7, 7), (7, 7)]),
        ("an empty meet is skipped", vec![bit(1), sum(&[(1, 1), (0, -5)])], 2, vec![(0, 1)]),
        (
            "outside the field is skipped",
            vec![bit(1), sum(&[(1, 49), (0, 3), (2, -1)])],
            3,
            vec![(0, 1), (-50, 50)],
        ),
        // by intervals x*(1-x) would be within [0, 1]; enumeration knows it is 0
        (
            "enumeration",
            vec![bit(1), [form(&[(1, 1)]), form(&[(0, 1), (1, -1)]), form(&[(2, 1)])]],
            3,
            vec![(0, 1), (0, 0)],
        ),
        // wire 2 is in A as well: only rule 3 applies, with A*B = [0, 3] * [0, 1]
        (
            "shared by A and C",
            vec![
                bit(1),
                sum(&[(2, 1), (0, -3)]),
                [form(&[(2, 1)]), form(&[(1, 1)]), form(&[(2, 1), (3, 1)])],
            ],
            4,
            vec![(0, 1), (3, 3), (-3, 0)],
        ),
    ]
}

#[test]
fn worked_examples() {
    let field = Field::parse("101").unwrap();
    for (name, constraints, wires, expected) in worked() {
        compare(field, &half_of(field), &constraints, wires, &Bounds::new());
        let r1cs = system(field, &constraints, wires);
        let equations = Equations::of(&r1cs);
        let ranges = Ranges::infer(&equations, half_of(field), &Bounds::new()).unwrap();
        let expected = expected.iter().map(|&(lo, hi)| Interval { lo: lo.into(), hi: hi.into() });
        let ranges: Vec<_> = (1..wires).map(|wire| ranges.interval(wire).clone()).collect();
        assert_eq!(ranges, expected.collect::<Vec<_>>(), "{name}");
    }
}

/// `x_i = x_{i+1}` in file order learns one wire a pass, from the far end: 64 of them and no more.
#[test]
fn passes_end_at_64() {
    let field = Field::parse("bn254").unwrap();
    let equal = |i| [Form::new(), Form::new(), form(&[(i, 1), (i + 1, -1)])];
    let mut constraints: Vec<_> = (1..80).map(equal).collect();
    constraints.push([form(&[(80, 1)]), form(&[(80, 1), (0, -1)]), Form::new()]);
    assert_eq!(compare(field, &half_of(field), &constraints, 81, &Bounds::new()), 65);
}

/// Eight other bits are enumerated (256 points), nine are not: there the interval of rule 3 stays.
#[test]
fn enumeration_ends_at_256_points() {
    let field = Field::parse("bn254").unwrap();
    for (bits, most) in [(8, 16), (9, 81)] {
        let bit = |x| [form(&[(x, 1)]), form(&[(x, 1), (0, -1)]), Form::new()];
        let mut constraints: Vec<_> = (1..=bits).map(bit).collect();
        let ones: Vec<_> = (1..=bits).map(|x| (x, 1)).collect();
        let zeros: Vec<_> = (1..=bits).map(|x| (x, -1)).chain([(0, i64::from(bits))]).collect();
        constraints.push([form(&ones), form(&zeros), form(&[(bits + 1, 1)])]);
        compare(field, &half_of(field), &constraints, bits + 2, &Bounds::new());
        let r1cs = system(field, &constraints, bits + 2);
        let equations = Equations::of(&r1cs);
        let ranges = Ranges::infer(&equations, half_of(field), &Bounds::new()).unwrap();
        assert_eq!(*ranges.interval(bits + 1), Interval { lo: IBig::ZERO, hi: IBig::from(most) });
    }
}

/// `C` and `A` share every wire, and every one of them narrows in one visit: this must not take the
/// square of their number.
#[test]
fn shared_wires_take_linear_time() {
    const COUNT: u32 = 100_000;
    let field = Field::parse("bn254").unwrap();
    let mut builder = Builder::new(field);
    let mut push = |form: &mut dyn Iterator<Item = (u32, i64)>| {
        form.for_each(|(wire, value)| builder.term(wire, field.from_i64(value)).unwrap());
        builder.end_combination().unwrap();
    };
    push(&mut (1..=COUNT).map(|wire| (wire, 1)));
    push(&mut [(COUNT + 1, 1)].into_iter());
    push(&mut (1..=COUNT).map(|wire| (wire, 1)).chain([(0, -5)]));
    let r1cs = builder.finish(COUNT + 2, 0, 0).unwrap();
    let ten = Interval { lo: IBig::ZERO, hi: IBig::from(10) };
    let mut bounds: Bounds = (1..=COUNT).map(|wire| (wire, ten.clone())).collect();
    bounds.insert(COUNT + 1, Interval::point(IBig::ZERO));
    let equations = Equations::of(&r1cs);
    let ranges = Ranges::infer(&equations, half_of(field), &bounds).unwrap();
    assert!((1..=COUNT).all(|wire| ranges.interval(wire).hi == IBig::from(5)));
}

/// A bit squared again and again, the last square first in the file: a wire is known one round after the wire before,
/// and a constraint one after its wires. Of two unbounded wires nothing is ever known, as a constraint shows at once.
#[test]
fn rounds_count_the_steps_from_what_is_known() {
    let square = |i| [form(&[(i, 1)]), form(&[(i, 1)]), form(&[(i + 1, 1)])];
    let bit = [form(&[(1, 1)]), form(&[(1, 1), (0, -1)]), Form::new()];
    let constraints = [square(5), square(3), square(2), square(1), bit];
    let r1cs = system(Field::parse("bn254").unwrap(), &constraints, 7);
    let (_, bits, rounds) = Analysis::with_node_bits(&r1cs);
    assert_eq!(bits, [2, 2, 2, 2, 254, 254, 254, 2, 2, 2, 1]);
    assert_eq!(rounds, [0, 1, 2, 3, 0, 0, 1, 4, 3, 2, 1]);
}
