//! A candidate and its cost: ranks, cuts and the bytes of a proof (labels.md, section 3).

use std::f64::consts::{E, PI};

use crate::security::{DEGREE, HidingRank, sis_bits};

use super::Choice;
use super::demand::Candidate;
use super::level::Level;

/// Width of the one-bit rejection test of LNS21, six expected repetitions.
const G0: f64 = 0.675;
const D: f64 = DEGREE as f64;
/// Largest SIS rank to try.
pub(super) const MAX_KAPPA: u32 = 1000;

/// A candidate with all that does not depend on the SIS rank.
pub(crate) struct Shape<'a> {
    pub(super) level: &'a Level,
    pub(crate) candidate: Candidate,
    pub(super) hiding: HidingRank,
    /// Of a proposed mask.
    pub(super) width: Option<f64>,
    /// Openings in parallel.
    pub(super) k: u32,
    /// Linear checks.
    pub(super) tau: u32,
    /// Rows that the linear checks commit.
    pub(super) nlin: u32,
    /// Committed rows.
    pub(super) l: u32,
}

impl Shape<'_> {
    /// `m2 = mu + kappa + l`.
    fn m2(&self, kappa: u32) -> f64 {
        f64::from(self.hiding.mu) + f64::from(kappa) + f64::from(self.l)
    }

    pub(crate) fn sigma(&self, kappa: u32) -> f64 {
        self.width.unwrap_or_else(|| self.narrowest(kappa))
    }

    /// The narrowest mask that the rejection test takes.
    pub(crate) fn narrowest(&self, kappa: u32) -> f64 {
        G0 * self.level.challenges.t * (f64::from(self.k) * self.m2(kappa) * D).sqrt()
    }

    /// `log2(8*T*Bd)`: the length that Module-SIS must withstand.
    pub(crate) fn log2_bound(&self, kappa: u32, cut_d: u32, cut_g: u32) -> f64 {
        let t = self.level.challenges.t;
        let norm = (f64::from(kappa) * D).sqrt();
        let mut bound = self.sigma(kappa) * (2.0 * self.m2(kappa) * D).sqrt();
        if cut_d > 0 {
            bound += t * exp2(cut_d - 1) * norm;
        }
        if cut_g > 0 {
            bound += exp2(cut_g - 1) * norm;
        }
        (8.0 * t * bound).log2()
    }

    fn is_binding(&self, kappa: u32, cut_d: u32, cut_g: u32) -> bool {
        let bound = self.log2_bound(kappa, cut_d, cut_g);
        self.level.binding.holds(D * f64::from(kappa), self.candidate.log2_q, bound)
    }

    /// The smallest rank that binds without cuts. The bound grows with the rank: what that of rank one
    /// rules out stays out, and once it is as long as q no larger rank can bind.
    pub(crate) fn binding_rank(&self) -> Option<u32> {
        let (binding, log2_q) = (&self.level.binding, self.candidate.log2_q);
        let least = binding.least_dimension(log2_q, self.log2_bound(1, 0, 0)) / D;
        (least.ceil().max(1.0) as u32..=MAX_KAPPA)
            .map(|kappa| (kappa, self.log2_bound(kappa, 0, 0)))
            .take_while(|&(_, bound)| bound < log2_q - 1.0)
            .find(|&(kappa, bound)| binding.holds(D * f64::from(kappa), log2_q, bound))
            .map(|(kappa, _)| kappa)
    }

    /// Raises g, then D, as far as binding allows.
    fn cuts(&self, kappa: u32) -> (u32, u32) {
        let most = self.candidate.bits - 1;

        let mut cut_g = 0;
        while cut_g + 1 < most && self.is_binding(kappa, 0, cut_g + 1) {
            cut_g += 1;
        }

        let mut cut_d = 0;
        while cut_d + 1 < most
            && self.level.challenges.l1 * exp2(cut_d) < exp2(cut_g)
            && self.is_binding(kappa, cut_d + 1, cut_g)
        {
            cut_d += 1;
        }

        (cut_d, cut_g)
    }

    /// Bits a coefficient of the hint takes, entropy-coded.
    fn hint_bits(&self, sigma: f64, cut_d: u32, cut_g: u32) -> f64 {
        if cut_g == 0 {
            return sigma.log2() + 2.1;
        }
        let w = self.level.challenges.w;
        let variance = w * (w + 1.0) / 3.0; // of a coefficient of the challenge
        let dropped = if cut_d > 0 { variance * (D / 12.0) * exp2(2 * cut_d) } else { 0.0 };
        let s = (sigma * sigma + dropped).sqrt() / exp2(cut_g);
        0.5 * (1.0 + 2.0 * PI * E * s * s).log2() + 0.15
    }

    /// Bits of a proof, part by part.
    fn proof_bits(&self, kappa: u32, cut_d: f64, hint: f64) -> f64 {
        let sigma = self.sigma(kappa);
        let bits = f64::from(self.candidate.bits);
        let k = f64::from(self.k);
        let rank = f64::from(kappa);

        let commitment = rank * D * (bits - cut_d);
        let rows = (f64::from(self.l) + f64::from(self.nlin)) * D * bits;
        let openings = k * (self.m2(kappa) - rank) * D * (sigma.log2() + 2.1);
        let hints = k * rank * D * hint;
        let hashes = f64::from((2 * self.level.security).max(256));
        commitment + rows + openings + hints + hashes
    }

    /// Bytes below which no proof of this rank goes: hints are free, and D is so large that its term
    /// `8T * T 2^(D-1) sqrt(kappa d)` of the bound is the longest that binds. That true hints take 0.15
    /// bits or more leaves ten bits a proof for rounding.
    pub(super) fn floor(&self, kappa: u32) -> f64 {
        let longest = self.level.binding.longest_bound(D * f64::from(kappa), self.candidate.log2_q);
        let term = 4.0 * self.level.challenges.t.powi(2) * (f64::from(kappa) * D).sqrt();
        self.proof_bits(kappa, (longest - term.log2()).max(0.0), 0.0) / 8.0
    }

    fn soundness(&self) -> f64 {
        let k = f64::from(self.k);
        let ord = f64::from(self.candidate.ord);
        let checks = (k * ord).min(f64::from(self.tau)) * self.candidate.log2_q;
        checks.min(self.level.challenges.bits - 1.0)
    }

    pub(crate) fn choice(&self, kappa: u32) -> Choice {
        let sigma = self.sigma(kappa);
        let (cut_d, cut_g) = self.cuts(kappa);
        let bound = self.log2_bound(kappa, cut_d, cut_g);
        let hint = self.hint_bits(sigma, cut_d, cut_g);
        let proof_bits = self.proof_bits(kappa, f64::from(cut_d), hint);
        Choice {
            candidate: self.candidate,
            mu: self.hiding.mu,
            sigma,
            k: self.k,
            kappa,
            l: self.l,
            cut_d,
            cut_g,
            lwe_bits: self.hiding.bits,
            sis_bits: sis_bits(D * f64::from(kappa), self.candidate.log2_q, bound),
            soundness: self.soundness(),
            proof_size: (proof_bits / 8.0).ceil() as u64,
        }
    }
}

fn exp2(exponent: u32) -> f64 {
    f64::from(exponent).exp2()
}
