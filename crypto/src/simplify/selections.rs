//! Wires that select a place, as circomlib's decoder does: `o_i (F - r_i) = 0` for different `r_i`, and `sum l_i o_i = V`,
//! where V is v other than 0, or 0 or v. One `o_i` may be what the sum says of it by the others. Where F is a factor of other
//! products, too, as in `F h = 1 - o`, nothing is done: inference knows more of those as they are.
//!
//! The products give way to `o_i (l_i o_i - v) = 0`, and one constraint `F V = sum r_i l_i o_i` is new.
//!
//! > Before: F is one `r_i` at most, so all `o_i` but one are 0. That one, if it is not 0 either, has `l_i o_i = V = v` and
//! > `F = r_i`; else V = 0. The new constraints hold both times. After: let k of the n wires be other than 0. Then `k v =
//! > V` is 0 or v, and k is 0 or 1 modulo p; as `k <= n < p` it is that number. If it is 1, V is v and `F v = r_i v`; so the
//! > old products hold both times.

use std::collections::{HashMap, HashSet};

use crate::field::U256;

use super::{Draft, Form, Shape, is_constant, scaled, summed};

/// Forms tried for one sum: those that its first wires are multiplied by.
const MOST_TRIED: usize = 8;

/// What is 0 unless a form has a value.
#[derive(Clone, Copy)]
struct Switch {
    constraint: usize,
    form: usize,
    root: U256,
}

/// A term `l_i o_i` of a sum, which a constraint multiplies by `F - root`.
struct Member {
    constraint: usize,
    term: Form,
    root: U256,
}

/// `sum l_i o_i = V`, V 0 or `value`, or that alone where V is a constant.
struct Sum {
    terms: Form, // wires
    last: Option<Rest>,
    total: Form,
    value: U256,
}

/// A form that is multiplied as wires are.
struct Rest {
    form: Form,
    switch: Switch,
}

/// Puts bits in the places of products that select. How many sums of them there were.
pub(super) fn split(draft: &mut Draft<'_>) -> usize {
    let Switches { forms, by_wire, rests } = Switches::of(draft);
    if by_wire.is_empty() {
        return 0;
    }
    let mut taken: HashSet<usize> = HashSet::new();
    let mut count = 0;
    for sum in sums(draft, &by_wire, rests) {
        let firsts = sum.terms.iter().take(1).filter_map(|(wire, _)| by_wire.get(wire)).flatten();
        let tried: Vec<usize> = firsts.take(MOST_TRIED).map(|switch| switch.form).collect();
        let found = tried.into_iter().find_map(|form| Some((form, members(draft, &sum, &by_wire, form)?)));
        let Some((form, members)) = found else { continue };
        if members.iter().any(|member| taken.contains(&member.constraint)) {
            continue;
        }
        taken.extend(members.iter().map(|member| member.constraint));
        replace(draft, &forms[form], &sum, members);
        count += 1;
    }
    count
}

/// Zero products of two forms that are not multiples of one.
struct Switches {
    forms: Vec<Form>,
    by_wire: HashMap<u32, Vec<Switch>>,
    rests: Vec<Rest>,
}

impl Switches {
    fn of(draft: &Draft<'_>) -> Self {
        let field = draft.field();
        let mut numbers: HashMap<Form, usize> = HashMap::new();
        let mut by_wire: HashMap<u32, Vec<Switch>> = HashMap::new();
        let mut rests = Vec::new();
        let products = draft.constraints.iter().filter(|[a, _, c]| !a.is_empty() && !c.is_empty());
        let factors: HashSet<Form> =
            products.flat_map(|[a, b, _]| [a, b]).map(|form| Shape::of(field, form).form).collect();
        for (constraint, [a, b, c]) in draft.constraints.iter().enumerate() {
            if !c.is_empty() || a.is_empty() {
                continue;
            }
            for (factor, other) in [(a, b), (b, a)] {
                let shape = Shape::of(field, other);
                let root = shape.root(field);
                if shape.form == Shape::of(field, factor).form || factors.contains(&shape.form) {
                    continue; // of a test `F h = 1 - o` rule 5 of inference knows more
                }
                let next = numbers.len();
                let form = *numbers.entry(shape.form).or_insert(next);
                let switch = Switch { constraint, form, root };
                match factor.as_slice() {
                    &[(wire, _)] => by_wire.entry(wire).or_default().push(switch),
                    _ => rests.push(Rest { form: factor.clone(), switch }),
                }
            }
        }
        let mut forms = vec![Form::new(); numbers.len()];
        numbers.into_iter().for_each(|(form, number)| forms[number] = form);
        Self { forms, by_wire, rests }
    }
}

