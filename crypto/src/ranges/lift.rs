//! What the intervals say of the circuit: whether it holds over the integers, and with how many bits
//! (labels.md, section 1.5).

use dashu_int::IBig;

use crate::r1cs::Combination;
use crate::relation::{Constraint, Kind};

use super::interval::bit_length;
use super::{Interval, Ranges};

impl Ranges<'_> {
    /// `M`: the largest value of a constraint, and twice that of a wire that counts.
    #[must_use]
    pub fn largest_value(&self) -> IBig {
        self.values().max().unwrap_or_default()
    }

    /// Twice the magnitude of every wire, 0 for one that does not count; then each kept constraint's largest value.
    pub(crate) fn values(&self) -> impl Iterator<Item = IBig> {
        let counting = self.relation.counting();
        let twice = move |wire: u32| {
            if counting[wire as usize] { self.interval(wire).magnitude() * 2 } else { IBig::ZERO }
        };
        let constraints = self.relation.constraints().map(|constraint| self.magnitude(constraint));
        (0..self.relation.wires()).map(twice).chain(constraints)
    }

    /// The largest value of one constraint: a congruence modulo a larger prime is an equation over the integers.
    #[must_use]
    pub fn magnitude(&self, constraint: Constraint<'_>) -> IBig {
        if let Some([f, c]) = constraint.hint_forms() {
            return self.form_magnitude(f).max(self.form_magnitude(c));
        }
        let [a, b, c] = constraint.forms;
        match constraint.kind {
            Kind::Linear => self.form_magnitude(c),
            _ if c.is_empty() => self.form_magnitude(a).max(self.form_magnitude(b)),
            _ => self.form_magnitude(a) * self.form_magnitude(b) + self.form_magnitude(c),
        }
    }

    fn form_magnitude(&self, form: Combination<'_>) -> IBig {
        let mut sum = Interval::zero();
        for (wire, coefficient) in self.relation.terms(form) {
            let Ok(()) = sum.add_times(coefficient, self.interval(wire));
        }
        sum.magnitude()
    }

    /// Bits of every node's largest value in a graph's order, from [`Self::values`].
    /// A value beyond half the field counts as the field's bits, so a circuit lifts if all nodes have fewer, and
    /// `B` is the largest. A wire that does not count has none, nor has a dropped constraint.
    pub(crate) fn node_bits(&self, values: &[IBig], constraints: usize) -> Vec<u16> {
        let field = self.relation.field();
        let half = &self.field().hi;
        let bits = |value: &IBig| {
            let fits = value <= half;
            if fits { bit_length(value) as u16 } else { field.bits() as u16 }
        };
        let (wires, kept) = values.split_at(self.relation.wires() as usize);
        self.with_constraints(wires[1..].iter().map(bits).collect(), constraints, kept.iter().map(bits))
    }

    /// Bits of every node's values below zero, and of those above, in the same order: of a wire that counts; 0 for all
    /// other nodes.
    pub(crate) fn node_ends(&self, constraints: usize) -> Vec<[u16; 2]> {
        let bits = |end: IBig| bit_length(&end.max(IBig::ZERO)) as u16;
        let counting = self.relation.counting();
        let ends = |wire: u32| {
            let Interval { lo, hi } = self.interval(wire).clone();
            if counting[wire as usize] { [bits(-lo), bits(hi)] } else { [0; 2] }
        };
        let wires = (1..self.relation.wires()).map(ends).collect();
        self.with_constraints(wires, constraints, std::iter::empty())
    }

    /// The round in which each node first narrowed, at most 255, in the same order; 0 if it never did. A constraint
    /// narrows with the last of its wires.
    pub(crate) fn node_rounds(&self, constraints: usize) -> Vec<u8> {
        let round = |wire: u32| self.first_rounds[wire as usize].min(255) as u8;
        let wires = (1..self.relation.wires()).map(round).collect();
        let last = |constraint: Constraint<'_>| constraint.wires().map(round).max().unwrap_or(0);
        self.with_constraints(wires, constraints, self.relation.constraints().map(last))
    }

    /// Values of the wires' nodes, followed by those of the constraints' nodes in file order: 0 for dropped ones.
    fn with_constraints<T: Copy + Default>(
        &self,
        mut nodes: Vec<T>,
        constraints: usize,
        kept: impl Iterator<Item = T>,
    ) -> Vec<T> {
        let wires = nodes.len();
        nodes.resize(wires + constraints, T::default());
        for (constraint, value) in self.relation.constraints().zip(kept) {
            nodes[wires + constraint.number as usize] = value;
        }
        nodes
    }
}
