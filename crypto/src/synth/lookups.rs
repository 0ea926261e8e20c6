//! Look-ups in tables of constants: by the products of the place's bits (circomlib's `Mux3`, windows of a fixed base), by
//! equality with every place, or by a polynomial through all of it.

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// Looks up places in one table until the target; what is found is public, or added up.
pub fn build(s: &mut Sketch) {
    let bits = s.draw.between(1, (s.room() / 16).clamp(2, 32).ilog2() as usize);
    let full = s.draw.chance(5);
    let width = if full { s.c.field().bits() } else { s.width(1, 1, 1) };
    let table: Vec<U256> =
        (0..1 << bits).map(|_| if full { s.draw.element(s.c.field()) } else { s.draw.bits(width) }).collect();
    let look = [by_bits, by_places, by_polynomial][s.draw.below(3) as usize];
    let adds = s.draw.chance(8);
    let mut total = s.c.integer(0);
    while s.room() > 2 {
        let found = look(s, &table);
        if adds {
            total = s.c.plus(&total, &found);
        } else {
            s.publish(&found, width);
        }
    }
    if adds {
        s.c.output(&total);
    }
}

/// All products of the bits, and the table's differences times these.
fn by_bits(s: &mut Sketch, table: &[U256]) -> Form {
    let mut products = vec![s.c.integer(1)];
    for _ in 0..table.len().ilog2() {
        let bit = s.bit();
        for product in products.clone() {
            products.push(times(s, &product, &bit));
        }
    }
    let mut differences = table.to_vec();
    for step in (0..table.len().ilog2()).map(|bit| 1 << bit) {
        for place in (0..table.len()).filter(|place| place & step > 0) {
            differences[place] = s.c.field().sub(differences[place], differences[place - step]);
        }
    }
    let mut sum = s.c.integer(0);
    for (&difference, product) in differences.iter().zip(&products) {
        sum = s.c.combine(&sum, difference, product);
    }
    s.c.fold(&sum)
}

/// A product, or the bit itself where the other factor is one.
fn times(s: &mut Sketch, product: &Form, bit: &Form) -> Form {
    if s.c.minus(product, &s.c.integer(1)).len() == 0 { bit.clone() } else { s.c.multiply(product, bit) }
}

/// The sum of the constants, each times whether its place is the one looked for.
fn by_places(s: &mut Sketch, table: &[U256]) -> Form {
    let index = place(s, table);
    let mut sum = s.c.integer(0);
    for (place, &entry) in table.iter().enumerate() {
        let distance = s.c.minus(&index, &s.c.integer(place as i64));
        let hit = s.c.is_zero(&distance);
        sum = s.c.combine(&sum, entry, &hit);
    }
    s.c.fold(&sum)
}

fn place(s: &mut Sketch, table: &[U256]) -> Form {
    let place = s.draw.below(table.len() as u64);
    s.input_of(U256::from(place), table.len().ilog2())
}

/// Horner's rule with coefficients of the field, which no range survives.
fn by_polynomial(s: &mut Sketch, table: &[U256]) -> Form {
    let index = place(s, table);
    let mut value = s.c.constant(table[0]);
    for &coefficient in &table[1..] {
        let rest = s.c.constant(coefficient);
        value = s.c.multiply_add(&value, &index, &rest);
    }
    value
}
