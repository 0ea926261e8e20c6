//! Rounds of SHA-2's compression over bits (FIPS 180-4), with words of any width, gate by gate as in circomlib:
//! `Xor3`, `Ch`, `Maj`, and sums by their decomposition (`BinSum`).

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// A word, lowest bit first.
pub type Word = Vec<Form>;

/// Nodes of a round by bit of its words.
const COST: usize = 26;

/// Hashes message words until the target; the last state is public, as words or bit by bit.
pub fn build(s: &mut Sketch) {
    let most = (s.c.field().bits() as usize - 5).min(32);
    let width = s.draw.between(2, (s.room() / (2 * COST)).clamp(2, most));
    let rotations = [(); 6].map(|()| s.draw.between(1, width - 1));
    let secret = s.draw.chance(4);
    let mut state: Vec<Word> =
        (0..8).map(|_| if secret { word(s, width) } else { constant(s, width) }).collect();
    loop {
        let message = word(s, width);
        round(s, &mut state, &message, rotations);
        if s.room() < COST * width / 2 {
            break;
        }
    }
    publish(s, &[state[0].clone(), state[4].clone()]);
}

/// Words that become public, packed or not.
pub fn publish(s: &mut Sketch, words: &[Word]) {
    if s.draw.chance(8) {
        return words.iter().flatten().for_each(|bit| s.c.output(bit));
    }
    for bits in words {
        let word = s.c.word(bits);
        s.publish(&word, bits.len() as u32);
    }
}

/// Input bits.
pub fn word(s: &mut Sketch, width: usize) -> Word {
    (0..width).map(|_| s.bit()).collect()
}

/// Constant bits.
pub fn constant(s: &mut Sketch, width: usize) -> Word {
    (0..width).map(|_| s.c.integer(s.draw.below(2) as i64)).collect()
}

/// `word` turned to the right.
pub fn rotated(word: &Word, places: usize) -> Word {
    let count = word.len();
    (0..count).map(|bit| word[(bit + places) % count].clone()).collect()
}

/// The lowest bits of a sum of words and a constant; the carries above them are bits that nothing uses.
pub fn add(s: &mut Sketch, words: &[&Word], constant: U256) -> Word {
    let width = words[0].len();
    let mut sum = s.c.constant(constant);
    for word in words {
        let word = s.c.word(word);
        sum = s.c.plus(&sum, &word);
    }
    let bits = s.c.bits(&sum, width as u32 + (words.len() as u32 + 1).ilog2() + 1);
    bits[..width].to_vec()
}

/// `a ^ b ^ c`: `m = b c`, then `a (1 - 2b - 2c + 4m) + b + c - 2m`.
fn xor3(s: &mut Sketch, a: &Form, b: &Form, c: &Form) -> Form {
    let product = s.c.multiply(b, c);
    let sum = s.c.plus(b, c);
    let parity = s.c.combine(&sum, s.c.element(-2), &product);
    let factor = s.c.combine(&s.c.integer(1), s.c.element(-2), &parity);
    s.c.multiply_add(a, &factor, &parity)
}

/// The exclusive or of three rotations.
fn sigma(s: &mut Sketch, word: &Word, [a, b, c]: [usize; 3]) -> Word {
    let [a, b, c] = [a, b, c].map(|places| rotated(word, places));
    (0..word.len()).map(|bit| xor3(s, &a[bit], &b[bit], &c[bit])).collect()
}

/// `e ? f : g`.
fn choice(s: &mut Sketch, e: &Word, f: &Word, g: &Word) -> Word {
    (0..e.len()).map(|bit| s.c.select(&e[bit], &f[bit], &g[bit])).collect()
}

/// What two of three say: `m = b c`, then `a (b + c - 2m) + m`.
fn majority(s: &mut Sketch, a: &Word, b: &Word, c: &Word) -> Word {
    (0..a.len())
        .map(|bit| {
            let product = s.c.multiply(&b[bit], &c[bit]);
            let sum = s.c.plus(&b[bit], &c[bit]);
            let parity = s.c.combine(&sum, s.c.element(-2), &product);
            s.c.multiply_add(&a[bit], &parity, &product)
        })
        .collect()
}

fn round(s: &mut Sketch, state: &mut Vec<Word>, message: &Word, rotations: [usize; 6]) {
    let [r0, r1, r2, r3, r4, r5] = rotations;
    let upper = sigma(s, &state[4], [r0, r1, r2]);
    let chosen = choice(s, &state[4], &state[5], &state[6]);
    let constant = s.draw.bits(message.len() as u32);
    let first = add(s, &[&state[7], &upper, &chosen, message], constant);

    let lower = sigma(s, &state[0], [r3, r4, r5]);
    let majority = majority(s, &state[0], &state[1], &state[2]);
    let next = add(s, &[&first, &lower, &majority], U256::ZERO);
    let middle = add(s, &[&state[3], &first], U256::ZERO);

    state.pop();
    state.insert(0, next);
    state[4] = middle;
}
