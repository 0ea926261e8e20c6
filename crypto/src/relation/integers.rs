//! Which integers stand for the coefficients of kept constraints (labels.md, section 1.3).
//!
//! Modulo p a form may be multiplied by any factor; modulo another prime the integers written down count. A *scale* makes
//! the coefficients small where one of their inverses does, then common divisors leave.

use std::collections::HashSet;

use ruint::Uint;

use crate::field::{Field, U256};
use crate::r1cs::Combination;

use super::kept::{Kept, State};
use super::linear::Source;
use super::{Factor, Kind, Part, Relation, Writer};

/// Sums of `2^32` signed representatives.
type Sum = Uint<320, 5>;

/// Coefficients whose inverses are tried, those equal up to sign once.
const TRIED: usize = 256;
/// Bits by which a scale must shorten the sum of the coefficients.
const GAIN: usize = 16;

/// The kept constraints with integers.
pub(super) fn relation(source: &Source<'_>, kept: &Kept<'_>, omitted: Option<Part>) -> Relation {
    let mut scaling = Scaling { source, omitted, inverses: None, rescaled: 0 };
    let mut writer = Writer::new(source.r1cs, source.linear());
    for (index, state) in kept.constraints() {
        let forms = source.forms(index);
        let kind = match state {
            _ if source.is_linear(index) => Kind::Linear,
            State::Hint(factor) => Kind::Hint(factor),
            _ => Kind::Product,
        };
        match kind {
            Kind::Linear => {
                writer.form(&[], &[]);
                writer.form(&[], &[]);
                let form = scaling.scaled_form(forms[2]);
                writer.form(forms[2].wires, &form);
            }
            Kind::Hint(factor) => scaling.hint(&mut writer, forms, factor, kept.hint(index)),
            Kind::Product => {
                let values = scaling.product(forms);
                forms.iter().zip(&values).for_each(|(form, values)| writer.form(form.wires, values));
            }
        }
        writer.close(index as u32, kind);
    }
    let mut relation = writer.finish();
    relation.rescaled = scaling.rescaled;
    relation
}

struct Scaling<'a> {
    source: &'a Source<'a>,
    inverses: Option<Vec<U256>>, // by coefficient number, made when first needed
    rescaled: u32,
    omitted: Option<Part>,
}

