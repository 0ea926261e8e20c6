//! Some of a circuit's constraints alone, as they stand in it: what a component costs, and what the rest does.

use anyhow::Result;

use crate::r1cs::R1cs;
use crate::ranges::{Bounds, Ranges};
use crate::relation::Relation;

/// The constraints for which `keep` says so. A private wire that other constraints use too is bounded by what the whole
/// circuit says of it, so it stays one that the part cannot choose.
///
/// # Errors
/// When nothing satisfies the circuit.
pub fn part(r1cs: &R1cs, bounds: &Bounds, keep: impl Fn(usize) -> bool) -> Result<(R1cs, Bounds)> {
    let relation = Relation::of(r1cs, bounds);
    let ranges = Ranges::infer(&relation, r1cs.field().modulus(), bounds)?;
    let mut used = [vec![false; r1cs.wires() as usize], vec![false; r1cs.wires() as usize]];
    for index in 0..r1cs.constraints() {
        let side = &mut used[usize::from(keep(index))];
        r1cs.constraint(index)
            .iter()
            .flat_map(|form| form.wires)
            .for_each(|&wire| side[wire as usize] = true);
    }
    let [outside, inside] = used;
    let shared = (1..r1cs.wires()).filter(|&wire| inside[wire as usize] && outside[wire as usize]);
    let mut known = bounds.clone();
    known.extend(shared.map(|wire| (wire, ranges.interval(wire).clone())));
    Ok((r1cs.part(keep)?, known))
}
