//! MiMC (Albrecht et al., ASIACRYPT 2016): `x -> (x + key + constant)^e`, round after round, and its
//! Feistel form with a constant right half (were both secret, either could be chosen to fit). Each instance publishes what it enciphers a message to.

use super::circuit::Form;
use super::sketch::Sketch;

/// Draws instances until the target.
pub fn build(s: &mut Sketch) {
    let exponent = exponent(s, 4);
    let cost = 2 * multiplications(exponent);
    while s.room() > 4 {
        let rounds = s.draw.between(1, (s.room() / cost).clamp(1, 91));
        let key = s.element();
        let out = if s.draw.chance(8) {
            feistel(s, rounds, exponent, &key)
        } else {
            plain(s, rounds, exponent, &key)
        };
        s.c.output(&out);
    }
}

/// One of the smallest `choices` exponents that permute the field: primes that do not divide `p - 1`.
pub fn exponent(s: &mut Sketch, choices: usize) -> u32 {
    let order = s.c.field().modulus() - crate::field::U256::from(1);
    let coprime = |&e: &u32| !(order % crate::field::U256::from(e)).is_zero();
    let exponents: Vec<u32> = [3, 5, 7, 11, 13, 17].into_iter().filter(coprime).take(choices).collect();
    exponents[s.draw.between(0, exponents.len() - 1)]
}

/// Multiplications in a power, by squaring.
pub const fn multiplications(exponent: u32) -> usize {
    (exponent.ilog2() + exponent.count_ones() - 1) as usize
}

fn plain(s: &mut Sketch, rounds: usize, exponent: u32, key: &Form) -> Form {
    let (mut state, zero) = (s.element(), s.c.integer(0));
    for _ in 0..rounds {
        let base = keyed(s, &state, key);
        state = s.c.power_add(&base, exponent, &zero);
    }
    s.c.plus(&state, key)
}

fn feistel(s: &mut Sketch, rounds: usize, exponent: u32, key: &Form) -> Form {
    let (left, right) = (s.element(), s.constant());
    compress(s, [left, right], rounds, exponent, key)
}

/// The left half of the Feistel form's result.
pub fn compress(s: &mut Sketch, halves: [Form; 2], rounds: usize, exponent: u32, key: &Form) -> Form {
    let [mut left, mut right] = halves;
    for _ in 0..rounds {
        let base = keyed(s, &left, key);
        let next = s.c.power_add(&base, exponent, &right);
        right = std::mem::replace(&mut left, next);
    }
    left
}

fn keyed(s: &mut Sketch, state: &Form, key: &Form) -> Form {
    let (constant, keyed) = (s.constant(), s.c.plus(state, key));
    s.c.plus(&keyed, &constant)
}
