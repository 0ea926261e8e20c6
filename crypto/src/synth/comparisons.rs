//! Comparisons of integers by the carry of their difference, as in circomlib's `LessThan`:
//! maxima (auctions), sorted lists, thresholds, counted equalities.

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// Draws statements until the target.
pub fn build(s: &mut Sketch) {
    while s.more() {
        let statement = [maximum, ascending, threshold, equalities][s.draw.below(4) as usize];
        let count = s.draw.between(2, (s.room() / 50).clamp(2, 6));
        statement(s, count);
    }
}

/// The largest of the values is public.
fn maximum(s: &mut Sketch, count: usize) {
    let width = s.width(2, 2 * count, 1);
    let mut best = s.input(width);
    for _ in 1..count {
        let next = s.input(width);
        let less = s.c.less_than(&best, &next, width);
        best = s.c.select(&less, &next, &best);
    }
    s.publish(&best, width);
}

/// Each value is smaller than the next one.
fn ascending(s: &mut Sketch, count: usize) {
    let width = s.width(4, 2 * count, 1);
    let (mut value, one) = (s.draw.bits(1), s.c.integer(1));
    let mut last = s.input_of(value, width);
    for _ in 1..count {
        value += U256::from(1) + s.draw.bits((width - 4).min(100));
        let next = s.input_of(value, width);
        let less = s.c.less_than(&last, &next, width);
        s.c.equal(&less, &one);
        last = next;
    }
}

/// How many values lie below a threshold is public.
fn threshold(s: &mut Sketch, count: usize) {
    let width = s.width(2, 2 * count, 1);
    let mut below = s.c.integer(0);
    let bound = s.draw.bits(width);
    let bound = if s.draw.chance(8) { s.c.constant(bound) } else { s.input_of(bound, width) };
    for _ in 0..count {
        let value = s.input(width);
        let less = s.c.less_than(&value, &bound, width);
        s.c.accumulate(&mut below, U256::from(1), &less);
    }
    s.publish(&below, 4);
}

/// How many values equal a given one is public; checked, by two comparisons instead of an inverse.
fn equalities(s: &mut Sketch, count: usize) {
    let width = s.width(2, 3 * count, 1);
    let wanted = s.input(width);
    let hits: Vec<Form> = (0..count).map(|_| equals(s, &wanted, width)).collect();
    let equal = s.c.sum(&hits);
    s.publish(&equal, 4);
}

fn equals(s: &mut Sketch, wanted: &Form, width: u32) -> Form {
    let value = if s.draw.chance(4) { wanted.value() } else { s.draw.bits(width) };
    let value = s.input_of(value, width);
    if s.checked() {
        let less = s.c.less_than(&value, wanted, width);
        let more = s.c.less_than(wanted, &value, width);
        let differ = s.c.plus(&less, &more);
        return s.c.not(&differ);
    }
    let difference = s.c.minus(&value, wanted);
    s.c.is_zero(&difference)
}
