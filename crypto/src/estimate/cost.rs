//! What BKZ with block size `beta` costs in dimension `d`.
//!
//! Source: lattice-estimator `reduction.py` (malb/lattice-estimator @27a581b): `ADPS16` is
//! Alkim, Ducas, Pöppelmann, Schwabe, *Post-quantum key exchange: a new hope* (USENIX 2016);
//! `MATZOV` is *Report on the Security of LWE: Improved Dual Lattice Attack* (2022);
//! estimator.md, section 2.

use std::f64::consts::{E, PI};

/// Bits that a block size costs classically, per `beta` (core-SVP).
pub const CLASSICAL: f64 = 0.292;

/// Bits that a block size costs on a quantum computer, per `beta` (core-SVP).
pub const QUANTUM: f64 = 0.265;

/// Any cost above `2^10000` is reported as infinite, as the estimator does.
pub(crate) const LOG2_ROP_MAX: f64 = 10_000.0;

/// `log2` of the number of short vectors that one sieve in dimension `beta` gives, per `beta`.
pub(crate) const LISTS: f64 = 0.2075;

/// Cost model of lattice reduction.
///
/// ```
/// use nexuszero_crypto::estimate::CostModel;
/// assert_eq!(format!("{:.3}", CostModel::Adps16.log2_rop(406, 998)), "118.552");
/// assert_eq!(format!("{:.3}", CostModel::Adps16Quantum.log2_rop(406, 998)), "107.590");
/// assert_eq!(format!("{:.3}", CostModel::Matzov.log2_rop(406, 998)), "143.772");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CostModel {
    /// Core-SVP, classical: `2^(0.292 beta)`.
    #[default]
    Adps16,
    /// Core-SVP, quantum: `2^(0.265 beta)`.
    Adps16Quantum,
    /// Gates of a classical list-decoding sieve, with tours and dimensions for free.
    Matzov,
}

impl CostModel {
    /// `log2` of the operations of BKZ-`beta` in dimension `d`.
    #[must_use]
    pub fn log2_rop(self, beta: u64, d: u64) -> f64 {
        match self.sieve_exponent() {
            Some(exponent) => exponent * beta as f64,
            None => log2_matzov(beta as f64, d as f64),
        }
    }

    /// `c` where a sieve costs `2^(c beta)` and nothing else is counted.
    pub(crate) fn sieve_exponent(self) -> Option<f64> {
        match self {
            Self::Adps16 => Some(CLASSICAL),
            Self::Adps16Quantum => Some(QUANTUM),
            Self::Matzov => None,
        }
    }
}

/// `log2(d^3 + C max(d - beta, 1) * C 2^(a (beta - f) + b))`, the LLL and the progressive tours.
fn log2_matzov(beta: f64, d: f64) -> f64 {
    const A: f64 = 0.296_135_003_082_053_65;
    const B: f64 = 20.387_885_985_467_914;
    let log2_c = -(1.0 - (-A).exp2()).log2();
    let tours = log2_c + (d - beta).max(1.0).log2();
    let gates = log2_c + A * (beta - free_dimensions(beta)) + B;
    log2_add(3.0 * d.log2(), tours + gates)
}

/// Dimensions for free, `beta ln(4/3) / ln(beta/(2 pi e))`, not rounded (Ducas, Eurocrypt 2018).
fn free_dimensions(beta: f64) -> f64 {
    (beta * (4.0_f64 / 3.0).ln() / (beta / (2.0 * PI * E)).ln()).max(0.0)
}

/// `log2(2^a + 2^b)`.
pub(crate) fn log2_add(a: f64, b: f64) -> f64 {
    let (hi, lo) = if a >= b { (a, b) } else { (b, a) };
    if hi.is_infinite() { hi } else { hi + (lo - hi).exp2().ln_1p() * std::f64::consts::LOG2_E }
}

/// The estimator's last step: more than `2^10000` is infinite.
pub(crate) fn clamp(log2_rop: f64) -> f64 {
    if log2_rop > LOG2_ROP_MAX { f64::INFINITY } else { log2_rop }
}
