//! Products of long integers, limb by limb with carries, as in circuits for RSA and foreign fields (circom-bigint);
//! or their columns alone, by evaluation at small points.

use super::circuit::{Form, Role};
use super::sketch::Sketch;
use crate::field::U256;

/// Multiplies pairs of long integers until the target; the limbs of the products are public.
pub fn build(s: &mut Sketch) {
    let raw = s.draw.chance(8);
    while s.room() > 2 {
        let width = s.width(2, 6, 3);
        for limb in if raw { interpolated(s, width) } else { product(s, width) } {
            s.publish(&limb, width);
        }
    }
}

/// Two numbers of as many limbs as there is room for, each with carries of `width` bits.
fn numbers(s: &mut Sketch, width: u32) -> [Vec<Form>; 2] {
    let most = (s.room() / (16 * width as usize)).clamp(1, 6);
    let count = s.draw.between(1, most);
    [(); 2].map(|()| (0..count).map(|_| s.input(width)).collect())
}

/// The columns of `a * b`, not carried: both sides agree at as many points as there are columns.
fn interpolated(s: &mut Sketch, width: u32) -> Vec<Form> {
    let [a, b] = numbers(s, width);
    let columns: Vec<Form> = (0..2 * a.len() - 1).map(|column| hint(s, &a, &b, column)).collect();
    for point in 0..columns.len() {
        let [left, right, both] = [&a, &b, &columns].map(|limbs| evaluate(s, limbs, point as u64));
        s.c.constrain(&left, &right, &both);
    }
    columns
}

/// A private wire for the sum of a column.
fn hint(s: &mut Sketch, a: &[Form], b: &[Form], column: usize) -> Form {
    let pairs = column.saturating_sub(a.len() - 1)..=column.min(a.len() - 1);
    let products = pairs.map(|i| s.c.times(a[i].value(), b[column - i].value()));
    let sum = products.fold(U256::ZERO, |sum, product| s.c.field().add(sum, product));
    s.c.wire(Role::Private, sum)
}

/// `limb_0 + point * limb_1 + point^2 * limb_2 + ...`.
fn evaluate(s: &Sketch, limbs: &[Form], point: u64) -> Form {
    let (mut sum, mut power) = (s.c.integer(0), U256::from(1));
    for limb in limbs {
        s.c.accumulate(&mut sum, power, limb);
        power = s.c.times(power, U256::from(point));
    }
    sum
}

/// The limbs of `a * b`: every column's sum plus the carry is cut into a limb and the next carry.
fn product(s: &mut Sketch, width: u32) -> Vec<Form> {
    let [a, b] = numbers(s, width);
    let count = a.len();
    let column_bits = 2 * width + count.ilog2() + 2;
    let (mut carry, mut limbs) = (s.c.integer(0), Vec::new());
    for column in 0..2 * count - 1 {
        let mut sum = carry.clone();
        for i in column.saturating_sub(count - 1)..=column.min(count - 1) {
            let term = s.c.multiply(&a[i], &b[column - i]);
            sum = s.c.plus(&sum, &term);
        }
        let bits = s.c.bits(&sum, column_bits);
        let limb = s.c.word(&bits[..width as usize]);
        limbs.push(s.c.fold(&limb));
        carry = s.c.word(&bits[width as usize..]);
        if !s.more() {
            break;
        }
    }
    limbs.push(s.c.fold(&carry));
    limbs
}
