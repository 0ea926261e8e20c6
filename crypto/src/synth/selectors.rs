//! Choices: equality by an inverse hint, reading an array at a secret place, multiplexers, and shifts by a chain of them
//! (circomlib's `IsZero`, `IsEqual`, `Mux2`, `Multiplexer`; zk-email's `VarShiftLeft`, `ItemAtIndex`).

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// Draws choices of one or more kinds until the target.
pub fn build(s: &mut Sketch) {
    let kinds = [equality, item, multiplexer, shift];
    let only = s.draw.chance(10).then(|| s.draw.below(4) as usize);
    while s.room() > 2 {
        let kind = only.unwrap_or_else(|| s.draw.below(4) as usize);
        let width = s.width(1, 8, 1);
        kinds[kind](s, width);
    }
}

/// Whether two inputs are equal.
fn equality(s: &mut Sketch, width: u32) {
    let first = s.input(width);
    let value = if s.draw.chance(8) { first.value() } else { s.draw.bits(width) };
    let second = s.input_of(value, width);
    let difference = s.c.minus(&first, &second);
    let equal = s.c.is_zero(&difference);
    s.publish(&equal, 1);
}

/// As many inputs as there is room for, each of `cost` nodes beside its own.
fn list(s: &mut Sketch, width: u32, cost: usize) -> Vec<Form> {
    let each = cost + 2 * width as usize;
    let count = s.draw.between(2, (s.room() / each).clamp(2, 64));
    (0..count).map(|_| s.input(width)).collect()
}

/// `array[index]`: the sum of all entries, each times whether its place is the index.
fn item(s: &mut Sketch, width: u32) {
    let array = list(s, width, 6);
    let place = s.draw.below(array.len() as u64);
    let index = s.input_of(U256::from(place), usize::BITS - array.len().leading_zeros());
    let (mut sum, mut hits) = (s.c.integer(0), s.c.integer(0));
    for (place, entry) in array.iter().enumerate() {
        let distance = s.c.minus(&index, &s.c.integer(place as i64));
        let hit = s.c.is_zero(&distance);
        let chosen = s.c.multiply(&hit, entry);
        s.c.accumulate(&mut sum, U256::from(1), &chosen);
        hits = s.c.plus(&hits, &hit);
    }
    if s.draw.chance(8) {
        let one = s.c.integer(1);
        s.c.equal(&hits, &one);
    }
    let sum = s.c.fold(&sum);
    s.publish(&sum, width);
}

/// One of four by two bits: `((d - c - b + a) t + b - a) s + (c - a) t + a`.
fn multiplexer(s: &mut Sketch, width: u32) {
    let (low, high) = (s.bit(), s.bit());
    let [a, b, c, d] = [(); 4].map(|()| s.input(width));
    let (right, left) = (s.c.minus(&b, &a), s.c.minus(&d, &c));
    let twist = s.c.minus(&left, &right);
    let product = s.c.multiply(&twist, &high);
    let slope = s.c.plus(&product, &right);
    let chosen = s.c.multiply(&slope, &low);
    let third = s.c.minus(&c, &a);
    let other = s.c.multiply_add(&third, &high, &a);
    let sum = s.c.plus(&chosen, &other);
    let out = s.c.fold(&sum);
    s.publish(&out, width);
}

/// A list turned by a secret number of places: for each bit of it, every entry is one of two.
fn shift(s: &mut Sketch, width: u32) {
    let mut list = list(s, width, 12);
    let steps = list.len().ilog2();
    let bits: Vec<Form> = if s.draw.chance(8) {
        let amount = s.input(steps);
        s.c.bits(&amount, steps)
    } else {
        (0..steps).map(|_| s.bit()).collect()
    };
    for (step, bit) in bits.iter().enumerate() {
        let turned = |place: usize| &list[(place + (1 << step)) % list.len()];
        list = (0..list.len()).map(|place| s.c.select(bit, turned(place), &list[place])).collect();
    }
    let shown = s.draw.between(1, list.len());
    for entry in &list[..shown] {
        s.publish(entry, width);
    }
}
