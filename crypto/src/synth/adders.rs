//! Binary arithmetic: ripple-carry adders gate by gate, adders modulo `2^width` by one carry word (as in ARX
//! ciphers), and schoolbook multipliers on bits.

use super::circuit::Form;
use super::sketch::Sketch;

/// Draws words and operations until the target; each result is public.
pub fn build(s: &mut Sketch) {
    while s.room() > 2 {
        let operation = [ripple, modular, multiplier][s.draw.below(3) as usize];
        let (result, bits) = operation(s);
        s.publish(&result, bits);
    }
}

fn word(s: &mut Sketch, width: u32) -> Vec<Form> {
    (0..width).map(|_| s.bit()).collect()
}

/// `a + b` by full adders: `p = a ^ b`, `sum = p ^ carry`, next carry `p ? carry : a`.
fn ripple(s: &mut Sketch) -> (Form, u32) {
    let width = s.width(1, 5, 1);
    let (a, b) = (word(s, width), word(s, width));
    let mut carry = s.c.multiply(&a[0], &b[0]);
    let mut sum = vec![s.c.xor(&a[0], &b[0])];
    for (a, b) in a.iter().zip(&b).skip(1) {
        let differ = s.c.xor(a, b);
        sum.push(s.c.xor(&differ, &carry));
        carry = s.c.select(&differ, &carry, a);
    }
    sum.push(carry);
    (s.c.word(&sum), width + 1)
}

/// `a_1 + a_2 + ... mod 2^width`.
fn modular(s: &mut Sketch) -> (Form, u32) {
    let terms = s.draw.between(2, 5);
    let width = s.width(1, 2 + terms, 1);
    let words: Vec<Form> = (0..terms).map(|_| s.input(width)).collect();
    let sum = s.c.sum(&words);
    let digits = s.c.bits(&sum, width + terms.ilog2() + 1);
    (s.c.word(&digits[..width as usize]), width)
}

/// `a * b` from the products of all pairs of bits.
fn multiplier(s: &mut Sketch) -> (Form, u32) {
    let most = ((s.room() / 2).isqrt().clamp(2, 16) as u32 - 1).min(s.limit / 2);
    let width = s.draw.between(1, most as usize) as u32;
    let (a, b) = (word(s, width), word(s, width));
    let row = |s: &mut Sketch, bit: &Form| {
        let products: Vec<Form> = b.iter().map(|other| s.c.multiply(bit, other)).collect();
        s.c.word(&products)
    };
    let rows: Vec<Form> = a.iter().map(|bit| row(s, bit)).collect();
    let product = s.c.word(&rows);
    let digits = s.c.bits(&product, 2 * width);
    (s.c.word(&digits), 2 * width)
}
