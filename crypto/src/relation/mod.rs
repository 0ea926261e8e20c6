//! What is proved of a circuit: the constraints that are kept, as integers (labels.md, sections 1.1 to 1.3).
//!
//! `linear` brings linear constraints into one form, `kept` drops what private wires satisfy by themselves and finds
//! hints, `integers` fixes the integers that stand for the coefficients. Ranges, packing and proof work on the result.

mod integers;
mod kept;
mod linear;

use std::collections::HashMap;

use dashu_int::IBig;

use crate::field::{Field, U256};
use crate::r1cs::{Coefficients, Combination, R1cs};
use crate::ranges::{Bounds, Rule};

use kept::Kept;
pub(crate) use linear::Source;

/// A factor of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// `A`.
    A,
    /// `B`.
    B,
}

impl Factor {
    const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What a kept constraint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `L = 0`.
    Linear,
    /// `A*B = C`.
    Product,
    /// `F*h = C`, where no other constraint mentions the wire `h`, which stands in this factor.
    Hint(Factor),
}

/// A kept constraint.
#[derive(Clone, Copy, Debug)]
pub struct Constraint<'a> {
    /// Its number in the file.
    pub number: u32,
    /// What it says.
    pub kind: Kind,
    /// `A`, `B` and `C`; of a linear constraint two empty forms and `L`.
    pub forms: [Combination<'a>; 3],
}

impl<'a> Constraint<'a> {
    /// `F` and `C` of a hint constraint.
    #[must_use]
    pub const fn hint_forms(&self) -> Option<[Combination<'a>; 2]> {
        let [a, b, c] = self.forms;
        match self.kind {
            Kind::Hint(Factor::A) => Some([b, c]),
            Kind::Hint(Factor::B) => Some([a, c]),
            _ => None,
        }
    }

    /// The hint `h`.
    #[must_use]
    pub fn hint(&self) -> Option<u32> {
        match self.kind {
            Kind::Hint(factor) => Some(self.forms[factor as usize].wires[0]),
            _ => None,
        }
    }

    /// The wires of all forms; one may come several times.
    pub fn wires(&self) -> impl Iterator<Item = u32> {
        self.forms.into_iter().flat_map(|form| form.wires.iter().copied())
    }
}

/// A part of the analysis that tests leave out, to see what needs it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Drops,
    Hints,
    Scales,
    Rule(Rule),
}

/// A constraint that is dropped, and the private wire that satisfies it whatever the other wires are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its number in the file.
    pub constraint: u32,
    /// The wire; 0 where the constraint says `0 = 0`.
    pub wire: u32,
}

/// Hint constraints `F*h = C` that share `F`, and the constraints `F*Z = 0` (labels.md, section 1.4, rule 5).
#[derive(Clone, Debug, Default)]
pub struct Alternative {
    /// The hint constraints, by their place among the kept ones.
    pub hints: Vec<u32>,
    /// The constraints `F*Z = 0` likewise, and the factor that is `Z`.
    pub products: Vec<(u32, Factor)>,
}

/// The kept constraints of a circuit, in file order, with integers for coefficients.
#[derive(Clone, Debug)]
pub struct Relation {
    field: Field,
    wires: u32,
    first_private: u32,
    numbers: Vec<u32>,
    kinds: Vec<Kind>,
    ends: Vec<usize>, // [3 * constraints]: where each form ends
    term_wires: Vec<u32>,
    term_coefficients: Vec<u32>,
    values: Vec<U256>, // canonical modulo p
    signed: Vec<IBig>,
    alternatives: Vec<Alternative>,
    dropped: Vec<Dropped>,
    linear: u32,
    rescaled: u32,
    omitted: Option<Part>,
}

impl Relation {
    /// Drops, names hints, and fixes integers. Private wires with a declared bound are not a constraint's own.
    #[must_use]
    pub fn of(r1cs: &R1cs, bounds: &Bounds) -> Self {
        Self::without(r1cs, bounds, None)
    }

    /// The same without a part of the analysis.
    pub(crate) fn without(r1cs: &R1cs, bounds: &Bounds, omitted: Option<Part>) -> Self {
        let source = Source::of(r1cs);
        let kept = Kept::of(&source, bounds, omitted);
        let mut relation = integers::relation(&source, &kept, omitted);
        relation.omitted = omitted;
        relation.dropped = kept.dropped();
        relation.alternatives = relation.find_alternatives();
        relation
    }

    /// The field of the circuit.
    #[must_use]
    pub const fn field(&self) -> &Field {
        &self.field
    }

    /// Wires of the circuit, the constant one included.
    #[must_use]
    pub const fn wires(&self) -> u32 {
        self.wires
    }

    /// The first private wire.
    #[must_use]
    pub const fn first_private(&self) -> u32 {
        self.first_private
    }

