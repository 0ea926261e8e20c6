//! What the intervals say of the circuit: whether it holds over the integers, and with how many bits
//! (labels.md, section 1.3).

use dashu_int::IBig;
use dashu_int::ops::Abs;

use super::Ranges;
use super::equations::Equation;
use super::interval::{Interval, bit_length};
use super::rules::multiply;

impl Ranges<'_> {
    /// The largest value `M` of the circuit: a congruence modulo any `q > M` is an equation over the integers.
    /// Nothing where a wire that occurs stays wide.
    #[must_use]
    pub fn largest_value(&self) -> Option<IBig> {
        let mut largest = IBig::ZERO;
        for (known, occurs) in self.known.iter().zip(self.occurring()) {
            if occurs {
                largest = largest.max(known.as_ref()?.magnitude() * 2);
            }
        }
        for index in 0..self.equations.len() {
            largest = largest.max(self.magnitude(self.equations.get(index)));
        }
        Some(largest)
    }

    /// The largest value of one constraint: `max|A|*max|B| + max|C|`, or `sum |coef|*max|wire|`.
    pub(crate) fn magnitude(&self, equation: Equation<'_>) -> IBig {
        match equation {
            Equation::Linear(form) => {
                let term = |(wire, number)| self.signed(number).abs() * self.interval(wire).magnitude();
                form.terms().map(term).sum()
            }
            Equation::Quadratic(forms) => {
                let [a, b, c] = forms.map(|form| self.sum(form).narrow.magnitude());
                a * b + c
            }
        }
    }

    /// Bits of every node's largest value in a graph's order: twice a wire's magnitude, a constraint's magnitude.
    /// A value beyond half the field counts as the field's bits, so a circuit lifts if all nodes have fewer, and
    /// `B` is the largest. An unused wire has none.
    pub(crate) fn node_bits(&self) -> Vec<u16> {
        let bits = |value: Option<IBig>| {
            let fits = value.filter(|value| value <= &self.field.hi);
            fits.map_or(self.equations.r1cs.field().bits(), |value| bit_length(&value)) as u16
        };
        let wire_bits = |(known, occurs): (&Option<Interval>, bool)| match known {
            _ if !occurs => 0,
            known => bits(known.as_ref().map(|known| known.magnitude() * 2)),
        };
        let wires = self.known.iter().zip(self.occurring()).skip(1).map(wire_bits).collect();

        self.with_constraints(wires, |equation| {
            let wide = equation.wires().any(|wire| self.is_wide(wire));
            bits((!wide).then(|| self.magnitude(equation)))
        })
    }

    /// Rounds of wires and constraints after which each node is known to be narrow, in the same order; a constraint
    /// follows its wires a round later. Zero for a wire that Boolean-like constraints bound, or that stays wide.
    pub(crate) fn node_rounds(&self) -> Vec<u8> {
        self.with_constraints(self.rounds[1..].to_vec(), |equation| {
            let latest = equation.wires().map(|wire| self.rounds[wire as usize]).max();
            latest.unwrap_or(0).saturating_add(1)
        })
    }

    /// Values of the wires' nodes, followed by those of the constraints' nodes in file order.
    fn with_constraints<T: Copy + Default>(
        &self,
        mut nodes: Vec<T>,
        value: impl Fn(Equation<'_>) -> T,
    ) -> Vec<T> {
        let wires = nodes.len();
        nodes.resize(wires + self.equations.len(), T::default());
        for index in 0..self.equations.len() {
            nodes[wires + self.equations.constraint(index) as usize] = value(self.equations.get(index));
        }
        nodes
    }

    /// Whether the values that a constraint leaves to its only wide wire bound that wire.
    pub(crate) fn would_bound(&self, equation: Equation<'_>) -> bool {
        let rest = match equation {
            Equation::Linear(form) => Some(self.sum(form).narrow),
            Equation::Quadratic(forms) => {
                let sums = forms.map(|form| self.sum(form));
                multiply(&sums).map(|product| product.minus(&sums[2].narrow))
            }
        };
        rest.is_some_and(|rest| rest.within(&self.field) && rest != self.field)
    }

    /// Which wires occur in a constraint.
    pub(crate) fn occurring(&self) -> Vec<bool> {
        let mut occurs = vec![false; self.known.len()];
        let r1cs = self.equations.r1cs;
        for form in (0..r1cs.constraints()).flat_map(|index| r1cs.constraint(index)) {
            for &wire in form.wires {
                occurs[wire as usize] = wire != 0;
            }
        }
        occurs
    }
}
