//! The exact parameter search: the smallest sound proof for a circuit's demand (labels.md, section 4).
//!
//! Commitments: Baum et al., SCN 2018. Products: Attema, Lyubashevsky, Seiler, CRYPTO 2020. Linear
//! relations: Esgin, Nguyen, Seiler, ASIACRYPT 2020. Rejection: Lyubashevsky, Nguyen, Seiler, PKC 2021.
//! Cut low bits: Lyubashevsky, Nguyen, Plancon, CRYPTO 2022.
//!
//! The demand and its moduli stand in `demand`, a security level with its challenges in `level`, one candidate's ranks,
//! cuts and bytes in `shape`. This file chooses.

mod demand;
mod level;
mod shape;

use anyhow::{Context, Result};

use crate::security::{DEGREE, hardness};

pub(crate) use demand::MAX_BITS;
pub use demand::{Candidate, Demand, Modulus};
pub(crate) use level::Level;
pub use level::{LEVELS, check_level};
use shape::MAX_KAPPA;

/// Meaning of the labels; any change of it raises this number.
pub const LABEL_VERSION: u32 = 1;

/// A sound set of parameters and what it gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The modulus it belongs to.
    pub candidate: Candidate,
    /// LWE rank; the LWE dimension is `64 mu`.
    pub mu: u32,
    /// Standard deviation of the Gaussian mask.
    pub sigma: f64,
    /// Openings in parallel.
    pub k: u32,
    /// SIS rank.
    pub kappa: u32,
    /// Committed rows.
    pub l: u32,
    /// Low bits dropped from the commitment.
    pub cut_d: u32,
    /// Low bits dropped from the opening.
    pub cut_g: u32,
    /// Bits of hiding.
    pub lwe_bits: f64,
    /// Bits of binding.
    pub sis_bits: f64,
    /// Bits of soundness: the least of the openings in parallel, the linear checks and the challenges.
    pub soundness: f64,
    /// Proof size in bytes.
    pub proof_size: u64,
}

impl Choice {
    /// LWE dimension.
    #[must_use]
    pub const fn n(&self) -> u32 {
        DEGREE * self.mu
    }

    /// The smaller of hiding and binding, in bits of core-SVP.
    #[must_use]
    pub fn bit_security(&self) -> f64 {
        self.lwe_bits.min(self.sis_bits)
    }

    /// What [`choose`] and [`sound`] order by.
    const fn place(&self) -> (u64, u32, u32) {
        (self.proof_size, self.candidate.bits, self.candidate.ord)
    }

    /// Hardness of [`Self::bit_security`].
    #[must_use]
    pub fn hardness(&self) -> f64 {
        hardness(self.bit_security())
    }
}

/// The candidate with the smallest proof at `security` bits; ties go to smaller bits, then smaller ord.
///
/// Only candidates whose floor is not above the size of the one with the lowest floor are worked out in
/// full: ten of 160 on average.
///
/// # Errors
/// When no challenge set exists for `security`, or every candidate falls; the line names the constraint.
pub fn choose(demand: &Demand, security: u32) -> Result<Choice> {
    let level = Level::of(demand, security)?;
    let mut floors: Vec<_> =
        level.ranked(demand).map(|(shape, kappa)| (shape.floor(kappa), shape, kappa)).collect();

    // the size of one candidate is known: those with a higher floor cannot be the smallest
    let lowest = floors.iter().min_by(|one, other| one.0.total_cmp(&other.0));
    let known = lowest.map_or(0, |(_, shape, kappa)| shape.choice(*kappa).proof_size);
    floors.retain(|(floor, ..)| *floor <= known as f64);

    let choices = floors.iter().map(|(_, shape, kappa)| shape.choice(*kappa));
    choices.min_by_key(Choice::place).with_context(|| infeasible(demand, security, &level))
}

/// Every candidate that is sound at `security` bits, in the order in which [`choose`] prefers them.
///
/// # Errors
/// When no challenge set exists for `security`.
pub fn sound(demand: &Demand, security: u32) -> Result<Vec<Choice>> {
    let level = Level::of(demand, security)?;
    let mut choices: Vec<_> = level.ranked(demand).map(|(shape, kappa)| shape.choice(kappa)).collect();
    choices.sort_by_key(Choice::place);
    Ok(choices)
}

fn infeasible(demand: &Demand, security: u32, level: &Level) -> String {
    let modulus = match demand.modulus {
        Modulus::Fixed { bits, .. } => format!("the {bits}-bit field as modulus"),
        Modulus::Free { bits } => format!("values of {bits} bits"),
    };
    let reason = if level.shapes(demand).next().is_some() {
        format!(
            "no rank up to {MAX_KAPPA} makes the commitment binding (Module-SIS); a larger field or lower security helps"
        )
    } else {
        format!(
            "k*ord exceeds {DEGREE} (soundness); a field whose prime has a smaller order modulo 128 helps"
        )
    };
    format!("infeasible at {security} bits with {modulus}: {reason}")
}
