//! Theorem and lemmas of labels.md, sections 1.2, 1.4 and 1.5, by brute force: small primes, every assignment.
//!
//! `NEXUSZERO_BRUTE_FORCE=100000 cargo test --test lifting -- --nocapture` goes through as many systems and prints counts.

use std::collections::BTreeMap;

use crate::slow::idioms::{Draft, Numbers, display};
use crate::slow::ranges::{infer_without, largest_value};
use crate::slow::{Kept, System, integers, kept};
use dashu_int::IBig;
use nexuszero_crypto::analysis::{Analysis, Lift};
use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::ranges::{Bounds, Interval, Ranges};
use nexuszero_crypto::relation::Relation;

const FIELDS: [&str; 8] = ["5", "7", "11", "13", "17", "23", "31", "61"];
const MODULI: [u64; 12] = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41];
/// Assignments to a wire that one enumeration may try.
const MOST: u32 = 200_000;
/// Systems of the normal suite.
const SYSTEMS: u64 = 4000;

type Terms = Vec<(usize, u64)>;

/// Constraints modulo a small prime; `A` and `B` of a linear one are empty.
struct Small {
    r: u64,
    constraints: Vec<[Terms; 3]>,
    order: Vec<usize>,    // wires that are mentioned, public ones first
    due: Vec<Vec<usize>>, // by place in the order: the constraints that are complete with it
}

fn residue(value: &IBig, r: u64) -> u64 {
    u64::try_from(crate::slow::modulo(value, &r.into())).unwrap()
}

impl Small {
    fn new(constraints: Vec<[Terms; 3]>, public: usize, r: u64) -> Self {
        let mut small = Self { r, constraints, order: Vec::new(), due: Vec::new() };
        small.arrange(public);
        small
    }

    fn of_system(system: &System) -> Self {
        let p = residue(&(system.p() - 1), 1 << 32) + 1;
        let form =
            |form: &crate::slow::Form| form.iter().map(|(w, k)| (*w as usize, residue(k, p))).collect();
        let constraints = system.constraints.iter().map(|forms| forms.each_ref().map(form)).collect();
        Self::new(constraints, system.first_private() as usize, p)
    }

    fn of_relation(relation: &Relation, r: u64) -> Self {
        let form = |form| relation.terms(form).map(|(w, k)| (w as usize, residue(k, r))).collect();
        let constraints = relation.constraints().map(|constraint| constraint.forms.map(form)).collect();
        Self::new(constraints, relation.first_private() as usize, r)
    }

    /// Public wires first, then always the wire that completes most constraints.
    fn arrange(&mut self, public: usize) {
        let wires = |forms: &[Terms; 3]| -> Vec<usize> {
            forms.iter().flatten().map(|(wire, _)| *wire).filter(|&wire| wire > 0).collect()
        };
        let mut open: Vec<Vec<usize>> = self.constraints.iter().map(wires).collect();
        self.due.push((0..open.len()).filter(|&index| open[index].is_empty()).collect());
        loop {
            let left = open.iter().flatten().copied();
            let completes = |wire: usize| {
                open.iter()
                    .filter(|wires| wires.contains(&wire) && wires.iter().all(|&it| it == wire))
                    .count()
            };
            let uses = |wire: usize| open.iter().filter(|wires| wires.contains(&wire)).count();
            let Some(next) = left.min_by_key(|&wire| {
                let rank = (usize::MAX - completes(wire), usize::MAX - uses(wire));
                (if wire < public { 0 } else { 1 }, rank, wire)
            }) else {
                return;
            };
            self.order.push(next);
            self.due.push(Vec::new());
            for (index, wires) in open.iter_mut().enumerate() {
                let before = wires.len();
                wires.retain(|&wire| wire != next);
                if before > 0 && wires.is_empty() {
                    self.due.last_mut().unwrap().push(index);
                }
            }
        }
    }

    fn holds(&self, index: usize, values: &[u64]) -> bool {
        let [a, b, c] = self.constraints[index]
            .each_ref()
            .map(|form| form.iter().map(|(wire, k)| k * values[*wire]).sum::<u64>() % self.r);
        a * b % self.r == c
    }

