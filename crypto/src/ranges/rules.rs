//! The five rules: what kept constraints leave to their wires (labels.md, section 1.4).

use dashu_int::IBig;
use dashu_int::ops::{Abs, Gcd};

use crate::r1cs::Combination;
use crate::relation::{Alternative, Constraint, Factor, Kind, Relation};

use super::interval::Interval;
use super::overlay::{Hull, Overlay};
use super::{Cause, Intervals, Rule, Unsatisfiable};

/// Values of a factor that rule 3 goes through.
const FEW: u32 = 4;

/// The interval of a form: that of its narrow wires, and how many wide ones come on top (2 stands for more).
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub(super) narrow: Interval,
    pub(super) wide: usize,
}

/// A round's work: the intervals as it began, and what it has found.
pub(super) struct Round<'a> {
    pub(super) relation: &'a Relation,
    pub(super) intervals: &'a Intervals,
    pub(super) case: &'a mut Overlay,
    pub(super) found: &'a mut Overlay,
    pub(super) causes: &'a mut [Cause], // by wire
    cause: Cause,
}

impl Intervals {
    /// The interval of a wire in a case; nothing while it is wide.
    fn in_case<'a>(&'a self, case: &'a Overlay, wire: u32) -> Option<&'a Interval> {
        case.get(wire).or(self.known[wire as usize].as_ref())
    }

    /// Adds terms to a sum, and stops at the second wide wire: nothing can be learnt then.
    fn add_terms<'a>(&self, sum: &mut Sum, case: &Overlay, terms: impl Iterator<Item = (u32, &'a IBig)>) {
        for (wire, coefficient) in terms {
            match self.in_case(case, wire) {
                Some(interval) => sum.narrow.add_times(coefficient, interval),
                None => sum.wide += 1,
            }
            if sum.wide == 2 {
                return;
            }
        }
    }

    /// Solves `constant + terms = 0` in a case: cuts every wire with coefficient 1 or -1 to minus the rest.
    /// Whether there is a solution.
    fn solve<'a>(
        &self,
        case: &mut Overlay,
        constant: IBig,
        terms: impl Iterator<Item = (u32, &'a IBig)> + Clone,
    ) -> bool {
        let mut sum = Sum { narrow: Interval::point(constant), wide: 0 };
        self.add_terms(&mut sum, case, terms.clone());

        // a wide wire takes r consecutive integers: a multiple of r is always among the values
        let solvable = sum.wide > 0 || sum.narrow.holds_multiple(&self.r);
        solvable && self.cut_units(case, &sum, terms)
    }

    /// Cuts every wire with coefficient 1 or -1 to minus the rest of a sum, all from the same intervals.
    /// Whether each keeps a value.
    fn cut_units<'a>(
        &self,
        case: &mut Overlay,
        sum: &Sum,
        terms: impl Iterator<Item = (u32, &'a IBig)>,
    ) -> bool {
        if sum.wide == 2 {
            return true;
        }
        let mut solvable = true;
        let room = sum.narrow.hi.clone().min(-&sum.narrow.lo);
        for (wire, coefficient) in terms {
            if wire == 0 || !is_unit(coefficient) {
                continue;
            }

            // the rest is wide, too, or leaves the wire all that it has
            let own = self.in_case(case, wire);
            let cuts = match own {
                Some(own) => sum.wide == 0 && &own.hi - &own.lo > room,
                None => true,
            };
            if !cuts {
                continue;
            }

            let mut rest = sum.narrow.clone();
            if let Some(own) = own {
                rest.subtract(coefficient, own);
            }
            let mut left = if coefficient.is_one() { rest.negated() } else { rest };
            if !left.within(&self.field) {
                continue;
            }
            if let Some(own) = own {
                left.cut(own.clone());
            }
            solvable &= !left.is_empty();
            case.cut(wire, left);
        }
        solvable
    }
}

