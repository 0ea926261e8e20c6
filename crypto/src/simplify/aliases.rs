//! Private wires that a linear constraint gives by one other private wire and public ones.

use std::collections::HashMap;

use crate::field::{Field, U256};
use crate::r1cs::{Combination, R1cs};
use crate::ranges::Bounds;
use crate::relation::Source;

use super::{Form, is_constant, scaled, summed};

/// Passes over the linear constraints, forwards and backwards in turn: a chain in either order takes two.
const MOST_PASSES: usize = 16;
/// Terms of what takes a wire's place: public ones cost nothing in a proof, and time in everything else.
const MOST_TERMS: usize = 256;
/// How often what took a wire's place may itself be replaced.
const MOST_DEPTH: u32 = 8;

/// Wires and what takes their places.
pub(super) struct Aliases<'a> {
    source: Source<'a>,
    bounds: &'a Bounds,
    forms: HashMap<u32, Form>,
    depths: HashMap<u32, u32>, // of wires that stand in `forms`: how deep what they replaced is
    definitions: HashMap<usize, Form>, // by constraint: what is 0, by wires that were not replaced then
}

impl<'a> Aliases<'a> {
    pub(super) fn of(r1cs: &'a R1cs, bounds: &'a Bounds) -> Self {
        let mut aliases = Self {
            source: Source::of(r1cs),
            bounds,
            forms: HashMap::new(),
            depths: HashMap::new(),
            definitions: HashMap::new(),
        };
        let linear: Vec<usize> = (0..r1cs.constraints()).filter(|&index| r1cs.is_linear(index)).collect();
        for pass in 0..MOST_PASSES {
            let before = aliases.len();
            if pass % 2 == 0 {
                linear.iter().for_each(|&index| aliases.consider(index));
            } else {
                linear.iter().rev().for_each(|&index| aliases.consider(index));
            }
            if aliases.len() == before {
                break;
            }
        }
        aliases
    }

    /// How many wires others take the place of.
    pub(super) fn len(&self) -> usize {
        self.forms.len()
    }

    /// A constraint with every alias in its place, a linear one as a single form; one that defines an alias keeps that
    /// wire, which no later definition mentions.
    pub(super) fn rewritten(&self, index: usize) -> [Form; 3] {
        match self.definitions.get(&index) {
            Some(form) => [Form::new(), Form::new(), form.clone()],
            None => linear_as_one(self.field(), self.source.forms(index).map(|form| self.expanded(form))),
        }
    }

    fn field(&self) -> &Field {
        self.source.r1cs.field()
    }

    fn terms<'b>(&'b self, form: Combination<'b>) -> impl Iterator<Item = (u32, U256)> + 'b {
        form.terms().map(|(wire, number)| (wire, self.source.values[number as usize]))
    }

    fn expanded(&self, form: Combination<'_>) -> Form {
        let mut due: Form = self.terms(form).collect();
        if !due.iter().any(|(wire, _)| self.forms.contains_key(wire)) {
            return due;
        }
        let mut terms = Form::new();
        while let Some((wire, value)) = due.pop() {
            match self.forms.get(&wire) {
                Some(form) => {
                    due.extend(form.iter().map(|&(wire, times)| (wire, self.field().mul(value, times))))
                }
                None => terms.push((wire, value)),
            }
        }
        summed(self.field(), terms)
    }

    /// Takes a linear constraint for what it says of a wire, if it mentions no more than two private ones.
    fn consider(&mut self, index: usize) {
        if self.definitions.contains_key(&index) {
            return;
        }
        let form = self.expanded(self.source.forms(index)[2]);
        let first = self.source.r1cs.first_private();
        let private = form.len() - form.partition_point(|&(wire, _)| wire < first);
        if private == 0 || private > 2 || form.len() > MOST_TERMS + 1 {
            return;
        }
        let candidates = form.iter().rev().take(private).filter(|(wire, _)| self.may_go(*wire));
        let best = candidates
            .map(|&(wire, value)| (self.depths.get(&wire), self.solved(&form, wire, value)))
            .min_by_key(|(depth, (_, _, largest))| (self.is_fraction(*largest), depth.copied(), *largest));
        let Some((depth, (wire, rest, _))) = best else { return };

        let depth = depth.map_or(0, |depth| depth + 1);
        if let Some(&(root, _)) = rest.last().filter(|&&(root, _)| root >= first) {
            let known = self.depths.entry(root).or_default();
            *known = depth.max(*known);
        }
        self.forms.insert(wire, rest);
        self.definitions.insert(index, form);
    }

    fn may_go(&self, wire: u32) -> bool {
        !self.bounds.contains_key(&wire) && self.depths.get(&wire).is_none_or(|&depth| depth < MOST_DEPTH)
    }

    /// Whether a coefficient is rather one over an integer than an integer: with it, ranges would be lost.
    fn is_fraction(&self, magnitude: U256) -> bool {
        2 * magnitude.bit_len() as u32 > self.field().bits()
    }

    /// A wire, what it is by the other terms of a form that is 0, and the largest coefficient of that.
    fn solved(&self, form: &Form, wire: u32, value: U256) -> (u32, Form, U256) {
        let field = self.field();
        let factor = field.neg(field.inv(value));
        let others = form.iter().filter(|&&(other, _)| other != wire);
        let rest: Form = others.map(|&(other, value)| (other, field.mul(value, factor))).collect();
        let largest = rest.iter().map(|&(_, value)| field.signed(value).1).max();
        (wire, rest, largest.unwrap_or_default())
    }
}

/// A linear constraint as a single form that is 0; others as they are.
fn linear_as_one(field: &Field, [a, b, c]: [Form; 3]) -> [Form; 3] {
    let (constant, other) = if is_constant(&a) { (&a, &b) } else { (&b, &a) };
    if !is_constant(constant) {
        return [a, b, c];
    }
    let value = constant.first().map_or(U256::ZERO, |&(_, value)| value);
    let mut form = c;
    form.extend(scaled(field, other, field.neg(value)).collect::<Form>());
    [Form::new(), Form::new(), summed(field, form)]
}
