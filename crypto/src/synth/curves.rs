//! Points of elliptic curves: additions on Edwards and Weierstrass forms, whose fractions are hints, and products of a
//! point by the bits of a scalar (circomlib's `BabyAdd`, `MontgomeryAdd`, `EscalarMulAny`). The formulas are those of
//! Bernstein and Lange's collection; points are any pairs, for shapes and not for security.

use super::circuit::Form;
use super::inverses::quotient;
use super::sketch::Sketch;

type Point = [Form; 2];

/// Adds points until the target, by one of the forms.
pub fn build(s: &mut Sketch) {
    let add = if s.draw.chance(8) { edwards } else { weierstrass };
    let scalar = s.draw.chance(10);
    loop {
        let point = [s.element(), s.element()];
        let sum = if scalar { multiple(s, add, point) } else { chain(s, add, point) };
        sum.iter().for_each(|coordinate| s.c.output(coordinate));
        if s.room() < 8 {
            break;
        }
    }
}

/// A few points after one another.
fn chain(s: &mut Sketch, add: fn(&mut Sketch, &Point, &Point) -> Point, mut sum: Point) -> Point {
    for _ in 0..s.draw.between(1, (s.room() / 12).clamp(1, 16)) {
        let next = [s.element(), s.element()];
        sum = add(s, &sum, &next);
    }
    sum
}

/// Doubles a point bit by bit of a scalar, and adds it where the bit is set.
fn multiple(s: &mut Sketch, add: fn(&mut Sketch, &Point, &Point) -> Point, base: Point) -> Point {
    let most = (s.room() / 20).clamp(2, 254).min(s.c.field().bits() as usize - 2);
    let length = s.draw.between(2, most);
    let scalar = s.draw.bits(length.min(128) as u32);
    let input = s.input_of(scalar, length as u32);
    let bits = s.c.bits(&input, length as u32);
    let [mut sum, mut power] = [[s.element(), s.element()], base];
    for bit in &bits {
        let other = add(s, &sum, &power);
        sum = [0, 1].map(|axis| s.c.select(bit, &other[axis], &sum[axis]));
        let shift = [s.constant(), s.constant()];
        power = add(s, &power, &shift);
        if !s.more() {
            break;
        }
    }
    sum
}

/// `x = (x1 y2 + y1 x2) / (1 + d t)`, `y = (y1 y2 - a x1 x2) / (1 - d t)` with `t = x1 x2 y1 y2`.
fn edwards(s: &mut Sketch, [x1, y1]: &Point, [x2, y2]: &Point) -> Point {
    let beta = s.c.multiply(x1, y2);
    let gamma = s.c.multiply(y1, x2);
    let [a, d] = [168_700, 168_696].map(|value| s.c.element(value));
    let mixed = s.c.combine(y1, s.c.field().neg(a), x1);
    let sum = s.c.plus(x2, y2);
    let delta = s.c.multiply(&mixed, &sum);
    let tau = s.c.multiply(&beta, &gamma);

    let one = s.c.integer(1);
    let [over, under] = [s.c.combine(&one, d, &tau), s.c.combine(&one, s.c.field().neg(d), &tau)];
    let cross = s.c.plus(&beta, &gamma);
    let scaled = s.c.combine(&delta, a, &beta);
    let straight = s.c.minus(&scaled, &gamma);
    [quotient(s, &cross, &over), quotient(s, &straight, &under)]
}

/// `x = m^2 - x1 - x2`, `y = m (x1 - x) - y1` with the slope `m = (y2 - y1) / (x2 - x1)`.
fn weierstrass(s: &mut Sketch, [x1, y1]: &Point, [x2, y2]: &Point) -> Point {
    let (rise, run) = (s.c.minus(y2, y1), s.c.minus(x2, x1));
    let slope = quotient(s, &rise, &run);
    let both = s.c.plus(x1, x2);
    let negative = s.c.scaled(s.c.element(-1), &both);
    let x = s.c.multiply_add(&slope, &slope, &negative);
    let step = s.c.minus(x1, &x);
    let below = s.c.scaled(s.c.element(-1), y1);
    let y = s.c.multiply_add(&slope, &step, &below);
    [x, y]
}
