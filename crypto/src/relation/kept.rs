//! Which constraints are kept, and which of them are hints (labels.md, section 1.2).
//!
//! A private wire that one kept constraint alone mentions is that constraint's *own*: a prover may give it any value. A
//! count of mentions a wire finds them, and the exclusive or of the constraints that mention it names the last one.

use crate::r1cs::Combination;
use crate::ranges::Bounds;

use super::linear::Source;
use super::{Dropped, Factor, Part};

const IN_A: u8 = 1;
const IN_B: u8 = 2;
const IN_C: u8 = 4;
/// Of a constraint: it has own wires in `A` alone, in `B` alone.
const OWN_IN_A_ALONE: u8 = 1;
const OWN_IN_B_ALONE: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Kept,
    Dropped,
    /// This factor is replaced by a hint.
    Hint(Factor),
}

/// What becomes of every constraint.
pub(super) struct Kept<'a> {
    source: &'a Source<'a>,
    states: Vec<State>,
    hints: Vec<u32>,    // by constraint: the wire in place of a factor
    own: Vec<u8>,       // by constraint: in which factors own wires stand alone
    mentions: Vec<u32>, // by wire: kept constraints that mention it
    last: Vec<u32>,     // by wire: exclusive or of their numbers
    fixed: Vec<bool>,   // by wire: public or declared, so never own
    queue: Vec<u32>,    // wires that may have become own
    dropped: Vec<Dropped>,
    omitted: Option<Part>,
    one: u32, // coefficient of a hint; its value does not matter here
}

impl<'a> Kept<'a> {
    pub(super) fn of(source: &'a Source<'a>, bounds: &Bounds, omitted: Option<Part>) -> Self {
        let (wires, constraints) = (source.r1cs.wires() as usize, source.r1cs.constraints());
        let mut fixed = vec![false; wires];
        fixed[..source.r1cs.first_private() as usize].fill(true);
        bounds.keys().for_each(|&wire| fixed[wire as usize] = true);
        let mut kept = Self {
            source,
            states: vec![State::Kept; constraints],
            hints: vec![0; constraints],
            own: vec![0; constraints],
            mentions: vec![0; wires],
            last: vec![0; wires],
            fixed,
            queue: Vec::new(),
            dropped: Vec::new(),
            omitted,
            one: 0,
        };
        kept.count();
        kept.settle();
        kept.name_hints();
        kept
    }

    /// The numbers of kept constraints in file order, with their states.
    pub(super) fn constraints(&self) -> impl Iterator<Item = (usize, State)> {
        let states = self.states.iter().copied().enumerate();
        states.filter(|&(_, state)| state != State::Dropped)
    }

    /// The wire that stands for a factor of a hint constraint.
    pub(super) fn hint(&self, index: usize) -> u32 {
        self.hints[index]
    }

    /// The constraints that are dropped, the last one first.
    pub(super) fn dropped(&self) -> Vec<Dropped> {
        self.dropped.iter().rev().copied().collect()
    }

    fn count(&mut self) {
        for index in 0..self.states.len() {
            let mut empty = true;
            for (wire, _) in Members::of(self.source.forms(index)) {
                self.mentions[wire as usize] += 1;
                self.last[wire as usize] ^= index as u32;
                empty = false;
            }
            if empty {
                self.states[index] = State::Dropped;
                self.dropped.push(Dropped { constraint: index as u32, wire: 0 });
            }
        }
    }

    /// Drops and replaces until nothing changes. The order does not matter: what is own stays own.
    fn settle(&mut self) {
        self.queue = (0..self.mentions.len() as u32).rev().filter(|&wire| self.is_own(wire)).collect();
        while let Some(wire) = self.queue.pop() {
            if self.is_own(wire) {
                self.consider(wire, self.last[wire as usize] as usize);
            }
        }
    }

    fn is_own(&self, wire: u32) -> bool {
        self.mentions[wire as usize] == 1 && !self.fixed[wire as usize]
    }

    /// What a constraint is worth with one more own wire.
    fn consider(&mut self, wire: u32, index: usize) {
        if self.is_idle(wire, index) {
            if self.omitted != Some(Part::Drops) {
                self.drop(wire, index);
            }
        } else if self.states[index] == State::Kept
            && self.own[index] != 0
            && self.omitted != Some(Part::Hints)
        {
            let factor = if self.own[index] == OWN_IN_A_ALONE { Factor::A } else { Factor::B };
            self.replace(wire, index, factor);
        }
    }

