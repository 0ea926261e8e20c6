//! Merkle paths (Merkle, CRYPTO 1987): a private leaf lies under a public root. Two compressions: the
//! Feistel form of MiMC, and a knapsack `sum a_i b_i mod 2^width` on bits (Ajtai, STOC 1996).

use super::circuit::Form;
use super::mimc;
use super::sketch::Sketch;

/// Draws paths until the target.
pub fn build(s: &mut Sketch) {
    let algebraic = s.draw.chance(5);
    while s.room() > 8 {
        if algebraic {
            field_path(s);
        } else {
            knapsack_path(s);
        }
    }
}

fn field_path(s: &mut Sketch) {
    let exponent = mimc::exponent(s, 2);
    let rounds = s.draw.between(1, (s.room() / 32).clamp(1, 10));
    let level = 2 * rounds * mimc::multiplications(exponent) + 8;
    let depth = s.draw.between(1, (s.room() / level).clamp(1, 32));
    let (mut node, key) = (s.element(), s.c.integer(0));
    for _ in 0..depth {
        let (direction, sibling) = (s.bit(), s.element());
        let (left, right) = s.c.swap(&direction, &node, &sibling);
        node = mimc::compress(s, [left, right], rounds, exponent, &key);
    }
    s.c.output(&node);
}

fn knapsack_path(s: &mut Sketch) {
    let width = s.width(2, 5, 1).min(24);
    let carry = 2 * width.ilog2() + 2;
    let level = (8 * width + 2 * carry + 16) as usize;
    let depth = s.draw.between(1, (s.room() / level).clamp(1, 32));
    let weights: Vec<Form> = (0..2 * width).map(|_| weight(s, width)).collect();
    let mut node = s.input(width);
    for _ in 0..depth {
        let (direction, sibling) = (s.bit(), s.input(width));
        let (left, right) = s.c.swap(&direction, &node, &sibling);
        node = knapsack(s, [left, right], &weights, width);
    }
    s.publish(&node, width);
}

fn weight(s: &mut Sketch, width: u32) -> Form {
    let value = s.draw.bits(width);
    s.c.constant(value)
}

/// `sum a_i b_i mod 2^width` over the bits of both halves.
fn knapsack(s: &mut Sketch, halves: [Form; 2], weights: &[Form], width: u32) -> Form {
    let bits = halves.map(|half| s.c.bits(&half, width));
    let mut sum = s.c.integer(0);
    for (bit, weight) in bits.iter().flatten().zip(weights) {
        s.c.accumulate(&mut sum, weight.value(), bit);
    }
    let carry = (2 * width).ilog2() + 1;
    let digits = s.c.bits(&sum, width + carry);
    let word = s.c.word(&digits[..width as usize]);
    s.c.fold(&word)
}
