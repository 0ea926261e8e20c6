//! How hard LWE and SIS instances are for the known lattice attacks.
//!
//! A second implementation of malb/lattice-estimator @27a581b (Albrecht, Player, Scott, *On the
//! concrete hardness of Learning with Errors*, 2015), from a description in own words
//! (estimator.md, sections 1 to 7); the tables of `tests/fixtures/golden` come from the original. One file is
//! one part of the theory: [`delta`], [`cost`], the attacks [`usvp`], [`bdd`], [`dual`], [`dual_hybrid`] on
//! LWE, and [`sis`].
//!
//! ```
//! use nexuszero_crypto::estimate::{Attack, CostModel, Lwe, estimate};
//! let kyber512 = Lwe::new(512, 3329_f64.log2(), 1.5_f64.sqrt(), 1.5_f64.sqrt(), Some(512))?;
//! assert_eq!(
//!     estimate(Attack::Usvp, &kyber512, CostModel::Matzov).to_string(),
//!     "rop: 2^143.8, beta: 406, d: 998, delta: 1.003941"
//! );
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! Limits: independent Gaussian-like coordinates, known by their standard deviation alone; no
//! algebraic structure, no hints, no sparse secrets; core-SVP leaves out polynomial factors.

pub mod bdd;
pub mod cost;
pub mod delta;
pub mod dual;
pub mod dual_hybrid;
mod search;
pub mod sis;
pub mod usvp;

use std::fmt;

use anyhow::{Result, ensure};

pub use cost::CostModel;
pub use sis::Sis;

/// Largest secret dimension that is accepted.
pub const N_MAX: u64 = 1 << 32;

/// Largest `log2 q` that is accepted.
pub const LOG2_Q_MAX: f64 = 1_048_576.0;

/// LWE: `b = A s + e mod q`, with `s` of `n` coordinates; checked by [`Lwe::new`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lwe {
    pub(crate) n: f64,
    pub(crate) ln_q: f64,
    pub(crate) sigma_s: f64,
    pub(crate) sigma_e: f64,
    /// Infinite where they are unlimited.
    pub(crate) samples: f64,
}

impl Lwe {
    /// Checks the parameters: secret dimension, modulus, standard deviations of a secret and of an
    /// error coordinate (not Gaussian widths), samples (`None`: unlimited).
    ///
    /// ```
    /// use nexuszero_crypto::estimate::Lwe;
    /// let error = Lwe::new(512, 12.0, 0.0, 1.0, None).unwrap_err();
    /// assert_eq!(error.to_string(), "sigma_s is 0: it must be finite and above 0");
    /// ```
    ///
    /// # Errors
    /// One line that names the value out of range and what is allowed.
    pub fn new(n: u64, log2_q: f64, sigma_s: f64, sigma_e: f64, samples: Option<u64>) -> Result<Self> {
        ensure!((1..=N_MAX).contains(&n), "n is {n}: it must be between 1 and {N_MAX}");
        ensure!(
            (1.0..=LOG2_Q_MAX).contains(&log2_q),
            "log2_q is {log2_q}: it must be between 1 and {LOG2_Q_MAX}"
        );
        for (name, sigma) in [("sigma_s", sigma_s), ("sigma_e", sigma_e)] {
            ensure!(sigma.is_finite() && sigma > 0.0, "{name} is {sigma}: it must be finite and above 0");
        }
        ensure!(samples != Some(0), "samples is 0: it must be at least 1, or unlimited");
        let samples = samples.map_or(f64::INFINITY, |samples| samples as f64);
        Ok(Self { n: n as f64, ln_q: log2_q * std::f64::consts::LN_2, sigma_s, sigma_e, samples })
    }

    /// Normal form: a secret wider than the error gives its place to the error (estimator.md, section 4.1).
    pub(crate) fn normal_form(&self) -> Self {
        let Self { n, sigma_s, sigma_e, samples, .. } = *self;
        if sigma_e < sigma_s && samples >= 2.0 * n {
            Self { sigma_s: sigma_e, samples: samples - n, ..*self }
        } else if sigma_e < sigma_s && samples == n {
            Self { sigma_s: sigma_e, sigma_e: sigma_s, ..*self }
        } else {
            *self
        }
    }

