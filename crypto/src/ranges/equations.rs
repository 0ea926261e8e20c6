//! Constraints over the integers: linear forms, quadratic constraints, signed coefficients (labels.md, section 1.1).

use dashu_int::IBig;

use crate::field::U256;
use crate::r1cs::{Coefficients, Combination, R1cs};

/// An R1CS over the integers: linear constraints as one form `k*other - C`, signed coefficients.
pub struct Equations<'a> {
    pub(super) r1cs: &'a R1cs,
    pub(super) signed: Vec<IBig>, // by coefficient number, then those of the linear forms
    linear: LinearForms,
    order: Vec<u32>, // the constraints: linear ones, then quadratic ones
}

/// A constraint over the integers.
#[derive(Clone, Copy)]
pub(crate) enum Equation<'a> {
    /// `L = 0`.
    Linear(Combination<'a>),
    /// `A*B = C`.
    Quadratic([Combination<'a>; 3]),
}

impl<'a> Equation<'a> {
    /// `L`, or `A`, `B` and `C`: the rules solve the last one for its wires.
    pub(crate) fn forms(&self) -> &[Combination<'a>] {
        match self {
            Self::Linear(form) => std::slice::from_ref(form),
            Self::Quadratic(forms) => forms,
        }
    }

    /// The wires of all forms; one may come several times.
    pub(crate) fn wires(&self) -> impl Iterator<Item = u32> {
        self.forms().iter().flat_map(|form| form.wires.iter().copied())
    }
}

/// Forms one after another: wires ascending, with the numbers of their coefficients.
#[derive(Default)]
struct LinearForms {
    ends: Vec<usize>,
    wires: Vec<u32>,
    coefficients: Vec<u32>,
}

impl LinearForms {
    fn get(&self, index: usize) -> Combination<'_> {
        let range = if index == 0 { 0 } else { self.ends[index - 1] }..self.ends[index];
        Combination { wires: &self.wires[range.clone()], coefficients: &self.coefficients[range] }
    }

    /// Appends `k*other - C` modulo p, where `k` is the value of the factor without wires; `new` numbers
    /// the coefficients on from those of the system.
    fn push(&mut self, r1cs: &R1cs, index: usize, new: &mut Coefficients) {
        let (field, values) = (r1cs.field(), r1cs.coefficients().values());
        let value = |number: u32| values[number as usize];
        let [a, b, c] = r1cs.constraint(index);
        let (constant, other) = if a.is_constant() { (a, b) } else { (b, a) };
        let k = constant.coefficients.first().map_or(U256::ZERO, |&number| value(number));

        // both lists ascend: merge them, and add up where a wire is in both
        let mut left = other.terms().peekable();
        let mut right = c.terms().peekable();
        while let Some(wire) = [left.peek(), right.peek()].into_iter().flatten().map(|term| term.0).min() {
            let mut sum = U256::ZERO;
            if let Some((_, number)) = left.next_if(|term| term.0 == wire) {
                sum = field.mul(k, value(number));
            }
            if let Some((_, number)) = right.next_if(|term| term.0 == wire) {
                sum = field.sub(sum, value(number));
            }
            if !sum.is_zero() {
                self.wires.push(wire);
                self.coefficients.push(values.len() as u32 + new.intern(sum));
            }
        }
        self.ends.push(self.wires.len());
    }
}

impl<'a> Equations<'a> {
    /// Splits a system into linear forms and quadratic constraints.
    #[must_use]
    pub fn of(r1cs: &'a R1cs) -> Self {
        let (mut order, quadratic): (Vec<_>, Vec<_>) =
            (0..r1cs.constraints() as u32).partition(|&index| r1cs.is_linear(index as usize));

        let mut linear = LinearForms::default();
        let mut new = Coefficients::default();
        for &index in &order {
            linear.push(r1cs, index as usize, &mut new);
        }
        order.extend(quadratic);

        let values = r1cs.coefficients().values().iter().chain(new.values());
        let signed = values.map(|&value| r1cs.field().to_integer(value)).collect();
        Self { r1cs, signed, linear, order }
    }

    /// Number of linear constraints.
    #[must_use]
    pub const fn linear(&self) -> usize {
        self.linear.ends.len()
    }

    /// Number of quadratic constraints.
    #[must_use]
    pub const fn quadratic(&self) -> usize {
        self.order.len() - self.linear()
    }

    pub(super) fn linear_forms(&self) -> impl Iterator<Item = Combination<'_>> {
        (0..self.linear()).map(|index| self.linear.get(index))
    }

    pub(super) fn quadratic_constraints(&self) -> impl Iterator<Item = [Combination<'_>; 3]> {
        self.order[self.linear()..].iter().map(|&index| self.r1cs.constraint(index as usize))
    }

    /// Number of constraints.
    pub(crate) const fn len(&self) -> usize {
        self.order.len()
    }

    /// The constraint's number in the file.
    pub(crate) fn constraint(&self, index: usize) -> u32 {
        self.order[index]
    }

    /// Constraint `index`, linear ones first.
    pub(crate) fn get(&self, index: usize) -> Equation<'_> {
        if index < self.linear() {
            Equation::Linear(self.linear.get(index))
        } else {
            Equation::Quadratic(self.r1cs.constraint(self.order[index] as usize))
        }
    }

    /// Whether rules 2 and 3 can solve a constraint for a wire that stands in it once.
    pub(crate) fn solves(&self, equation: Equation<'_>, wire: u32) -> bool {
        let last = equation.forms().last().and_then(|form| form.coefficient_of(wire));
        last.is_some_and(|number| is_unit(&self.signed[number as usize]))
    }
}

pub(super) fn is_unit(coefficient: &IBig) -> bool {
    coefficient.is_one() || *coefficient == IBig::NEG_ONE
}

/// The wire of `(u*x + v)(u'*x + v') = 0`.
pub(crate) fn lone_wire([a, b, c]: [Combination<'_>; 3]) -> Option<u32> {
    let wire = |form: Combination<'_>| match form.wires {
        [x] | [0, x] => Some(*x),
        _ => None,
    };
    wire(a).filter(|_| c.is_empty() && wire(a) == wire(b))
}
