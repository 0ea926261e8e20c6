//! A circuit under construction, together with its witness.
//!
//! Wires get provisional numbers; [`Circuit::finish`] puts the public outputs first, then the public
//! inputs, then the private wires, as an R1CS orders them.

use super::Synthetic;
use super::draw::Draw;
use super::shape::{Constraint, Shape, Terms};
use crate::field::{Field, U256};
use crate::r1cs::Builder;

/// A linear combination of wires (ascending, coefficients not zero), and its value.
#[derive(Clone, Debug)]
pub struct Form {
    terms: Vec<(u32, U256)>,
    value: U256,
}

impl Form {
    /// The value under the witness.
    pub const fn value(&self) -> U256 {
        self.value
    }

    /// Number of terms.
    pub const fn len(&self) -> usize {
        self.terms.len()
    }

    const fn zero() -> Self {
        Self { terms: Vec::new(), value: U256::ZERO }
    }
}

/// Who knows a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A public output.
    Output,
    /// A public input.
    Input,
    /// A private input, which stays one.
    Secret,
    /// A wire that only the prover knows, and may turn into an output.
    Private,
}

/// What compilers write in different ways: circom emits `(-a)*b = -c` and `0*0 = l`,
/// gnark `a*b = c` and `l*1 = r`.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether `A` and `C` of a product change sign.
    pub negate: bool,
    /// Whether a linear equation stands in `C` alone.
    pub linear_in_c: bool,
    /// Whether what goes into a gadget and comes out of it has a wire of its own, as components of `circom --O1`.
    pub components: bool,
    /// What an optimiser makes of all constraints.
    pub shape: Shape,
}

/// Constraints over provisional wires, with the value of every wire.
#[derive(Debug)]
pub struct Circuit {
    field: Field,
    style: Style,
    values: Vec<U256>,
    roles: Vec<Role>,
    constraints: Vec<Constraint>,
    inverses: Vec<(u32, U256)>,
    solvable: usize,
}

const ONE: U256 = U256::from_limbs([1, 0, 0, 0]);

impl Circuit {
    /// An empty circuit.
    pub fn new(field: Field, style: Style) -> Self {
        let (values, roles) = (vec![ONE], vec![Role::Output]);
        let (constraints, inverses) = (Vec::new(), Vec::new());
        Self { field, style, values, roles, constraints, inverses, solvable: 0 }
    }

    /// The field.
    pub const fn field(&self) -> &Field {
        &self.field
    }

    /// Nodes of the graph so far, roughly: wires but `w_0`, and constraints, less those that will be
    /// substituted. Two constraints may give the same wire, hence no fewer than none.
    pub const fn nodes(&self) -> usize {
        (self.values.len() - 1 + self.constraints.len()).saturating_sub(2 * self.solvable)
    }

    /// A new wire.
    pub fn wire(&mut self, role: Role, value: U256) -> Form {
        self.values.push(value);
        self.roles.push(role);
        Form { terms: vec![((self.values.len() - 1) as u32, ONE)], value }
    }

    /// A new private wire for `1 / value` (zero for zero), filled in by [`Self::finish`]: its value
    /// must not be used before.
    pub fn inverse_hint(&mut self, value: U256) -> Form {
        let wire = self.wire(Role::Private, U256::ZERO);
        self.inverses.push((wire.terms[0].0, value));
        wire
    }

    /// A constant.
    pub fn constant(&self, value: U256) -> Form {
        let terms = if value.is_zero() { Vec::new() } else { vec![(0, value)] };
        Form { terms, value }
    }

    /// A small constant.
    pub fn integer(&self, value: i64) -> Form {
        self.constant(self.element(value))
    }

    /// The field element of a small integer.
    pub fn element(&self, value: i64) -> U256 {
        let magnitude = U256::from(value.unsigned_abs());
        if magnitude >= self.field.modulus() {
            self.field.from_i64(value)
        } else if value < 0 {
            self.field.neg(magnitude)
        } else {
            magnitude
        }
    }

