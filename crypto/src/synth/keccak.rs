//! Rounds of Keccak's permutation over bits (FIPS 202) with short lanes: theta's parities, rotations, chi.

use super::circuit::Form;
use super::sha::{Word, publish, rotated, word};
use super::sketch::Sketch;

/// Lanes of a plane.
const LANES: usize = 5;

/// Nodes of a round by bit of the state: theta twice two, parities, chi four.
const COST: usize = 10;

/// Absorbs a state of bits and permutes it until the target; the first plane is public.
pub fn build(s: &mut Sketch) {
    let planes = s.draw.between(1, (s.room() / (LANES * COST)).clamp(1, LANES));
    let most = s.room() / (LANES * planes * COST);
    let width = 1 << s.draw.between(0, most.clamp(1, 64).ilog2() as usize);
    let turns: Vec<usize> = (0..LANES * planes).map(|_| s.draw.between(0, width - 1)).collect();
    let mut state: Vec<Word> = (0..LANES * planes).map(|_| word(s, width)).collect();
    loop {
        theta(s, &mut state);
        state = state.iter().zip(&turns).map(|(lane, &turn)| rotated(lane, turn)).collect();
        chi(s, &mut state);
        if s.room() < COST * LANES * planes * width / 2 {
            break;
        }
    }
    publish(s, &state[..LANES]);
}

fn xor(s: &mut Sketch, a: &Word, b: &Word) -> Word {
    a.iter().zip(b).map(|(a, b)| s.c.xor(a, b)).collect()
}

/// Every lane and the parities of two columns.
fn theta(s: &mut Sketch, state: &mut [Word]) {
    let mut parity: Vec<Word> = state[..LANES].to_vec();
    for plane in state.chunks(LANES).skip(1) {
        parity = parity.iter().zip(plane).map(|(sum, lane)| xor(s, sum, lane)).collect();
    }
    for column in 0..LANES {
        let next = rotated(&parity[(column + 1) % LANES], 1);
        let change = xor(s, &parity[(column + LANES - 1) % LANES], &next);
        for lane in state.iter_mut().skip(column).step_by(LANES) {
            *lane = xor(s, lane, &change);
        }
    }
}

/// `a ^ (!b & c)` along every plane, with a constant on its first lane.
fn chi(s: &mut Sketch, state: &mut [Word]) {
    for plane in state.chunks_mut(LANES) {
        let before = plane.to_vec();
        for (place, lane) in plane.iter_mut().enumerate() {
            let (next, other) = (&before[(place + 1) % LANES], &before[(place + 2) % LANES]);
            *lane =
                (0..lane.len()).map(|bit| gate(s, &before[place][bit], &next[bit], &other[bit])).collect();
        }
        for bit in &mut plane[0] {
            if s.draw.chance(8) {
                *bit = s.c.not(bit);
            }
        }
    }
}

fn gate(s: &mut Sketch, a: &Form, b: &Form, c: &Form) -> Form {
    let inverted = s.c.not(b);
    let masked = s.c.multiply(&inverted, c);
    s.c.xor(a, &masked)
}
