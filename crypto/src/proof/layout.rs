//! Which form is committed in which row and slot, and how factors of products follow from it (proof.md, section 3).

use crate::field::{Field, U256};
use crate::r1cs::Combination;

use super::residues::{Element, Residues};
use super::statement::Statement;

/// A combination of a packed constraint: `scale * m_row[slot] + public`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor<E> {
    /// The row of its private form; 0 with scale 0 where there is none.
    pub(super) row: usize,
    pub(super) scale: E,
    pub(super) public: E,
}

/// A packed constraint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product<E> {
    pub(super) slot: usize,
    /// `A`, `B` and `C`.
    pub(super) factors: [Factor<E>; 3],
}

/// An occupied place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<E> {
    pub(super) slot: usize,
    pub(super) row: usize,
    /// A kept constraint and which of its combinations has this form, up to `scale`.
    pub(super) constraint: usize,
    pub(super) combination: usize,
    pub(super) scale: E,
}

/// Products and places, slot by slot and in each by rows.
#[derive(Clone, Debug)]
pub(super) struct Layout<E> {
    pub(super) products: Vec<Product<E>>,
    pub(super) places: Vec<Place<E>>,
}

impl<E: Element> Layout<E> {
    /// Cuts the packed constraints into runs, one a slot.
    pub(super) fn of<M: Residues<Element = E>>(statement: &Statement, values: &Values<'_, M>) -> Self {
        let relation = &statement.relation;
        let first = relation.first_private();
        let height = statement.parameters.height;
        let mut layout = Self { products: Vec::new(), places: Vec::new() };
        let mut run =
            Run { slot: 0, rows: vec![(usize::MAX, 0); statement.packing.forms() as usize], used: 0 };
        let mut forms = statement.packing.forms_of().iter();
        for (constraint, kept) in relation.constraints().enumerate() {
            let private = kept.forms.map(|form| form.from_wire(first));
            if private[0].is_empty() || private[1].is_empty() {
                continue;
            }
            let Some(forms) = forms.next() else { break };
            if run.used + run.fresh(forms) > height {
                run.slot += 1;
                run.used = 0;
            }
            let factors = std::array::from_fn(|combination| {
                let public = values.public_part(kept.forms[combination]);
                if private[combination].is_empty() {
                    return Factor { row: 0, scale: E::default(), public };
                }
                let scale = values.scale(private[combination]);
                let (row, new) = run.row(forms[combination]);
                if new {
                    layout.places.push(Place { slot: run.slot, row, constraint, combination, scale });
                }
                Factor { row, scale, public }
            });
            layout.products.push(Product { slot: run.slot, factors });
        }
        layout
    }
}

/// The run that is being filled.
struct Run {
    slot: usize,
    rows: Vec<(usize, u32)>, // by form: the last slot that holds it, and its row there
    used: u32,
}

impl Run {
    /// How many of the forms the run does not hold yet.
    fn fresh(&self, forms: &[u32; 3]) -> u32 {
        let new = |place: usize| {
            let form = forms[place];
            self.rows[form as usize].0 != self.slot && !forms[..place].contains(&form)
        };
        (0..3).filter(|&place| new(place)).count() as u32
    }

    /// The row of a form, and whether it is new.
    fn row(&mut self, form: u32) -> (usize, bool) {
        let known = &mut self.rows[form as usize];
        if known.0 == self.slot {
            return (known.1 as usize, false);
        }
        *known = (self.slot, self.used);
        self.used += 1;
        (known.1 as usize, true)
    }
}

/// The relation's integers and the public values modulo q.
#[derive(Clone, Debug)]
pub(super) struct Values<'a, M: Residues> {
    pub(super) m: &'a M,
    statement: &'a Statement,
    /// By coefficient number.
    coefficients: Vec<M::Element>,
    /// Of `w_0` and the public wires.
    public: Vec<M::Element>,
}

impl<'a, M: Residues> Values<'a, M> {
    pub(super) fn new(m: &'a M, statement: &'a Statement, public: &[U256]) -> Self {
        let relation = &statement.relation;
        let coefficients = relation.values().iter().map(|&value| modulo(m, relation.field(), value));
        let mut values = Self { m, statement, coefficients: coefficients.collect(), public: vec![m.one()] };
        values.public.extend(public.iter().map(|&value| modulo(m, relation.field(), value)));
        values
    }

    /// A coefficient by its number.
    pub(super) fn coefficient(&self, number: u32) -> M::Element {
        self.coefficients[number as usize]
    }

    /// The terms of a form modulo q.
    pub(super) fn terms(&self, form: Combination<'a>) -> impl Iterator<Item = (u32, M::Element)> {
        form.terms().map(|(wire, number)| (wire, self.coefficient(number)))
    }

    /// The part of a form that `w_0` and public wires make.
    pub(super) fn public_part(&self, form: Combination<'_>) -> M::Element {
        let first = self.statement.relation.first_private();
        let terms = form.terms().take_while(|&(wire, _)| wire < first);
        terms.fold(M::Element::default(), |sum, (wire, number)| {
            self.m.add(sum, self.m.mul(self.coefficient(number), self.public[wire as usize]))
        })
    }

    /// What a private form is times its standard: the gcd with the first coefficient's sign, or modulo p that coefficient.
    fn scale(&self, form: Combination<'_>) -> M::Element {
        let relation = &self.statement.relation;
        let value = |number: u32| relation.values()[number as usize];
        if !self.statement.liftable {
            return self.coefficient(form.coefficients[0]);
        }
        let mut divisor = U256::ZERO;
        for &number in form.coefficients {
            divisor = divisor.gcd(relation.field().signed(value(number)).1);
            if divisor == U256::from(1) {
                break;
            }
        }
        let scale = self.m.element(divisor % self.m.modulus());
        if relation.field().signed(value(form.coefficients[0])).0 { self.m.neg(scale) } else { scale }
    }
}

/// The signed representative of an element of the circuit's field, modulo q.
pub(super) fn modulo<M: Residues>(m: &M, field: &Field, value: U256) -> M::Element {
    let (negative, magnitude) = field.signed(value);
    let element = m.element(magnitude % m.modulus());
    if negative { m.neg(element) } else { element }
}
