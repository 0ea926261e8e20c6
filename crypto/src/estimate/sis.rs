//! The short integer solution problem in the Euclidean norm.
//!
//! Source: lattice-estimator `sis_lattice.py`, `SISLattice.cost_euclidean` (malb/lattice-estimator
//! @27a581b), after Micciancio, Regev, *Lattice-based cryptography* (2009);
//! estimator.md, section 6.
//!
//! ```text
//! d = sqrt(n lg(q) / (lg(B)^2 / (4 n lg(q)))),    lg(delta) = (lg(B) - n/d lg(q)) / (d - 1)
//! ```

use std::f64::consts::LN_2;

use anyhow::{Result, ensure};

use super::cost::clamp;
use super::delta::{BETA_LIMIT, block_size};
use super::{CostModel, Detail, Estimate, LOG2_Q_MAX, N_MAX, Problem, Status};

/// SIS: find `x` with `A x = 0 mod q` and `0 < |x| <= B`, for a matrix of `n` rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sis {
    n: f64,
    log2_q: f64,
    log2_bound: f64,
    columns: f64,
}

impl Sis {
    /// Checks the parameters; `columns: None` means that there is no limit.
    ///
    /// ```
    /// use nexuszero_crypto::estimate::{CostModel, Sis};
    /// let sis = Sis::new(256, 32.0, 1246974_f64.log2(), Some(512))?;
    /// assert_eq!(
    ///     sis.estimate(CostModel::Adps16).to_string(),
    ///     "rop: 2^66.9, beta: 229, d: 512, delta: 1.005772"
    /// );
    /// let error = Sis::new(256, 32.0, -1.0, None).unwrap_err();
    /// assert_eq!(error.to_string(), "log2_bound is -1: it must be finite and at least 0");
    /// # Ok::<(), anyhow::Error>(())
    /// ```
    ///
    /// # Errors
    /// One line that names the value out of range and what is allowed.
    pub fn new(n: u64, log2_q: f64, log2_bound: f64, columns: Option<u64>) -> Result<Self> {
        ensure!((1..=N_MAX).contains(&n), "n is {n}: it must be between 1 and {N_MAX}");
        ensure!(
            (1.0..=LOG2_Q_MAX).contains(&log2_q),
            "log2_q is {log2_q}: it must be between 1 and {LOG2_Q_MAX}"
        );
        ensure!(
            log2_bound.is_finite() && log2_bound >= 0.0,
            "log2_bound is {log2_bound}: it must be finite and at least 0"
        );
        ensure!(columns != Some(0), "columns is 0: it must be at least 1, or unlimited");
        let columns = columns.map_or(f64::INFINITY, |columns| columns as f64);
        Ok(Self { n: n as f64, log2_q, log2_bound, columns })
    }

    /// Cost of the lattice attack; [`Status::Trivial`] (zero bits) from `B = q` on, where `q e_1` is a solution.
    /// The pinned commit of the estimator calls it trivial from `(q - 1)/2` on, which holds in the maximum norm alone
    /// (its issue 162, mended there by pull request 218). Labels count such lengths as trivial all the same
    /// ([`crate::security`]).
    ///
    /// The report's `beta` is capped by `d` as the estimator's is, and none is reported above 65536, nor a dimension
    /// where it has no end; [`Detail::Sis`] holds the block size that the target `delta` needs.
    ///
    /// ```
    /// use nexuszero_crypto::estimate::{CostModel, Sis};
    /// let hard = Sis::new(256, 48.0, 16.0, Some(768))?.estimate(CostModel::Adps16);
    /// assert_eq!(hard.to_string(), "rop: inf, beta: 768, d: 768, delta: 1.002491");
    /// let easy = Sis::new(256, 32.0, 32.0, Some(512))?.estimate(CostModel::Adps16);
    /// assert_eq!(easy.to_string(), "rop: 2^0.0 (trivially easy)");
    /// # Ok::<(), anyhow::Error>(())
    /// ```
    #[must_use]
    pub fn estimate(&self, model: CostModel) -> Estimate {
        if self.is_trivial() {
            return Estimate::trivial();
        }
        let d = self.dimension();
        let wanted = self.target_beta(d);
        match wanted.filter(|beta| *beta as f64 <= d) {
            Some(beta) if self.has_solution(d) => {
                self.report(d, beta, wanted, clamp(model.log2_rop(beta, d as u64)))
            }
            capped => self.report(d, capped.unwrap_or(d as u64), wanted, f64::INFINITY),
        }
    }

    fn report(&self, d: f64, beta: u64, wanted: Option<u64>, log2_rop: f64) -> Estimate {
        let status = if log2_rop.is_finite() { Status::Works } else { Status::Fails };
        let detail = Detail::Sis { beta: wanted };
        let beta = (beta <= BETA_LIMIT).then_some(beta);
        let d = (d < u64::MAX as f64).then_some(d as u64);
        Estimate::new(Problem::Sis, status, log2_rop, beta, d, detail)
    }

    /// `B >= q`, up to the rounding of the logarithms.
    fn is_trivial(&self) -> bool {
        self.log2_bound >= self.log2_q * (1.0 - 4.0 * f64::EPSILON)
    }

    /// Dimension that leaves the largest `delta`. In these two steps: doubles round a quotient that
    /// is an integer just below it now and then, and the estimator's floor follows.
    fn dimension(&self) -> f64 {
        let lambda = self.log2_bound.powi(2) / (4.0 * self.n * self.log2_q);
        (self.n * self.log2_q / lambda).sqrt().floor().min(self.columns).min(u64::MAX as f64)
    }

    /// Block size that finds a vector of length `B` in dimension `d`.
    fn target_beta(&self, d: f64) -> Option<u64> {
        let log2_delta = (self.log2_bound - self.n / d * self.log2_q) / (d - 1.0);
        if d > 1.0 { block_size(log2_delta * LN_2) } else { None }
    }

    /// `B > min(sqrt(n ln(q)), sqrt(d) q^(n/d))`: a vector that short is expected to exist.
    fn has_solution(&self, d: f64) -> bool {
        let counting = 0.5 * (self.n * self.log2_q * LN_2).log2();
        let minkowski = 0.5 * d.log2() + self.n / d * self.log2_q;
        self.log2_bound > counting.min(minkowski)
    }
}
