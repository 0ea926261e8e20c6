//! The exact parameter search: the smallest sound proof for a circuit's demand (labels.md, sections 3 to 4).
//!
//! Commitments: Baum et al., SCN 2018. Products: Attema, Lyubashevsky, Seiler, CRYPTO 2020. Linear
//! relations: Esgin, Nguyen, Seiler, ASIACRYPT 2020. Rejection: Lyubashevsky, Nguyen, Seiler, PKC 2021.
//! Cut low bits: Lyubashevsky, Nguyen, Plancon, CRYPTO 2022.

use std::f64::consts::{E, PI};

use anyhow::{Context, Result, bail, ensure};

use crate::analysis::Analysis;
use crate::field::{Field, log2};
use crate::packing::SLOTS;
use crate::security::{BindingTest, DEGREE, HidingRank, hardness, hiding_rank, sis_bits};

/// Meaning of the labels; any change of it raises this number.
pub const LABEL_VERSION: u32 = 1;

/// Width of the one-bit rejection test of LNS21, six expected repetitions.
const G0: f64 = 0.675;
const D: f64 = DEGREE as f64;
const MAX_KAPPA: u32 = 1000;
/// Fewest bits of a free q.
const NARROWEST: u32 = 16;
/// A free q is searched up to this many bits; where the circuit's values take more, at their length alone.
const WIDEST_SEARCHED: u32 = 64;
/// Orders of a free q modulo 128: degrees of the factors of `X^64 + 1`.
const ORDERS: [u32; 5] = [1, 2, 4, 8, 16];

/// The security levels that have a challenge set.
pub const LEVELS: [u32; 4] = [100, 128, 192, 256];

/// Challenges: coefficients in `[-w, w]`, operator norm at most `t`, l1 norm at most `l1`; `2^bits` of them.
#[derive(Clone, Copy, Debug)]
struct Challenges {
    w: f64,
    t: f64,
    l1: f64,
    bits: f64,
}

impl Challenges {
    fn new(security: u32) -> Result<Self> {
        let (w, t, l1, bits) = match security {
            100 | 128 => (2.0, 20.0, 128.0, 146.0),
            192 => (4.0, 37.0, 256.0, 200.0),
            256 => (8.0, 69.0, 512.0, 259.0),
            other => bail!("security {other} has no challenge set; choose one of 100, 128, 192, 256"),
        };
        Ok(Self { w, t, l1, bits })
    }
}

/// Whether a security level has a challenge set.
///
/// # Errors
/// When it has none; the line names those that do.
pub fn check_level(security: u32) -> Result<()> {
    Challenges::new(security).map(|_| ())
}

/// The modulus that a circuit leaves open or fixes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Modulus {
    /// Any `q` above `2^bits`: the circuit holds over the integers.
    Free {
        /// Bit length `B` of the largest value.
        bits: u32,
    },
    /// `q = p`.
    Fixed {
        /// `log2 p`.
        log2_q: f64,
        /// Bit length of p.
        bits: u32,
        /// Order of p modulo 128.
        order: u32,
    },
}

impl Modulus {
    /// `q = p` for a field.
    #[must_use]
    pub fn fixed(field: &Field) -> Self {
        Self::Fixed { log2_q: log2(field.modulus()), bits: field.bits(), order: field.order_mod_128() }
    }
}

/// What a circuit demands: its modulus, and the rows to commit for each of [`SLOTS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// The modulus, free or fixed.
    pub modulus: Modulus,
    /// `height(s)` for s = 64, 32, 16, 8, 4, 2.
    pub heights: [u32; 6],
}

impl Demand {
    /// Without a circuit: `height(s) = max(1, ceil(forms/s))`.
    #[must_use]
    pub fn of_forms(forms: u32, modulus: Modulus) -> Self {
        Self { modulus, heights: SLOTS.map(|slots| forms.div_ceil(slots).max(1)) }
    }

    /// The demand of an analysed circuit.
    #[must_use]
    pub fn of_circuit(analysis: &Analysis) -> Self {
        let modulus = if analysis.liftable {
            Modulus::Free { bits: analysis.bits }
        } else {
            Modulus::fixed(&analysis.field)
        };
        Self { modulus, heights: analysis.heights }
    }

