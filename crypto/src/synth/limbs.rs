//! Integers of several limbs as foreign-field libraries handle them (circom-bigint, circom-ecdsa): sums with carries,
//! differences with borrows, comparisons limb by limb, and a proof that carries cancel (`CheckCarryToZero`).

use super::circuit::{Form, Role};
use super::sketch::Sketch;
use crate::field::U256;

/// Draws operations on pairs of numbers until the target.
pub fn build(s: &mut Sketch) {
    let operations = [sum, difference, less, cancelling];
    let only = s.draw.chance(8).then(|| s.draw.below(4) as usize);
    while s.room() > 2 {
        let operation = only.unwrap_or_else(|| s.draw.below(4) as usize);
        let width = s.width(2, 8, 2).min(100);
        operations[operation](s, width);
    }
}

fn pair(s: &mut Sketch, width: u32) -> [Vec<Form>; 2] {
    let count = s.draw.between(1, (s.room() / (8 * width as usize)).clamp(1, 8));
    [(); 2].map(|()| (0..count).map(|_| s.input(width)).collect())
}

/// `a + b`: each limb's bits above `width` are the next one's carry.
fn sum(s: &mut Sketch, width: u32) {
    let [a, b] = pair(s, width);
    let mut carry = s.c.integer(0);
    for (a, b) in a.iter().zip(&b) {
        let both = s.c.plus(a, b);
        let total = s.c.plus(&both, &carry);
        let bits = s.c.bits(&total, width + 1);
        carry = bits[width as usize].clone();
        let limb = s.c.combine(&total, s.c.field().neg(U256::from(1) << width as usize), &carry);
        let limb = s.c.fold(&limb);
        s.publish(&limb, width);
    }
    s.publish(&carry, 1);
}

/// `a - b` with borrows; the last of them is public.
fn difference(s: &mut Sketch, width: u32) {
    let [a, b] = pair(s, width);
    let mut borrow = s.c.integer(0);
    for (a, b) in a.iter().zip(&b) {
        let taken = s.c.plus(b, &borrow);
        borrow = s.c.less_than(a, &taken, width + 1);
        let raw = s.c.minus(a, &taken);
        let limb = s.c.combine(&raw, U256::from(1) << width as usize, &borrow);
        let limb = s.c.fold(&limb);
        s.publish(&limb, width);
    }
    s.publish(&borrow, 1);
}

/// Whether `a < b`, from the highest limb down: less there, or equal and less below.
fn less(s: &mut Sketch, width: u32) {
    let [a, b] = pair(s, width);
    let mut result: Option<Form> = None;
    for (a, b) in a.iter().zip(&b) {
        let here = s.c.less_than(a, b, width);
        result = Some(match result {
            None => here,
            Some(below) => {
                let difference = s.c.minus(a, b);
                let equal = s.c.is_zero(&difference);
                let carried = s.c.multiply(&equal, &below);
                s.c.or(&here, &carried)
            }
        });
    }
    if let Some(result) = result {
        s.publish(&result, 1);
    }
}

/// Columns that add up to zero with their carries, hints in a signed range.
fn cancelling(s: &mut Sketch, width: u32) {
    let [a, b] = pair(s, width);
    let guard = U256::from(1) << (width + 1) as usize;
    let base = U256::from(1) << width as usize;
    let mut carry = s.c.integer(0);
    for (index, (a, b)) in a.iter().zip(&b).enumerate() {
        let product = s.c.multiply(a, b);
        let total = s.c.plus(&product, &carry);
        if index + 1 == a.len() || !s.more() {
            s.publish(&total, 2 * width);
            return;
        }
        // total = limb + 2^width * next carry
        let value = total.value();
        let limb = s.input_of(value % base, width);
        let next = s.c.wire(Role::Private, value / base);
        let shifted = s.c.plus(&next, &s.c.constant(guard));
        s.c.check_range(&shifted, width + 2);
        let rest = s.c.combine(&total, s.c.field().neg(base), &next);
        s.c.equal(&rest, &limb);
        carry = next;
    }
}
