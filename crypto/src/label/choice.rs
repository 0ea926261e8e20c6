//! A chosen set of parameters, what it gives, and what keeps it from being smaller (labels.md, section 4).

use crate::security::{DEGREE, Limit, hardness};

use super::demand::Candidate;
use super::level::Challenges;

/// What the bytes of a proof are spent on, in thousandths of a bit (labels.md, section 3): the proof's size is the
/// sum, rounded up to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// t0, `kappa d (bits - D)`: what binds.
    pub commitment: u64,
    /// `l d bits`: the committed rows of forms, masks and garbage.
    pub rows: u64,
    /// `nlin (d - per) bits`: the answers of the linear checks, sent in the clear.
    pub masks: u64,
    /// `k (mu + l) d cz`: the coefficients of z.
    pub openings: u64,
    /// `k kappa d ch`: the hints, which stand for the rest of z.
    pub hints: u64,
    /// Header, challenge hash, what fills the bit string up to bytes, and the ends of the coder's streams.
    pub fixed: u64,
}

impl Parts {
    /// Thousandths of a bit of the whole proof.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.commitment + self.rows + self.masks + self.openings + self.hints + self.fixed
    }
}

/// A sound set of parameters and what it gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// lambda.
    pub security: u32,
    /// The modulus it belongs to.
    pub candidate: Candidate,
    /// The number that sets the widths.
    pub j: u32,
    /// LWE rank; the LWE dimension is `64 mu`.
    pub mu: u32,
    /// `s2`, the standard deviation of the Gaussian mask.
    pub sigma: f64,
    /// Standard deviation of secret and error of the Module-LWE that hiding rests on.
    pub s: f64,
    /// Standard deviation of the commitment randomness.
    pub s1: f64,
    /// Openings in parallel.
    pub k: u32,
    /// SIS rank.
    pub kappa: u32,
    /// Committed rows.
    pub l: u32,
    /// D, low bits dropped from the commitment.
    pub cut_d: u32,
    /// g, low bits dropped from the opening.
    pub cut_g: u32,
    /// Garbage rows of the products.
    pub gamma: u32,
    /// Masks of the linear checks.
    pub nlin: u32,
    /// The challenge set.
    pub challenges: Challenges,
    /// Bits of hiding.
    pub lwe_bits: f64,
    /// Bits of binding.
    pub sis_bits: f64,
    /// Bits of soundness: the least of the openings in parallel, the linear checks and the challenges.
    pub soundness: f64,
    /// What forbids a smaller rank; nothing if the rank is 1, or a smaller one binds with fewer cuts and more bytes.
    pub rank_limit: Option<Limit>,
    /// What forbids to drop one more low bit of the opening; nothing if it is the modulus' own length.
    pub cut_limit: Option<Limit>,
    /// What the bytes are spent on.
    pub parts: Parts,
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

    /// Hardness of [`Self::bit_security`].
    #[must_use]
    pub fn hardness(&self) -> f64 {
        hardness(self.bit_security())
    }

    /// What the search orders by.
    pub(super) const fn place(&self) -> (u64, u32, u32, u32) {
        (self.proof_size, self.candidate.bits, self.candidate.ord, self.j)
    }
}
