//! Range inference: which integers a wire can hold modulo a prime (labels.md, section 1.4).
//!
//! Interval arithmetic over the integers, never reduced. A wire is *wide* while it may still take every value of the
//! field: a form with a wide wire is at least as broad as the field, so no rule can learn anything of its other wires.
//! That, and looking at a constraint again only when one of its wires has narrowed, is all that is done for speed; the
//! result is that of the plain rounds (`tests/all/ranges.rs` compares).
//!
//! Intervals stand in `interval`, those known beforehand in `bounds`, cases and what is found in `overlay`, the five
//! rules in `rules`, what follows for the circuit in `lift`. This file runs the rounds.

mod bounds;
mod interval;
mod lift;
mod overlay;
mod rules;

use dashu_int::IBig;

use crate::field::{U256, to_ubig};
use crate::relation::Relation;

pub use bounds::{Bounds, check_bounds, parse_bounds};
pub use interval::{Interval, bit_length};
use overlay::Overlay;
use rules::Round;

/// Rounds in which a wire may narrow.
const MAX_NARROWINGS: u8 = 64;

/// What bounds a wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Rule {
    /// A declared bound, or nothing.
    #[default]
    Declared,
    /// Rule 1: a linear constraint.
    Linear,
    /// Rule 2: one of two factors is zero.
    ZeroProduct,
    /// Rule 3: a factor takes few values.
    FewValues,
    /// Rule 4: it is a product minus the rest.
    Product,
    /// Rule 5: a form of hints is zero, or all that it is multiplied by.
    Alternative,
}

impl Rule {
    /// All rules, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Declared, Self::Linear, Self::ZeroProduct, Self::FewValues, Self::Product, Self::Alternative];

    /// What it is called.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Linear => "rule 1, linear",
            Self::ZeroProduct => "rule 2, zero product",
            Self::FewValues => "rule 3, few values",
            Self::Product => "rule 4, product",
            Self::Alternative => "rule 5, alternative",
        }
    }
}

/// A rule and the constraint to which it was applied, by its number in the file; of rule 5 the first hint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The rule.
    pub rule: Rule,
    /// The constraint.
    pub constraint: u32,
}

/// Nothing satisfies the circuit, with the constraint that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsatisfiable(pub Cause);

impl std::fmt::Display for Unsatisfiable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Cause { rule, constraint } = self.0;
        write!(
            out,
            "nothing satisfies the circuit: constraint {constraint} leaves no value ({})",
            rule.text()
        )
    }
}

impl std::error::Error for Unsatisfiable {}

/// Intervals of wires modulo a prime r.
pub(crate) struct Intervals {
    r: IBig,
    field: Interval,              // [-half, half]
    known: Vec<Option<Interval>>, // by wire; nothing while it is wide
}

/// The intervals of all wires of a circuit.
pub struct Ranges<'a> {
    relation: &'a Relation,
    intervals: Intervals,
    narrowings: Vec<u8>,    // by wire: rounds in which it has narrowed
    first_rounds: Vec<u32>, // by wire: the round in which it first narrowed, or 0
    causes: Vec<Cause>,     // by wire: what bounds it
    rounds: u32,
}

impl<'a> Ranges<'a> {
    /// Runs the inference modulo the prime `r`, from `bounds` and `[-half(r), half(r)]` elsewhere.
    ///
    /// # Errors
    /// When nothing satisfies the constraints modulo `r`.
    pub fn infer(relation: &'a Relation, r: U256, bounds: &Bounds) -> Result<Self, Unsatisfiable> {
        let mut ranges = Self::start(relation, to_ubig(r).into());
        ranges.apply_bounds(bounds);
        ranges.settle()?;
        Ok(ranges)
    }

    /// The constraints whose wires these are.
    #[must_use]
    pub const fn relation(&self) -> &'a Relation {
        self.relation
    }

    /// The interval of a wire; wire 0 holds one.
    #[must_use]
    pub fn interval(&self, wire: u32) -> &Interval {
        self.intervals.known[wire as usize].as_ref().unwrap_or(&self.intervals.field)
    }

    /// `[-half, half]`.
    #[must_use]
    pub const fn field(&self) -> &Interval {
        &self.intervals.field
    }

    /// Whether a wire may still take every value of the field.
    #[must_use]
    pub fn is_wide(&self, wire: u32) -> bool {
        self.interval(wire) == self.field()
    }

    /// What last narrowed a wire.
    #[must_use]
    pub fn cause(&self, wire: u32) -> Cause {
        self.causes[wire as usize]
    }

    /// How many rounds were run, the last of which found nothing.
    #[must_use]
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    fn start(relation: &'a Relation, r: IBig) -> Self {
        let count = relation.wires() as usize;
        let field = Interval::signed_field(&r);

        // a wide form has r values and more: rule 3 never applies to it, unless r is 3
        let wide = (r <= IBig::from(4)).then(|| field.clone());
        let mut known = vec![wide; count];
        known[0] = Some(Interval::point(IBig::ONE));
        Self {
            relation,
            intervals: Intervals { r, field, known },
            narrowings: vec![0; count],
            first_rounds: vec![0; count],
            causes: vec![Cause::default(); count],
            rounds: 0,
        }
    }

    /// Cuts wires to their declared bounds; one that modulo r leaves a wire no value binds a wire of no constraint.
    fn apply_bounds(&mut self, bounds: &Bounds) {
        for (&wire, bound) in bounds {
            let mut interval = self.intervals.field.clone();
            interval.cut(bound.clone());
            if !interval.is_empty() && interval != self.intervals.field {
                self.intervals.known[wire as usize] = Some(interval);
            }
        }
    }

    /// Runs rounds until nothing narrows: first all rules, then those of wires that have narrowed.
    fn settle(&mut self) -> Result<(), Unsatisfiable> {
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
        Ok(())
    }

    /// Cuts the wires to what a round has found; those that narrowed.
    fn commit(&mut self, found: Vec<(u32, Interval)>, causes: &[Cause]) -> Result<Vec<u32>, Unsatisfiable> {
        let mut narrowed = Vec::with_capacity(found.len());
        for (wire, interval) in found {
            let place = wire as usize;
            if self.narrowings[place] == MAX_NARROWINGS {
                continue;
            }
            let current = self.interval(wire);
            let mut left = current.clone();
            left.cut(interval);
            if left.is_empty() {
                return Err(Unsatisfiable(causes[place]));
            }
            if left == *current {
                continue;
            }
            if self.narrowings[place] == 0 {
                self.first_rounds[place] = self.rounds;
            }
            self.narrowings[place] += 1;
            self.causes[place] = causes[place];
            self.intervals.known[place] = Some(left);
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
