//! What bounds a circuit's wires, and what keeps it from lifting: why wires stay without a bound, and which constraints
//! are too large (labels.md, sections 1.4 and 1.5).
//!
//! A wire is *free* if no constraint computes it: bounds of the free wires are all that range inference
//! misses. The search takes wires as known, one by one, with whatever follows from them.

use anyhow::Result;
use dashu_int::IBig;

use crate::r1cs::{Combination, R1cs};
use crate::ranges::{Bounds, Interval, Ranges, Rule, bit_length, check_bounds};
use crate::relation::{Constraint, Kind, Relation};

/// What range inference says of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Reason {
    /// It is an integer of a smaller interval than the field.
    Bounded,
    /// It is zero or one.
    Boolean,
    /// It is bounded, but the difference of two of its values may not fit in the signed field.
    Large,
    /// It occurs in no constraint, or in dropped ones alone.
    Unused,
    /// It is the hint of a constraint: it needs no bound.
    Hint,
    /// No constraint bounds it: of several candidates public inputs come first, then private wires, then outputs.
    Free,
    /// A constraint computes it, from wires without a bound.
    Derived,
    /// A constraint computes it from bounded wires, as a value that may leave the signed field.
    Broad,
    /// A constraint leaves it two values that are no integers, or the ends of the field.
    Roots,
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Bounded,
        Self::Boolean,
        Self::Large,
        Self::Unused,
        Self::Hint,
        Self::Free,
        Self::Derived,
        Self::Broad,
        Self::Roots,
    ];

    /// One line, where `{constraint}` and `{cause}` stand for the numbers of a [`Finding`].
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Bounded => "bounded",
            Self::Boolean => "Boolean",
            Self::Large => "bounded, but by more than a quarter of the field",
            Self::Unused => "occurs in no constraint that is kept",
            Self::Hint => "a hint of constraint {constraint}: it needs no bound",
            Self::Free => "free: no constraint bounds it",
            Self::Derived => "constraint {constraint} computes it from wire {cause}, which has no bound",
            Self::Broad => "constraint {constraint} computes it as a value that may exceed half the field",
            Self::Roots => "constraint {constraint} leaves it two values, but no bounds",
        }
    }

    /// Whether such a wire keeps its circuit from lifting.
    #[must_use]
    pub const fn hinders(self) -> bool {
        !matches!(self, Self::Bounded | Self::Boolean | Self::Unused | Self::Hint)
    }
}

/// A wire's range and the reason for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// `log2` of how many integers the wire can be.
    pub range_bits: f64,
    /// Why it has this range.
    pub reason: Reason,
    /// What last narrowed it.
    pub rule: Rule,
    /// The constraint that bounds it, or the one at fault, if there is one.
    pub constraint: Option<u32>,
    /// The first wire without a bound that a derived wire depends on.
    pub cause: Option<u32>,
}

/// The constraint with the largest value beyond half the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// Its number.
    pub constraint: u32,
    /// Bit length of its largest value.
    pub bits: u32,
}

/// What is known of every wire, and the constraints of bounded wires whose values are too large to lift.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// By wire.
    pub wires: Vec<Finding>,
    /// How many constraints of bounded wires have values beyond half the field.
    pub overflows: u32,
    /// One with the largest value.
    pub worst: Option<Overflow>,
}

impl Explanation {
    /// Explains a circuit; `bounds` are intervals that are known of some wires.
    ///
    /// # Errors
    /// When a bound is not an interval of an existing wire inside the signed field, or nothing satisfies the circuit.
    pub fn of(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        check_bounds(bounds, r1cs.field(), r1cs.wires())?;
        let relation = Relation::of(r1cs, bounds);
        let ranges = Ranges::infer(&relation, r1cs.field().modulus(), bounds)?;
        let wires = Reasons::new(&ranges).run(r1cs);
        let mut explanation = Self { wires, overflows: 0, worst: None };
        explanation.compare(&ranges);
        Ok(explanation)
    }

    /// Compares the largest values of constraints of bounded wires with half the field.
    fn compare(&mut self, ranges: &Ranges<'_>) {
        let half = &ranges.field().hi;
        let mut largest = half.clone();
        let bounded = |constraint: &Constraint<'_>| !relevant(*constraint).any(|wire| ranges.is_wide(wire));
        for constraint in ranges.relation().constraints().filter(bounded) {
            let magnitude = ranges.magnitude(constraint);
            self.overflows += u32::from(magnitude > *half);
            if magnitude > largest {
                self.worst = Some(Overflow { constraint: constraint.number, bits: bit_length(&magnitude) });
                largest = magnitude;
            }
        }
    }
}

/// The wires of a constraint but its hint.
fn relevant(constraint: Constraint<'_>) -> impl Iterator<Item = u32> {
    let hint = constraint.hint();
    let forms = constraint.forms.into_iter();
    forms.flat_map(|form| form.wires.iter().copied()).filter(move |&wire| Some(wire) != hint)
}

/// The wire of `(u*x + v)(u'*x + v') = 0`.
fn lone_wire([a, b, c]: [Combination<'_>; 3]) -> Option<u32> {
    let wire = |form: Combination<'_>| match form.wires {
        [x] | [0, x] => Some(*x),
        _ => None,
    };
    wire(a).filter(|_| c.is_empty() && wire(a) == wire(b))
}

/// The search for the reasons: takes wide wires as known, one by one.
struct Reasons<'a> {
    relation: &'a Relation,
    ranges: &'a Ranges<'a>,
    findings: Vec<Option<Finding>>, // by wire
    uses: Vec<(u32, u32)>,          // a wide wire and a constraint, sorted; twice where it stands there twice
    open: Vec<(u32, u32)>,          // by constraint: uses left, and the exclusive or of their wires
}