    /// `sum += factor * other`; constant time a term where the wires of `other` are newer.
    pub fn accumulate(&self, sum: &mut Form, factor: U256, other: &Form) {
        if sum.terms.last().map(|term| term.0) < other.terms.first().map(|term| term.0) && !factor.is_zero() {
            sum.value = self.add(sum.value, self.times(factor, other.value));
            sum.terms.extend(other.terms.iter().map(|&(wire, k)| (wire, self.times(factor, k))));
        } else {
            *sum = self.combine(sum, factor, other);
        }
    }

    /// `a + factor * b`.
    pub fn combine(&self, a: &Form, factor: U256, b: &Form) -> Form {
        let mut terms = Vec::with_capacity(a.len() + b.len());
        let mut left = a.terms.as_slice();
        for &(wire, k) in &b.terms {
            let before = left.iter().take_while(|term| term.0 < wire).count();
            terms.extend_from_slice(&left[..before]);
            left = &left[before..];
            let mut sum = self.times(factor, k);
            if let Some((_, rest)) = left.split_first().filter(|(first, _)| first.0 == wire) {
                sum = self.add(sum, left[0].1);
                left = rest;
            }
            terms.extend((!sum.is_zero()).then_some((wire, sum)));
        }
        terms.extend_from_slice(left);
        Form { terms, value: self.add(a.value, self.times(factor, b.value)) }
    }

    /// The sum of two canonical elements; twice a modulus of 255 bits fits in 256.
    fn add(&self, a: U256, b: U256) -> U256 {
        let sum = a + b;
        if sum >= self.field.modulus() { sum - self.field.modulus() } else { sum }
    }

    /// `a + b`.
    pub fn plus(&self, a: &Form, b: &Form) -> Form {
        self.combine(a, ONE, b)
    }

    /// `a - b`.
    pub fn minus(&self, a: &Form, b: &Form) -> Form {
        self.combine(a, self.field.neg(ONE), b)
    }

    /// `factor * form`.
    pub fn scaled(&self, factor: U256, form: &Form) -> Form {
        self.combine(&Form::zero(), factor, form)
    }

