//! What an optimising compiler leaves of a circuit: linear constraints are solved for a private wire, which is then
//! substituted everywhere (`circom --O2`); constraints are scaled, change sign and stand in another order.
//!
//! The relation stays the same: every step is invertible on the solutions.

use std::collections::{BTreeMap, HashMap};

use super::draw::Draw;
use crate::field::{Field, U256};

/// A linear combination: wires, ascending, with coefficients that are not zero.
pub type Terms = Vec<(u32, U256)>;

/// `A * B = C`.
pub type Constraint = [Terms; 3];

/// Longest form that is put in a wire's place, and how many terms that may add to all constraints together.
const LONGEST: usize = 64;
const MOST_TERMS: usize = 256;

/// How constraints are written down.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Whether linear constraints are solved, and for which wire.
    pub solved: Option<Pivot>,
    /// What constraints are multiplied by.
    pub scale: Scale,
    /// Whether constraints stand in a random order.
    pub shuffled: bool,
}

/// The wire that a linear constraint is solved for.
#[derive(Clone, Copy, Debug)]
pub enum Pivot {
    /// One whose coefficient is 1 or -1 where there is one, else the newest.
    Unit,
    /// The newest, which often leaves fractions modulo p.
    Newest,
}

/// Factors of both sides of a constraint.
#[derive(Clone, Copy, Debug)]
pub enum Scale {
    /// None.
    One,
    /// 1 or -1, and `A` and `B` change places.
    Signs,
    /// A small number or the inverse of one.
    Units,
}

impl Shape {
    /// As the gadgets wrote it.
    #[cfg(test)]
    pub const PLAIN: Self = Self { solved: None, scale: Scale::One, shuffled: false };

    /// The drawn one: two of five circuits are substituted, half are shuffled.
    pub fn draw(draw: &mut Draw) -> Self {
        let solved = match draw.below(20) {
            0..5 => Some(Pivot::Unit),
            5..8 => Some(Pivot::Newest),
            _ => None,
        };
        let scale = match draw.below(16) {
            0..4 => Scale::Signs,
            4..6 => Scale::Units,
            _ => Scale::One,
        };
        Self { solved, scale, shuffled: draw.chance(8) }
    }

    /// The constraints in this shape; `private` says of which wires a linear constraint may be solved for.
    pub fn apply(
        self,
        field: &Field,
        mut constraints: Vec<Constraint>,
        private: &dyn Fn(u32) -> bool,
        draw: &mut Draw,
    ) -> Vec<Constraint> {
        if let Some(pivot) = self.solved {
            constraints = Solver { field, pivot, private }.solve(constraints);
        }
        constraints.iter_mut().for_each(|constraint| self.scale.apply(field, constraint, draw));
        if self.shuffled {
            for last in (1..constraints.len()).rev() {
                constraints.swap(last, draw.between(0, last));
            }
        }
        constraints
    }
}

impl Scale {
    fn apply(self, field: &Field, constraint: &mut Constraint, draw: &mut Draw) {
        let factor = match self {
            Self::One => return,
            Self::Signs => {
                if draw.chance(4) {
                    constraint.swap(0, 1);
                }
                field.from_i64(if draw.chance(8) { 1 } else { -1 })
            }
            Self::Units => {
                let small = field.from_i64(draw.small(8));
                if draw.chance(8) { small } else { field.inv(small) }
            }
        };
        let [a, _, c] = constraint;
        for (_, coefficient) in a.iter_mut().chain(c) {
            *coefficient = field.mul(*coefficient, factor);
        }
    }
}

/// Substitutes wires that linear constraints determine.
struct Solver<'a> {
    field: &'a Field,
    pivot: Pivot,
    private: &'a dyn Fn(u32) -> bool,
}

/// Which wires are solved, as the how-manieth, and what stands in their place.
type Solutions = HashMap<u32, (usize, Terms)>;

