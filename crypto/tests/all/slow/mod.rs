//! The analysis once more, slowly and straight from the text (labels.md, sections 1.1 to 1.5): maps of integers, drops by
//! scanning until nothing changes, every rule in every round.

pub mod idioms;
pub mod ranges;

use std::collections::{BTreeMap, BTreeSet};

use dashu_int::IBig;
use dashu_int::ops::{Abs, ExtendedGcd, Gcd};
use nexuszero_crypto::field::{Field, U256, to_ubig};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::Bounds;
use nexuszero_crypto::relation::{Factor, Kind};

/// A form by wire, no coefficient zero.
pub type Form = BTreeMap<u32, IBig>;
pub type Forms = [Form; 3];

/// A system, its coefficients in `[1, p)`.
#[derive(Clone, Debug)]
pub struct System {
    pub field: Field,
    pub wires: u32,
    pub outputs: u32,
    pub inputs: u32,
    pub constraints: Vec<Forms>,
    pub bounds: Bounds,
}

impl System {
    pub fn p(&self) -> IBig {
        to_ubig(self.field.modulus()).into()
    }

    pub const fn first_private(&self) -> u32 {
        1 + self.outputs + self.inputs
    }

    pub fn r1cs(&self) -> R1cs {
        let mut builder = Builder::new(self.field);
        for form in self.constraints.iter().flatten() {
            for (wire, value) in form {
                builder.term(*wire, value.to_string().parse::<U256>().unwrap()).unwrap();
            }
            builder.end_combination().unwrap();
        }
        builder.finish(self.wires, self.outputs, self.inputs).unwrap()
    }

    /// The system of constraints with signed coefficients.
    pub fn of(prime: &str, [wires, outputs, inputs]: [u32; 3], constraints: &[[&[(u32, i64)]; 3]]) -> Self {
        let field = Field::parse(prime).unwrap();
        let p = IBig::from(to_ubig(field.modulus()));
        let form = |terms: &[(u32, i64)]| reduced(terms.iter().map(|&(w, k)| (w, k.into())), &p);
        let constraints = constraints.iter().map(|forms| forms.map(form)).collect();
        Self { field, wires, outputs, inputs, constraints, bounds: Bounds::new() }
    }
}

/// A kept constraint; `A` and `B` of a linear one are empty, `C` is `L`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub number: usize,
    pub kind: Kind,
    pub forms: Forms,
}

impl Kept {
    /// `F` and `C` of a hint constraint.
    pub fn hint_forms(&self) -> Option<[&Form; 2]> {
        let [a, b, c] = &self.forms;
        match self.kind {
            Kind::Hint(Factor::A) => Some([b, c]),
            Kind::Hint(Factor::B) => Some([a, c]),
            _ => None,
        }
    }

    pub fn hint(&self) -> Option<u32> {
        match self.kind {
            Kind::Hint(factor) => self.forms[factor as usize].keys().next().copied(),
            _ => None,
        }
    }

    fn mentions(&self, wire: u32) -> bool {
        self.forms.iter().any(|form| form.contains_key(&wire))
    }
}

pub fn modulo(value: &IBig, p: &IBig) -> IBig {
    let rest = value % p;
    if rest < IBig::ZERO { rest + p } else { rest }
}

/// The signed representative.
pub fn signed(value: &IBig, p: &IBig) -> IBig {
    let value = modulo(value, p);
    if value > (p - IBig::ONE) / 2 { value - p } else { value }
}

pub fn inverse(value: &IBig, p: &IBig) -> IBig {
    let (_, factor, _) = value.gcd_ext(p);
    modulo(&factor, p)
}

/// The sum of terms modulo p; a wire may come several times.
pub fn reduced(terms: impl IntoIterator<Item = (u32, IBig)>, p: &IBig) -> Form {
    let mut form = Form::new();
    for (wire, value) in terms {
        *form.entry(wire).or_default() += value;
    }
    form.iter_mut().for_each(|(_, value)| *value = modulo(value, p));
    form.retain(|_, value| *value != IBig::ZERO);
    form
}

pub fn times(form: &Form, factor: &IBig) -> Form {
    form.iter().map(|(wire, value)| (*wire, value * factor)).collect()
}

/// Section 1.1.
fn first(number: usize, [a, b, c]: &Forms, p: &IBig) -> Kept {
    let is_constant = |form: &Form| form.keys().all(|&wire| wire == 0);
    let (constant, other) = if is_constant(a) { (a, b) } else { (b, a) };
    if !is_constant(constant) {
        return Kept { number, kind: Kind::Product, forms: [a, b, c].map(Clone::clone) };
    }
    let k = constant.get(&0).cloned().unwrap_or_default();
    let minus_c = times(c, &IBig::NEG_ONE);
    let form = reduced(times(other, &k).into_iter().chain(minus_c), p);
    Kept { number, kind: Kind::Linear, forms: [Form::new(), Form::new(), form] }
}

/// Sections 1.1 and 1.2: the kept constraints modulo p. `order` is that in which constraints are looked at.
pub fn kept(system: &System, order: &[usize]) -> Vec<Kept> {
    let p = system.p();
    let constraints = system.constraints.iter().enumerate();
    let mut all: Vec<_> = constraints.map(|(number, forms)| Some(first(number, forms, &p))).collect();
    while order.iter().any(|&index| step(system, &mut all, index)) {}
    all.into_iter().flatten().collect()
}

