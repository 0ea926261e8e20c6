//! Inverses as hints: S-boxes `x -> 1/x` (of AES's kind, and of Rescue's), values shown to differ from one another
//! (sudoku, distinct nullifiers), and fractions.

use super::circuit::{Form, Role};
use super::sketch::Sketch;
use crate::field::U256;

/// One of the three until the target.
pub fn build(s: &mut Sketch) {
    let kind = [permutation, permutation, distinct, distinct, distinct, fractions][s.draw.below(6) as usize];
    while s.room() > 4 {
        kind(s);
    }
}

/// A wire for `numerator / denominator`, whose product with the denominator is constrained.
pub fn quotient(s: &mut Sketch, numerator: &Form, denominator: &Form) -> Form {
    let inverse = match denominator.value() {
        U256::ZERO => U256::ZERO,
        value => s.c.field().inv(value),
    };
    let value = s.c.field().mul(numerator.value(), inverse);
    let wire = s.c.wire(Role::Private, value);
    s.c.constrain(&wire, denominator, numerator);
    wire
}

/// Rounds of `(x, y) -> (1/x + y, x + constant)` on field elements.
fn permutation(s: &mut Sketch) {
    let [mut x, mut y] = [(); 2].map(|()| s.element());
    let one = s.c.integer(1);
    for _ in 0..s.draw.between(2, (s.room() / 3).clamp(2, 60)) {
        let constant = s.constant();
        let inverse = quotient(s, &one, &x);
        let next = s.c.plus(&inverse, &y);
        y = s.c.plus(&x, &constant);
        x = s.c.fold(&next);
    }
    s.c.output(&x);
}

/// Inputs that differ pairwise, each difference with an inverse.
fn distinct(s: &mut Sketch) {
    let width = s.width(3, 4, 1);
    let count = s.draw.between(2, (s.room() / (3 * width as usize + 4)).clamp(2, 9));
    let start = s.draw.bits(width - 2);
    let mut values: Vec<Form> = Vec::new();
    for index in 0..count.min(1 << (width - 1).min(16)) {
        let value = (start + U256::from(index)) % (U256::from(1) << width as usize);
        let next = s.input_of(value, width);
        for other in &values {
            let difference = s.c.minus(&next, other);
            s.c.assert_nonzero(&difference);
            if !s.more() {
                break;
            }
        }
        values.push(next);
    }
    let total = s.c.sum(&values);
    s.publish(&total, width + 4);
}

/// Quotients of inputs by inputs, added up.
fn fractions(s: &mut Sketch) {
    let width = s.width(2, 4, 2);
    let mut total = s.c.integer(0);
    for _ in 0..s.draw.between(1, (s.room() / (4 * width as usize + 4)).clamp(1, 20)) {
        let (numerator, divisor) = (s.input(width), s.draw.bits(width).max(U256::from(1)));
        let divisor = s.input_of(divisor, width);
        let fraction = quotient(s, &numerator, &divisor);
        total = s.c.plus(&total, &fraction);
    }
    s.c.output(&total);
}