impl Solver<'_> {
    fn solve(&self, constraints: Vec<Constraint>) -> Vec<Constraint> {
        let mut uses: HashMap<u32, usize> = HashMap::new();
        for &(wire, _) in constraints.iter().flatten().flatten() {
            *uses.entry(wire).or_default() += 1;
        }

        let (mut kept, mut order) = (Vec::new(), Vec::new());
        let mut solutions = Solutions::new();
        for constraint in constraints {
            let form = self.linear(&constraint).and_then(|form| self.expand(&form, &solutions));
            match form.as_ref().map(|form| self.solve_for(form, &uses)) {
                Some(Some((wire, terms))) => {
                    solutions.insert(wire, (order.len(), terms));
                    order.push(wire);
                }
                _ if form.is_some_and(|form| form.is_empty()) => {}
                _ => kept.push(constraint),
            }
        }

        // a form names no wire that was solved before it: from the last one on, all that it names is settled
        let mut settled = Solutions::new();
        for wire in order.into_iter().rev() {
            let (place, form) = &solutions[&wire];
            match self.expand(form, &settled) {
                Some(terms) => {
                    settled.insert(wire, (*place, terms));
                }
                None => kept.push([form.clone(), vec![(0, U256::from(1))], vec![(wire, U256::from(1))]]),
            }
        }
        kept.into_iter().map(|constraint| constraint.map(|form| self.replace(form, &settled))).collect()
    }

    /// `A B - C` where `A` or `B` is constant.
    fn linear(&self, [a, b, c]: &Constraint) -> Option<Terms> {
        let constant = |form: &Terms| match form[..] {
            [] => Some(U256::ZERO),
            [(0, value)] => Some(value),
            _ => None,
        };
        let (factor, form) = constant(a).map(|value| (value, b)).or_else(|| Some((constant(b)?, a)))?;
        let mut sum = BTreeMap::new();
        self.add(&mut sum, factor, form);
        self.add(&mut sum, self.field.neg(U256::from(1)), c);
        Some(sum.into_iter().collect())
    }

    fn add(&self, sum: &mut BTreeMap<u32, U256>, factor: U256, form: &Terms) {
        for &(wire, coefficient) in form {
            let entry = sum.entry(wire).or_insert(U256::ZERO);
            *entry = self.field.add(*entry, self.field.mul(factor, coefficient));
            if entry.is_zero() {
                sum.remove(&wire);
            }
        }
    }

    /// The form with all solved wires replaced, until none is left; `None` where it gets too long. The first solved goes
    /// first: what stands in its place names later ones alone, so each is replaced once.
    fn expand(&self, form: &Terms, solutions: &Solutions) -> Option<Terms> {
        let mut sum: BTreeMap<u32, U256> = form.iter().copied().collect();
        loop {
            let solved = sum.keys().filter_map(|wire| Some((solutions.get(wire)?, *wire)));
            let Some(((_, terms), wire)) = solved.min_by_key(|((place, _), _)| *place) else {
                return Some(sum.into_iter().collect());
            };
            let value = sum.remove(&wire).unwrap_or_default();
            self.add(&mut sum, value, terms);
            if sum.len() > LONGEST {
                return None;
            }
        }
    }

    /// The form with all wires of `settled`, whose own forms name none of them, replaced at once.
    fn replace(&self, form: Terms, settled: &Solutions) -> Terms {
        if !form.iter().any(|(wire, _)| settled.contains_key(wire)) {
            return form;
        }
        let mut sum = BTreeMap::new();
        for (wire, coefficient) in form {
            match settled.get(&wire) {
                Some((_, terms)) => self.add(&mut sum, coefficient, terms),
                None => self.add(&mut sum, U256::from(1), &vec![(wire, coefficient)]),
            }
        }
        sum.into_iter().collect()
    }

    /// The wire that `form = 0` is solved for, and its value by the others; `None` if there is none, or it would cost much.
    fn solve_for(&self, form: &Terms, uses: &HashMap<u32, usize>) -> Option<(u32, Terms)> {
        let is_unit = |value: U256| value == U256::from(1) || value == self.field.neg(U256::from(1));
        let mut candidates = form.iter().rev().filter(|(wire, _)| (self.private)(*wire));
        let newest = candidates.clone().next();
        let chosen = match self.pivot {
            Pivot::Unit => candidates.find(|(_, value)| is_unit(*value)).or(newest),
            Pivot::Newest => newest,
        };
        let &(wire, value) = chosen?;
        let others = form.iter().filter(|(other, _)| *other != wire);
        let other_uses = |wire: u32| uses.get(&wire).map_or(0, |uses| uses - 1);
        // a public wire is not left without a constraint
        let only_here =
            |&&(other, _): &&(u32, U256)| other > 0 && !(self.private)(other) && other_uses(other) == 0;
        let lost = other_uses(wire) == 0 && others.clone().any(|other| only_here(&other));
        if lost || (form.len() - 1) * other_uses(wire) > MOST_TERMS {
            return None;
        }
        let factor = self.field.neg(if is_unit(value) { value } else { self.field.inv(value) });
        Some((wire, others.map(|&(other, k)| (other, self.field.mul(factor, k))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(field: &Field, terms: &[(u32, i64)]) -> Terms {
        terms.iter().map(|&(wire, value)| (wire, field.from_i64(value))).collect()
    }

    /// Wires 1 (public) to 4: `w2 = 2 w1 + w3` by a linear constraint, then `w2 * w3 = w4`.
    #[test]
    fn a_solved_wire_is_replaced_everywhere() {
        let field = Field::parse("goldilocks").unwrap();
        let of = |list: &[(u32, i64)]| terms(&field, list);
        let constraints = vec![
            [of(&[(1, 2), (3, 1)]), of(&[(0, 1)]), of(&[(2, 1)])],
            [of(&[(2, 1)]), of(&[(3, 1)]), of(&[(4, 1)])],
        ];
        let solved = |pivot| {
            let solver = Solver { field: &field, pivot, private: &|wire| wire > 1 };
            solver.solve(constraints.clone())
        };
        // the newest of w2 and w3 is w3 = w2 - 2 w1
        let expected = [[of(&[(2, 1)]), of(&[(1, -2), (2, 1)]), of(&[(4, 1)])]];
        assert_eq!(solved(Pivot::Newest), expected);
        assert_eq!(solved(Pivot::Unit), expected);
    }

    /// `w1 = w2 + 2 w3` with a product of each.
    #[test]
    fn a_unit_is_preferred_or_leaves_a_fraction() {
        let field = Field::parse("goldilocks").unwrap();
        let of = |list: &[(u32, i64)]| terms(&field, list);
        let constraints = vec![
            [vec![], vec![], of(&[(1, -1), (2, 1), (3, 2)])],
            [of(&[(2, 1)]), of(&[(3, 1)]), of(&[(4, 1)])],
        ];
        let solve =
            |pivot| Solver { field: &field, pivot, private: &|wire| wire > 1 }.solve(constraints.clone());
        assert_eq!(solve(Pivot::Unit), [[of(&[(1, 1), (3, -2)]), of(&[(3, 1)]), of(&[(4, 1)])]]);
        let half = field.inv(field.from_i64(2));
        let third = vec![(1, half), (2, field.neg(half))];
        assert_eq!(solve(Pivot::Newest), [[of(&[(2, 1)]), third, of(&[(4, 1)])]]);
    }
}
