//! Boolean networks: random gates on bits (as in compiled hash functions and cellular automata), with
//! the last bits packed into public words.

use super::circuit::Form;
use super::sketch::Sketch;

/// Draws layers of gates until the target.
pub fn build(s: &mut Sketch) {
    let width = s.draw.between(2, (s.room() / 6).clamp(2, 40));
    let packed = (s.width(2, 1, 1) as usize).min(width);
    let even = s.draw.chance(8);
    let mut bits: Vec<Form> = (0..width).map(|_| s.bit()).collect();
    while s.room() > width / packed {
        bits = layer(s, &bits, even);
    }
    for chunk in bits.chunks(packed) {
        let word = s.c.word(chunk);
        s.publish(&word, packed as u32);
    }
}

/// A gate for each bit: the same rule everywhere as in a cellular automaton, or any.
fn layer(s: &mut Sketch, bits: &[Form], even: bool) -> Vec<Form> {
    let (rule, count) = (s.draw.below(6), bits.len());
    let steps = [s.draw.between(1, count), s.draw.between(1, count)];
    let mut next = bits.to_vec();
    for index in 0..count {
        if s.room() <= 1 {
            break;
        }
        let kind = if even { rule } else { s.draw.below(6) };
        let near = steps.map(|step| &bits[(index + step) % count]);
        next[index] = gate(s, kind, &bits[index], near);
    }
    next
}

fn gate(s: &mut Sketch, kind: u64, a: &Form, [b, c]: [&Form; 2]) -> Form {
    match kind {
        0 | 1 => s.c.xor(a, b),
        2 => s.c.multiply(a, b),
        3 => s.c.or(a, b),
        4 => s.c.select(a, b, c),
        _ => chi(s, a, [b, c]),
    }
}

/// `a ^ (!b & c)`, the nonlinear layer of Keccak (Bertoni et al., EUROCRYPT 2013).
fn chi(s: &mut Sketch, a: &Form, [b, c]: [&Form; 2]) -> Form {
    let inverted = s.c.not(b);
    let masked = s.c.multiply(&inverted, c);
    s.c.xor(a, &masked)
}
