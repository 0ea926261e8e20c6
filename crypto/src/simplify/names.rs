//! New wires for forms that take two values.

use std::collections::{HashMap, HashSet};

use crate::field::{Field, U256};
use crate::r1cs::R1cs;

use super::{Form, Name, is_constant};

/// Forms that have a name, without their constant and with 1 for their first coefficient.
pub(super) struct Names {
    field: Field,
    first_private: u32,
    first_new: u32,
    places: HashMap<Form, usize>,
    ends: HashSet<(u32, u32)>, // first and last wires of those forms: a quick no for most others
    list: Vec<Name>,
}

/// A form as `lead*F + constant`.
struct Parts {
    form: Form,
    lead: U256,
    constant: U256,
}

impl Names {
    /// Finds the forms of zero products with two different roots.
    pub(super) fn of(r1cs: &R1cs, constraints: &[[Form; 3]]) -> Self {
        let mut names = Self {
            field: *r1cs.field(),
            first_private: r1cs.first_private(),
            first_new: r1cs.wires(),
            places: HashMap::new(),
            ends: HashSet::new(),
            list: Vec::new(),
        };
        for [a, b, c] in constraints {
            if c.is_empty() && names.is_composed(a) && ends(a) == ends(b) {
                names.consider(names.parts(a), names.parts(b));
            }
        }
        names
    }

    pub(super) fn len(&self) -> u32 {
        self.list.len() as u32
    }

    pub(super) fn into_list(self) -> Vec<Name> {
        self.list
    }

    /// Puts names in the places of their forms in a quadratic constraint.
    pub(super) fn replace(&self, forms: &mut [Form; 3]) {
        if is_constant(&forms[0]) || is_constant(&forms[1]) {
            return;
        }
        for form in forms.iter_mut().filter(|form| self.ends.contains(&ends(form))) {
            let Parts { form: shape, lead, constant } = self.parts(form);
            let Some(&place) = self.places.get(&shape) else { continue };
            let Name { root, step, .. } = &self.list[place];
            let constant = self.field.add(constant, self.field.mul(lead, *root));
            *form = vec![(0, constant), (self.first_new + place as u32, self.field.mul(lead, *step))];
            form.retain(|(_, value)| !value.is_zero());
        }
    }

    /// Whether more than one private wire stands in a form.
    fn is_composed(&self, form: &Form) -> bool {
        form.len() >= 2 && form[form.len() - 2].0 >= self.first_private
    }

    fn consider(&mut self, a: Parts, b: Parts) {
        if a.form != b.form || self.places.contains_key(&a.form) {
            return;
        }
        let root = |parts: &Parts| self.field.neg(self.field.mul(parts.constant, self.field.inv(parts.lead)));
        let mut roots = [root(&a), root(&b)];
        roots.sort_by_key(|&root| self.field.signed(root).1);
        let [root, other] = roots;
        if root == other {
            return;
        }
        let step = self.field.sub(other, root);
        let private = a.form.partition_point(|&(wire, _)| wire < self.first_private);
        self.ends.insert(ends(&a.form));
        self.places.insert(a.form.clone(), self.list.len());
        self.list.push(Name { source: a.form[private].0, form: a.form, root, step });
    }

    fn parts(&self, form: &Form) -> Parts {
        let start = usize::from(form[0].0 == 0);
        let constant = if start == 1 { form[0].1 } else { U256::ZERO };
        let lead = form[start].1;
        let inverse = self.field.inv(lead);
        let terms = form[start..].iter().map(|&(wire, value)| (wire, self.field.mul(value, inverse)));
        Parts { form: terms.collect(), lead, constant }
    }
}

/// The first and the last wire but the constant one; 0 where there is none.
fn ends(form: &Form) -> (u32, u32) {
    let wires = || form.iter().map(|&(wire, _)| wire).filter(|&wire| wire != 0);
    (wires().next().unwrap_or(0), wires().next_back().unwrap_or(0))
}