    /// The fewest bits that q may have.
    #[must_use]
    pub fn least_bits(&self) -> u32 {
        match self.modulus {
            Modulus::Fixed { bits, .. } => bits,
            Modulus::Free { bits } => (bits + 1).max(NARROWEST),
        }
    }

    /// The candidates of one bit length; where q is fixed there is one of them, whatever the length.
    pub(crate) fn of_bits(&self, bits: u32) -> Vec<Candidate> {
        match self.modulus {
            Modulus::Fixed { log2_q, bits, order } => vec![Candidate { log2_q, bits, ord: order }],
            Modulus::Free { .. } => {
                ORDERS.map(|ord| Candidate { log2_q: f64::from(bits), bits, ord }).to_vec()
            }
        }
    }

    /// The moduli that the search goes through.
    pub fn candidates(&self) -> impl Iterator<Item = Candidate> {
        let least = self.least_bits();
        let most = match self.modulus {
            Modulus::Fixed { .. } => least,
            Modulus::Free { .. } => least.max(WIDEST_SEARCHED),
        };
        (least..=most).flat_map(|bits| self.of_bits(bits))
    }
}

/// A modulus to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// `lg = log2 q`.
    pub log2_q: f64,
    /// Bits an element of `Z_q` takes.
    pub bits: u32,
    /// The order of q modulo 128.
    pub ord: u32,
}

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

/// A security level and what the search needs of it.
pub(crate) struct Level {
    security: u32,
    challenges: Challenges,
    binding: BindingTest,
}

/// A candidate with all that does not depend on the SIS rank.
pub(crate) struct Shape<'a> {
    level: &'a Level,
    pub(crate) candidate: Candidate,
    hiding: HidingRank,
    width: Option<f64>, // of a proposed mask
    k: u32,
    tau: u32,
    nlin: u32,
    l: u32,
}

impl Level {
    pub(crate) fn of(demand: &Demand, security: u32) -> Result<Self> {
        if let Modulus::Free { bits } = demand.modulus {
            ensure!(bits < 256, "values of {bits} bits are too long; up to 255 bits are supported");
        }
        Ok(Self { security, challenges: Challenges::new(security)?, binding: BindingTest::new(security) })
    }

    /// The candidates with enough automorphisms.
    fn shapes(&self, demand: &Demand) -> impl Iterator<Item = Shape<'_>> {
        let hiding = |log2_q| hiding_rank(log2_q, self.security);
        demand.candidates().filter_map(move |candidate| self.shape(demand, candidate, hiding, None))
    }

    /// Those that some rank makes binding, with the smallest one.
    pub(crate) fn ranked(&self, demand: &Demand) -> impl Iterator<Item = (Shape<'_>, u32)> {
        self.shapes(demand).filter_map(|shape| shape.binding_rank().map(|kappa| (shape, kappa)))
    }

    pub(crate) fn shape(
        &self,
        demand: &Demand,
        candidate: Candidate,
        hiding: impl Fn(f64) -> HidingRank,
        width: Option<f64>,
    ) -> Option<Shape<'_>> {
        let Candidate { log2_q, ord, .. } = candidate;
        let wanted = f64::from(self.security - 1);

        // as many openings in parallel as soundness needs, if there are automorphisms for them
        let openings = (wanted / (f64::from(ord) * log2_q)).ceil() as u32;
        let k = if ord == 1 { openings.next_power_of_two() } else { openings };
        if k * ord > DEGREE {
            return None;
        }

        // rows to commit: the circuit's, one for the products, and those of the linear checks
        let tau = (wanted / log2_q).ceil() as u32;
        let nlin = if ord == 1 { tau.div_ceil(k) } else { tau };
        let l = demand.heights[ord.ilog2() as usize].saturating_add(1 + nlin);
        Some(Shape { level: self, candidate, hiding: hiding(log2_q), width, k, tau, nlin, l })
    }
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
    fn floor(&self, kappa: u32) -> f64 {
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
