//! State machines: a table-driven automaton on bits with one-hot states (as in zkReg, Raymond et al., 2023),
//! and a register machine whose opcodes are one-hot bits.

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

/// Runs machines of one kind until the target; the last state of each is public.
pub fn build(s: &mut Sketch) {
    let machine = if s.draw.chance(8) { automaton } else { registers };
    while s.room() > 4 {
        let (last, bits) = machine(s);
        s.publish(&last, bits);
    }
}

/// Reads bits; state `i` goes to `table[bit][i]`. `count` products and new states a step.
fn automaton(s: &mut Sketch) -> (Form, u32) {
    let count = s.draw.between(2, (s.room() / 12).clamp(2, 8));
    let table = [0, 1].map(|_| (0..count).map(|_| s.draw.between(0, count - 1)).collect::<Vec<_>>());
    let (start, recheck) = (s.draw.between(0, count - 1), s.draw.chance(12));
    let mut states: Vec<Form> = (0..count).map(|state| s.c.integer(i64::from(state == start))).collect();
    for _ in 0..s.draw.between(2, (s.room() / (4 * count)).clamp(2, 64)) {
        let bit = s.bit();
        states = step(s, &states, &bit, &table, recheck);
        if !s.more() {
            break;
        }
    }
    (label(s, &states), 4)
}

fn step(s: &mut Sketch, states: &[Form], bit: &Form, table: &[Vec<usize>; 2], recheck: bool) -> Vec<Form> {
    let mut next = vec![s.c.integer(0); states.len()];
    for (index, state) in states.iter().enumerate() {
        let one = s.c.multiply(state, bit);
        let zero = s.c.minus(state, &one);
        s.c.accumulate(&mut next[table[1][index]], U256::from(1), &one);
        s.c.accumulate(&mut next[table[0][index]], U256::from(1), &zero);
    }
    next.into_iter().map(|state| settle(s, state, recheck)).collect()
}

/// A state on a wire of its own, a Boolean one if rechecked; unreachable ones stay zero.
fn settle(s: &mut Sketch, state: Form, recheck: bool) -> Form {
    if state.len() == 0 {
        return state;
    }
    let wire = s.c.fold(&state);
    if recheck {
        s.c.assert_boolean(&wire);
    }
    wire
}

/// `sum i * state_i`, with 1 for the first state.
fn label(s: &mut Sketch, states: &[Form]) -> Form {
    let mut label = s.c.integer(0);
    for (index, state) in states.iter().enumerate() {
        s.c.accumulate(&mut label, U256::from(index + 1), state);
    }
    label
}

/// An accumulator and one-hot opcodes: add an argument, subtract it, double, multiply.
fn registers(s: &mut Sketch) -> (Form, u32) {
    let width = s.width(1, 5, 2);
    let (mut value, mut bits) = (s.signed_input(width), width);
    while s.more() {
        let multiplies = s.draw.chance(3);
        bits = if multiplies { bits + width } else { bits + 1 }.max(width) + 1;
        if bits > s.limit {
            break;
        }
        value = instruction(s, &value, width, multiplies);
    }
    (value, bits.min(s.limit))
}

fn instruction(s: &mut Sketch, value: &Form, width: u32, multiplies: bool) -> Form {
    let argument = s.signed_input(width);
    let opcode = s.bit();
    let other = if multiplies { s.c.multiply(value, &argument) } else { s.c.plus(value, &argument) };
    let first = if s.draw.chance(8) { s.c.minus(value, &argument) } else { s.c.plus(value, value) };
    s.c.select(&opcode, &first, &other)
}
