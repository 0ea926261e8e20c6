//! What a circuit demands of its lattice parameters: rows to commit, and whether `q` is free (labels.md, section 1).

use std::borrow::Cow;

use anyhow::Result;
use dashu_int::IBig;

use crate::field::{Field, U256, to_ubig};
use crate::packing::Packing;
use crate::r1cs::R1cs;
use crate::ranges::{Bounds, Ranges, Unsatisfiable, bit_length, check_bounds};
use crate::relation::{Dropped, Part, Relation};

/// The counts of a circuit that decide its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    /// Wires, the constant one included.
    pub wires: u32,
    /// Constraints.
    pub constraints: u32,
    /// Constraints whose `A` or `B` mentions no wire.
    pub linear: u32,
    /// All other constraints.
    pub quadratic: u32,
    /// Private wires of declared bounds, which nothing checks: all that follows rests on them (section 1.7).
    pub assumed: u32,
    /// Constraints that private wires of their own satisfy whatever the others are.
    pub dropped: u32,
    /// The constraint that is dropped last, where nothing is left to prove.
    pub last_dropped: Option<Dropped>,
    /// Kept constraints `F*h = C` with a private wire `h` of their own.
    pub hints: u32,
    /// Scales other than 1 over the kept constraints.
    pub rescaled: u32,
    /// Where nothing satisfies the circuit: the rule and the constraint that show it. What follows says nothing then.
    pub unsatisfiable: Option<Unsatisfiable>,
    /// Rounds of range inference.
    pub rounds: u32,
    /// Quadratic constraints with private wires on both sides.
    pub packed: u32,
    /// Distinct private forms over the packed constraints.
    pub forms: u32,
    /// `height(s)` for s = 64, 32, 16, 8, 4 slots.
    pub heights: [u32; 5],
    /// Uses of custom gates: what they demand of their wires is not covered.
    pub custom_gates: u32,
    /// Whether every constraint holds over the integers, so that `q` is free.
    pub liftable: bool,
    /// `M(p)`, the largest value.
    pub largest: IBig,
    /// Liftable: bit length `B` of the largest value. Field-native: bit length of p.
    pub bits: u32,
    /// The circuit's field.
    pub field: Field,
}

/// What the analysis knows of each node, in the order of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodes {
    /// Bits of a node's largest value: twice a wire's magnitude, a constraint's largest value; the field's bits where
    /// it exceeds half the field; 0 for what is dropped or does not count.
    pub bits: Vec<u16>,
    /// Bits of a wire's values below zero, and of those above; 0 for what does not count, and for constraints.
    pub ends: Vec<[u16; 2]>,
    /// The round in which it first narrowed; 0 if it never did.
    pub rounds: Vec<u8>,
}

impl Analysis {
    /// Analyses a circuit; `bounds` are intervals that are known of some wires.
    ///
    /// # Errors
    /// When a bound is not an interval of an existing wire inside the signed field.
    pub fn of(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        check_bounds(bounds, r1cs.field(), r1cs.wires())?;
        let relation = Relation::of(r1cs, bounds);
        let ranges = Ranges::infer(&relation, r1cs.field().modulus(), bounds);
        let (analysis, _) = Self::of_ranges(r1cs, &relation, ranges.as_ref());
        Ok(Self { assumed: bounds.range(r1cs.first_private()..).count() as u32, ..analysis })
    }

    /// Analyses a circuit without a part of the analysis.
    #[doc(hidden)]
    #[must_use]
    pub fn without(r1cs: &R1cs, part: Part) -> Self {
        let relation = Relation::without(r1cs, &Bounds::new(), Some(part));
        let ranges = Ranges::infer(&relation, r1cs.field().modulus(), &Bounds::new());
        Self::of_ranges(r1cs, &relation, ranges.as_ref()).0
    }

    /// Analyses a circuit of which this is the relation, and its nodes; of an unsatisfiable one nothing is known of the
    /// nodes.
    pub(crate) fn with_nodes(r1cs: &R1cs, relation: &Relation) -> (Self, Nodes) {
        let ranges = Ranges::infer(relation, r1cs.field().modulus(), &Bounds::new());
        let values: Vec<_> = ranges.iter().flat_map(Ranges::values).collect();
        let nodes = ranges.as_ref().map_or_else(
            |_| Nodes::default(),
            |ranges| Nodes {
                bits: ranges.node_bits(&values, r1cs.constraints()),
                ends: ranges.node_ends(r1cs.constraints()),
                rounds: ranges.node_rounds(r1cs.constraints()),
            },
        );
        let largest = values.into_iter().max().unwrap_or_default();
        (Self::of_largest(r1cs, relation, ranges.as_ref(), largest).0, nodes)
    }

