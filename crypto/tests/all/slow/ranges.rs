//! Sections 1.4 and 1.5, slowly.

use std::collections::BTreeSet;

use dashu_int::IBig;
use dashu_int::ops::{Abs, DivRemEuclid};
use nexuszero_crypto::ranges::Bounds;
use nexuszero_crypto::relation::Kind;

use super::{Form, Kept, gcd, standard, times};

/// The lowest and the highest value.
pub type Ends = (IBig, IBig);

/// No value is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Void;

/// What the rounds end with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub wires: Vec<Ends>,
    pub rounds: u32,
}

enum Rule {
    /// Rules 1, 2 and 5: either of lists of equations.
    Either(Vec<Vec<Form>>),
    /// Rule 3: the factor, the other factor, `C`.
    FewValues(Form, Form, Form),
    /// Rule 4: `A`, `B`, `C`.
    Product([Form; 3]),
}

/// All rules of kept constraints with integers, with their numbers.
fn rules(kept: &[Kept]) -> Vec<(u32, Rule)> {
    let mut rules = Vec::new();
    for Kept { kind, forms, .. } in kept {
        let [a, b, c] = forms.clone();
        match kind {
            Kind::Linear => rules.push((1, Rule::Either(vec![vec![c]]))),
            _ if c.is_empty() => rules.push((2, Rule::Either(vec![vec![a], vec![b]]))),
            _ => {
                rules.push((3, Rule::FewValues(a.clone(), b.clone(), c.clone())));
                rules.push((3, Rule::FewValues(b, a, c)));
                rules.push((4, Rule::Product(forms.clone())));
            }
        }
    }
    rules.extend(alternatives(kept).into_iter().map(|rule| (5, rule)));
    rules
}

/// Rule 5.
fn alternatives(kept: &[Kept]) -> Vec<Rule> {
    let shared: BTreeSet<Form> = kept.iter().filter_map(Kept::hint_forms).map(|[f, _]| standard(f)).collect();
    let rule = |f: Form| {
        let hints = kept.iter().filter_map(Kept::hint_forms).filter(|[other, _]| standard(other) == f);
        let zero: Vec<Form> = std::iter::once(f.clone()).chain(hints.map(|[_, c]| c.clone())).collect();
        let mut partners = Vec::new();
        for constraint in kept {
            let [a, b, c] = &constraint.forms;
            if constraint.kind != Kind::Product || !c.is_empty() {
                continue;
            }
            if standard(a) == f {
                partners.push(b.clone());
            }
            if standard(b) == f {
                partners.push(a.clone());
            }
        }
        (!partners.is_empty()).then(|| Rule::Either(vec![zero, partners]))
    };
    shared.into_iter().filter_map(rule).collect()
}

/// Intervals modulo r.
struct Slow {
    r: IBig,
    half: IBig,
    wires: Vec<Ends>,
}

/// The rounds modulo r, from declared bounds.
pub fn infer(kept: &[Kept], wires: u32, r: &IBig, bounds: &Bounds) -> Result<Outcome, Void> {
    infer_without(kept, wires, r, bounds, 0)
}

/// The same without the rule of a number.
pub fn infer_without(
    kept: &[Kept],
    wires: u32,
    r: &IBig,
    bounds: &Bounds,
    left_out: u32,
) -> Result<Outcome, Void> {
    let half: IBig = (r - IBig::ONE) / 2;
    let mut slow = Slow { r: r.clone(), wires: vec![(-&half, half.clone()); wires as usize], half };
    slow.wires[0] = (IBig::ONE, IBig::ONE);
    for (&wire, bound) in bounds {
        let cut = meet(&slow.wires[wire as usize], &(bound.lo.clone(), bound.hi.clone()));
        slow.wires[wire as usize] = cut;
    }
    let mut rules = rules(kept);
    rules.retain(|(number, _)| *number != left_out);
    let rules: Vec<Rule> = rules.into_iter().map(|(_, rule)| rule).collect();
    let mut narrowings = vec![0; wires as usize];
    let mut rounds = 0;
    while !rules.is_empty() {
        rounds += 1;
        if !slow.round(&rules, &mut narrowings)? {
            break;
        }
    }
    Ok(Outcome { wires: slow.wires, rounds })
}

fn meet(one: &Ends, other: &Ends) -> Ends {
    (one.0.clone().max(other.0.clone()), one.1.clone().min(other.1.clone()))
}

fn hull(one: &Ends, other: &Ends) -> Ends {
    (one.0.clone().min(other.0.clone()), one.1.clone().max(other.1.clone()))
}

/// The interval of a form.
pub fn interval(form: &Form, wires: &[Ends]) -> Ends {
    let mut sum = (IBig::ZERO, IBig::ZERO);
    for (wire, coefficient) in form {
        let (lo, hi) = &wires[*wire as usize];
        let ends = [coefficient * lo, coefficient * hi];
        sum.0 += ends.iter().min().unwrap();
        sum.1 += ends.iter().max().unwrap();
    }
    sum
}

fn product((a, b): &Ends, (c, d): &Ends) -> Ends {
    let corners = [a * c, a * d, b * c, b * d];
    (corners.iter().min().unwrap().clone(), corners.iter().max().unwrap().clone())
}

fn without(form: &Form, wire: u32) -> Form {
    form.iter().filter(|(other, _)| **other != wire).map(|(w, k)| (*w, k.clone())).collect()
}

fn units(form: &Form) -> Vec<(u32, bool)> {
    let unit = |(wire, k): (&u32, &IBig)| {
        (*wire != 0 && k.clone().abs() == IBig::ONE).then_some((*wire, k > &IBig::ZERO))
    };
    form.iter().filter_map(unit).collect()
}

fn negated((lo, hi): Ends) -> Ends {
    (-hi, -lo)
}

