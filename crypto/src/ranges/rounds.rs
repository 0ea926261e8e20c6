//! The rounds of range inference (labels.md, section 1.4).

use crate::field::{U256, to_ubig};
use crate::relation::Relation;

use super::interval::Interval;
use super::number::{Failure, Number};
use super::overlay::Overlay;
use super::rules::{Intervals, Round};
use super::{Bounds, Cause, SMALL, Unsatisfiable, signed_field};

/// Rounds in which a wire may narrow.
const MAX_NARROWINGS: u8 = 64;

/// Why an inference ends without intervals.
pub(super) enum Stop<F> {
    /// Nothing satisfies the constraints.
    Unsatisfiable(Unsatisfiable),
    /// A number did not fit.
    Outgrown(F),
}

impl<F: Failure> From<Unsatisfiable> for Stop<F> {
    fn from(unsatisfiable: Unsatisfiable) -> Self {
        Self::Unsatisfiable(unsatisfiable)
    }
}

impl<F: Failure> From<F> for Stop<F> {
    fn from(failure: F) -> Self {
        Self::Outgrown(failure)
    }
}

/// An inference under way.
pub(super) struct Inference<'a, N> {
    relation: &'a Relation,
    pub(super) intervals: Intervals<'a, N>,
    narrowings: Vec<u8>,               // by wire: rounds in which it has narrowed
    pub(super) first_rounds: Vec<u32>, // by wire: the round in which it first narrowed, or 0
    pub(super) causes: Vec<Cause>,     // by wire: what bounds it
    pub(super) rounds: u32,
    pub(super) reach: Interval<N>, // the hull of all that was compared with the field or with multiples of r
}

impl<'a, N: Number> Inference<'a, N> {
    /// Runs all rounds with the relation's integers as such numbers.
    pub(super) fn run(
        relation: &'a Relation,
        integers: &'a [N],
        r: U256,
        bounds: &Bounds,
    ) -> Result<Self, Stop<N::Outgrown>> {
        let field = signed_field(r);
        let mut inference = Self::start(relation, integers, r, &field);
        inference.apply_bounds(&field, bounds)?;
        inference.settle()?;
        Ok(inference)
    }

    fn start(relation: &'a Relation, integers: &'a [N], r: U256, field: &Interval) -> Self {
        let count = relation.wires() as usize;
        let field = Interval::of(field).ok();

        // a wide form has r values and more: rule 3 never applies to it, unless r is 3
        let wide = if r <= SMALL { field.clone() } else { None };
        let mut known = vec![wide; count];
        known[0] = Some(Interval::point(N::ONE));
        Self {
            relation,
            intervals: Intervals { integers, r: N::of(&to_ubig(r).into()).ok(), field, known },
            narrowings: vec![0; count],
            first_rounds: vec![0; count],
            causes: vec![Cause::default(); count],
            rounds: 0,
            reach: Interval::zero(),
        }
    }

    /// Cuts wires to their declared bounds; one that modulo r leaves a wire no value binds a wire of no constraint.
    fn apply_bounds(&mut self, field: &Interval, bounds: &Bounds) -> Result<(), N::Outgrown> {
        for (&wire, bound) in bounds {
            let mut interval = field.clone();
            interval.cut(bound.clone());
            if !interval.is_empty() && interval != *field {
                let interval = Interval::of(&interval)?;
                self.reach.hull(&interval);
                self.intervals.known[wire as usize] = Some(interval);
            }
        }
        Ok(())
    }

    /// Runs rounds until nothing narrows: first all rules, then those of wires that have narrowed.
    fn settle(&mut self) -> Result<(), Stop<N::Outgrown>> {
        let uses = Uses::of(self.relation);
        let count = self.relation.wires() as usize;
        let (mut case, mut found) = (Overlay::new(count), Overlay::new(count));
        let mut causes = vec![Cause::default(); count];
        let mut due = Due::all(self.relation);
        while !due.is_empty() {
            self.rounds += 1;
            let mut round = Round::new(self.relation, &self.intervals, [&mut case, &mut found], &mut causes);
            for &index in &due.constraints {
                round.constraint(self.relation.get(index as usize))?;
            }
            for &index in &due.alternatives {
                round.alternative(&self.relation.alternatives()[index as usize])?;
            }
            let narrowed = self.commit(found.take(), &causes)?;
            due.next(&narrowed, &uses);
        }
        self.reach.hull(&case.reach);
        Ok(())
    }

