//! Products of long integers, limb by limb with carries, as in circuits for RSA and foreign fields (circom-bigint).

use super::circuit::Form;
use super::sketch::Sketch;

/// Multiplies pairs of long integers until the target; the limbs of the products are public.
pub fn build(s: &mut Sketch) {
    while s.room() > 2 {
        let width = s.width(2, 6, 3);
        for limb in product(s, width) {
            s.publish(&limb, width);
        }
    }
}

/// The limbs of `a * b`: every column's sum plus the carry is cut into a limb and the next carry.
fn product(s: &mut Sketch, width: u32) -> Vec<Form> {
    let most = (s.room() / (16 * width as usize)).clamp(1, 6);
    let count = s.draw.between(1, most);
    let [a, b] = [(); 2].map(|()| (0..count).map(|_| s.input(width)).collect::<Vec<_>>());
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