/// Sums of switches that take the value 0, or one other, or one value other than 0 alone.
fn sums(draft: &Draft<'_>, switches: &HashMap<u32, Vec<Switch>>, rests: Vec<Rest>) -> Vec<Sum> {
    let field = draft.field();
    let is_switch = |&(wire, _): &(u32, U256)| switches.contains_key(&wire);
    let mut two_values: HashMap<u32, [U256; 2]> = HashMap::new();
    let mut sums = Vec::new();
    for [a, b, c] in &draft.constraints {
        if !c.is_empty() || a.is_empty() {
            continue;
        }
        let shapes = [a, b].map(|form| Shape::of(field, form));
        if shapes[0].form != shapes[1].form {
            continue;
        }
        let roots = shapes.each_ref().map(|shape| shape.root(field));
        let [Shape { form, .. }, _] = shapes;
        match form.as_slice() {
            &[(wire, _)] => {
                two_values.entry(wire).or_insert(roots);
            }
            _ if form.iter().all(is_switch) => {
                let value = other_than_zero(roots);
                sums.extend(value.map(|value| Sum { terms: form.clone(), last: None, total: form, value }));
            }
            _ => {}
        }
    }

    let value_of = |total: &Form| match total.as_slice() {
        &[(0, value)] => Some(value),
        [(0, _), (wire, _)] | [(wire, _)] => two_values.get(wire).and_then(|&values| {
            let shape = Shape::of(field, total);
            let value = |value| field.add(field.mul(shape.lead, value), shape.constant);
            other_than_zero(values.map(value))
        }),
        _ => None,
    };
    let negated = |form: &Form| -> Form { scaled(field, form, field.from_i64(-1)).collect() };
    for [_, _, form] in draft.constraints.iter().filter(|[a, _, _]| a.is_empty()) {
        let (terms, others): (Form, Form) = form.iter().partition(|term| is_switch(term));
        let total = negated(&others);
        sums.extend(value_of(&total).map(|value| Sum { terms, last: None, total, value }));
    }
    for rest in rests {
        let (terms, total): (Form, Form) = rest.form.iter().partition(|term| is_switch(term));
        let terms = negated(&terms);
        sums.extend(value_of(&total).map(|value| Sum { terms, last: Some(rest), total, value }));
    }
    sums
}

/// The other of two values of which one is 0.
fn other_than_zero([a, b]: [U256; 2]) -> Option<U256> {
    match (a.is_zero(), b.is_zero()) {
        (true, false) => Some(b),
        (false, true) => Some(a),
        _ => None,
    }
}

/// The terms of a sum, if each selects a value of this form, all different and fewer than p.
fn members(
    draft: &Draft<'_>,
    sum: &Sum,
    switches: &HashMap<u32, Vec<Switch>>,
    form: usize,
) -> Option<Vec<Member>> {
    let member = |term: Form, switch: Switch| {
        (switch.form == form).then_some(Member { constraint: switch.constraint, term, root: switch.root })
    };
    let of_wire = |&(wire, times): &(u32, U256)| {
        let switch = switches[&wire].iter().find(|switch| switch.form == form)?;
        member(vec![(wire, times)], *switch)
    };
    let mut members: Vec<Member> = sum.terms.iter().map(of_wire).collect::<Option<_>>()?;
    if let Some(rest) = &sum.last {
        members.push(member(rest.form.clone(), rest.switch)?);
    }
    let roots: HashSet<U256> = members.iter().map(|member| member.root).collect();
    let count = members.len();
    (count >= 2 && roots.len() == count && U256::from(count) < draft.field().modulus()).then_some(members)
}

fn replace(draft: &mut Draft<'_>, form: &Form, sum: &Sum, members: Vec<Member>) {
    let field = draft.field();
    let mut selected = Form::new();
    for Member { constraint, term, root } in members {
        selected.extend(scaled(field, &term, root));
        let mut less = term.clone();
        less.push((0, field.neg(sum.value)));
        draft.constraints[constraint] = [term, summed(field, less), Form::new()];
    }
    let selected = summed(field, selected);
    if is_constant(&sum.total) {
        draft.equate(selected.into_iter().chain(scaled(field, form, field.neg(sum.value))).collect());
    } else {
        draft.constraints.push([form.clone(), sum.total.clone(), selected]);
    }
}