/// Drops a constraint or names its hint; whether anything changed.
fn step(system: &System, all: &mut [Option<Kept>], index: usize) -> bool {
    let Some(constraint) = &all[index] else { return false };
    let elsewhere = |wire: u32| {
        let others = all.iter().enumerate().filter(|(other, _)| *other != index);
        others.filter_map(|(_, other)| other.as_ref()).any(|other| other.mentions(wire))
    };
    let is_own = |wire: &u32| {
        *wire >= system.first_private() && !system.bounds.contains_key(wire) && !elsewhere(*wire)
    };
    let [a, b, c] = &constraint.forms;
    let mentioned: BTreeSet<u32> = constraint.forms.iter().flat_map(|form| form.keys().copied()).collect();
    let own: Vec<u32> = mentioned.into_iter().filter(is_own).collect();
    let alone = |form: &Form, others: [&Form; 2]| {
        let rest = |wire: &u32| others.iter().any(|other| other.contains_key(wire));
        own.iter().copied().find(|wire| form.contains_key(wire) && !rest(wire))
    };
    let (in_a, in_b, in_c) = (alone(a, [b, c]), alone(b, [a, c]), alone(c, [a, b]));
    let idle = match constraint.kind {
        Kind::Linear => c.is_empty() || !own.is_empty(),
        _ => in_c.is_some() || c.is_empty() && !own.is_empty() || in_a.is_some() && in_b.is_some(),
    };
    if idle {
        all[index] = None;
        return true;
    }
    let (factor, wire) = match (constraint.kind, in_a, in_b) {
        (Kind::Product, Some(wire), _) => (Factor::A, wire),
        (Kind::Product, _, Some(wire)) => (Factor::B, wire),
        _ => return false,
    };
    let mut hint = constraint.clone();
    hint.kind = Kind::Hint(factor);
    hint.forms[factor as usize] = Form::from([(wire, IBig::ONE)]);
    all[index] = Some(hint);
    true
}

/// Section 1.3: the integers of kept constraints, and how many scales are not 1.
pub fn integers(kept: &[Kept], p: &IBig) -> (Vec<Kept>, u32) {
    let mut rescaled = 0;
    let with_integers = kept.iter().map(|constraint| {
        let mut constraint = constraint.clone();
        scale_forms(&mut constraint, p, &mut rescaled);
        constraint.forms.iter_mut().for_each(|form| *form = all_signed(form, p));
        divide_forms(&mut constraint);
        constraint
    });
    (with_integers.collect(), rescaled)
}

fn scale_forms(constraint: &mut Kept, p: &IBig, rescaled: &mut u32) {
    let kind = constraint.kind;
    let forms = &mut constraint.forms;
    let mut multiply = |forms: &mut Forms, scaled: &[usize], by: &[usize]| {
        let list: Vec<&Form> = by.iter().map(|&place| &forms[place]).collect();
        let Some(t) = scale(&list, p) else { return };
        *rescaled += 1;
        scaled.iter().for_each(|&place| forms[place] = reduced(times(&forms[place], &t), p));
    };
    match kind {
        Kind::Linear => multiply(forms, &[2], &[2]),
        Kind::Hint(factor) => {
            let other = 1 - factor as usize;
            multiply(forms, &[other], &[other]);
            multiply(forms, &[2], &[2]);
        }
        Kind::Product => {
            multiply(forms, &[1, 2], &[1]);
            multiply(forms, &[0, 2], &[0, 2]);
        }
    }
}

/// The scale of a list of forms, if it is not 1.
pub fn scale(forms: &[&Form], p: &IBig) -> Option<IBig> {
    let coefficients: Vec<&IBig> = forms.iter().flat_map(|form| form.values()).collect();
    let sum = |t: &IBig| coefficients.iter().map(|&c| signed(&(t * c), p).abs()).sum::<IBig>();
    let most = sum(&IBig::ONE) >> 16;
    let mut tried: Vec<&IBig> = Vec::new();
    for c in &coefficients {
        if !tried.iter().any(|met| met == c || *met + *c == *p) {
            tried.push(c);
        }
    }
    let inverses = tried.into_iter().take(256).map(|c| inverse(c, p));
    inverses.filter(|t| sum(t) <= most).min_by_key(sum)
}

fn all_signed(form: &Form, p: &IBig) -> Form {
    form.iter().map(|(wire, value)| (*wire, signed(value, p))).collect()
}

fn divide_forms(constraint: &mut Kept) {
    let forms = &mut constraint.forms;
    let lists: &[&[usize]] = match constraint.kind {
        Kind::Linear => &[&[2]],
        Kind::Hint(Factor::A) => &[&[1], &[2]],
        Kind::Hint(Factor::B) => &[&[0], &[2]],
        Kind::Product if forms[2].is_empty() => &[&[0], &[1]],
        Kind::Product => &[&[0, 2], &[1, 2]],
    };
    for list in lists {
        let divisor = gcd(list.iter().flat_map(|&place| forms[place].values()));
        for &place in *list {
            forms[place].values_mut().for_each(|value| *value = &*value / &divisor);
        }
    }
}

pub fn gcd<'a>(values: impl Iterator<Item = &'a IBig>) -> IBig {
    values.fold(IBig::ZERO, |divisor, value| {
        if divisor == IBig::ZERO { value.clone().abs() } else { divisor.gcd(value).into() }
    })
}

/// Divided by the gcd, the first coefficient positive.
pub fn standard(form: &Form) -> Form {
    let divisor = gcd(form.values());
    let negative = form.values().next().is_some_and(|lead| *lead < IBig::ZERO);
    let divisor = if negative { -divisor } else { divisor };
    form.iter().map(|(wire, value)| (*wire, value / &divisor)).collect()
}
