//! Recurrences: linear ones (Fibonacci), squarings in the field (delay functions, Rivest-Shamir-Wagner 1996), and the
//! logistic map in fixed point, truncated by bits (May, Nature 1976).

use super::circuit::Form;
use super::sketch::Sketch;

/// Draws sequences of one kind until the target; the last element of each is public.
pub fn build(s: &mut Sketch) {
    let sequence = [linear, linear, squares, logistic, logistic][s.draw.below(5) as usize];
    while s.room() > 2 {
        let (last, bits) = sequence(s);
        s.publish(&last, bits);
    }
}

/// `x_(i+1) = a x_i + b x_(i-1) + c`, while the values stay within the limit.
fn linear(s: &mut Sketch) -> (Form, u32) {
    let width = s.width(1, 5, 2);
    let [a, b, c] = [s.draw.small(3), s.draw.small(3), s.draw.small(9)];
    let [b_factor, a_factor] = [b, a].map(|factor| s.c.field().from_i64(factor));
    let growth = (a.unsigned_abs() + b.unsigned_abs()).ilog2() + 1;
    let steps = (s.limit.saturating_sub(width.max(4)) / growth).clamp(1, 400);
    let (mut last, mut value) = (s.signed_input(width), s.signed_input(width));
    let constant = s.c.integer(c);
    for _ in 0..s.draw.between(1 + steps as usize / 2, steps as usize) {
        let sum = s.c.combine(&s.c.scaled(a_factor, &value), b_factor, &last);
        let next = s.c.plus(&sum, &constant);
        last = std::mem::replace(&mut value, s.c.fold(&next));
        if !s.more() {
            break;
        }
    }
    (value, s.limit.min(100))
}

/// `x_(i+1) = x_i^2 + c`; few of them stay integers.
fn squares(s: &mut Sketch) -> (Form, u32) {
    let width = s.width(2, 2, 4);
    let doublings = (s.limit / (width + 1)).ilog2() as usize;
    let steps = if s.limit > s.c.field().bits() { 200 } else { doublings.max(1) };
    let mut value = s.signed_input(width);
    let constant = s.small(1 << width.min(20));
    for _ in 0..steps {
        value = s.c.multiply_add(&value, &value, &constant);
        if !s.more() {
            break;
        }
    }
    (value, s.limit.min(100))
}

/// `x_(i+1) = r x_i (2^width - x_i) / 2^shift`, rounded down; `r = 1, 2 or 3`.
fn logistic(s: &mut Sketch) -> (Form, u32) {
    let width = s.width(2, 4, 2);
    let rate = s.draw.between(1, 3) as i64;
    let top = s.c.integer(1 << width.min(60));
    let mut value = s.input(width);
    for _ in 0..s.draw.between(1, (s.room() / (4 * width as usize + 8)).clamp(1, 64)) {
        let rest = s.c.minus(&top, &value);
        let scaled = s.c.scaled(s.c.field().from_i64(rate), &value);
        let product = s.c.multiply(&scaled, &rest);
        let digits = s.c.bits(&product, 2 * width);
        let high = s.c.word(&digits[width as usize..]);
        value = s.c.fold(&high);
    }
    (value, width)
}
