//! Decompositions into bits, alone and in bulk: the gadget that compiled circuits have most of (circomlib's `Num2Bits`,
//! gnark's `ToBinary`), of all widths up to that of the field, where one is no longer unique unless the bits are compared
//! with the largest element (`Num2Bits_strict`).

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// Widths that libraries use.
const USUAL: [u32; 8] = [8, 16, 32, 52, 64, 120, 128, 248];

/// What becomes of the bits.
#[derive(Clone, Copy)]
enum Use {
    Nothing,
    Published,
    Reversed,
    Cut,
}

/// Whether the bits are compared with a constant, and how.
#[derive(Clone, Copy)]
enum Limit {
    None,
    ByPairs,
    ByPrefixes,
}

/// Decomposes one word after the other until the target, all for the same use.
pub fn build(s: &mut Sketch) {
    let purpose = [Use::Nothing, Use::Published, Use::Reversed, Use::Cut][s.draw.below(4) as usize];
    let limit = match s.draw.below(16) {
        0..2 => Limit::ByPairs,
        2..4 => Limit::ByPrefixes,
        _ => Limit::None,
    };
    let same = s.draw.chance(10).then(|| width(s));
    while s.more() {
        let width = same.unwrap_or_else(|| width(s));
        word(s, width, purpose, limit);
    }
}

/// A usual width or any, as the room allows; sometimes that of the field.
fn width(s: &mut Sketch) -> u32 {
    let field = s.c.field().bits();
    let room = ((s.room() / 2) as u32).clamp(1, field);
    match s.draw.below(16) {
        0 if room == field => field,
        0..8 => USUAL[s.draw.below(USUAL.len() as u64) as usize].min(room).min(field - 2),
        _ => s.draw.between(1, room.min(64) as usize) as u32,
    }
}

fn word(s: &mut Sketch, width: u32, purpose: Use, limit: Limit) {
    let full = width >= s.c.field().bits();
    let value = if full { s.draw.element(s.c.field()) } else { s.draw.bits(width.min(128)) };
    let input = s.new_input(value);
    let most = if full {
        s.c.field().modulus() - U256::from(1)
    } else {
        let all = (U256::from(1) << width as usize) - U256::from(1);
        (value + s.draw.bits(width.min(128))).min(all)
    };
    let bits = match limit {
        Limit::ByPrefixes => s.c.bits_at_most(&input, width, most),
        _ => s.c.bits(&input, width),
    };
    if matches!(limit, Limit::ByPairs) {
        s.c.at_most_by_pairs(&bits, most);
    }
    let publish = |s: &mut Sketch, bits: &[Form]| {
        let word = s.c.word(bits);
        s.publish(&word, bits.len() as u32);
    };
    match purpose {
        Use::Nothing => {}
        Use::Published => bits.iter().for_each(|bit| s.c.output(bit)),
        Use::Reversed => publish(s, &bits.into_iter().rev().collect::<Vec<_>>()),
        Use::Cut => {
            let (low, high) = bits.split_at(s.draw.between(1, bits.len()));
            publish(s, low);
            if !high.is_empty() {
                publish(s, high);
            }
        }
    }
}