fn divided(form: &Form) -> Form {
    let divisor = gcd(form.values());
    form.iter().map(|(wire, value)| (*wire, value / &divisor)).collect()
}

impl Slow {
    fn within(&self, (lo, hi): &Ends) -> bool {
        *lo >= -&self.half && *hi <= self.half
    }

    /// Whether a wire narrowed.
    fn round(&mut self, rules: &[Rule], narrowings: &mut [u32]) -> Result<bool, Void> {
        let mut found = self.wires.clone();
        for rule in rules {
            for (wire, ends) in self.apply(rule)? {
                found[wire as usize] = meet(&found[wire as usize], &ends);
            }
        }
        let mut any = false;
        for (wire, ends) in found.into_iter().enumerate() {
            if narrowings[wire] == 64 || ends == self.wires[wire] {
                continue;
            }
            if ends.0 > ends.1 {
                return Err(Void);
            }
            narrowings[wire] += 1;
            self.wires[wire] = ends;
            any = true;
        }
        Ok(any)
    }

    fn apply(&self, rule: &Rule) -> Result<Vec<(u32, Ends)>, Void> {
        match rule {
            Rule::Either(cases) => self.either(cases),
            Rule::FewValues(factor, other, c) => self.few_values(factor, other, c),
            Rule::Product(forms) => Ok(self.product(forms)),
        }
    }

    fn either(&self, cases: &[Vec<Form>]) -> Result<Vec<(u32, Ends)>, Void> {
        let mut all: Option<Vec<Ends>> = None;
        for case in cases {
            let mut wires = self.wires.clone();
            if case.iter().any(|equation| self.solve(equation, &mut wires).is_err()) {
                continue;
            }
            all = Some(match all {
                None => wires,
                Some(others) => others.iter().zip(&wires).map(|(one, other)| hull(one, other)).collect(),
            });
        }
        Ok((0..).zip(all.ok_or(Void)?).collect())
    }

    fn solve(&self, equation: &Form, wires: &mut [Ends]) -> Result<(), Void> {
        let before = wires.to_vec();
        let (lo, hi) = interval(equation, &before);
        let (quotient, _) = hi.div_rem_euclid(&self.r);
        if quotient * &self.r < lo {
            return Err(Void);
        }
        for (wire, positive) in units(equation) {
            let rest = interval(&without(equation, wire), &before);
            let ends = if positive { negated(rest) } else { rest };
            if self.within(&ends) {
                wires[wire as usize] = meet(&before[wire as usize], &ends);
            }
        }
        let empty = |wire: &u32| wires[*wire as usize].0 > wires[*wire as usize].1;
        if equation.keys().any(empty) { Err(Void) } else { Ok(()) }
    }

    fn few_values(&self, factor: &Form, other: &Form, c: &Form) -> Result<Vec<(u32, Ends)>, Void> {
        let k = factor.get(&0).cloned().unwrap_or_default();
        let rest = without(factor, 0);
        let g = gcd(rest.values());
        let reduced = divided(&rest);
        let (lo, hi) = interval(factor, &self.wires);

        // the least n with k + g*n >= lo
        let (quotient, remainder) = (&lo - &k).div_rem_euclid(&g);
        let mut n = if IBig::from(remainder) == IBig::ZERO { quotient } else { quotient + 1 };
        let mut cases = Vec::new();
        while &k + &g * &n <= hi {
            if cases.len() == 4 {
                return Ok(Vec::new());
            }
            let value = &k + &g * &n;
            cases.push(vec![
                plus(&reduced, &Form::from([(0, -&n)])),
                plus(&times(other, &value), &times(c, &IBig::NEG_ONE)),
            ]);
            n += 1;
        }
        self.either(&cases)
    }

    fn product(&self, [a, b, c]: &[Form; 3]) -> Vec<(u32, Ends)> {
        let (lo, hi) = product(&interval(a, &self.wires), &interval(b, &self.wires));
        let mut found = Vec::new();
        for (wire, positive) in units(c) {
            let rest = interval(&without(c, wire), &self.wires);
            let difference = (&lo - rest.1, &hi - rest.0);
            let ends = if positive { difference } else { negated(difference) };
            if self.within(&ends) {
                found.push((wire, ends));
            }
        }
        found
    }
}

/// The sum of two forms.
fn plus(one: &Form, other: &Form) -> Form {
    let mut sum = one.clone();
    for (wire, value) in other {
        *sum.entry(*wire).or_default() += value;
    }
    sum.retain(|_, value| *value != IBig::ZERO);
    sum
}

/// Section 1.5: the wires that count.
pub fn counting(kept: &[Kept]) -> BTreeSet<u32> {
    let wires = |constraint: &Kept| {
        let hint = constraint.hint();
        let all: Vec<u32> = constraint.forms.iter().flat_map(|form| form.keys().copied()).collect();
        all.into_iter().filter(move |&wire| Some(wire) != hint)
    };
    kept.iter().flat_map(wires).collect()
}

/// Section 1.5: `M(r)`.
pub fn largest_value(kept: &[Kept], wires: &[Ends]) -> IBig {
    let of = |(lo, hi): Ends| lo.abs().max(hi.abs());
    let form = |form: &Form| of(interval(form, wires));
    let values = kept.iter().map(|constraint| {
        let [a, b, c] = &constraint.forms;
        match constraint.hint_forms() {
            Some([f, c]) => form(f).max(form(c)),
            None if constraint.kind == Kind::Linear => form(c),
            None if c.is_empty() => form(a).max(form(b)),
            None => form(a) * form(b) + form(c),
        }
    });
    let twice = counting(kept).into_iter().map(|wire| of(wires[wire as usize].clone()) * 2);
    values.chain(twice).max().unwrap_or_default()
}
