//! Proposed parameters, judged as they stand (labels.md, sections 2 and 3).

use anyhow::Result;

use crate::label::{Candidate, Demand, Modulus, Shape, check, shapes};
use crate::security::{DEGREE, HidingRank, lwe_bits};

/// Relative slack of a width: what a logarithm loses on its way through a network.
const ROUNDING: f64 = 1e-9;

/// The three parameters that a network predicts, as real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposal {
    /// LWE dimension, rounded to the nearest multiple of the ring degree.
    pub n: f64,
    /// Bits of q, rounded.
    pub log2_q: f64,
    /// Standard deviation of the Gaussian mask.
    pub sigma: f64,
}

/// What parameters have to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Constraint {
    /// Module-LWE costs enough.
    Hiding,
    /// q carries the circuit's values, or is the field's prime.
    Modulus,
    /// There are enough automorphisms.
    Soundness,
    /// The mask is as wide as that of some j whose secrets hide with these n and q.
    Width,
    /// Some rank makes Module-SIS cost enough.
    Binding,
}

/// The verdict on a proposal.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The dimension that was judged.
    pub n: u32,
    /// The bits of q that were judged.
    pub bits: u32,
    /// The bits of hiding it has, with the deviation of the j that is taken; 0 where there are too few automorphisms.
    pub lwe_bits: f64,
    /// What it does not meet; nothing if it is sound.
    pub fails: Vec<Constraint>,
    /// Bytes of the smallest such proof, if it is sound.
    pub proof_size: Option<u64>,
}

/// What a proposal counts as: whole ranks and bits, and a width within doubles.
struct Rounded {
    mu: u32,
    bits: u32,
    log2_q: f64,
    sigma: f64,
    /// Whether q carries the circuit's values, or is the field's prime.
    fits: bool,
}

impl Rounded {
    fn of(demand: &Demand, proposal: &Proposal) -> Self {
        let mu = (proposal.n / f64::from(DEGREE)).round().clamp(1.0, 16384.0) as u32;
        let bits = proposal.log2_q.round().clamp(2.0, 512.0) as u32;
        let sigma = proposal.sigma.clamp(1.0, 2.0_f64.powi(256));
        let (fits, log2_q) = match demand.modulus {
            Modulus::Fixed { bits: fixed, log2_q, .. } if bits == fixed => (true, log2_q),
            Modulus::Fixed { .. } => (false, f64::from(bits)),
            Modulus::Free { .. } => (bits >= demand.least_bits(), f64::from(bits)),
        };
        Self { mu, bits, log2_q, sigma, fits }
    }
}

/// Whether parameters are sound: whether some splitting of q, some j and some rank meet every constraint.
///
/// A proposal names neither the splitting nor j. Of its n and q a j can be had if LWE with that j's deviation costs
/// enough, and of its sigma if the mask is at least as wide as that j's `s2`: a wider one hides no less, and is paid
/// for with longer answers. Constraints are asked in the order of [`Constraint`], each of the candidates that meet
/// those before it, or of all that are left where none does; nothing more is asked where no splitting is left at all.
///
/// # Errors
/// When no challenge set exists for `security`.
pub fn judge(demand: &Demand, security: u32, proposal: &Proposal) -> Result<Verdict> {
    check(demand, security)?;
    let Rounded { mu, bits, log2_q, sigma, fits } = Rounded::of(demand, proposal);
    let hiding = |s| HidingRank { mu, bits: lwe_bits(DEGREE * mu, log2_q, s) };
    let shapes = shapes(demand, security, Candidate { log2_q, bits, ord: 1 }, hiding);

    if shapes.is_empty() {
        let modulus = (!fits).then_some(Constraint::Modulus);
        let fails = modulus.into_iter().chain([Constraint::Soundness]).collect();
        return Ok(Verdict { n: DEGREE * mu, bits, lwe_bits: 0.0, fails, proof_size: None });
    }

    let mut left = Left { shapes, fails: Vec::new() };
    left.keep(Constraint::Hiding, |shape| shape.lwe_bits() >= f64::from(security));
    if !fits {
        left.fails.push(Constraint::Modulus);
    }
    left.keep(Constraint::Width, |shape| shape.sigma() <= sigma * (1.0 + ROUNDING));
    let height = |shape: &Shape| demand.height(shape.candidate.ord);
    let masked = left.shapes.iter().map(|shape| masked(shape, sigma));
    let proofs: Vec<_> = masked.filter_map(|shape| shape.smallest(height(&shape))).collect();
    if proofs.is_empty() {
        left.fails.push(Constraint::Binding);
    }

    let best = proofs.iter().min_by_key(|choice| choice.proof_size);
    let hides = left.shapes.iter().map(Shape::lwe_bits).fold(0.0, f64::max);
    let proof_size = best.filter(|_| left.fails.is_empty()).map(|choice| choice.proof_size);
    let lwe_bits = best.map_or(hides, |choice| choice.lwe_bits);
    Ok(Verdict { n: DEGREE * mu, bits, lwe_bits, fails: left.fails, proof_size })
}

/// The candidates that are left, and what none of them met.
struct Left {
    shapes: Vec<Shape>,
    fails: Vec<Constraint>,
}

impl Left {
    /// Keeps those that meet a constraint, or all if none does.
    fn keep(&mut self, constraint: Constraint, meets: impl Fn(&Shape) -> bool) {
        if self.shapes.iter().any(&meets) {
            self.shapes.retain(meets);
        } else {
            self.fails.push(constraint);
        }
    }
}

/// A candidate with the proposed mask; its own where they are the same but for rounding.
fn masked(shape: &Shape, sigma: f64) -> Shape {
    let shape = shape.clone();
    if sigma > shape.sigma() * (1.0 + ROUNDING) { shape.with_mask(sigma) } else { shape }
}