impl<'a> Round<'a> {
    pub(super) fn new(
        relation: &'a Relation,
        intervals: &'a Intervals,
        [case, found]: [&'a mut Overlay; 2],
        causes: &'a mut [Cause],
    ) -> Self {
        Self { relation, intervals, case, found, causes, cause: Cause::default() }
    }

    /// Applies rules 1 to 4 to a constraint.
    pub(super) fn constraint(&mut self, constraint: Constraint<'_>) -> Result<(), Unsatisfiable> {
        let [a, b, c] = constraint.forms;
        self.cause = Cause { rule: Rule::Linear, constraint: constraint.number };
        if constraint.kind == Kind::Linear {
            return self.either([&[c][..]]);
        }
        if c.is_empty() {
            self.cause.rule = Rule::ZeroProduct;
            return self.either([&[a][..], &[b][..]]);
        }

        let sums = [a, b].map(|form| self.intervals.sum(self.relation, form));
        self.cause.rule = Rule::FewValues;
        self.few_values(a, &sums[0], b, c)?;
        self.few_values(b, &sums[1], a, c)?;
        self.cause.rule = Rule::Product;
        self.product(&sums, c);
        Ok(())
    }

    /// Rule 5: either `F` and all `C` are zero, or all `Z`.
    pub(super) fn alternative(&mut self, alternative: &Alternative) -> Result<(), Unsatisfiable> {
        let relation = self.relation;
        let get = |&index: &u32| relation.get(index as usize);
        self.cause = Cause { rule: Rule::Alternative, constraint: get(&alternative.hints[0]).number };

        let hints: Vec<_> = alternative.hints.iter().filter_map(|index| get(index).hint_forms()).collect();
        let mut zero: Vec<Combination<'_>> = hints.iter().take(1).map(|[form, _]| *form).collect();
        zero.extend(hints.iter().map(|[_, c]| *c));
        let partner = |(index, factor): &(u32, Factor)| get(index).forms[*factor as usize];
        let partners: Vec<_> = alternative.products.iter().map(partner).collect();
        self.either([&zero[..], &partners[..]])
    }

    /// The hull of cases, each a list of forms that are zero, solved one after the other.
    fn either<'b, const N: usize>(&mut self, cases: [&[Combination<'b>]; N]) -> Result<(), Unsatisfiable>
    where
        'a: 'b,
    {
        if self.relation.omits(self.cause.rule) {
            return Ok(());
        }
        let mut hull = Hull::default();
        for forms in cases {
            if hull.is_settled() {
                break;
            }
            let relation = self.relation;
            let mut solve =
                |form: &Combination<'b>| self.intervals.solve(self.case, IBig::ZERO, relation.terms(*form));
            if forms.iter().all(&mut solve) {
                hull.add(self.case);
            }
            self.case.clear();
        }
        self.record(hull)
    }

    /// Rule 3: a factor of at most [`FEW`] values. With `F = k + g*F1`, either `F1 = n` and `(k + g*n)*G = C`.
    fn few_values(
        &mut self,
        factor: Combination<'_>,
        sum: &Sum,
        other: Combination<'_>,
        c: Combination<'_>,
    ) -> Result<(), Unsatisfiable> {
        let Some((first, values)) = self.values_of(factor, sum) else { return Ok(()) };
        let Progression { constant, step } = first;
        let terms = self.relation.terms(factor).filter(|&(wire, _)| wire != 0);
        let quotients: Vec<(u32, IBig)> = terms.map(|(wire, value)| (wire, value / &step)).collect();

        let mut hull = Hull::default();
        for n in values {
            if hull.is_settled() {
                break;
            }
            let value = &constant + &step * &n;
            let difference = self.difference(&value, other, c);
            let solvable = self.intervals.solve(self.case, -n, borrowed(&quotients))
                && self.intervals.solve(self.case, IBig::ZERO, borrowed(&difference));
            if solvable {
                hull.add(self.case);
            }
            self.case.clear();
        }
        self.record(hull)
    }

    /// The numbers `n` with `k + g*n` in the factor's interval, if there are few; with `k` and `g`.
    fn values_of(&self, factor: Combination<'_>, sum: &Sum) -> Option<(Progression, Vec<IBig>)> {
        if self.relation.omits(self.cause.rule) {
            return None;
        }
        let most = FEW - 1;
        let mut terms = self.relation.terms(factor).filter(|&(wire, _)| wire != 0);
        let (_, lead) = terms.next()?;
        let spread = &sum.narrow.hi - &sum.narrow.lo;
        if sum.wide > 0 || spread > lead.abs() * most {
            return None; // g divides every coefficient
        }
        let step = terms
            .fold(lead.abs(), |step, (_, value)| if step.is_one() { step } else { step.gcd(value).into() });
        if spread > &step * most {
            return None;
        }

        let constant = match factor.coefficient_of(0) {
            Some(number) => self.relation.integer(number).clone(),
            None => IBig::ZERO,
        };
        let first = (&sum.narrow.lo - &constant) / &step; // exactly: both ends are k and a multiple of g
        let last = (&sum.narrow.hi - &constant) / &step;
        let values = std::iter::successors(Some(first), |n| Some(n + IBig::ONE)).take_while(|n| *n <= last);
        Some((Progression { constant, step }, values.collect()))
    }

    /// `value*G - C`.
    fn difference(&self, value: &IBig, g: Combination<'_>, c: Combination<'_>) -> Vec<(u32, IBig)> {
        let mut left = self.relation.terms(g).peekable();
        let mut right = self.relation.terms(c).peekable();
        let mut terms = Vec::with_capacity(g.wires.len() + c.wires.len());
        while let Some(wire) = [left.peek(), right.peek()].into_iter().flatten().map(|term| term.0).min() {
            let mut sum = IBig::ZERO;
            if let Some((_, coefficient)) = left.next_if(|term| term.0 == wire) {
                sum += value * coefficient;
            }
            if let Some((_, coefficient)) = right.next_if(|term| term.0 == wire) {
                sum -= coefficient;
            }
            if !sum.is_zero() {
                terms.push((wire, sum));
            }
        }
        terms
    }

    /// Rule 4: a wire of `C` with coefficient 1 or -1 is `A*B` minus the rest.
    fn product(&mut self, factors: &[Sum; 2], c: Combination<'_>) {
        if self.relation.omits(self.cause.rule) {
            return;
        }
        let Some(product) = multiply(factors) else { return };
        let mut sum = Sum { narrow: product.negated(), wide: 0 };
        self.intervals.add_terms(&mut sum, self.case, self.relation.terms(c));
        self.intervals.cut_units(self.case, &sum, self.relation.terms(c));
        let cuts = self.case.take();
        self.keep(cuts);
    }

    fn record(&mut self, hull: Hull) -> Result<(), Unsatisfiable> {
        let cuts = hull.cuts().ok_or(Unsatisfiable(self.cause))?;
        self.keep(cuts);
        Ok(())
    }

    fn keep(&mut self, cuts: Vec<(u32, Interval)>) {
        for (wire, interval) in cuts {
            self.found.cut(wire, interval);
            self.causes[wire as usize] = self.cause;
        }
    }
}

