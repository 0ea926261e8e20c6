//! Euclid's algorithm: divisions with remainder, whose quotients and remainders are hints.
//! Some begin with the larger number, whichever comes first.

use super::circuit::{Form, Role};
use super::sketch::Sketch;
use crate::field::U256;

/// Divides pairs of numbers until the target; the last divisor of each is public.
pub fn build(s: &mut Sketch) {
    if s.draw.chance(6) {
        s.bind();
    }
    while s.room() > 2 {
        let width = s.width(2, 6, 2);
        let divisor = euclid(s, width);
        s.publish(&divisor, width);
    }
}

/// `a = q b + r` with `r < b`, then the same of `b` and `r`, until nothing remains or the room ends.
fn euclid(s: &mut Sketch, width: u32) -> Form {
    let [mut a, mut b] = [(); 2].map(|()| s.draw.bits(width).max(U256::from(1)));
    let (mut dividend, mut divisor) = (s.input_of(a, width), s.input_of(b, width));
    if s.draw.chance(6) {
        let less = s.c.less_than(&dividend, &divisor, width);
        let larger = s.c.select(&less, &divisor, &dividend);
        (dividend, divisor) = (larger, s.c.select(&less, &dividend, &divisor));
        (a, b) = (a.max(b), a.min(b));
    }
    let one = s.c.integer(1);
    loop {
        let (quotient, remainder) = (hint(s, a / b, width), hint(s, a % b, width));
        let multiple = s.c.minus(&dividend, &remainder);
        s.c.constrain(&quotient, &divisor, &multiple);
        let below = s.c.less_than(&remainder, &divisor, width);
        s.c.equal(&below, &one);
        (a, b) = (b, a % b);
        if b.is_zero() || !s.more() {
            return divisor;
        }
        (dividend, divisor) = (divisor, remainder);
    }
}

/// A private value that no constraint computes, range-checked if the plan says so.
fn hint(s: &mut Sketch, value: U256, width: u32) -> Form {
    let wire = s.c.wire(Role::Private, value);
    if s.checked() {
        s.c.check_range(&wire, width);
    }
    wire
}
