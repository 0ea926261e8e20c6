//! Quantised dot products and squared distances, as in private inference and matching
//! (Lee et al., vCNN, 2020; Liu et al., zkCNN, CCS 2021).

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// Compares a query with vectors until the target.
pub fn build(s: &mut Sketch) {
    let width = s.width(1, 12, 2);
    let length = s.draw.between(2, (s.room() / (3 * width as usize + 6)).clamp(2, 64));
    let query: Vec<Form> = (0..length).map(|_| s.signed_input(width)).collect();
    let (known, distance) = (s.draw.chance(4), s.draw.chance(6));
    while s.room() > 1 {
        let score = score(s, &query, width, known, distance);
        s.publish(&score, 2 * width + 3 + length.ilog2());
    }
}

/// A dot product, or a squared distance, with a new vector; `known` vectors are constants.
fn score(s: &mut Sketch, query: &[Form], width: u32, known: bool, distance: bool) -> Form {
    let mut sum = s.c.integer(0);
    for a in query {
        let b = if known { s.small((1 << width.min(40)) - 1) } else { s.signed_input(width) };
        let term = if distance { squared_difference(s, a, &b) } else { product(s, a, &b, known) };
        s.c.accumulate(&mut sum, U256::from(1), &term);
        if !s.more() {
            break;
        }
    }
    sum
}

fn product(s: &mut Sketch, a: &Form, b: &Form, known: bool) -> Form {
    if known { s.c.scaled(b.value(), a) } else { s.c.multiply(a, b) }
}

fn squared_difference(s: &mut Sketch, a: &Form, b: &Form) -> Form {
    let difference = s.c.minus(a, b);
    s.c.multiply(&difference, &difference)
}