impl Intervals {
    /// The interval of a form.
    pub(super) fn sum(&self, relation: &Relation, form: Combination<'_>) -> Sum {
        let mut sum = Sum { narrow: Interval::zero(), wide: 0 };
        for (wire, coefficient) in relation.terms(form) {
            match &self.known[wire as usize] {
                Some(interval) => sum.narrow.add_times(coefficient, interval),
                None => sum.wide += 1,
            }
            if sum.wide == 2 {
                break;
            }
        }
        sum
    }
}

/// `constant + step * n`.
struct Progression {
    constant: IBig,
    step: IBig,
}

pub(super) fn is_unit(coefficient: &IBig) -> bool {
    coefficient.is_one() || *coefficient == IBig::NEG_ONE
}

fn borrowed(terms: &[(u32, IBig)]) -> impl Iterator<Item = (u32, &IBig)> + Clone {
    terms.iter().map(|(wire, coefficient)| (*wire, coefficient))
}

/// The product of two factors, unless it is at least as broad as the field: one is wide, the other not zero.
pub(super) fn multiply([a, b]: &[Sum; 2]) -> Option<Interval> {
    let is_zero = |sum: &Sum| sum.wide == 0 && sum.narrow.is_zero();
    match (a.wide, b.wide) {
        (0, 0) => Some(a.narrow.product(&b.narrow)),
        _ => (is_zero(a) || is_zero(b)).then(Interval::zero),
    }
}
