//! Range inference: which integers a wire can hold modulo a prime (labels.md, section 1.4).
//!
//! Interval arithmetic over the integers, never reduced. A wire is *wide* while it may still take every value of the
//! field: a form with a wide wire is at least as broad as the field, so no rule can learn anything of its other wires.
//! That, and looking at a constraint again only when one of its wires has narrowed, is all that is done for speed; the
//! result is that of the plain rounds (`tests/all/ranges.rs` compares).
//!
//! Numbers stand in `number`, intervals in `interval`, those known beforehand in `bounds`, cases and what is found in
//! `overlay`, the five rules in `rules`, the rounds in `rounds`, what follows for the circuit in `lift`.

mod bounds;
mod interval;
mod lift;
mod number;
mod overlay;
mod rounds;
mod rules;

use crate::field::{U256, to_ubig};
use crate::relation::Relation;

pub use bounds::{Bounds, check_bounds, parse_bounds};
pub use interval::{Interval, bit_length};
use number::{Number, Outgrown};
use rounds::{Inference, Stop};

/// Primes up to this one are so small that a wide wire may take few values (rule 3).
const SMALL: U256 = U256::from_limbs([4, 0, 0, 0]);

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

/// The intervals of all wires of a circuit.
#[derive(Clone, Debug)]
pub struct Ranges<'a> {
    relation: &'a Relation,
    field: Interval,              // [-half, half]
    known: Vec<Option<Interval>>, // by wire; nothing while it is wide
    first_rounds: Vec<u32>,       // by wire: the round in which it first narrowed, or 0
    causes: Vec<Cause>,           // by wire: what bounds it
    rounds: u32,
    reach: Interval, // the hull of all that was compared with the field or with multiples of r
}

impl<'a> Ranges<'a> {
    /// Runs the inference modulo the prime `r`, from `bounds` and `[-half(r), half(r)]` elsewhere.
    ///
    /// # Errors
    /// When nothing satisfies the constraints modulo `r`.
    pub fn infer(relation: &'a Relation, r: U256, bounds: &Bounds) -> Result<Self, Unsatisfiable> {
        match Self::in_words(relation, r, bounds) {
            Ok(ranges) => return Ok(ranges),
            Err(Stop::Unsatisfiable(unsatisfiable)) => return Err(unsatisfiable),
            Err(Stop::Outgrown(_)) => {} // again, in integers of any size
        }
        match Inference::run(relation, relation.integers(), r, bounds) {
            Ok(inference) => Ok(Self::of(relation, r, inference)),
            Err(Stop::Unsatisfiable(unsatisfiable)) => Err(unsatisfiable),
        }
    }

    /// The inference in machine integers.
    fn in_words(relation: &'a Relation, r: U256, bounds: &Bounds) -> Result<Self, Stop<Outgrown>> {
        let integers = relation.integers().iter().map(i128::of).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(relation, r, Inference::run(relation, &integers, r, bounds)?))
    }

    fn of<N: Number>(relation: &'a Relation, r: U256, inference: Inference<'_, N>) -> Self {
        let Inference { intervals, first_rounds, causes, rounds, reach, .. } = inference;
        let known = intervals.known.into_iter().map(|interval| Some(interval?.integers())).collect();
        let field = signed_field(r);
        Self { relation, field, known, first_rounds, causes, rounds, reach: reach.integers() }
    }

    /// The constraints whose wires these are.
    #[must_use]
    pub const fn relation(&self) -> &'a Relation {
        self.relation
    }

    /// The interval of a wire; wire 0 holds one.
    #[must_use]
    pub fn interval(&self, wire: u32) -> &Interval {
        self.known[wire as usize].as_ref().unwrap_or(&self.field)
    }

    /// The first wire whose value, as a signed representative of the circuit's field, lies outside its interval; none if the
    /// values satisfy the constraints and the declared bounds.
    #[must_use]
    pub fn first_outside(&self, witness: &[U256]) -> Option<u32> {
        let within = |(interval, &value): (&Option<Interval>, &U256)| {
            let value = self.relation.field().to_integer(value);
            interval.as_ref().is_none_or(|interval| interval.lo <= value && value <= interval.hi)
        };
        self.known.iter().zip(witness).position(|pair| !within(pair)).map(|wire| wire as u32)
    }

    /// `[-half, half]`.
    #[must_use]
    pub const fn field(&self) -> &Interval {
        &self.field
    }

    /// Whether a wire may still take every value of the field.
    #[must_use]
    pub fn is_wide(&self, wire: u32) -> bool {
        self.interval(wire) == self.field()
    }

    /// Whether the inference modulo a prime q is this one, step by step: q is no larger, and nothing that was compared
    /// with the field or with multiples of its prime leaves or fills the field of q.
    #[must_use]
    pub fn holds_modulo(&self, q: U256) -> bool {
        let field = signed_field(q);
        q > SMALL && field.within(&self.field) && self.reach.within(&field) && self.reach != field
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
}

/// `[-half, half]` for a prime.
fn signed_field(r: U256) -> Interval {
    Interval::signed_field(&to_ubig(r).into())
}
