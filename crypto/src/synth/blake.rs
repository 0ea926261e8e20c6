//! Quarter rounds of BLAKE2 and ChaCha over bits (RFC 7693, RFC 8439): additions by decomposition, exclusive ors,
//! rotations, with words of any width. Kept from training.

use super::sha::{Word, add, constant, publish, rotated, word};
use super::sketch::Sketch;
use crate::field::U256;

/// Nodes of a quarter round by bit of its words.
const COST: usize = 18;

/// Mixes message words into a state of four until the target.
pub fn build(s: &mut Sketch) {
    let most = (s.c.field().bits() as usize - 5).min(64);
    let width = s.draw.between(2, (s.room() / (2 * COST)).clamp(2, most));
    let turns = [(); 4].map(|()| s.draw.between(1, width - 1));
    let mut state = [word(s, width), constant(s, width), word(s, width), constant(s, width)];
    loop {
        let messages = [(); 2].map(|()| word(s, width));
        quarter(s, &mut state, &messages, turns);
        if s.room() < COST * width / 2 {
            break;
        }
    }
    publish(s, &state[..2]);
}

fn quarter(s: &mut Sketch, state: &mut [Word; 4], messages: &[Word; 2], turns: [usize; 4]) {
    for (half, message) in messages.iter().enumerate() {
        state[0] = add(s, &[&state[0], &state[1], message], U256::ZERO);
        state[3] = mixed(s, &state[3], &state[0], turns[2 * half]);
        state[2] = add(s, &[&state[2], &state[3]], U256::ZERO);
        state[1] = mixed(s, &state[1], &state[2], turns[2 * half + 1]);
    }
}

/// `(a ^ b)` turned.
fn mixed(s: &mut Sketch, a: &Word, b: &Word, turn: usize) -> Word {
    let both: Word = a.iter().zip(b).map(|(a, b)| s.c.xor(a, b)).collect();
    rotated(&both, turn)
}
