//! Concrete primes for a free modulus, checked on the circuit itself (labels.md, section 4).

use std::borrow::Cow;

use anyhow::{Context, Result};

use crate::analysis::{Analysis, Lift};
use crate::field::{U256, is_probable_prime};
use crate::label::{Choice, Demand, choose};
use crate::r1cs::R1cs;
use crate::ranges::{Bounds, Ranges};
use crate::relation::Relation;

/// Primes of one bit length that are tried before the next bit length.
const TRIES: usize = 16;

/// The primes below `2^bits` with `q = 1 + 128/ord mod 256/ord` (`q = 1 mod 128` for ord 1), largest
/// first: modulo such a q the polynomial `X^64 + 1` splits into binomials of degree ord.
pub fn primes(bits: u32, ord: u32) -> impl Iterator<Item = U256> {
    let (residue, step) = if ord == 1 { (1, 128) } else { (1 + 128 / ord, 256 / ord) };
    let top = if bits >= 256 { U256::MAX } else { (U256::from(1) << bits as usize) - U256::from(1) };
    let (residue, step) = (U256::from(residue), U256::from(step));
    let first = top - (top + (step - residue)) % step;
    std::iter::successors(Some(first), move |q| q.checked_sub(step))
        .take_while(move |q| *q > residue)
        .filter(|q| is_probable_prime(*q))
}

/// The best parameters of a circuit, their concrete prime, and the demand that they meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settled {
    /// The smallest sound proof.
    pub choice: Choice,
    /// Its modulus.
    pub q: U256,
    /// The circuit's demand; at one more bit where none of the primes of the label serves.
    pub demand: Demand,
}

/// The best parameters of a circuit with a concrete prime that serves it. Where none of [`TRIES`] primes does, the search
/// is run once more with one bit more, that length alone.
///
/// # Errors
/// When nothing satisfies the circuit, no candidate is sound at `security` bits, no prime serves, or `security` has no
/// challenge set.
pub fn choose_prime(r1cs: &R1cs, analysis: &Analysis, bounds: &Bounds, security: u32) -> Result<Settled> {
    if let Some(unsatisfiable) = analysis.unsatisfiable {
        return Err(unsatisfiable.into());
    }
    if !analysis.liftable {
        return fixed(analysis, security);
    }
    let relation = Relation::of(r1cs, bounds);
    settle(&Lift::of(&relation, bounds)?, analysis, security).map(|(settled, _)| settled)
}

/// The same for the circuit's relation, with the ranges modulo the prime where it was free to choose.
pub(crate) fn settle<'l, 'a>(
    lift: &'l Lift<'a>,
    analysis: &Analysis,
    security: u32,
) -> Result<(Settled, Option<Cow<'l, Ranges<'a>>>)> {
    if !analysis.liftable {
        return Ok((fixed(analysis, security)?, None));
    }
    let demand = Demand::of_circuit(analysis);
    let choice = choose(&demand, security)?;
    if let Some((q, ranges)) = serving_prime(lift, &choice)? {
        return Ok((Settled { choice, q, demand }, Some(ranges)));
    }
    let demand = demand.at_bits(choice.candidate.bits + 1);
    let choice = choose(&demand, security)?;
    let found = serving_prime(lift, &choice)?;
    let none = || format!("no prime of {} bits serves the circuit", choice.candidate.bits);
    let (q, ranges) = found.with_context(none)?;
    Ok((Settled { choice, q, demand }, Some(ranges)))
}

/// The best parameters where q is the circuit's own prime.
fn fixed(analysis: &Analysis, security: u32) -> Result<Settled> {
    let demand = Demand::of_circuit(analysis);
    Ok(Settled { choice: choose(&demand, security)?, q: analysis.field.modulus(), demand })
}

fn serving_prime<'l, 'a>(lift: &'l Lift<'a>, choice: &Choice) -> Result<Option<(U256, Cow<'l, Ranges<'a>>)>> {
    for q in primes(choice.candidate.bits, choice.candidate.ord).take(TRIES) {
        if let Some(ranges) = lift.ranges(q)? {
            return Ok(Some((q, ranges)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Field;

    #[test]
    fn primes_have_the_order_wanted() {
        for ord in [1, 2, 4, 8, 16] {
            for bits in [16, 32, 64, 128, 256] {
                let q = primes(bits, ord).next().unwrap();
                let field = Field::new(q).unwrap();
                assert_eq!((field.order_mod_128(), field.bits()), (ord, bits));
            }
        }
    }

    #[test]
    fn largest_32_bit_prime_that_splits_completely() {
        let slow = (0..1u64 << 32).rev().filter(|q| q % 128 == 1);
        let expected = slow.map(U256::from).find(|q| is_probable_prime(*q));
        assert_eq!(primes(32, 1).next(), expected);
    }
}
