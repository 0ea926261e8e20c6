//! What keeps a circuit from lifting: why wires stay without a bound, and which constraints are too large
//! (labels.md, section 1.2).
//!
//! A wire is *free* if no constraint computes it: bounds of the free wires are all that range inference
//! misses. The search takes wires as known, one by one, with whatever follows from them.

use std::borrow::Cow;

use anyhow::Result;
use dashu_int::IBig;

use crate::analysis::half;
use crate::r1cs::R1cs;
use crate::ranges::{Bounds, Equation, Equations, Interval, MAX_PASSES, Ranges, bit_length, lone_wire};

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
    /// It occurs in no constraint.
    Unused,
    /// No constraint bounds it: of several candidates public inputs come first, then private wires, then outputs.
    Free,
    /// A constraint computes it, from wires without a bound.
    Derived,
    /// A constraint computes it from bounded wires, as a value that may leave the signed field.
    Broad,
    /// A constraint leaves it two values that are no integers, or the ends of the field.
    Roots,
    /// The passes ended before a constraint could bound it.
    Unsettled,
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Bounded,
        Self::Boolean,
        Self::Large,
        Self::Unused,
        Self::Free,
        Self::Derived,
        Self::Broad,
        Self::Roots,
        Self::Unsettled,
    ];

    /// One line, where `{constraint}` and `{cause}` stand for the numbers of a [`Finding`].
    #[must_use]
    pub fn text(self) -> Cow<'static, str> {
        let text = match self {
            Self::Bounded => "bounded",
            Self::Boolean => "Boolean",
            Self::Large => "bounded, but by more than a quarter of the field",
            Self::Unused => "occurs in no constraint",
            Self::Free => "free: no constraint bounds it",
            Self::Derived => "constraint {constraint} computes it from wire {cause}, which has no bound",
            Self::Broad => "constraint {constraint} computes it as a value that may exceed half the field",
            Self::Roots => "constraint {constraint} leaves it two values, but no bounds",
            Self::Unsettled => {
                return format!("{MAX_PASSES} passes ended before constraint {{constraint}} bounded it")
                    .into();
            }
        };
        text.into()
    }

    /// Whether such a wire keeps its circuit from lifting.
    #[must_use]
    pub const fn hinders(self) -> bool {
        !matches!(self, Self::Bounded | Self::Boolean | Self::Unused)
    }
}

/// A wire's range and the reason for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// `log2` of how many integers the wire can be.
    pub range_bits: f64,
    /// Why it has this range.
    pub reason: Reason,
    /// The constraint at fault, if there is one.
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
    /// When a bound is not an interval of an existing wire inside the signed field.
    pub fn of(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        let (equations, half) = (Equations::of(r1cs), half(r1cs.field().modulus()));
        let ranges = Ranges::infer(&equations, half.clone(), bounds)?;
        let wires = Reasons::new(&equations, &ranges, &half).run(r1cs);
        let mut explanation = Self { wires, overflows: 0, worst: None };
        explanation.compare(&equations, &ranges, &half);
        Ok(explanation)
    }

    /// Compares the largest values of constraints of bounded wires with half the field.
    fn compare(&mut self, equations: &Equations<'_>, ranges: &Ranges<'_>, half: &IBig) {
        let mut largest = half.clone();
        let bounded = |&index: &usize| !equations.get(index).wires().any(|wire| ranges.is_wide(wire));
        for index in (0..equations.len()).filter(bounded) {
            let magnitude = ranges.magnitude(equations.get(index));
            self.overflows += u32::from(magnitude > *half);
            if magnitude > largest {
                let (constraint, bits) = (equations.constraint(index), bit_length(&magnitude));
                self.worst = Some(Overflow { constraint, bits });
                largest = magnitude;
            }
        }
    }
}

/// The search for the reasons: takes wide wires as known, one by one.
struct Reasons<'a> {
    equations: &'a Equations<'a>,
    ranges: &'a Ranges<'a>,
    findings: Vec<Option<Finding>>, // by wire
    uses: Vec<(u32, u32)>,          // a wide wire and an equation, sorted; twice where it stands there twice
    open: Vec<(u32, u32)>,          // by equation: uses left, and the exclusive or of their wires
}

impl<'a> Reasons<'a> {
    fn new(equations: &'a Equations<'a>, ranges: &'a Ranges<'a>, half: &IBig) -> Self {
        let (mut uses, mut open) = (Vec::new(), vec![(0, 0); equations.len()]);
        for (index, open) in open.iter_mut().enumerate() {
            for wire in equations.get(index).wires().filter(|&wire| ranges.is_wide(wire)) {
                uses.push((wire, index as u32));
                open.0 += 1;
                open.1 ^= wire;
            }
        }
        uses.sort_unstable();
        let finding = |(wire, occurs): (usize, bool)| {
            let wide = ranges.is_wide(wire as u32);
            (!wide || !occurs).then(|| known(ranges.interval(wire as u32), wide, occurs, half))
        };
        let findings = ranges.occurring().into_iter().enumerate().map(finding).collect();
        Self { equations, ranges, findings, uses, open }
    }

    /// First the wires that a constraint of theirs fails to bound, then the free ones.
    fn run(mut self, r1cs: &R1cs) -> Vec<Finding> {
        let failures: Vec<_> = (0..self.equations.len()).filter_map(|index| self.failure(index)).collect();
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
        let equation = self.equations.get(index);
        if let Equation::Quadratic(forms) = equation
            && let Some(wire) = lone_wire(forms).filter(|&wire| self.ranges.is_wide(wire))
        {
            return Some((wire, Reason::Roots, index));
        }
        let (uses, wire) = self.open[index];
        (uses == 1 && self.equations.solves(equation, wire)).then(|| {
            let late = self.ranges.would_bound(equation);
            (wire, if late { Reason::Unsettled } else { Reason::Broad }, index)
        })
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
        let equation = self.equations.get(index);
        if self.findings[last as usize].is_some() || !self.equations.solves(equation, last) {
            return None;
        }

        let cause = equation.wires().filter(|&wire| wire != last && self.ranges.is_wide(wire)).min();
        self.findings[last as usize] = Some(self.wide(Reason::Derived, Some(index), cause));
        Some(last)
    }

    fn wide(&self, reason: Reason, index: Option<usize>, cause: Option<u32>) -> Finding {
        let constraint = index.map(|index| self.equations.constraint(index));
        Finding { range_bits: range_bits(self.ranges.field()), reason, constraint, cause }
    }
}

/// The finding of a wire that is bounded or unused.
fn known(interval: &Interval, wide: bool, occurs: bool, half: &IBig) -> Finding {
    let reason = match interval {
        _ if wide => Reason::Unused,
        _ if occurs && interval.magnitude() * 2 > *half => Reason::Large,
        Interval { lo, hi } if lo.is_zero() && hi.is_one() => Reason::Boolean,
        _ => Reason::Bounded,
    };
    Finding { range_bits: range_bits(interval), reason, constraint: None, cause: None }
}

/// `log2` of the number of integers.
fn range_bits(interval: &Interval) -> f64 {
    (&interval.hi - &interval.lo + IBig::ONE).to_f64().value().log2()
}
