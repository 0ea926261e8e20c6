//! What a circuit demands of its lattice parameters: rows to commit, and whether `q` is free (labels.md, section 1).

use anyhow::Result;
use dashu_int::IBig;

use crate::field::{Field, U256, to_ubig};
use crate::packing::Packing;
use crate::r1cs::R1cs;
use crate::ranges::{Bounds, Equations, Ranges, bit_length};

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
    /// Quadratic constraints with private wires on both sides.
    pub packed: u32,
    /// Distinct private forms over the packed constraints.
    pub forms: u32,
    /// `height(s)` for s = 64, 32, 16, 8, 4, 2 slots.
    pub heights: [u32; 6],
    /// Uses of custom gates: what they demand of their wires is not covered.
    pub custom_gates: u32,
    /// Whether every constraint holds over the integers, so that `q` is free.
    pub liftable: bool,
    /// Liftable: bit length `B` of the largest value. Field-native: bit length of p.
    pub bits: u32,
    /// The circuit's field.
    pub field: Field,
}

impl Analysis {
    /// Analyses a circuit; `bounds` are intervals that are known of some wires.
    ///
    /// # Errors
    /// When a bound is not an interval of an existing wire inside the signed field.
    pub fn of(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        let equations = Equations::of(r1cs);
        let ranges = Ranges::infer(&equations, half(r1cs.field().modulus()), bounds)?;
        Ok(Self::from_ranges(r1cs, &equations, &ranges))
    }

    /// Analyses a circuit, and its nodes in the order of the graph. Node bits are those of a node's largest value
    /// (twice a wire's magnitude, a constraint's magnitude), and the field's bits where it exceeds half the field;
    /// node rounds count the rounds of wires and constraints after which it is known.
    #[must_use]
    pub fn with_node_bits(r1cs: &R1cs) -> (Self, Vec<u16>, Vec<u8>) {
        let equations = Equations::of(r1cs);
        let ranges = Ranges::unbounded(&equations, half(r1cs.field().modulus()));
        (Self::from_ranges(r1cs, &equations, &ranges), ranges.node_bits(), ranges.node_rounds())
    }

    fn from_ranges(r1cs: &R1cs, equations: &Equations<'_>, ranges: &Ranges<'_>) -> Self {
        let packing = Packing::of(r1cs);
        let field = *r1cs.field();
        let largest = ranges.largest_value().filter(|largest| largest <= &half(field.modulus()));
        Self {
            wires: r1cs.wires(),
            constraints: r1cs.constraints() as u32,
            linear: equations.linear() as u32,
            quadratic: equations.quadratic() as u32,
            packed: packing.packed() as u32,
            forms: packing.forms(),
            heights: packing.heights(),
            custom_gates: r1cs.gates().uses.len() as u32,
            liftable: largest.is_some(),
            bits: largest.map_or(field.bits(), |value| bit_length(&value)),
            field,
        }
    }
}

/// Whether range inference modulo the prime `q` still ends in values that `q` carries: every
/// constraint's largest value below `q`, hence every wire below `q/2` (labels.md, section 4).
///
/// # Errors
/// When a bound is not an interval of an existing wire below `q/2`.
pub fn lifts_modulo(r1cs: &R1cs, bounds: &Bounds, q: U256) -> Result<bool> {
    let largest = Ranges::infer(&Equations::of(r1cs), half(q), bounds)?.largest_value();
    Ok(largest.is_some_and(|largest| largest < IBig::from(to_ubig(q))))
}

/// `(q - 1) / 2`.
pub(crate) fn half(q: U256) -> IBig {
    to_ubig(q >> 1).into()
}
