//! State machines of regular expressions over bytes, as zk-regex compiles them: classes of characters by comparisons or
//! equalities, a state by the states and the class that lead to it, and how often the expression matched.

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// A class of characters.
#[derive(Clone, Copy)]
enum Class {
    Range(u64, u64),
    One(u64),
}

/// Reads bytes until the target; the count of matches is public, and perhaps the bytes that are part of one.
pub fn build(s: &mut Sketch) {
    let states = s.draw.between(1, (s.room() / 40).clamp(1, 8));
    let classes: Vec<Class> = (0..states).map(|_| class(s)).collect();
    let back = s.draw.between(0, states);
    let shown = s.draw.chance(8);
    let mut active: Vec<Form> = vec![s.c.integer(0); states];
    let mut matches = s.c.integer(0);
    while s.room() > 4 {
        let character = character(s, &classes);
        active = step(s, &active, &classes, &character, back);
        matches = s.c.plus(&matches, &active[states - 1]);
        if shown {
            let masked = s.c.multiply(&character, &active[states - 1]);
            s.publish(&masked, 8);
        }
    }
    let matched = s.c.is_zero(&matches);
    let found = s.c.not(&matched);
    s.publish(&found, 1);
}

fn class(s: &mut Sketch) -> Class {
    if s.draw.chance(6) {
        let low = 32 + s.draw.below(80);
        return Class::Range(low, low + 1 + s.draw.below(25));
    }
    Class::One(32 + s.draw.below(90))
}

/// A byte that often belongs to one of the classes.
fn character(s: &mut Sketch, classes: &[Class]) -> Form {
    let value = match classes[s.draw.below(classes.len() as u64) as usize] {
        _ if s.draw.chance(4) => s.draw.below(128),
        Class::Range(low, high) => low + s.draw.below(high - low + 1),
        Class::One(value) => value,
    };
    s.input_of(U256::from(value), 8)
}

/// `low <= c <= high` by two comparisons of bytes, or `c = value` by an inverse.
fn belongs(s: &mut Sketch, class: Class, character: &Form) -> Form {
    match class {
        Class::One(value) => {
            let distance = s.c.minus(character, &s.c.integer(value as i64));
            s.c.is_zero(&distance)
        }
        Class::Range(low, high) => {
            let below = s.c.integer(low as i64 - 1);
            let above = s.c.integer(high as i64 + 1);
            let from = s.c.less_than(&below, character, 8);
            let to = s.c.less_than(character, &above, 8);
            s.c.multiply(&from, &to)
        }
    }
}

/// Each state follows on the one before it (the first on a start anywhere), or on the last one where there is a way back.
fn step(s: &mut Sketch, active: &[Form], classes: &[Class], character: &Form, back: usize) -> Vec<Form> {
    let mut next = Vec::with_capacity(active.len());
    for (state, &class) in classes.iter().enumerate() {
        let member = belongs(s, class, character);
        let from = if state == 0 { s.c.integer(1) } else { active[state - 1].clone() };
        let reached = if state == 0 { member.clone() } else { s.c.multiply(&from, &member) };
        let stays = state == back && active[state].len() > 0;
        next.push(if stays { either(s, &reached, &active[state], &member) } else { reached });
    }
    next
}

/// Reached, or already here and still a member: what is not zero of the two (zk-regex's `MultiOR`).
fn either(s: &mut Sketch, reached: &Form, here: &Form, member: &Form) -> Form {
    let stays = s.c.multiply(here, member);
    let sum = s.c.plus(reached, &stays);
    let none = s.c.is_zero(&sum);
    s.c.not(&none)
}