    /// Analyses a circuit of which this is the relation, and these its ranges modulo p; with how it is packed.
    pub(crate) fn of_ranges(
        r1cs: &R1cs,
        relation: &Relation,
        ranges: Result<&Ranges<'_>, &Unsatisfiable>,
    ) -> (Self, Packing) {
        let largest = ranges.map_or(IBig::ZERO, Ranges::largest_value);
        Self::of_largest(r1cs, relation, ranges, largest)
    }

    /// The same where `M(p)` is known.
    fn of_largest(
        r1cs: &R1cs,
        relation: &Relation,
        ranges: Result<&Ranges<'_>, &Unsatisfiable>,
        largest: IBig,
    ) -> (Self, Packing) {
        let field = *r1cs.field();
        let liftable = largest <= half(field.modulus());
        let packing = Packing::of(relation, liftable);
        let analysis = Self {
            wires: r1cs.wires(),
            constraints: r1cs.constraints() as u32,
            linear: relation.linear(),
            quadratic: r1cs.constraints() as u32 - relation.linear(),
            assumed: 0,
            dropped: relation.dropped().len() as u32,
            last_dropped: relation.dropped().first().copied().filter(|_| relation.is_empty()),
            hints: relation.hints(),
            rescaled: relation.rescaled(),
            unsatisfiable: ranges.err().copied(),
            rounds: ranges.map_or(0, Ranges::rounds),
            packed: packing.packed() as u32,
            forms: packing.forms(),
            heights: packing.heights(),
            custom_gates: r1cs.gates().uses.len() as u32,
            liftable,
            bits: if liftable { bit_length(&largest) } else { field.bits() },
            largest,
            field,
        };
        (analysis, packing)
    }

    /// Whether no constraint is left, so that the statement holds for all public values.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.constraints == self.dropped
    }
}

/// A relation that lifts, to be proved modulo another prime (labels.md, section 1.5).
#[derive(Clone, Debug)]
pub struct Lift<'a> {
    ranges: Ranges<'a>, // modulo p
    bounds: &'a Bounds,
    largest: IBig, // M(p)
}

impl<'a> Lift<'a> {
    /// Runs range inference modulo p, for `M(p)`.
    ///
    /// # Errors
    /// When nothing satisfies the circuit.
    pub fn of(relation: &'a Relation, bounds: &'a Bounds) -> Result<Self, Unsatisfiable> {
        let ranges = Ranges::infer(relation, relation.field().modulus(), bounds)?;
        let largest = ranges.largest_value();
        Ok(Self::with(ranges, bounds, largest))
    }

    /// With known ranges modulo p and `M(p)`.
    pub(crate) const fn with(ranges: Ranges<'a>, bounds: &'a Bounds, largest: IBig) -> Self {
        Self { ranges, bounds, largest }
    }

    /// Whether a prime q serves: it exceeds `M(p)`, it divides no integer of the relation, and range inference modulo q
    /// ends in values that it carries.
    ///
    /// # Errors
    /// When nothing satisfies the constraints modulo q, hence nothing the circuit.
    pub fn serves(&self, q: U256) -> Result<bool, Unsatisfiable> {
        Ok(self.ranges(q)?.is_some())
    }

    /// The ranges modulo a prime q that serves; nothing if it does not.
    pub(crate) fn ranges(&self, q: U256) -> Result<Option<Cow<'_, Ranges<'a>>>, Unsatisfiable> {
        let relation = self.ranges.relation();
        let (p, prime) = (relation.field().modulus(), IBig::from(to_ubig(q)));
        let divides = |value: &IBig| (value % &prime).is_zero();
        if prime <= self.largest || relation.integers().iter().any(divides) {
            return Ok(None);
        }
        if self.ranges.holds_modulo(q) {
            return Ok(Some(Cow::Borrowed(&self.ranges)));
        }
        let ranges = Ranges::infer(relation, q, self.bounds)?;
        let serves = ranges.largest_value() < prime.min(to_ubig(p).into());
        Ok(serves.then_some(Cow::Owned(ranges)))
    }
}

/// `(q - 1) / 2`.
pub(crate) fn half(q: U256) -> IBig {
    to_ubig(q >> 1).into()
}