    /// Cuts the wires to what a round has found; those that narrowed.
    fn commit(
        &mut self,
        found: Vec<(u32, Interval<N>)>,
        causes: &[Cause],
    ) -> Result<Vec<u32>, Unsatisfiable> {
        let mut narrowed = Vec::with_capacity(found.len());
        for (wire, interval) in found {
            let place = wire as usize;
            if self.narrowings[place] == MAX_NARROWINGS {
                continue;
            }
            let Intervals { field, known, .. } = &mut self.intervals;
            let current = known[place].as_ref().or(field.as_ref());
            let mut left = interval;
            if let Some(current) = current {
                left.cut(current.clone());
            }
            if left.is_empty() {
                return Err(Unsatisfiable(causes[place]));
            }
            if current == Some(&left) {
                continue;
            }
            if self.narrowings[place] == 0 {
                self.first_rounds[place] = self.rounds;
            }
            self.narrowings[place] += 1;
            self.causes[place] = causes[place];
            known[place] = Some(left);
            narrowed.push(wire);
        }
        Ok(narrowed)
    }
}

/// Where wires and constraints are used: lists one after another.
struct Uses {
    constraints: Lists,  // by wire
    alternatives: Lists, // by constraint
}

impl Uses {
    fn of(relation: &Relation) -> Self {
        let of_wires = |add: &mut dyn FnMut(u32, u32)| {
            for (index, constraint) in relation.constraints().enumerate() {
                constraint.wires().for_each(|wire| add(wire, index as u32));
            }
        };
        let of_constraints = |add: &mut dyn FnMut(u32, u32)| {
            for (number, alternative) in relation.alternatives().iter().enumerate() {
                let products = alternative.products.iter().map(|(index, _)| index);
                alternative.hints.iter().chain(products).for_each(|&index| add(index, number as u32));
            }
        };
        Self {
            constraints: Lists::of(relation.wires() as usize, of_wires),
            alternatives: Lists::of(relation.len(), of_constraints),
        }
    }
}

/// Lists of numbers by number.
struct Lists {
    ends: Vec<usize>,
    items: Vec<u32>,
}

impl Lists {
    /// Collects what `each` adds, which is asked twice: to count, then to fill.
    fn of(count: usize, each: impl Fn(&mut dyn FnMut(u32, u32))) -> Self {
        let mut ends = vec![0; count + 1];
        each(&mut |list, _| ends[list as usize + 1] += 1);
        for index in 0..count {
            ends[index + 1] += ends[index];
        }
        let mut items = vec![0; ends[count]];
        each(&mut |list, item| {
            let place = &mut ends[list as usize];
            items[*place] = item;
            *place += 1;
        });
        ends.pop();
        Self { ends, items }
    }

    fn get(&self, index: u32) -> &[u32] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.items[start..self.ends[index]]
    }
}

/// What a round looks at.
struct Due {
    constraints: Vec<u32>,
    alternatives: Vec<u32>,
    round: u32,
    constraint_rounds: Vec<u32>, // by constraint: the round in which it was last due
    alternative_rounds: Vec<u32>, // likewise
}

impl Due {
    fn all(relation: &Relation) -> Self {
        let (constraints, alternatives) = (relation.len(), relation.alternatives().len());
        Self {
            constraints: (0..constraints as u32).collect(),
            alternatives: (0..alternatives as u32).collect(),
            round: 0,
            constraint_rounds: vec![0; constraints],
            alternative_rounds: vec![0; alternatives],
        }
    }

    const fn is_empty(&self) -> bool {
        self.constraints.is_empty()
    }

    /// The constraints of wires that have narrowed, and the alternatives of those constraints.
    fn next(&mut self, narrowed: &[u32], uses: &Uses) {
        self.round += 1;
        self.constraints.clear();
        self.alternatives.clear();
        for &wire in narrowed {
            for &index in uses.constraints.get(wire) {
                if std::mem::replace(&mut self.constraint_rounds[index as usize], self.round) == self.round {
                    continue;
                }
                self.constraints.push(index);
                for &number in uses.alternatives.get(index) {
                    if std::mem::replace(&mut self.alternative_rounds[number as usize], self.round)
                        != self.round
                    {
                        self.alternatives.push(number);
                    }
                }
            }
        }
    }
}