    /// Calls `visit` with every solution whose values lie in `ranges` (signed); stops where it says so. Whether it came
    /// to its end or was stopped; not where there are too many assignments.
    fn enumerate(&self, ranges: &[(i64, i64)], visit: &mut dyn FnMut(&[u64]) -> bool) -> bool {
        let mut values = vec![0; ranges.len()];
        values[0] = 1;
        if !self.due[0].iter().all(|&index| self.holds(index, &values)) {
            return true;
        }
        let mut left = MOST;
        self.descend(0, ranges, &mut values, &mut left, visit);
        left > 0
    }

    /// Whether to go on.
    fn descend(
        &self,
        place: usize,
        ranges: &[(i64, i64)],
        values: &mut Vec<u64>,
        left: &mut u32,
        visit: &mut dyn FnMut(&[u64]) -> bool,
    ) -> bool {
        let Some(&wire) = self.order.get(place) else { return visit(values) };
        let (lo, hi) = ranges[wire];
        for value in lo..=hi {
            *left -= 1;
            if *left == 0 {
                return false;
            }
            values[wire] = value.rem_euclid(self.r as i64) as u64;
            let holds = self.due[place + 1].iter().all(|&index| self.holds(index, values));
            if holds && !self.descend(place + 1, ranges, values, left, visit) {
                return false;
            }
        }
        true
    }

    /// Whether there is a solution with these public values; nothing where there are too many assignments.
    fn satisfiable(&self, wires: usize, public: &[i64]) -> Option<bool> {
        let half = (self.r as i64 - 1) / 2;
        let mut ranges = vec![(-half, half); wires];
        for (range, &value) in ranges[1..].iter_mut().zip(public) {
            *range = (value, value);
        }
        let mut found = false;
        let ended = self.enumerate(&ranges, &mut |_| {
            found = true;
            false
        });
        (found || ended).then_some(found)
    }
}

fn number(value: &IBig) -> i64 {
    value.clone().try_into().unwrap()
}

fn pair(interval: &Interval) -> (i64, i64) {
    (number(&interval.lo), number(&interval.hi))
}

fn contains((lo, hi): (i64, i64), value: i64) -> bool {
    (lo..=hi).contains(&value)
}

/// All public values, as signed representatives.
fn public_values(p: u64, count: usize) -> Vec<Vec<i64>> {
    let half = (p as i64 - 1) / 2;
    let longer = |list: Vec<Vec<i64>>, _| {
        let one = |values: &Vec<i64>| {
            let values = values.clone();
            (-half..=half).map(move |value| [values.clone(), vec![value]].concat()).collect::<Vec<_>>()
        };
        list.iter().flat_map(one).collect()
    };
    (0..count).fold(vec![Vec::new()], longer)
}

/// What was met.
#[derive(Default, Debug)]
struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    fn add(&mut self, name: &'static str, met: bool) {
        *self.0.entry(name).or_default() += u64::from(met);
    }
}

struct Case<'a> {
    system: &'a System,
    relation: Relation,
    p: u64,
    values: Vec<Vec<i64>>,
    circuit: Vec<Option<bool>>, // by public values: whether the circuit has a solution modulo p
}

impl<'a> Case<'a> {
    fn new(system: &'a System) -> Self {
        let relation = Relation::of(&system.r1cs(), &system.bounds);
        let small = Small::of_system(system);
        let values = public_values(small.r, system.first_private() as usize - 1);
        let circuit = values.iter().map(|it| small.satisfiable(system.wires as usize, it)).collect();
        Self { system, relation, p: small.r, values, circuit }
    }

    /// Section 1.2: kept constraints have a solution for just the public values for which the circuit has one.
    fn check_kept(&self) {
        let small = Small::of_relation(&self.relation, self.p);
        for (values, circuit) in self.values.iter().zip(&self.circuit) {
            let kept = small.satisfiable(self.system.wires as usize, values);
            if let (Some(circuit), Some(kept)) = (circuit, kept) {
                assert_eq!(*circuit, kept, "public values {values:?}: the circuit and what is kept of it");
            }
        }
    }