    /// `a_1 + a_2 + ...`.
    pub fn sum<'a>(&self, forms: impl IntoIterator<Item = &'a Form>) -> Form {
        let mut sum = Form::zero();
        forms.into_iter().for_each(|form| self.accumulate(&mut sum, ONE, form));
        sum
    }

    /// The product of two field elements; small ones skip the reduction.
    pub fn times(&self, a: U256, b: U256) -> U256 {
        if a == ONE {
            return b;
        }
        if b == ONE {
            return a;
        }
        let small = |value: U256| value.bit_len() <= 64;
        if self.field.bits() > 128 && small(a) && small(b) {
            return U256::from(u128::from(a.as_limbs()[0]) * u128::from(b.as_limbs()[0]));
        }
        self.field.mul(a, b)
    }

    /// The constraint `a * b = c`.
    pub fn constrain(&mut self, a: &Form, b: &Form, c: &Form) {
        debug_assert!(self.times(a.value, b.value) == c.value || !self.inverses.is_empty());
        let signed = [self.signed(a), b.terms.clone(), self.signed(c)];
        self.constraints.push(signed);
    }

    /// The terms of a form in the sign of the style.
    fn signed(&self, form: &Form) -> Terms {
        let sign = |k| if self.style.negate { self.field.neg(k) } else { k };
        form.terms.iter().map(|&(wire, k)| (wire, sign(k))).collect()
    }

    /// The linear constraint `a = b`.
    pub fn equal(&mut self, a: &Form, b: &Form) {
        let private = |&(wire, _): &(u32, U256)| self.roles[wire as usize] >= Role::Secret;
        let has_private = a.terms.iter().chain(&b.terms).any(private);
        self.solvable += usize::from(self.style.shape.solved.is_some() && has_private);
        self.equate(a, b);
    }

    fn equate(&mut self, a: &Form, b: &Form) {
        if self.style.linear_in_c {
            let difference = self.minus(a, b);
            self.constrain(&Form::zero(), &Form::zero(), &difference);
        } else {
            self.constrain(a, &self.constant(ONE), b);
        }
    }

    /// A new private wire `a * b + rest`, in one constraint.
    pub fn multiply_add(&mut self, a: &Form, b: &Form, rest: &Form) -> Form {
        let product = self.times(a.value, b.value);
        let out = self.wire(Role::Private, self.add(product, rest.value));
        let c = if rest.len() == 0 { out.clone() } else { self.minus(&out, rest) };
        self.constrain(a, b, &c);
        out
    }

    /// A new private wire `a * b`.
    pub fn multiply(&mut self, a: &Form, b: &Form) -> Form {
        self.multiply_add(a, b, &Form::zero())
    }

    /// `form` on a wire of its own, by a linear constraint.
    pub fn fold(&mut self, form: &Form) -> Form {
        let wire = self.wire(Role::Private, form.value);
        self.equal(form, &wire);
        wire
    }

    /// `form` as a signal of a component: on a wire of its own where the style has these, unless it is a wire, which the
    /// compiler identifies, or a constant.
    pub fn signal(&mut self, form: &Form) -> Form {
        let plain = matches!(form.terms[..], [] | [(0, _)] | [(_, ONE)]);
        if self.style.components && !plain { self.fold(form) } else { form.clone() }
    }

    /// Makes `form` public: its private wire where it is one, a new output otherwise.
    pub fn output(&mut self, form: &Form) {
        match form.terms[..] {
            [(wire, ONE)] if self.roles[wire as usize] == Role::Private => {
                self.roles[wire as usize] = Role::Output;
            }
            _ => {
                let out = self.wire(Role::Output, form.value);
                self.equate(form, &out); // which counts in full: a family that only publishes reaches its target too
            }
        }
    }

    /// The checked system in its shape, and its witness.
    pub fn finish(mut self, draw: &mut Draw) -> Synthetic {
        self.fill_inverses();
        let constraints = std::mem::take(&mut self.constraints);
        let private = |wire: u32| wire > 0 && self.roles[wire as usize] >= Role::Secret;
        let constraints = self.style.shape.apply(&self.field, constraints, &private, draw);
        let live = self.live(&constraints);
        let (numbers, outputs, inputs) = self.numbering(&live);

        let mut builder = Builder::new(self.field);
        let canonical = "forms hold canonical coefficients of distinct wires";
        for form in constraints.iter().flatten() {
            for &(wire, coefficient) in form {
                builder.term(numbers[wire as usize], coefficient).expect(canonical);
            }
            builder.end_combination().expect(canonical);
        }

        let wires = live.iter().filter(|&&live| live).count();
        let r1cs = builder.finish(wires as u32, outputs, inputs).expect(canonical);
        let mut witness = vec![U256::ZERO; wires];
        for (wire, &number) in numbers.iter().enumerate().filter(|(wire, _)| live[*wire]) {
            witness[number as usize] = self.values[wire];
        }
        Synthetic { r1cs, witness }
    }

    /// Which wires stay: a private one that stands in no constraint any more goes, where a compiler optimises.
    fn live(&self, constraints: &[Constraint]) -> Vec<bool> {
        let goes = |&role: &Role| self.style.shape.solved.is_some() && role >= Role::Secret;
        let mut live: Vec<bool> = self.roles.iter().map(|role| !goes(role)).collect();
        for &(wire, _) in constraints.iter().flatten().flatten() {
            live[wire as usize] = true;
        }
        live
    }

    /// The final number of each live wire, and how many are outputs and inputs.
    fn numbering(&self, live: &[bool]) -> (Vec<u32>, u32, u32) {
        let mut counts = [0; 4];
        let of_live = || self.roles.iter().zip(live).skip(1).filter(|(_, live)| **live);
        of_live().for_each(|(&role, _)| counts[role as usize] += 1);
        let [outputs, inputs, secrets, _] = counts;

        let mut next = [1, 1 + outputs, 1 + outputs + inputs, 1 + outputs + inputs + secrets];
        let mut numbers = vec![0; self.roles.len()];
        for wire in (1..self.roles.len()).filter(|&wire| live[wire]) {
            let next = &mut next[self.roles[wire] as usize];
            numbers[wire] = *next;
            *next += 1;
        }
        (numbers, outputs, inputs)
    }

    fn fill_inverses(&mut self) {
        let (wires, mut values): (Vec<_>, Vec<_>) = self.inverses.drain(..).unzip();
        self.field.invert_all(&mut values);
        wires.into_iter().zip(values).for_each(|(wire, value)| self.values[wire as usize] = value);
    }
}
