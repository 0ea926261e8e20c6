//! Random arithmetic circuits: outputs of a random DAG of products and sums on integer inputs.
//! The usual shape of hand-written circuits and of generated benchmarks of proof systems.

use super::circuit::Form;
use super::sketch::Sketch;

/// How far back an operand may lie.
const WINDOW: usize = 12;

/// A wire whose absolute value is below `2^bits`.
type Bounded = (Form, u32);

/// Draws inputs and operations until the target, and publishes the last values.
pub fn build(s: &mut Sketch) {
    let (width, affine) = (s.width(2, 6, 2), s.draw.chance(8));
    let mut pool: Vec<Bounded> = Vec::new();
    let outputs = s.draw.between(1, 3);
    while s.room() > outputs {
        let next = if pool.len() < 2 || s.draw.chance(1) { None } else { operation(s, &pool, affine) };
        pool.push(next.unwrap_or_else(|| (s.input(width), width)));
    }
    for (form, bits) in pool.iter().rev().take(outputs) {
        s.publish(form, *bits);
    }
}

/// A product or a sum of two recent values, if it stays within the limit.
fn operation(s: &mut Sketch, pool: &[Bounded], affine: bool) -> Option<Bounded> {
    let (a, b) = (recent(s, pool), recent(s, pool));
    if s.draw.chance(5) {
        return linear(s, a, b);
    }
    let third = recent(s, pool);
    let left = if affine && s.draw.chance(8) { mixed(s, a, third) } else { a.clone() };
    let right = if affine && s.draw.chance(4) { shifted(s, b) } else { b.clone() };
    let bits = left.1 + right.1;
    (bits <= s.limit).then(|| (s.c.multiply(&left.0, &right.0), bits))
}

fn recent<'a>(s: &mut Sketch, pool: &'a [Bounded]) -> &'a Bounded {
    &pool[s.draw.between(pool.len().saturating_sub(WINDOW), pool.len() - 1)]
}

/// `a + k*b + k'` for small constants.
fn mixed(s: &mut Sketch, a: &Bounded, b: &Bounded) -> Bounded {
    let (factor, constant) = (s.small(8), s.small(8));
    let sum = s.c.combine(&a.0, factor.value(), &b.0);
    (s.c.plus(&sum, &constant), a.1.max(b.1 + 3) + 2)
}

fn shifted(s: &mut Sketch, a: &Bounded) -> Bounded {
    let constant = s.small(100);
    (s.c.plus(&a.0, &constant), a.1.max(7) + 1)
}

fn linear(s: &mut Sketch, a: &Bounded, b: &Bounded) -> Option<Bounded> {
    let (sum, bits) = mixed(s, a, b);
    (bits <= s.limit).then(|| (s.c.fold(&sum), bits))
}
