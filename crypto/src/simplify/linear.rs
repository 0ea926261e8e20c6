//! Linear constraints with fewer wires and smaller integers.
//!
//! A private wire that two linear constraints alone mention, one of them with coefficient 1 or -1, leaves the other one: what
//! the first says of it takes its place. And a linear form is multiplied by the inverse of the coefficient for which its
//! coefficients, as signed representatives, add up to least. Modulo p either is the same.

use std::collections::HashSet;

use ruint::Uint;

use crate::field::{Field, U256};
use crate::ranges::Bounds;

use super::{Draft, Form, scaled, summed};

/// Sums of signed representatives.
type Magnitude = Uint<320, 5>;

/// Terms of a form in which others are put.
const MOST_TERMS: usize = 1 << 10;
/// Inverses of coefficients that are tried.
const MOST_TRIED: usize = 256;

/// Puts what one linear constraint says of a wire into the only other one. How many wires leave one so.
pub(super) fn join(draft: &mut Draft<'_>, bounds: &Bounds) -> usize {
    let mut mentions = Mentions::of(draft, bounds);
    let first = draft.r1cs.first_private();
    let mut count = 0;
    for wire in (first..draft.r1cs.wires()).filter(|wire| !bounds.contains_key(wire)) {
        let Some(pair) = mentions.two(wire) else { continue };
        let forms = pair.map(|index| &draft.constraints[index][2]);
        let values = forms.map(|form| value_of(form, wire));
        let is_unit = |value: U256| draft.field().signed(value).1 == U256::from(1);
        let Some(from) = [0, 1].into_iter().find(|&side| is_unit(values[side])) else { continue };
        if forms[0].len() + forms[1].len() > MOST_TERMS {
            continue;
        }

        let (source, target) = (pair[from], pair[1 - from]);
        let field = draft.field();
        let factor = field.neg(field.mul(values[1 - from], values[from])); // 1 and -1 are their own inverses
        let mut sum = forms[1 - from].clone();
        sum.extend(scaled(field, forms[from], factor));
        let sum = summed(field, sum);
        mentions.move_to([source, target], [forms[from], forms[1 - from]], &sum);
        draft.constraints[target][2] = sum;
        count += 1;
    }
    count
}

/// Multiplies each linear form so that its coefficients are small.
pub(super) fn shorten(draft: &mut Draft<'_>) {
    let field = draft.field();
    for [a, _, form] in &mut draft.constraints {
        if a.is_empty() {
            let factor = smallest(field, form);
            *form = scaled(field, form, factor).collect();
        }
    }
}

/// The inverse of a coefficient for which the coefficients add up to least; 1 where they are small already.
fn smallest(field: &Field, form: &Form) -> U256 {
    let one = U256::from(1);
    let magnitude = |value: U256| Magnitude::from(field.signed(value).1);
    let mut best: Magnitude =
        form.iter().map(|&(_, value)| magnitude(value)).fold(Magnitude::ZERO, |a, b| a + b);
    let mut factor = one;
    if 2 * best.bit_len() <= field.bits() as usize {
        return factor;
    }
    let mut met = HashSet::new();
    for &(_, value) in form {
        if met.len() == MOST_TRIED || !met.insert(field.signed(value).1) {
            continue;
        }
        let inverse = field.inv(value);
        let mut sum = Magnitude::ZERO;
        for &(_, value) in form {
            sum += magnitude(field.mul(value, inverse));
            if sum >= best {
                break;
            }
        }
        if sum < best {
            (best, factor) = (sum, inverse);
        }
    }
    factor
}

fn value_of(form: &Form, wire: u32) -> U256 {
    form.binary_search_by_key(&wire, |&(wire, _)| wire).map_or(U256::ZERO, |place| form[place].1)
}

/// The constraints that mention a wire, while they are two at most.
#[derive(Clone, Copy, Default)]
struct Mention {
    at: [Option<usize>; 2],
    many: bool, // more, or a quadratic one
}

impl Mention {
    fn add(&mut self, index: usize) {
        if self.at.contains(&Some(index)) {
            return;
        }
        match self.at.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(index),
            None => self.many = true,
        }
    }

    fn remove(&mut self, index: usize) {
        self.at.iter_mut().filter(|place| **place == Some(index)).for_each(|place| *place = None);
    }
}

/// Mentions by wire.
struct Mentions(Vec<Mention>);

impl Mentions {
    /// Those of all constraints but linear ones that a private wire of their own satisfies (labels.md, section 1.2).
    fn of(draft: &Draft<'_>, bounds: &Bounds) -> Self {
        let wires = draft.r1cs.wires() as usize + draft.added.len();
        let mut counts = vec![0_u32; wires];
        for &(wire, _) in draft.constraints.iter().flatten().flatten() {
            counts[wire as usize] += 1;
        }
        let first = draft.r1cs.first_private();
        let is_own = |&(wire, _): &(u32, U256)| {
            wire >= first && counts[wire as usize] == 1 && !bounds.contains_key(&wire)
        };

        let mut all = vec![Mention::default(); wires];
        for (index, [a, b, c]) in draft.constraints.iter().enumerate() {
            if a.is_empty() && c.iter().any(is_own) {
                continue;
            }
            for &(wire, _) in [a, b, c].into_iter().flatten() {
                let mention = &mut all[wire as usize];
                mention.add(index);
                mention.many |= !a.is_empty();
            }
        }
        Self(all)
    }

    /// The two linear constraints that alone mention a wire.
    fn two(&self, wire: u32) -> Option<[usize; 2]> {
        match self.0[wire as usize] {
            Mention { at: [Some(one), Some(other)], many: false } => Some([one, other]),
            _ => None,
        }
    }

    /// The wires of a form that was put into another are mentioned there, and in its own constraint no more: nothing is left
    /// to say there.
    fn move_to(&mut self, [source, target]: [usize; 2], forms: [&Form; 2], sum: &Form) {
        for &(wire, _) in forms.into_iter().flatten() {
            let mention = &mut self.0[wire as usize];
            mention.remove(source);
            mention.remove(target);
        }
        sum.iter().for_each(|&(wire, _)| self.0[wire as usize].add(target));
    }
}
