//! New wires for forms that take two values.

use std::collections::{HashMap, HashSet};

use crate::field::U256;

use super::{Draft, Form, Shape, Value};

/// A form that has a name t: it is `root + step*t`.
struct Name {
    wire: u32,
    root: U256,
    step: U256,
}

/// Gives a name to each form of a zero product with two different roots. How many there are.
pub(super) fn give(draft: &mut Draft<'_>) -> usize {
    let mut names: HashMap<Form, Name> = HashMap::new();
    let mut all_ends: HashSet<(u32, u32)> = HashSet::new(); // of those forms: a quick no for most others
    for index in 0..draft.constraints.len() {
        let [a, b, c] = &draft.constraints[index];
        if !c.is_empty() || !is_composed(draft, a) || ends(a) != ends(b) {
            continue;
        }
        let [a, b] = [a, b].map(|form| Shape::of(draft.field(), form));
        if a.form != b.form || names.contains_key(&a.form) {
            continue;
        }
        let field = draft.field();
        let mut roots = [&a, &b].map(|shape| shape.root(field));
        roots.sort_by_key(|&root| field.signed(root).1);
        let [root, other] = roots;
        if root != other {
            let step = field.sub(other, root);
            let wire = draft.add(&a.form, Value::Scaled { form: a.form.clone(), root, step });
            all_ends.insert(ends(&a.form));
            names.insert(a.form, Name { wire, root, step });
        }
    }

    let field = draft.field();
    for forms in &mut draft.constraints {
        replace(forms, |form| {
            let named = all_ends.contains(&ends(form)).then(|| Shape::of(field, form));
            let Shape { form, lead, constant } = named?;
            let &Name { wire, root, step } = names.get(&form)?;
            let constant = field.add(constant, field.mul(lead, root));
            Some(vec![(0, constant), (wire, field.mul(lead, step))])
        });
    }

    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable_by_key(|(_, name)| name.wire);
    let count = names.len();
    for (mut form, Name { wire, root, step }) in names {
        form.extend([(wire, field.neg(step)), (0, field.neg(root))]);
        draft.equate(form);
    }
    count
}

/// Puts names in the places of their forms in a quadratic constraint.
fn replace(forms: &mut [Form; 3], named: impl Fn(&Form) -> Option<Form>) {
    if forms[0].is_empty() {
        return;
    }
    for form in forms {
        if let Some(mut name) = named(form) {
            name.retain(|(_, value)| !value.is_zero());
            *form = name;
        }
    }
}

/// Whether more than one private wire stands in a form.
fn is_composed(draft: &Draft<'_>, form: &Form) -> bool {
    form.len() >= 2 && form[form.len() - 2].0 >= draft.r1cs.first_private()
}

/// The first and the last wire but the constant one; 0 where there is none.
fn ends(form: &Form) -> (u32, u32) {
    let wires = || form.iter().map(|&(wire, _)| wire).filter(|&wire| wire != 0);
    (wires().next().unwrap_or(0), wires().next_back().unwrap_or(0))
}
