//! Base64 (RFC 4648), decoded character by character: the range that a character lies in by comparisons, its value by
//! a selection, and words of the values' bits (zk-email's `Base64Decode`). Kept from training.

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// First and last character of a range, and what is taken off to get the value.
const RANGES: [(i64, i64, i64); 3] = [(65, 90, 65), (97, 122, 71), (48, 57, -4)];

/// The other two characters, and their values.
const SINGLE: [(i64, i64); 2] = [(43, 62), (47, 63)];

/// Decodes characters until the target; four make a word of three bytes.
pub fn build(s: &mut Sketch) {
    let mut word = s.c.integer(0);
    let mut count = 0;
    while s.more() {
        let digit = digit(s);
        let bits = s.c.bits(&digit, 6);
        let digit = s.c.word(&bits);
        word = s.c.combine(&digit, U256::from(64), &word);
        count += 1;
        if count % 4 == 0 {
            s.publish(&word, 24);
            word = s.c.integer(0);
        }
    }
    if count % 4 > 0 {
        s.publish(&word, 24);
    }
}

/// A character's value: the sum over the ranges of (is in it) times (what it stands for there).
fn digit(s: &mut Sketch) -> Form {
    let place = s.draw.below(5) as usize;
    let value = match RANGES.get(place) {
        Some(&(first, last, _)) => first + s.draw.below((last - first + 1) as u64) as i64,
        None => SINGLE[place - RANGES.len()].0,
    };
    let character = s.input_of(U256::from(value as u64), 8);
    let mut sum = s.c.integer(0);
    for (first, last, offset) in RANGES {
        let (before, after) = (s.c.integer(first - 1), s.c.integer(last + 1));
        let from = s.c.less_than(&before, &character, 8);
        let to = s.c.less_than(&character, &after, 8);
        let inside = s.c.multiply(&from, &to);
        let value = s.c.minus(&character, &s.c.integer(offset));
        let part = s.c.multiply(&inside, &value);
        sum = s.c.plus(&sum, &part);
    }
    for (single, value) in SINGLE {
        let distance = s.c.minus(&character, &s.c.integer(single));
        let equal = s.c.is_zero(&distance);
        sum = s.c.combine(&sum, U256::from(value as u64), &equal);
    }
    s.c.fold(&sum)
}