    /// Most rows of the primal lattice (estimator.md, section 4.2).
    pub(crate) fn dimension_cap(&self) -> f64 {
        if self.sigma_s <= self.sigma_e { self.samples + self.n } else { self.samples }
    }

    /// `ln(xi)`: the scale that makes a narrow secret as wide as the error (estimator.md, section 4.3).
    pub(crate) fn ln_xi(&self) -> f64 {
        (self.sigma_e.ln() - self.sigma_s.ln()).max(0.0)
    }
}

/// An attack on LWE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attack {
    /// Primal, unique shortest vector.
    Usvp,
    /// Primal, bounded distance decoding.
    Bdd,
    /// Dual, plain distinguisher.
    Dual,
    /// Dual hybrid with a fast Fourier transform.
    DualHybrid,
    /// The cheaper of [`Attack::Usvp`] and [`Attack::DualHybrid`].
    Rough,
}

/// What an estimate is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// LWE under an attack; never [`Attack::Rough`], but the attack that was cheaper.
    Lwe(Attack),
    /// SIS in the Euclidean norm.
    Sis,
}

/// Whether the attack works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It does, at the reported cost.
    Works,
    /// It does not, with any block size searched: the cost is infinite.
    Fails,
    /// There is nothing to attack (SIS with `B >= q`): zero bits.
    Trivial,
    /// The estimator has no number here, for this reason: the cost is infinite, and says nothing.
    Undefined(&'static str),
}

/// What only some attacks report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detail {
    /// Nothing more.
    None,
    /// Bounded distance decoding.
    Bdd {
        /// Dimension of the last SVP call, less one.
        eta: u64,
        /// `log2` of the cost of BKZ.
        log2_red: f64,
        /// `log2` of the cost of the SVP call.
        log2_svp: f64,
    },
    /// Plain dual.
    Dual {
        /// Samples used.
        samples: u64,
        /// `log2 N`, short vectors needed.
        log2_vectors: f64,
    },
    /// Dual hybrid.
    DualHybrid {
        /// Modulus of the transform.
        p: u64,
        /// Coordinates enumerated.
        zeta: u64,
        /// Coordinates in the transform.
        t: u64,
        /// Samples used.
        samples: u64,
        /// `log2 N`, short vectors needed.
        log2_vectors: f64,
        /// `log2` of the cost of the sieves.
        log2_red: f64,
        /// `log2` of the cost of guessing.
        log2_guess: f64,
    },
    /// SIS.
    Sis {
        /// Block size that the length bound needs, not capped by `d`; `None` above 65536.
        beta: Option<u64>,
    },
}

/// Result of one attack. It prints as one line:
///
/// ```
/// use nexuszero_crypto::estimate::{Attack, CostModel, Lwe, estimate};
/// let lwe = Lwe::new(512, 13.0, 2.5_f64.sqrt(), 5.25_f64.sqrt(), Some(512))?;
/// assert_eq!(
///     estimate(Attack::Usvp, &lwe, CostModel::Adps16).to_string(),
///     "rop: 2^118.3, beta: 405, d: 1011, delta: 1.003948"
/// );
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The attack.
    pub problem: Problem,
    /// Whether it works.
    pub status: Status,
    /// `log2` of the operations; infinite unless it works, 0 where there is nothing to attack.
    pub log2_rop: f64,
    /// Block size.
    pub beta: Option<u64>,
    /// Dimension of the lattice; the dual hybrid reports none.
    pub d: Option<u64>,
    /// Root Hermite factor of `beta`.
    pub delta: Option<f64>,
    /// What only this attack reports.
    pub detail: Detail,
}

impl Estimate {
    fn new(
        problem: Problem,
        status: Status,
        log2_rop: f64,
        beta: Option<u64>,
        d: Option<u64>,
        detail: Detail,
    ) -> Self {
        let delta = beta.map(|beta| delta::ln_delta(beta).exp());
        Self { problem, status, log2_rop, beta, d, delta, detail }
    }

    fn works(attack: Attack, log2_rop: f64, beta: u64, d: Option<u64>, detail: Detail) -> Self {
        Self::new(Problem::Lwe(attack), Status::Works, log2_rop, Some(beta), d, detail)
    }

