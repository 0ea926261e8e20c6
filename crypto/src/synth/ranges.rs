//! Statements about ranges: values in intervals or sets, and confidential transfers
//! (Maxwell, Confidential Transactions, 2015; Bünz et al., Bulletproofs, S&P 2018, for the same by other means).

use super::circuit::{Form, Role};
use super::sketch::Sketch;
use crate::field::U256;

/// Draws statements until the target, and publishes the sum of the values.
pub fn build(s: &mut Sketch) {
    let mut total = s.c.integer(0);
    while s.room() > 1 {
        let value = match s.draw.below(8) {
            0..3 => interval(s),
            3..5 => transfer(s),
            5 => member(s),
            _ => one_of_two(s),
        };
        s.c.accumulate(&mut total, U256::from(1), &value);
    }
    s.c.output(&total);
}

/// `low <= x <= high`; unchecked, only `x != low - 1`.
fn interval(s: &mut Sketch) -> Form {
    let width = s.width(2, 2, 1);
    let (low, span) = (s.draw.bits(width), s.draw.bits(width));
    let offset = (s.draw.bits(128) * span) >> 128;
    let x = s.c.wire(Role::Private, low + offset);
    let above = s.c.minus(&x, &s.c.constant(low));
    if s.checked() {
        let below = s.c.minus(&s.c.constant(low + span), &x);
        s.c.check_range(&above, span.bit_len() as u32);
        s.c.check_range(&below, span.bit_len() as u32);
    } else {
        let gap = s.c.plus(&above, &s.c.integer(1));
        s.c.assert_nonzero(&gap);
    }
    x
}

/// A balance covers an amount: what remains is not negative.
fn transfer(s: &mut Sketch) -> Form {
    let width = s.width(3, 3, 1);
    let (amount, rest) = (s.draw.bits(width - 1), s.draw.bits(width - 1));
    let before = s.input_of(amount + rest, width);
    let amount = s.input_of(amount, width - 1);
    let after = s.c.minus(&before, &amount);
    let after = s.c.fold(&after);
    s.c.check_range(&after, width - 1);
    after
}

/// `x` lies in a set: the product of all `x - s_i` is zero.
fn member(s: &mut Sketch) -> Form {
    let size = s.draw.between(3, 6);
    let width = s.width(2, 1, size as u32).min(20);
    let chosen = s.draw.between(0, size - 1);
    let set: Vec<U256> = (0..size).map(|_| s.draw.bits(width)).collect();
    let x = s.input_of(set[chosen], width);
    let distances: Vec<Form> = set.iter().map(|&value| s.c.minus(&x, &s.c.constant(value))).collect();
    let mut product = distances[0].clone();
    for distance in &distances[1..size - 1] {
        product = s.c.multiply(&product, distance);
    }
    let zero = s.c.integer(0);
    s.c.constrain(&product, &distances[size - 1], &zero);
    x
}

/// `x` is one of two values of any size: `(x - a)(x - b) = 0`.
fn one_of_two(s: &mut Sketch) -> Form {
    let width = (s.limit.min(s.c.field().bits() - 3) / 2).min(128);
    let (a, b) = (s.draw.bits(width), s.draw.bits(width));
    let x = s.c.wire(Role::Private, if s.draw.chance(8) { a } else { b });
    let (left, right) = (s.c.minus(&x, &s.c.constant(a)), s.c.minus(&x, &s.c.constant(b)));
    let zero = s.c.integer(0);
    s.c.constrain(&left, &right, &zero);
    x
}