    /// Whether some value of an own wire satisfies a constraint, whatever the other wires are.
    fn is_idle(&mut self, wire: u32, index: usize) -> bool {
        if self.source.is_linear(index) {
            return true;
        }
        let forms = self.forms(index);
        let place = membership(forms, wire);
        let product_of_zero = forms[2].is_empty();
        match place {
            IN_C => return true,
            IN_A => self.own[index] |= OWN_IN_A_ALONE,
            IN_B => self.own[index] |= OWN_IN_B_ALONE,
            _ => {}
        }
        product_of_zero || self.own[index] == OWN_IN_A_ALONE | OWN_IN_B_ALONE
    }

    fn drop(&mut self, wire: u32, index: usize) {
        self.dropped.push(Dropped { constraint: index as u32, wire });
        let wires: Vec<u32> = Members::of(self.forms(index)).map(|(wire, _)| wire).collect();
        self.states[index] = State::Dropped;
        wires.into_iter().for_each(|wire| self.forget(wire, index));
    }

    /// Puts `h` in the place of a factor: the other wires of that factor lose a mention.
    fn replace(&mut self, h: u32, index: usize, factor: Factor) {
        let place = [IN_A, IN_B][factor as usize];
        let alone = Members::of(self.forms(index)).filter(|&(wire, places)| places == place && wire != h);
        let alone: Vec<u32> = alone.map(|(wire, _)| wire).collect();
        self.states[index] = State::Hint(factor);
        self.hints[index] = h;
        alone.into_iter().for_each(|wire| self.forget(wire, index));

        // an own wire that stood in the factor and elsewhere now stands elsewhere alone
        let own: Vec<u32> =
            Members::of(self.forms(index)).map(|(wire, _)| wire).filter(|&wire| self.is_own(wire)).collect();
        self.queue.extend(own.into_iter().filter(|&wire| wire != h));
    }

    fn forget(&mut self, wire: u32, index: usize) {
        self.mentions[wire as usize] -= 1;
        self.last[wire as usize] ^= index as u32;
        if self.is_own(wire) {
            self.queue.push(wire);
        }
    }

    /// Names each hint by the lowest wire that now stands in its factor alone, so that no order enters.
    fn name_hints(&mut self) {
        for index in 0..self.states.len() {
            let State::Hint(factor) = self.states[index] else { continue };
            let [a, b, c] = self.source.forms(index);
            let (factor, other) = if factor == Factor::A { (a, b) } else { (b, a) };
            let named = self.hints[index];
            let free = |&wire: &u32| {
                let unmentioned = self.mentions[wire as usize] == 0 && !self.fixed[wire as usize];
                let elsewhere = other.coefficient_of(wire).is_some() || c.coefficient_of(wire).is_some();
                wire == named || unmentioned && !elsewhere
            };
            let lowest = factor.wires.iter().copied().find(free).unwrap_or(named);
            self.hints[index] = lowest;
            self.mentions[named as usize] = 0;
            self.mentions[lowest as usize] = 1; // no second constraint may take it
        }
    }

    /// The forms of a constraint, a hint in the place of its factor.
    fn forms(&self, index: usize) -> [Combination<'_>; 3] {
        let mut forms = self.source.forms(index);
        if let State::Hint(factor) = self.states[index] {
            let wires = std::slice::from_ref(&self.hints[index]);
            forms[factor as usize] = Combination { wires, coefficients: std::slice::from_ref(&self.one) };
        }
        forms
    }
}

/// In which forms of a constraint a wire stands.
fn membership(forms: [Combination<'_>; 3], wire: u32) -> u8 {
    let bits = forms.iter().zip([IN_A, IN_B, IN_C]);
    bits.map(|(form, bit)| if form.coefficient_of(wire).is_some() { bit } else { 0 }).sum()
}

/// The wires of three forms, ascending, each once, with the forms in which it stands.
struct Members<'a> {
    rest: [&'a [u32]; 3],
}

impl<'a> Members<'a> {
    fn of(forms: [Combination<'a>; 3]) -> Self {
        Self { rest: forms.map(|form| form.wires) }
    }
}

impl Iterator for Members<'_> {
    type Item = (u32, u8);

    fn next(&mut self) -> Option<(u32, u8)> {
        let wire = self.rest.iter().filter_map(|rest| rest.first().copied()).min()?;
        let mut places = 0;
        for (rest, bit) in self.rest.iter_mut().zip([IN_A, IN_B, IN_C]) {
            if rest.first() == Some(&wire) {
                *rest = &rest[1..];
                places |= bit;
            }
        }
        Some((wire, places))
    }
}