    /// Number of kept constraints.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether nothing is left to prove.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Kept constraint `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Constraint<'_> {
        let form = |place: usize| {
            let row = 3 * index + place;
            let start = if row == 0 { 0 } else { self.ends[row - 1] };
            let range = start..self.ends[row];
            Combination {
                wires: &self.term_wires[range.clone()],
                coefficients: &self.term_coefficients[range],
            }
        };
        Constraint {
            number: self.numbers[index],
            kind: self.kinds[index],
            forms: [form(0), form(1), form(2)],
        }
    }

    /// The kept constraints in file order.
    pub fn constraints(&self) -> impl Iterator<Item = Constraint<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The constraints that are dropped, the last one first.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// How many constraints of the file are linear.
    #[must_use]
    pub const fn linear(&self) -> u32 {
        self.linear
    }

    /// How many hint constraints are kept.
    #[must_use]
    pub fn hints(&self) -> u32 {
        self.kinds.iter().filter(|kind| matches!(kind, Kind::Hint(_))).count() as u32
    }

    /// How many scales of kept constraints are not 1.
    #[must_use]
    pub const fn rescaled(&self) -> u32 {
        self.rescaled
    }

    /// Whether a rule is left out.
    pub(crate) fn omits(&self, rule: Rule) -> bool {
        self.omitted == Some(Part::Rule(rule))
    }

    /// The alternatives of rule 5.
    #[must_use]
    pub fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }

    /// An integer by its number.
    #[must_use]
    pub fn integer(&self, number: u32) -> &IBig {
        &self.signed[number as usize]
    }

    /// All integers that occur, by number.
    #[must_use]
    pub fn integers(&self) -> &[IBig] {
        &self.signed
    }

    /// The integers modulo p, by number.
    #[must_use]
    pub fn values(&self) -> &[U256] {
        &self.values
    }

    /// The terms of a form with their integers.
    pub fn terms<'a>(&'a self, form: Combination<'a>) -> impl Iterator<Item = (u32, &'a IBig)> + Clone {
        let wires = form.wires.iter().copied();
        wires.zip(form.coefficients.iter().map(|&number| &self.signed[number as usize]))
    }

    /// Which wires count: they stand in a kept constraint other than as its hint (labels.md, section 1.5).
    #[must_use]
    pub fn counting(&self) -> Vec<bool> {
        let mut counts = vec![false; self.wires as usize];
        for constraint in self.constraints() {
            let hint = constraint.hint();
            for wire in constraint.wires().filter(|&wire| Some(wire) != hint) {
                counts[wire as usize] = true;
            }
        }
        counts
    }

    /// The hint constraints by their F, with the products that share it; those without a product say nothing.
    fn find_alternatives(&self) -> Vec<Alternative> {
        let mut found: Vec<Alternative> = Vec::new();
        let mut by_form: HashMap<Vec<(u32, U256)>, usize> = HashMap::new();
        for (index, constraint) in self.constraints().enumerate() {
            let Some([form, _]) = constraint.hint_forms() else { continue };
            let next = found.len();
            let place = *by_form.entry(self.up_to_sign(form)).or_insert(next);
            if place == next {
                found.push(Alternative::default());
            }
            found[place].hints.push(index as u32);
        }
        if found.is_empty() {
            return found;
        }

        for (index, constraint) in self.constraints().enumerate() {
            let [a, b, c] = constraint.forms;
            if constraint.kind != Kind::Product || !c.is_empty() {
                continue;
            }
            for (form, partner) in [(a, Factor::B), (b, Factor::A)] {
                if let Some(&place) = by_form.get(&self.up_to_sign(form)) {
                    found[place].products.push((index as u32, partner));
                }
            }
        }
        found.retain(|alternative| !alternative.products.is_empty());
        found
    }

    /// A form that is divided by its gcd, with its first coefficient positive.
    fn up_to_sign(&self, form: Combination<'_>) -> Vec<(u32, U256)> {
        let value = |number: u32| self.values[number as usize];
        let negative = form.coefficients.first().is_some_and(|&lead| value(lead) > self.field.half());
        let terms = form.terms();
        terms
            .map(|(wire, number)| {
                (wire, if negative { self.field.neg(value(number)) } else { value(number) })
            })
            .collect()
    }
}

/// Collects the forms of kept constraints one after another.
struct Writer {
    relation: Relation,
    values: Coefficients,
}

impl Writer {
    fn new(r1cs: &R1cs, linear: u32) -> Self {
        let relation = Relation {
            field: *r1cs.field(),
            wires: r1cs.wires(),
            first_private: r1cs.first_private(),
            numbers: Vec::new(),
            kinds: Vec::new(),
            ends: Vec::new(),
            term_wires: Vec::new(),
            term_coefficients: Vec::new(),
            values: Vec::new(),
            signed: Vec::new(),
            alternatives: Vec::new(),
            dropped: Vec::new(),
            linear,
            rescaled: 0,
            omitted: None,
        };
        Self { relation, values: Coefficients::default() }
    }

    fn form(&mut self, wires: &[u32], values: &[U256]) {
        self.relation.term_wires.extend(wires);
        self.relation.term_coefficients.extend(values.iter().map(|&value| self.values.intern(value)));
        self.relation.ends.push(self.relation.term_wires.len());
    }

    fn close(&mut self, number: u32, kind: Kind) {
        self.relation.numbers.push(number);
        self.relation.kinds.push(kind);
    }

    fn finish(mut self) -> Relation {
        let field = self.relation.field;
        self.relation.values = self.values.values().to_vec();
        self.relation.signed = self.relation.values.iter().map(|&value| field.to_integer(value)).collect();
        self.relation
    }
}
