//! The exact parameter search: the smallest sound proof for a circuit's demand (labels.md, section 4).
//!
//! Commitments: Baum et al., SCN 2018. Products: Attema, Lyubashevsky, Seiler, CRYPTO 2020. Linear
//! relations: Esgin, Nguyen, Seiler, ASIACRYPT 2020. Hiding without rejection: Kim, Lee, Seo, Song, CRYPTO 2023.
//! Cut low bits: Lyubashevsky, Nguyen, Plancon, CRYPTO 2022.
//!
//! The demand and its moduli stand in `demand`, a security level with its challenges and widths in `level`, the norms
//! that bind in `norms`, one candidate's rows, cuts and bytes in `shape`, all candidates of a length in `rows`, what
//! is answered in `choice`. This file chooses.

mod choice;
mod demand;
mod level;
mod norms;
mod rows;
mod shape;

use anyhow::{Context, Result};

use crate::security::{DEGREE, HidingRank};

pub use choice::{Choice, Parts};
pub(crate) use demand::MAX_BITS;
pub use demand::{Candidate, Demand, Modulus, ORDERS};
pub use level::{Challenges, LEVELS, WIDTHS, check_level};
pub(crate) use level::{Level, Rational, Widths, check};
use rows::{Held, row};
pub(crate) use shape::Shape;
use shape::{Best, MAX_KAPPA, MAX_OPENINGS};

/// Meaning of the labels; any change of it raises this number.
pub const LABEL_VERSION: u32 = 2;

/// The candidate with the smallest proof at `security` bits; ties go to smaller bits, ord, j, kappa, D.
///
/// A candidate's *floor* is the part of its proof that depends neither on the rank nor on the cuts. Only candidates
/// whose floor is not above the best proof known are worked out: all others are longer in bytes, so they lose even a
/// tie. The one with the lowest floor goes first, the rest follows by floor, and the first that is too high ends it.
///
/// # Errors
/// When no challenge set exists for `security`, or every candidate falls; the line names the constraint.
pub fn choose(demand: &Demand, security: u32) -> Result<Choice> {
    check(demand, security)?;
    let rows = held(demand, security);
    let height = |shape: &Shape| demand.height(shape.candidate.ord);
    let mut floors: Vec<_> =
        rows.iter().flat_map(|row| row.iter()).map(|shape| (shape.floor(height(shape)), shape)).collect();

    let mut best = Best::default();
    if let Some((_, shape)) = floors.iter().min_by_key(|(floor, _)| *floor) {
        shape.search(height(shape), &mut best);
    }
    floors.retain(|(floor, _)| !best.beats(*floor));
    floors.sort_unstable_by_key(|(floor, _)| *floor);
    for (floor, shape) in floors {
        if best.beats(floor) {
            break;
        }
        shape.search(height(shape), &mut best);
    }
    best.choice(|ord| demand.height(ord)).with_context(|| infeasible(demand, security))
}

/// Every candidate that is sound at `security` bits with its smallest proof, in the order in which [`choose`] prefers
/// them.
///
/// # Errors
/// When no challenge set exists for `security`.
pub fn sound(demand: &Demand, security: u32) -> Result<Vec<Choice>> {
    check(demand, security)?;
    let rows = held(demand, security);
    let shapes = rows.iter().flat_map(|row| row.iter());
    let mut choices: Vec<_> =
        shapes.filter_map(|shape| shape.smallest(demand.height(shape.candidate.ord))).collect();
    choices.sort_by_key(Choice::place);
    Ok(choices)
}

/// The exact squares of the widths of a choice, which do not depend on whether q is free.
pub(crate) fn widths(choice: &Choice) -> Widths {
    let level = Level { security: choice.security, free: true };
    level.widths(choice.challenges, choice.j, choice.k)
}

/// The candidates of all lengths.
fn held(demand: &Demand, security: u32) -> Vec<Held> {
    let level = Level::of(demand, security);
    demand.lengths().filter_map(|bits| row(level, demand, bits)).collect()
}

/// The candidates of one modulus, whether or not the demand allows it, with every j of which `hiding` gives a rank.
pub(crate) fn shapes(
    demand: &Demand,
    security: u32,
    modulus: Candidate,
    hiding: impl Fn(f64) -> HidingRank,
) -> Vec<Shape> {
    let level = Level::of(demand, security);
    let mut known = Vec::new();
    let hiding = WIDTHS.map(|j| (j, hiding(level.deviation(j))));
    let candidates =
        demand.of_bits(modulus.bits).into_iter().map(|split| Candidate { ord: split.ord, ..modulus });
    let of = |candidate| {
        let norms = rows::norms(&mut known, level, candidate);
        hiding.map(|(j, hiding)| Shape::new(level, candidate, j, hiding, &norms))
    };
    candidates.flat_map(of).flatten().collect()
}

fn infeasible(demand: &Demand, security: u32) -> String {
    let modulus = match demand.modulus {
        Modulus::Fixed { bits, .. } => format!("the {bits}-bit field as modulus"),
        Modulus::Free { bits } => format!("values of {bits} bits"),
    };
    format!("infeasible at {security} bits with {modulus}: {}", reason(demand, security))
}

/// The constraint by which every candidate falls: the last that the search comes to.
fn reason(demand: &Demand, security: u32) -> String {
    const OTHER: &str = "another field helps";
    if let Modulus::Fixed { order, binomial, .. } = demand.modulus {
        if !ORDERS.contains(&order) {
            return format!("the prime's order modulo 128 is {order}, above 16 (soundness); {OTHER}");
        }
        if !binomial {
            let (modulus, residue) = (256 / order, 1 + 128 / order);
            return format!(
                "X^64 + 1 has no binomial factors: p mod {modulus} is not {residue} (soundness); {OTHER}"
            );
        }
    }
    if held(demand, security).iter().any(|row| !row.is_empty()) {
        return format!(
            "no rank up to {MAX_KAPPA} makes the commitment binding (Module-SIS); a larger field or lower security helps"
        );
    }
    let order = demand.candidates().next().map_or(1, |candidate| candidate.ord);
    if order > 1 {
        return format!(
            "more than {MAX_OPENINGS} openings in parallel, with factors of degree {order} (soundness); a larger field or lower security helps"
        );
    }
    format!("k*ord exceeds {DEGREE} (soundness); a larger field or lower security helps")
}
