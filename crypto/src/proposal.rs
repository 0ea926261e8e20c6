//! Proposed parameters, judged as they stand (labels.md, sections 2 and 3).

use anyhow::Result;

use crate::label::{Demand, Level, Modulus};
use crate::security::{DEGREE, HidingRank, lwe_bits, ternary_sigma};

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
    /// Some rank makes Module-SIS cost enough.
    Binding,
    /// The mask is wide enough for the rejection test.
    Width,
}

/// The verdict on a proposal.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The dimension that was judged.
    pub n: u32,
    /// The bits of q that were judged.
    pub bits: u32,
    /// The bits of hiding it has.
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
        let sigma = proposal.sigma.clamp(1.0, 2.0_f64.powi(256)) * (1.0 + ROUNDING);
        let (fits, log2_q) = match demand.modulus {
            Modulus::Fixed { bits: fixed, log2_q, .. } if bits == fixed => (true, log2_q),
            Modulus::Fixed { .. } => (false, f64::from(bits)),
            Modulus::Free { .. } => (bits >= demand.least_bits(), f64::from(bits)),
        };
        Self { mu, bits, log2_q, sigma, fits }
    }
}

/// Whether parameters are sound: whether some splitting of q and some rank meet every constraint.
///
/// # Errors
/// When no challenge set exists for `security`.
pub fn judge(demand: &Demand, security: u32, proposal: &Proposal) -> Result<Verdict> {
    let level = Level::of(demand, security)?;
    let Rounded { mu, bits, log2_q, sigma, fits } = Rounded::of(demand, proposal);
    let hiding = HidingRank { mu, bits: lwe_bits(DEGREE * mu, log2_q, ternary_sigma()) };

    // every splitting of q with this mask: those with enough automorphisms, those that bind, those wide enough
    let shapes: Vec<_> = demand
        .of_bits(bits)
        .into_iter()
        .filter_map(|mut candidate| {
            (candidate.log2_q, candidate.bits) = (log2_q, bits);
            level.shape(demand, candidate, |_| hiding, Some(sigma))
        })
        .collect();
    let bound: Vec<_> = shapes.iter().filter_map(|shape| Some((shape, shape.binding_rank()?))).collect();
    let wide: Vec<_> = bound.iter().filter(|(shape, kappa)| shape.narrowest(*kappa) <= sigma).collect();

    let holds = [
        (Constraint::Hiding, hiding.bits >= f64::from(security)),
        (Constraint::Modulus, fits),
        (Constraint::Soundness, !shapes.is_empty()),
        (Constraint::Binding, !bound.is_empty()),
        (Constraint::Width, !wide.is_empty()),
    ];
    let fails: Vec<_> = holds.into_iter().filter(|held| !held.1).map(|held| held.0).collect();
    let sizes = wide.iter().map(|(shape, kappa)| shape.choice(*kappa).proof_size);
    let proof_size = if fails.is_empty() { sizes.min() } else { None };
    Ok(Verdict { n: DEGREE * mu, bits, lwe_bits: hiding.bits, fails, proof_size })
}