    fn fails(attack: Attack) -> Self {
        Self::new(Problem::Lwe(attack), Status::Fails, f64::INFINITY, None, None, Detail::None)
    }

    fn undefined(attack: Attack, reason: &'static str) -> Self {
        Self { status: Status::Undefined(reason), ..Self::fails(attack) }
    }

    fn trivial() -> Self {
        Self::new(Problem::Sis, Status::Trivial, 0.0, None, None, Detail::None)
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Status::Works => write!(f, "rop: 2^{:.1}", self.log2_rop)?,
            Status::Fails => write!(f, "rop: inf")?,
            Status::Trivial => write!(f, "rop: 2^0.0 (trivially easy)")?,
            Status::Undefined(reason) => write!(f, "rop: inf ({reason})")?,
        }
        self.beta.map_or(Ok(()), |beta| write!(f, ", beta: {beta}"))?;
        self.d.map_or(Ok(()), |d| write!(f, ", d: {d}"))?;
        self.delta.map_or(Ok(()), |delta| write!(f, ", delta: {delta:.6}"))?;
        self.detail.fmt(f)
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None | Self::Sis { .. } => Ok(()),
            Self::Bdd { eta, log2_red, log2_svp } => {
                write!(f, ", eta: {eta}, red: 2^{log2_red:.1}, svp: 2^{log2_svp:.1}")
            }
            Self::Dual { samples, log2_vectors } => write!(f, ", m: {samples}, N: 2^{log2_vectors:.1}"),
            Self::DualHybrid { p, zeta, t, samples, log2_vectors, log2_red, log2_guess } => {
                write!(f, ", p: {p}, zeta: {zeta}, t: {t}, m: {samples}, N: 2^{log2_vectors:.1}")?;
                write!(f, ", red: 2^{log2_red:.1}, guess: 2^{log2_guess:.1}")
            }
        }
    }
}

/// Cost of one attack on an LWE instance. Only [`Attack::Usvp`], and so [`Attack::Rough`], has a
/// [`CostModel::Matzov`] figure; the others answer [`Status::Undefined`] there.
///
/// ```
/// use nexuszero_crypto::estimate::{Attack, CostModel, Lwe, estimate};
/// let lwe = Lwe::new(512, 3329_f64.log2(), 1.5_f64.sqrt(), 1.5_f64.sqrt(), Some(512))?;
/// assert_eq!(
///     estimate(Attack::Rough, &lwe, CostModel::Adps16Quantum).to_string(),
///     "rop: 2^106.3, beta: 401, delta: 1.003975, p: 4, zeta: 0, t: 40, m: 512, N: 2^82.6, red: 2^106.3, guess: 2^99.2"
/// );
/// # Ok::<(), anyhow::Error>(())
/// ```
#[must_use]
pub fn estimate(attack: Attack, lwe: &Lwe, model: CostModel) -> Estimate {
    match attack {
        Attack::Usvp => usvp::usvp(lwe, model),
        Attack::Bdd => bdd::bdd(lwe, model),
        Attack::Dual => dual::dual(lwe, model),
        Attack::DualHybrid => dual_hybrid::dual_hybrid(lwe, model),
        Attack::Rough => rough(lwe, model),
    }
}

/// The cheaper of the primal and the dual hybrid attack, the primal one at a tie.
///
/// ```
/// use nexuszero_crypto::estimate::{CostModel, Lwe, rough};
/// let lwe = Lwe::new(1024, 27.0, 1.0, 3.19, None)?;
/// assert_eq!(
///     rough(&lwe, CostModel::Adps16).to_string(),
///     "rop: 2^101.5, beta: 347, delta: 1.004391, p: 4, zeta: 0, t: 40, m: 1024, N: 2^71.7, red: 2^101.3, guess: 2^98.7"
/// );
/// # Ok::<(), anyhow::Error>(())
/// ```
#[must_use]
pub fn rough(lwe: &Lwe, model: CostModel) -> Estimate {
    let (primal, hybrid) = (usvp::usvp(lwe, model), dual_hybrid::dual_hybrid(lwe, model));
    if hybrid.log2_rop < primal.log2_rop { hybrid } else { primal }
}