impl<'a> Reasons<'a> {
    fn new(ranges: &'a Ranges<'a>) -> Self {
        let relation = ranges.relation();
        let (mut uses, mut open) = (Vec::new(), vec![(0, 0); relation.len()]);
        for (index, constraint) in relation.constraints().enumerate() {
            if matches!(constraint.kind, Kind::Hint(_)) {
                continue; // it computes its hint alone
            }
            for wire in constraint.wires().filter(|&wire| ranges.is_wide(wire)) {
                uses.push((wire, index as u32));
                open[index].0 += 1;
                open[index].1 ^= wire;
            }
        }
        uses.sort_unstable();

        let mut findings: Vec<_> = relation
            .counting()
            .into_iter()
            .zip(0..)
            .map(|(counts, wire)| known(ranges, wire, counts))
            .collect();
        for constraint in relation.constraints() {
            let Some(hint) = constraint.hint() else { continue };
            findings[hint as usize] = Some(Finding {
                range_bits: range_bits(ranges.interval(hint)),
                reason: Reason::Hint,
                rule: ranges.cause(hint).rule,
                constraint: Some(constraint.number),
                cause: None,
            });
        }
        Self { relation, ranges, findings, uses, open }
    }

    /// First the wires that a constraint of theirs fails to bound, then the free ones.
    fn run(mut self, r1cs: &R1cs) -> Vec<Finding> {
        let failures: Vec<_> = (0..self.relation.len()).filter_map(|index| self.failure(index)).collect();
        for (wire, reason, index) in failures {
            self.take(wire, reason, Some(index));
        }
        let inputs = r1cs.first_private() - r1cs.public_inputs();
        for wire in (inputs..r1cs.wires()).chain(1..inputs) {
            self.take(wire, Reason::Free, None);
        }
        self.findings.into_iter().flatten().collect()
    }

    /// The only wide wire of a constraint that was to bound it.
    fn failure(&self, index: usize) -> Option<(u32, Reason, usize)> {
        let constraint = self.relation.get(index);
        if let Some(wire) = lone_wire(constraint.forms).filter(|&wire| self.ranges.is_wide(wire)) {
            return Some((wire, Reason::Roots, index));
        }
        let (uses, wire) = self.open[index];
        (uses == 1 && self.solves(index, wire)).then_some((wire, Reason::Broad, index))
    }

    /// Whether rules 1 and 4 can solve a constraint for a wire that stands in it once.
    fn solves(&self, index: usize, wire: u32) -> bool {
        let last = self.relation.get(index).forms[2].coefficient_of(wire);
        let integer = last.map(|number| self.relation.integer(number));
        integer.is_some_and(|value| value.is_one() || *value == IBig::NEG_ONE)
    }

    /// Takes a wire as known, and all that follow from it.
    fn take(&mut self, wire: u32, reason: Reason, index: Option<usize>) {
        if self.findings[wire as usize].is_some() {
            return;
        }
        self.findings[wire as usize] = Some(self.wide(reason, index, None));
        let mut next = vec![wire];
        while let Some(wire) = next.pop() {
            let start = self.uses.partition_point(|used| used.0 < wire);
            for at in start..self.uses.len() {
                let (used, index) = self.uses[at];
                if used != wire {
                    break;
                }
                next.extend(self.close(wire, index as usize));
            }
        }
    }

    /// Strikes one use of a known wire; the wire that the constraint now computes, if it was not known.
    fn close(&mut self, wire: u32, index: usize) -> Option<u32> {
        let (uses, wires) = &mut self.open[index];
        *uses -= 1;
        *wires ^= wire;
        if *uses != 1 {
            return None;
        }

        // one use is left, so the exclusive or is its wire
        let last = *wires;
        if self.findings[last as usize].is_some() || !self.solves(index, last) {
            return None;
        }

        let wires = self.relation.get(index).forms.into_iter().flat_map(|form| form.wires.iter().copied());
        let cause = wires.filter(|&wire| wire != last && self.ranges.is_wide(wire)).min();
        self.findings[last as usize] = Some(self.wide(Reason::Derived, Some(index), cause));
        Some(last)
    }

    fn wide(&self, reason: Reason, index: Option<usize>, cause: Option<u32>) -> Finding {
        let constraint = index.map(|index| self.relation.get(index).number);
        let range_bits = range_bits(self.ranges.field());
        Finding { range_bits, reason, rule: Rule::Declared, constraint, cause }
    }
}

/// The finding of a wire that is bounded or does not count.
fn known(ranges: &Ranges<'_>, wire: u32, counts: bool) -> Option<Finding> {
    if counts && ranges.is_wide(wire) {
        return None;
    }
    let interval = ranges.interval(wire);
    let reason = match interval {
        _ if !counts => Reason::Unused,
        _ if interval.magnitude() * 2 > ranges.field().hi => Reason::Large,
        Interval { lo, hi } if lo.is_zero() && hi.is_one() => Reason::Boolean,
        _ => Reason::Bounded,
    };
    let cause = ranges.cause(wire);
    let constraint = (cause.rule != Rule::Declared).then_some(cause.constraint);
    Some(Finding { range_bits: range_bits(interval), reason, rule: cause.rule, constraint, cause: None })
}

/// `log2` of the number of integers.
fn range_bits(interval: &Interval) -> f64 {
    (&interval.hi - &interval.lo + IBig::ONE).to_f64().value().log2()
}
