//! The linear statement: rows over private wires that hold the committed values and the other constraints
//! (proof.md, section 4).

use crate::relation::{Constraint, Kind};

use super::layout::{Layout, Values};
use super::residues::{Element, Residues};
use super::statement::Statement;

/// The sparse matrix S: first a row for each occupied place, then one for each kept constraint that is not packed.
#[derive(Clone, Debug)]
pub(super) struct Rows<E> {
    ends: Vec<usize>,
    wires: Vec<u32>,
    values: Vec<E>,
    /// Rows of places.
    pub(super) forms: usize,
    /// `b`, by row after those.
    pub(super) constants: Vec<E>,
    /// The first constraint without private wires that is false.
    pub(super) refuted: Option<u32>,
}

impl<E: Element> Rows<E> {
    /// All rows.
    pub(super) fn of<M: Residues<Element = E>>(
        statement: &Statement,
        values: &Values<'_, M>,
        layout: &Layout<E>,
    ) -> Self {
        let relation = &statement.relation;
        let first = relation.first_private();
        let mut rows = Self::empty();
        for place in &layout.places {
            let form = relation.get(place.constraint).forms[place.combination].from_wire(first);
            let inverse = values.m.inv(place.scale);
            for (wire, value) in values.terms(form) {
                rows.push(wire, values.m.mul(value, inverse));
            }
            rows.ends.push(rows.wires.len());
        }
        rows.forms = rows.ends.len();

        for constraint in relation.constraints() {
            if !is_packed(constraint, first) && !rows.close_constraint(statement, values, constraint) {
                rows.refuted.get_or_insert(constraint.number);
            }
        }
        rows
    }

    const fn empty() -> Self {
        Self {
            ends: Vec::new(),
            wires: Vec::new(),
            values: Vec::new(),
            forms: 0,
            constants: Vec::new(),
            refuted: None,
        }
    }

    /// Rows of places with these terms.
    #[cfg(test)]
    pub(super) fn of_lists(lists: &[Vec<(u32, E)>]) -> Self {
        let mut rows = Self::empty();
        for list in lists {
            list.iter().for_each(|&(wire, value)| rows.push(wire, value));
            rows.ends.push(rows.wires.len());
        }
        rows.forms = rows.ends.len();
        rows
    }

    /// Number of rows.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Wires and values of a row, ascending.
    pub(super) fn get(&self, row: usize) -> (&[u32], &[E]) {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        let range = start..self.ends[row];
        (&self.wires[range.clone()], &self.values[range])
    }

    fn push(&mut self, wire: u32, value: E) {
        if value != E::default() {
            self.wires.push(wire);
            self.values.push(value);
        }
    }

    /// Appends `L`, `p_A B - C` or `p_B A - C`, unless it has no private wires; then whether it holds.
    fn close_constraint<M: Residues<Element = E>>(
        &mut self,
        statement: &Statement,
        values: &Values<'_, M>,
        constraint: Constraint<'_>,
    ) -> bool {
        let (m, first) = (values.m, statement.relation.first_private());
        let [a, b, c] = constraint.forms;
        let start = self.wires.len();
        let constant = if constraint.kind == Kind::Linear {
            for (wire, number) in c.from_wire(first).terms() {
                self.push(wire, values.coefficient(number));
            }
            values.public_part(c)
        } else {
            let (known, other) = if a.from_wire(first).is_empty() { (a, b) } else { (b, a) };
            let factor = values.public_part(known);
            let mut left = other.from_wire(first).terms().peekable();
            let mut right = c.from_wire(first).terms().peekable();
            while let Some(wire) = [left.peek(), right.peek()].into_iter().flatten().map(|term| term.0).min()
            {
                let mut value = E::default();
                if let Some((_, number)) = left.next_if(|term| term.0 == wire) {
                    value = m.mul(factor, values.coefficient(number));
                }
                if let Some((_, number)) = right.next_if(|term| term.0 == wire) {
                    value = m.sub(value, values.coefficient(number));
                }
                self.push(wire, value);
            }
            m.sub(m.mul(factor, values.public_part(other)), values.public_part(c))
        };
        if self.wires.len() == start {
            return constant == E::default();
        }
        self.ends.push(self.wires.len());
        self.constants.push(constant);
        true
    }
}

fn is_packed(constraint: Constraint<'_>, first: u32) -> bool {
    let [a, b, _] = constraint.forms.map(|form| form.from_wire(first));
    !a.is_empty() && !b.is_empty()
}
