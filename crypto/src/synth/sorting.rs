//! Sorted lists: Batcher's odd-even merge exchange (AFIPS 1968), or a sorted copy with a
//! permutation argument, the equality of two products at a challenge (Neff, CCS 2001).

use super::circuit::{Form, Role};
use super::sketch::Sketch;
use crate::field::U256;

/// Sorts list after list until the target.
pub fn build(s: &mut Sketch) {
    let argument = s.draw.chance(4);
    while s.room() > 8 {
        let width = s.width(2, 10, 1).min(32);
        let mut most = 2;
        while most < 64 && cost(most + 1, width) < s.room() {
            most += 1;
        }
        let count = s.draw.between(most.div_ceil(2).max(2), most);
        if argument { permuted(s, count, width) } else { network(s, count, width) }
    }
}

/// Nodes of a network, inputs included.
fn cost(count: usize, width: u32) -> usize {
    let exchanges = exchanges(count).len();
    count * (2 * width as usize + 3) + exchanges * (2 * width as usize + 7)
}

/// The exchanges of Batcher's network (Knuth, TAOCP 3, algorithm 5.2.2M), in order.
fn exchanges(count: usize) -> Vec<(usize, usize)> {
    let top = count.next_power_of_two() / 2;
    let blocks = std::iter::successors(Some(top), |block| Some(block / 2));
    blocks.take_while(|&block| block > 0).flat_map(|block| merges(count, top, block)).collect()
}

/// Exchanges at distance `block`, then between runs `top - block`, `top/2 - block`, ... apart.
fn merges(count: usize, top: usize, block: usize) -> impl Iterator<Item = (usize, usize)> {
    let apart = std::iter::successors(Some(top), |apart| Some(apart / 2)).take_while(move |&q| q > block);
    let later = apart.map(move |q| (q - block, block));
    std::iter::once((block, 0)).chain(later).flat_map(move |(distance, rest)| {
        let first = (0..count - distance).filter(move |index| index & block == rest);
        first.map(move |index| (index, index + distance))
    })
}

fn network(s: &mut Sketch, count: usize, width: u32) {
    let mut list: Vec<Form> = (0..count).map(|_| s.input(width)).collect();
    for (low, high) in exchanges(count) {
        let less = s.c.less_than(&list[high], &list[low], width);
        (list[low], list[high]) = s.c.swap(&less, &list[low], &list[high]);
    }
    publish(s, &list, width);
}

/// The sorted list, or only its median.
fn publish(s: &mut Sketch, list: &[Form], width: u32) {
    if s.draw.chance(8) {
        s.publish(&list[list.len() / 2], width);
    } else {
        list.iter().for_each(|value| s.publish(value, width));
    }
}

fn permuted(s: &mut Sketch, count: usize, width: u32) {
    let list: Vec<Form> = (0..count).map(|_| s.input(width)).collect();
    let mut values: Vec<U256> = list.iter().map(Form::value).collect();
    values.sort_unstable();
    let sorted: Vec<Form> = values.iter().map(|&value| s.c.wire(Role::Private, value)).collect();
    for pair in sorted.windows(2) {
        let less = s.c.less_than(&pair[1], &pair[0], width);
        let not_less = s.c.not(&less);
        s.c.equal(&not_less, &s.c.integer(1));
    }
    let challenge = s.draw.element(s.c.field());
    let challenge = s.c.wire(Role::Input, challenge);
    let products = [&list, &sorted].map(|list| product(s, &challenge, list));
    s.c.equal(&products[0], &products[1]);
    publish(s, &sorted, width);
}

/// The product of all `challenge - x`.
fn product(s: &mut Sketch, challenge: &Form, list: &[Form]) -> Form {
    let mut product = s.c.minus(challenge, &list[0]);
    for value in &list[1..] {
        let factor = s.c.minus(challenge, value);
        product = s.c.multiply(&product, &factor);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The zero-one principle: a network that sorts all lists of bits sorts everything.
    #[test]
    fn exchanges_sort_every_list_of_bits() {
        for count in 2..11 {
            for list in 0..1u32 << count {
                let mut bits: Vec<bool> = (0..count).map(|index| list >> index & 1 == 1).collect();
                for (low, high) in exchanges(count as usize) {
                    (bits[low], bits[high]) = (bits[low] & bits[high], bits[low] | bits[high]);
                }
                assert!(bits.is_sorted(), "{count} {list:b}");
            }
        }
        assert_eq!([2, 4, 8, 16].map(|count| exchanges(count).len()), [1, 5, 19, 63]);
    }
}
