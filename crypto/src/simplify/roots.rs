//! Forms with more than two roots, through wires that hold products of factors.
//!
//! Where `t = k (F - a) (F - b)`, and likewise from such wires on, `t (F - c) = 0` says that F is a, b or c. That constraint
//! gives way to `F = r_0 + sum (r_i - r_(i-1)) u_i`, the roots `r_0 < r_1 < ...` as signed representatives, with new bits
//! `u_i` of which none follows on a 0: `u_i (u_i - 1) = 0` and `u_(i+1) (u_i - 1) = 0`.
//!
//! > The constraints of the `t` stay, so the replaced one says that F is a root, no more and no less. Bits in falling order
//! > are k ones and then zeros, for which F is `r_k`; and roots are different, so F fixes k.

use std::collections::HashMap;

use crate::field::{Field, U256};

use super::{Draft, Form, Shape, Value, scaled};

/// Roots of a form; more would take too many bits.
const MOST_ROOTS: usize = 16;

/// Where the product of a form's distances to some values is zero, or a wire.
#[derive(Clone)]
struct Polynomial {
    form: Form,
    roots: Vec<U256>, // different
}

/// Puts bits in the places of zero products of more than two factors. How many there were.
pub(super) fn split(draft: &mut Draft<'_>) -> usize {
    let mut known: HashMap<u32, Polynomial> = HashMap::new(); // by wire that holds it, up to a factor
    let mut count = 0;
    for index in 0..draft.constraints.len() {
        let [a, b, c] = &draft.constraints[index];
        if a.is_empty() {
            continue;
        }
        match c.as_slice() {
            [] if holds(&known, a) || holds(&known, b) => {
                if let Some(zero) = product(draft.field(), &known, a, b) {
                    replace(draft, index, zero);
                    count += 1;
                }
            }
            &[(wire, _)] if wire >= draft.r1cs.first_private() && !known.contains_key(&wire) => {
                if let Some(polynomial) = product(draft.field(), &known, a, b) {
                    known.insert(wire, polynomial);
                }
            }
            _ => {}
        }
    }
    count
}

/// Whether a factor is a wire that holds a polynomial.
fn holds(known: &HashMap<u32, Polynomial>, factor: &Form) -> bool {
    matches!(factor.as_slice(), [(wire, _)] if known.contains_key(wire))
}

/// The product of two factors, if both are polynomials in the same form.
fn product(field: &Field, known: &HashMap<u32, Polynomial>, a: &Form, b: &Form) -> Option<Polynomial> {
    let readings = [a, b].map(|factor| readings(field, known, factor));
    let pairs = readings[0].iter().flat_map(|a| readings[1].iter().map(move |b| (a, b)));
    let (a, b) = pairs.into_iter().find(|(a, b)| a.form == b.form)?;
    let mut roots = a.roots.clone();
    roots.extend(b.roots.iter().filter(|root| !a.roots.contains(root)));
    (roots.len() <= MOST_ROOTS).then(|| Polynomial { form: a.form.clone(), roots })
}

/// A factor as a linear polynomial in its own form and, if it is a wire that holds one, as that.
fn readings(field: &Field, known: &HashMap<u32, Polynomial>, factor: &Form) -> Vec<Polynomial> {
    let shape = Shape::of(field, factor);
    let roots = vec![shape.root(field)];
    let mut all = vec![Polynomial { form: shape.form, roots }];
    if let [(wire, _)] = factor.as_slice() {
        all.extend(known.get(wire).cloned());
    }
    all
}

/// Says by bits that the form is one of the roots, in the place of a constraint.
fn replace(draft: &mut Draft<'_>, index: usize, Polynomial { form, mut roots }: Polynomial) {
    let field = draft.field();
    roots.sort_by_key(|&root| field.to_integer(root));
    let mut sum: Form = scaled(field, &form, field.from_i64(-1)).collect();
    sum.push((0, roots[0]));
    let mut before = None;
    for place in 1..roots.len() {
        let values = roots[place..].to_vec();
        let bit = draft.add(&form, Value::Among { form: form.clone(), values });
        sum.push((bit, field.sub(roots[place], roots[place - 1])));
        draft.bit(bit);
        if let Some(before) = before.replace(bit) {
            let one = U256::from(1);
            draft.constraints.push([
                vec![(bit, one)],
                vec![(0, field.from_i64(-1)), (before, one)],
                Form::new(),
            ]);
        }
    }
    draft.constraints[index] = [Form::new(), Form::new(), super::summed(field, sum)];
}
