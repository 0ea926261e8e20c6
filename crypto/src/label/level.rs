//! A security level: its challenges, and the shapes that candidates take at it (labels.md, section 3).

use anyhow::{Result, bail, ensure};

use crate::security::{BindingTest, DEGREE, HidingRank, hiding_rank};

use super::demand::{Candidate, Demand, MAX_BITS, Modulus};
use super::shape::Shape;

/// The security levels that have a challenge set.
pub const LEVELS: [u32; 4] = [100, 128, 192, 256];

/// Challenges: coefficients in `[-w, w]`, operator norm at most `t`, l1 norm at most `l1`; `2^bits` of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Challenges {
    pub(super) w: f64,
    pub(super) t: f64,
    pub(super) l1: f64,
    pub(super) bits: f64,
}

impl Challenges {
    fn new(security: u32) -> Result<Self> {
        let (w, t, l1, bits) = match security {
            100 | 128 => (2.0, 20.0, 128.0, 146.0),
            192 => (4.0, 37.0, 256.0, 200.0),
            256 => (8.0, 69.0, 512.0, 259.0),
            other => {
                let levels = LEVELS.map(|level| level.to_string()).join(", ");
                bail!("security {other} has no challenge set; choose one of {levels}")
            }
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

/// A security level and what the search needs of it.
pub(crate) struct Level {
    pub(super) security: u32,
    pub(super) challenges: Challenges,
    pub(super) binding: BindingTest,
}

impl Level {
    pub(crate) fn of(demand: &Demand, security: u32) -> Result<Self> {
        if let Modulus::Free { bits } = demand.modulus {
            ensure!(
                bits <= MAX_BITS,
                "values of {bits} bits are too long; up to {MAX_BITS} bits are supported"
            );
        }
        Ok(Self { security, challenges: Challenges::new(security)?, binding: BindingTest::new(security) })
    }

    /// The candidates with enough automorphisms.
    pub(super) fn shapes(&self, demand: &Demand) -> impl Iterator<Item = Shape<'_>> {
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
