//! Range inference: which integers a wire can hold (labels.md, section 1.2).
//!
//! Interval arithmetic over the integers, never reduced. A wire is *wide* while it may still take every
//! value of the field: a form with a wide wire is at least as broad as the field, so no rule can learn
//! anything from it. That, and skipping constraints none of whose wires has moved, is all that is done
//! for speed; the result is that of the plain passes (`tests/ranges.rs` compares).
//!
//! Intervals stand in `interval`, those known beforehand in `bounds`, the constraints in `equations`, rules 1 to 3 in
//! `rules`, rule 4 in `enumeration`, what follows for the circuit in `lift`. This file runs the passes.

mod bounds;
mod enumeration;
mod equations;
mod interval;
mod lift;
mod rules;

use anyhow::{Result, ensure};
use dashu_int::IBig;

use crate::r1cs::Combination;

pub use bounds::{Bounds, parse_bounds};
pub use equations::Equations;
pub(crate) use equations::{Equation, lone_wire};
pub use interval::{Interval, bit_length};

/// Passes over the constraints after which the inference ends.
pub(crate) const MAX_PASSES: usize = 64;

/// The intervals of all wires of a system.
pub struct Ranges<'a> {
    equations: &'a Equations<'a>,
    field: Interval,              // [-half, half]
    known: Vec<Option<Interval>>, // by wire; nothing while it is wide
    moved: Vec<u64>,              // the visit that last changed the wire
    rounds: Vec<u8>,              // after how many rounds it was narrow, at most 255
    fresh: Vec<u32>,              // wires that were wide before this visit
    visit: u64,
}

impl<'a> Ranges<'a> {
    /// Runs the inference for `half = (q-1)/2`, from `bounds` and `[-half, half]` elsewhere.
    ///
    /// # Errors
    /// When a bound names a wire that does not exist, is empty or leaves `[-half, half]`.
    pub fn infer(equations: &'a Equations<'a>, half: IBig, bounds: &Bounds) -> Result<Self> {
        let mut ranges = Self::start(equations, half);
        ranges.apply_bounds(bounds)?;
        ranges.settle();
        Ok(ranges)
    }

    /// Runs the inference where nothing is known beforehand.
    pub(crate) fn unbounded(equations: &'a Equations<'a>, half: IBig) -> Self {
        let mut ranges = Self::start(equations, half);
        ranges.settle();
        ranges
    }

    /// Runs rule 1 once, then passes until nothing changes.
    fn settle(&mut self) {
        let equations = self.equations;
        for constraint in equations.quadratic_constraints() {
            self.boolean_like(constraint);
        }
        self.fresh.clear(); // rule 1 needs no other wire: what it bounds is known in round 0

        let mut visited = vec![0; equations.len()];
        for _ in 0..MAX_PASSES {
            if !self.pass(&mut visited) {
                break;
            }
        }
    }

    /// The interval of a wire; wire 0 holds one.
    #[must_use]
    pub fn interval(&self, wire: u32) -> &Interval {
        self.known[wire as usize].as_ref().unwrap_or(&self.field)
    }

    /// `[-half, half]`.
    #[must_use]
    pub const fn field(&self) -> &Interval {
        &self.field
    }

    /// Whether nothing is known of a wire.
    #[must_use]
    pub fn is_wide(&self, wire: u32) -> bool {
        self.known[wire as usize].is_none()
    }

    fn start(equations: &'a Equations<'a>, half: IBig) -> Self {
        let count = equations.r1cs.wires() as usize;
        let field = Interval { lo: -&half, hi: half };
        let mut known = vec![None; count];
        known[0] = Some(Interval::point(IBig::ONE));
        Self {
            equations,
            field,
            known,
            moved: vec![0; count],
            rounds: vec![0; count],
            fresh: Vec::new(),
            visit: 0,
        }
    }

    fn apply_bounds(&mut self, bounds: &Bounds) -> Result<()> {
        for (&wire, bound) in bounds {
            let exists = wire != 0 && (wire as usize) < self.known.len();
            ensure!(exists, "bound of wire {wire}: the circuit has wires 1 to {}", self.known.len() - 1);
            ensure!(bound.lo <= bound.hi, "bound of wire {wire}: [{}, {}] is empty", bound.lo, bound.hi);
            ensure!(
                bound.within(&self.field),
                "bound of wire {wire}: [{}, {}] leaves the signed field [{}, {}]",
                bound.lo,
                bound.hi,
                self.field.lo,
                self.field.hi
            );
            self.narrow(wire, bound.clone());
        }
        Ok(())
    }

    /// One pass over all constraints; returns whether anything changed.
    fn pass(&mut self, visited: &mut [u64]) -> bool {
        let equations = self.equations;
        let start = self.visit;
        let (linear, quadratic) = visited.split_at_mut(equations.linear());

        for (form, last) in equations.linear_forms().zip(linear) {
            if self.due([form], last) {
                self.linear(form);
                self.count_rounds([form]);
            }
        }

        for (forms, last) in equations.quadratic_constraints().zip(quadratic) {
            if self.due(forms, last) {
                self.quadratic(forms);
                self.count_rounds(forms);
            }
        }

        self.moved.iter().any(|&visit| visit > start)
    }

    /// Opens a visit if a wire moved during or after the last one.
    fn due<const N: usize>(&mut self, forms: [Combination<'_>; N], last: &mut u64) -> bool {
        let moved =
            |form: &Combination<'_>| form.wires.iter().any(|&wire| self.moved[wire as usize] >= *last);
        let due = forms.iter().any(moved);
        if due {
            self.visit += 1;
            *last = self.visit;
        }
        due
    }

    /// Wires that a constraint has just narrowed for the first time are known a round after its other wires.
    fn count_rounds<const N: usize>(&mut self, forms: [Combination<'_>; N]) {
        if self.fresh.is_empty() {
            return;
        }
        let wires = forms.iter().flat_map(|form| form.wires);
        let latest = wires.map(|&wire| self.rounds[wire as usize]).max().unwrap_or(0);
        for wire in self.fresh.drain(..) {
            self.rounds[wire as usize] = latest.saturating_add(1);
        }
    }

    /// Intersects; skips what leaves the field or would be empty. Returns whether the wire moved.
    fn narrow(&mut self, wire: u32, candidate: Interval) -> bool {
        if !candidate.within(&self.field) {
            return false;
        }
        let current = self.interval(wire);
        let raise = candidate.lo > current.lo;
        let lower = candidate.hi < current.hi;
        let empty = candidate.lo > current.hi || candidate.hi < current.lo;
        if empty || !(raise || lower) {
            return false;
        }

        let index = wire as usize;
        if self.known[index].is_none() {
            self.fresh.push(wire);
        }
        let current = self.known[index].get_or_insert_with(|| self.field.clone());
        if raise {
            current.lo = candidate.lo;
        }
        if lower {
            current.hi = candidate.hi;
        }
        self.moved[index] = self.visit;
        true
    }
}