    /// Section 1.4, lemma: every solution within the declared bounds lies in the intervals. The intervals.
    fn check_lemma(&self, r: u64) -> Option<Vec<(i64, i64)>> {
        let half = (r as i64 - 1) / 2;
        let mut ranges = vec![(-half, half); self.system.wires as usize];
        for (wire, bound) in &self.system.bounds {
            let (lo, hi) = pair(bound);
            ranges[*wire as usize] = (lo.max(-half), hi.min(half));
        }
        let inferred = Ranges::infer(&self.relation, U256::from(r), &self.system.bounds);
        let intervals: Option<Vec<_>> = inferred
            .ok()
            .map(|found| (0..self.system.wires).map(|wire| pair(found.interval(wire))).collect());
        let small = Small::of_relation(&self.relation, r);
        small.enumerate(&ranges, &mut |values| {
            let Some(intervals) = &intervals else {
                panic!("a solution modulo {r} of what is unsatisfiable")
            };
            for &wire in &small.order {
                let value = values[wire] as i64;
                let signed = if value > half { value - r as i64 } else { value };
                assert!(contains(intervals[wire], signed), "modulo {r}: wire {wire} is {signed}");
            }
            true
        });
        intervals
    }

    fn within_bounds(&self, values: &[i64]) -> bool {
        let declared = |(wire, bound): (&u32, &Interval)| {
            values.get(*wire as usize - 1).is_none_or(|value| contains(pair(bound), *value))
        };
        self.system.bounds.iter().all(declared)
    }

    /// Section 1.5, theorem: the same public values modulo p and modulo q.
    fn check_theorem(&self, q: u64) {
        let found = Ranges::infer(&self.relation, U256::from(q), &self.system.bounds).unwrap();
        let counts = self.relation.counting();
        let small = Small::of_relation(&self.relation, q);
        for (values, circuit) in self.values.iter().zip(&self.circuit) {
            if !self.within_bounds(values) {
                continue;
            }
            let passes = |(value, wire): (&i64, usize)| {
                !counts[wire] || contains(pair(found.interval(wire as u32)), *value)
            };
            let checked = values.iter().zip(1..).all(passes);
            let proved =
                if checked { small.satisfiable(self.system.wires as usize, values) } else { Some(false) };
            if let (Some(circuit), Some(proved)) = (circuit, proved) {
                assert_eq!(*circuit, proved, "public values {values:?} modulo {q}");
            }
        }
    }

    /// Nothing satisfies the circuit within the bounds.
    fn check_unsatisfiable(&self) {
        for (values, circuit) in self.values.iter().zip(&self.circuit) {
            assert!(!self.within_bounds(values) || *circuit != Some(true), "{values:?} satisfy the circuit");
        }
    }
}

/// Everything of one system; what was met.
fn check(system: &System, moduli: &[u64], counts: &mut Counts) {
    let case = Case::new(system);
    case.check_kept();
    let intervals = case.check_lemma(case.p);
    let assumed = system.bounds.keys().any(|&wire| wire >= system.first_private());
    let analysis = Analysis::of(&system.r1cs(), &system.bounds).unwrap();
    counts.add("systems", true);
    counts.add("complete", case.circuit.iter().all(Option::is_some));
    counts.add("unsatisfiable", intervals.is_none());
    counts.add("with something dropped", analysis.dropped > 0);
    counts.add("satisfiable with hints", analysis.hints > 0 && intervals.is_some());
    counts.add("nothing left", analysis.is_empty());
    assert_eq!(intervals.is_none(), analysis.unsatisfiable.is_some());
    if intervals.is_none() {
        if !assumed {
            case.check_unsatisfiable();
        }
        return;
    }
    for &q in moduli {
        case.check_lemma(q);
    }
    if !analysis.liftable {
        return;
    }
    count_lifted(&case, &analysis, counts);
    let lift = Lift::of(&case.relation, &system.bounds).unwrap();
    for &q in moduli {
        match lift.serves(U256::from(q)) {
            Err(_) if !assumed => case.check_unsatisfiable(),
            Ok(true) if !assumed => {
                counts.add("primes that serve", true);
                case.check_theorem(q);
            }
            _ => {}
        }
    }
}

fn count_lifted(case: &Case<'_>, analysis: &Analysis, counts: &mut Counts) {
    counts.add("liftable", true);
    counts.add("liftable with something left", !analysis.is_empty());
    counts.add("liftable with hints", analysis.hints > 0);
    counts.add("liftable with declared public bounds", !case.system.bounds.is_empty());
    let solutions = case.circuit.iter().filter(|it| **it == Some(true)).count();
    counts.add("liftable, some public values fail", solutions > 0 && solutions < case.values.len());

    // which rules it takes
    let order: Vec<usize> = (0..case.system.constraints.len()).collect();
    let p = case.system.p();
    let (kept, _): (Vec<Kept>, u32) = integers(&kept(case.system, &order), &p);
    let needs = |rule| {
        let without = infer_without(&kept, case.system.wires, &p, &case.system.bounds, rule).unwrap();
        largest_value(&kept, &without.wires) * 2 >= p
    };
    for (rule, name) in [
        (1, "needs rule 1"),
        (2, "needs rule 2"),
        (3, "needs rule 3"),
        (4, "needs rule 4"),
        (5, "needs rule 5"),
    ] {
        counts.add(name, needs(rule));
    }
}

