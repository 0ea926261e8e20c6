//! What a circuit asks of its lattice parameters: rows to commit, and whether `q` is free (labels.md, 1).

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
        let packing = Packing::of(r1cs);
        let equations = Equations::of(r1cs);
        let field = *r1cs.field();
        let largest = largest_value(&equations, field.modulus(), bounds)?;
        let largest = largest.filter(|largest| largest <= &half(field.modulus()));
        Ok(Self {
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
        })
    }
}

/// Whether range inference modulo the prime `q` still ends in values that `q` carries: every
/// constraint's largest value below `q`, hence every wire below `q/2` (labels.md, 4).
///
/// # Errors
/// When a bound is not an interval of an existing wire below `q/2`.
pub fn lifts_modulo(r1cs: &R1cs, bounds: &Bounds, q: U256) -> Result<bool> {
    let largest = largest_value(&Equations::of(r1cs), q, bounds)?;
    Ok(largest.is_some_and(|largest| largest < IBig::from(to_ubig(q))))
}

fn largest_value(equations: &Equations<'_>, q: U256, bounds: &Bounds) -> Result<Option<IBig>> {
    Ok(Ranges::infer(equations, half(q), bounds)?.largest_value())
}

/// `(q - 1) / 2`.
pub(crate) fn half(q: U256) -> IBig {
    to_ubig(q >> 1).into()
}
