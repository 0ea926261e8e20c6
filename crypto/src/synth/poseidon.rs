//! Poseidon (Grassi et al., USENIX Security 2021): a sponge over a permutation of full and partial
//! rounds `state -> MDS * sbox(state + constants)`. Sizes and rounds vary; these are shapes, not secure instances.

use super::circuit::Form;
use super::mimc;
use super::sketch::Sketch;
use crate::field::U256;

/// Longest form that goes on unfolded.
const LONGEST: usize = 8;

struct Permutation {
    exponent: u32,
    matrix: Vec<Vec<U256>>,
    full: usize,
    partial: usize,
}

/// Hashes message after message until the target.
pub fn build(s: &mut Sketch) {
    let width = s.draw.between(2, if s.room() < 100 { 3 } else { 5 });
    let exponent = mimc::exponent(s, 2);
    let sbox = 2 * mimc::multiplications(exponent);
    let full = 2 * s.draw.between(1, (s.room() / (4 * width * sbox)).clamp(1, 4));
    let partial = s.draw.between(0, (s.room() / (3 * sbox)).min(57));
    let permutation = Permutation { exponent, matrix: cauchy(s, width), full, partial };
    let cost = (full * width + partial) * (sbox + 1);
    loop {
        let absorbs = s.draw.between(1, (s.room() / cost).clamp(1, 3));
        hash(s, &permutation, absorbs);
        if s.room() < cost {
            break;
        }
    }
}

/// A Cauchy matrix `k / (start + i + j)`, cleared of denominators; every square part is regular.
fn cauchy(s: &mut Sketch, width: usize) -> Vec<Vec<U256>> {
    let start = s.draw.between(1, 9) as u64;
    let scale = if s.draw.chance(8) { s.constant().value() } else { U256::from(1) };
    let entry = |sum: u64| {
        let others = (0..2 * width as u64 - 1).filter(|&other| other != sum);
        others.fold(scale, |product, other| s.c.times(product, U256::from(start + other)))
    };
    let diagonals: Vec<U256> = (0..2 * width as u64 - 1).map(entry).collect();
    (0..width).map(|row| diagonals[row..row + width].to_vec()).collect()
}

/// Absorbs `width - 1` elements at a time and publishes the first of the state.
fn hash(s: &mut Sketch, permutation: &Permutation, absorbs: usize) {
    let mut state = vec![s.c.integer(0); permutation.matrix.len()];
    for _ in 0..absorbs {
        for entry in &mut state[1..] {
            let message = s.element();
            *entry = s.c.plus(entry, &message);
        }
        permute(s, permutation, &mut state);
    }
    s.c.output(&state[0]);
}

fn permute(s: &mut Sketch, permutation: &Permutation, state: &mut Vec<Form>) {
    let zero = s.c.integer(0);
    let (half, rounds) = (permutation.full / 2, permutation.full + permutation.partial);
    for round in 0..rounds {
        let partial = (half..half + permutation.partial).contains(&round);
        for (index, entry) in state.iter_mut().enumerate() {
            let constant = s.constant();
            *entry = s.c.plus(entry, &constant);
            if index == 0 || !partial {
                *entry = s.c.power_add(entry, permutation.exponent, &zero);
            }
        }
        *state = permutation.matrix.iter().map(|row| mix(s, row, state)).collect();
    }
}

fn mix(s: &mut Sketch, row: &[U256], state: &[Form]) -> Form {
    let mut sum = s.c.integer(0);
    for (&factor, entry) in row.iter().zip(state) {
        s.c.accumulate(&mut sum, factor, entry);
    }
    if sum.len() > LONGEST { s.c.fold(&sum) } else { sum }
}