fn draft(numbers: &mut Numbers) -> Draft {
    let field = Field::parse(FIELDS[numbers.below(FIELDS.len() as u32) as usize]).unwrap();
    let (outputs, inputs) = [(0, 1), (1, 0), (1, 1), (0, 2)][numbers.below(4) as usize];
    let private = numbers.below(4);
    let mut bits = [0, 4, 6, 8, 8][numbers.below(5) as usize];
    let most = outputs + inputs + private + 1 + numbers.below(4);
    let mut idioms = numbers.idioms(4);
    let mut drawn = || (numbers.below(outputs + inputs), -i64::from(numbers.below(4)), numbers.below(6));
    let mut bounds: Vec<_> = [drawn(), drawn()].into();
    bounds.truncate([0, 0, 0, 1, 2][numbers.below(5) as usize]);
    if numbers.below(20) == 0 {
        bounds.push((numbers.below(9), -i64::from(numbers.below(2)), numbers.below(3)));
    }
    if numbers.below(8) == 0 {
        // public wires of five values and their products
        bounds = (0..outputs + inputs).map(|wire| (wire, -2, 4)).collect();
        (bits, idioms) = (0, numbers.idioms(3));
        idioms.iter_mut().take(2).for_each(|(kind, _)| *kind = 5);
    }
    Draft { field, outputs, inputs, private, bits, most, idioms, bounds }
}

/// Leaves out constraints while the check still fails.
fn shrunk(system: &System, moduli: &[u64]) -> System {
    let fails =
        |system: &System| std::panic::catch_unwind(|| check(system, moduli, &mut Counts::default())).is_err();
    let mut small = system.clone();
    let mut index = 0;
    while index < small.constraints.len() {
        let mut fewer = small.clone();
        fewer.constraints.remove(index);
        if fails(&fewer) {
            small = fewer;
        } else {
            index += 1;
        }
    }
    let mut unbounded = small.clone();
    unbounded.bounds = Bounds::new();
    if fails(&unbounded) { unbounded } else { small }
}

#[test]
fn what_lifts_proves_the_same_statement() {
    let systems = std::env::var("NEXUSZERO_BRUTE_FORCE").map_or(SYSTEMS, |count| count.parse().unwrap());
    let mut counts = Counts::default();
    for seed in 0..systems {
        let mut numbers = Numbers(seed);
        let system = draft(&mut numbers).system();
        let moduli: Vec<u64> = MODULI.into_iter().filter(|_| numbers.below(2) == 0).collect();
        let result =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&system, &moduli, &mut counts)));
        assert!(result.is_ok(), "seed {seed}: {}", display(&shrunk(&system, &moduli)));
    }
    for (name, count) in &counts.0 {
        println!("{count:>9} {name}");
    }
    assert!(counts.0.values().all(|&count| count > 0));
}

/// `x * h = 3a + 4b` with bits: where x is zero so is the right side, which 7 would not notice.
#[test]
fn a_prime_exceeds_both_forms_of_a_hint() {
    let bit = |wire: &'static [(u32, i64)], minus: &'static [(u32, i64)]| -> [&[(u32, i64)]; 3] {
        [wire, minus, &[]]
    };
    let constraints = [
        bit(&[(1, 1)], &[(1, 1), (0, -1)]),
        bit(&[(2, 1)], &[(2, 1), (0, -1)]),
        bit(&[(3, 1)], &[(3, 1), (0, -1)]),
        [&[(1, 1)], &[(4, 1)], &[(2, 3), (3, 4)]],
    ];
    let system = System::of("23", [5, 0, 3], &constraints);
    let mut counts = Counts::default();
    check(&system, &MODULI, &mut counts);
    assert_eq!(counts.0["primes that serve"], 9); // from 11 on
}