impl Scaling<'_> {
    /// A form of its own: times its scale, divided by its gcd.
    fn scaled_form(&mut self, form: Combination<'_>) -> Vec<U256> {
        let mut values = self.values(form);
        let scale = self.scale(&[form]);
        self.multiply(scale, &mut [&mut values]);
        divide_by_gcd(self.field(), &mut [&mut values]);
        values
    }

    /// `F` and `C` each times its own scale: the hint makes up for it.
    fn hint(&mut self, writer: &mut Writer, forms: [Combination<'_>; 3], factor: Factor, h: u32) {
        let form = forms[factor.other() as usize];
        let values = self.scaled_form(form);
        let write_hint = |writer: &mut Writer| writer.form(&[h], &[U256::from(1)]);
        if factor == Factor::A {
            write_hint(writer);
        }
        writer.form(form.wires, &values);
        if factor == Factor::B {
            write_hint(writer);
        }
        let c = self.scaled_form(forms[2]);
        writer.form(forms[2].wires, &c);
    }

    /// `B` and `C` times the scale of `B`, then `A` and `C` times that of both; then common divisors leave.
    fn product(&mut self, [a, b, c]: [Combination<'_>; 3]) -> [Vec<U256>; 3] {
        let mut values = [a, b, c].map(|form| self.values(form));
        let [of_a, of_b, of_c] = &mut values;

        let scale = self.scale(&[b]);
        self.multiply(scale, &mut [of_b, of_c]);
        let scale = match scale {
            None => self.scale(&[a, c]),
            Some(scale) => self.scale_after(a, c, of_c, scale),
        };
        self.multiply(scale, &mut [of_a, of_c]);

        let field = self.field();
        if c.is_empty() {
            divide_by_gcd(field, &mut [of_a]);
            divide_by_gcd(field, &mut [of_b]);
        } else {
            divide_by_gcd(field, &mut [of_a, of_c]);
            divide_by_gcd(field, &mut [of_b, of_c]);
        }
        values
    }

    const fn field(&self) -> &'_ Field {
        self.source.r1cs.field()
    }

    fn values(&self, form: Combination<'_>) -> Vec<U256> {
        form.coefficients.iter().map(|&number| self.source.values[number as usize]).collect()
    }

    /// Multiplies by a scale other than 1, and counts it.
    fn multiply(&mut self, scale: Option<U256>, lists: &mut [&mut Vec<U256>]) {
        let Some(scale) = scale else { return };
        self.rescaled += 1;
        let field = self.source.r1cs.field();
        for value in lists.iter_mut().flat_map(|list| list.iter_mut()) {
            *value = field.mul(*value, scale);
        }
    }

    /// The scale of forms that are as they stand in the file; nothing if it is 1.
    fn scale(&mut self, forms: &[Combination<'_>]) -> Option<U256> {
        if self.omitted == Some(Part::Scales) {
            return None;
        }
        let numbers: Vec<u32> = forms.iter().flat_map(|form| form.coefficients.iter().copied()).collect();
        let values = numbers.iter().map(|&number| self.source.values[number as usize]);
        let list = List::of(*self.field(), values.collect())?;
        let inverses = self.inverses();
        list.scale(|place, _| inverses[numbers[place] as usize])
    }

    /// The scale of `A` and of a `C` that was multiplied by `scale`.
    fn scale_after(
        &mut self,
        a: Combination<'_>,
        c: Combination<'_>,
        of_c: &[U256],
        scale: U256,
    ) -> Option<U256> {
        let mut values = self.values(a);
        values.extend(of_c);
        let field = *self.field();
        let list = List::of(field, values)?;
        let back = field.inv(scale);
        let inverses = self.inverses();
        list.scale(|place, _| match place.checked_sub(a.coefficients.len()) {
            None => inverses[a.coefficients[place] as usize],
            Some(place) => field.mul(inverses[c.coefficients[place] as usize], back),
        })
    }

    fn inverses(&mut self) -> &[U256] {
        let source = self.source;
        self.inverses.get_or_insert_with(|| {
            let mut inverses = source.values.clone();
            source.r1cs.field().invert_all(&mut inverses);
            inverses
        })
    }
}

/// Coefficients that a scale could shorten.
struct List {
    field: Field,
    values: Vec<U256>,
    best: Sum,
}

impl List {
    /// Nothing if even a sum of 0 would not be shorter by enough.
    fn of(field: Field, values: Vec<U256>) -> Option<Self> {
        let sum: Sum =
            values.iter().map(|&value| Sum::from(field.signed(value).1)).fold(Sum::ZERO, |a, b| a + b);
        let best = sum >> GAIN;
        (!best.is_zero()).then_some(Self { field, values, best })
    }

    /// The inverse of one of the first coefficients that makes the sum smallest, if it is shorter by enough.
    fn scale(mut self, inverse: impl Fn(usize, U256) -> U256) -> Option<U256> {
        let mut scale = None;
        let mut met = HashSet::new();
        for place in 0..self.values.len() {
            let (_, magnitude) = self.field.signed(self.values[place]);
            if !met.insert(magnitude) {
                continue;
            }
            if met.len() > TRIED {
                break;
            }

            let factor = inverse(place, self.values[place]);
            if let Some(sum) = self.sum_times(factor) {
                scale = Some(factor);
                self.best = sum - Sum::from(1); // a later one must be smaller
            }
        }
        scale
    }

    /// The sum of the coefficients times `factor`, if it does not pass the best.
    fn sum_times(&self, factor: U256) -> Option<Sum> {
        let mut sum = Sum::ZERO;
        for &value in &self.values {
            sum += Sum::from(self.field.signed(self.field.mul(value, factor)).1);
            if sum > self.best {
                return None;
            }
        }
        Some(sum)
    }
}

/// Divides the signed representatives of all lists by their common divisor.
fn divide_by_gcd(field: &Field, lists: &mut [&mut Vec<U256>]) {
    let mut divisor = U256::ZERO;
    for &value in lists.iter().flat_map(|list| list.iter()) {
        divisor = divisor.gcd(field.signed(value).1);
        if divisor == U256::from(1) {
            return;
        }
    }
    if divisor.is_zero() {
        return;
    }
    for value in lists.iter_mut().flat_map(|list| list.iter_mut()) {
        let (negative, magnitude) = field.signed(*value);
        let quotient = magnitude / divisor;
        *value = if negative { field.neg(quotient) } else { quotient };
    }
}
