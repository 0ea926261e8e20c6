//! The five rules: what kept constraints leave to their wires (labels.md, section 1.4).

use crate::r1cs::Combination;
use crate::relation::{Alternative, Constraint, Factor, Kind, Relation};

use super::interval::Interval;
use super::number::Number;
use super::overlay::{Hull, Overlay};
use super::rounds::Stop;
use super::{Cause, Rule, Unsatisfiable};

/// Values of a factor that rule 3 goes through.
const FEW: i64 = 4;

/// The interval of a form: that of its narrow wires, and how many wide ones come on top (2 stands for more).
#[derive(Clone, Debug)]
struct Sum<N> {
    narrow: Interval<N>,
    wide: usize,
}

/// Intervals of wires modulo a prime r.
pub(super) struct Intervals<'a, N> {
    pub(super) integers: &'a [N],               // of the relation, by number
    pub(super) r: Option<N>, // nothing where r outgrows the numbers, and so does every wide wire
    pub(super) field: Option<Interval<N>>, // [-half, half] likewise
    pub(super) known: Vec<Option<Interval<N>>>, // by wire; nothing while it is wide
}

impl<'a, N: Number> Intervals<'a, N> {
    /// The terms of a form with their integers.
    fn terms(&self, form: Combination<'a>) -> impl Iterator<Item = (u32, &'a N)> + Clone + use<'a, N> {
        let integers = self.integers;
        let coefficients = form.coefficients.iter().map(|&number| &integers[number as usize]);
        form.wires.iter().copied().zip(coefficients)
    }

    /// The interval of a wire in a case; nothing while it is wide.
    fn in_case<'b>(&'b self, case: &'b Overlay<N>, wire: u32) -> Option<&'b Interval<N>> {
        case.get(wire).or(self.known[wire as usize].as_ref())
    }

    /// The interval of a form.
    fn sum(&self, form: Combination<'a>) -> Result<Sum<N>, N::Outgrown> {
        let mut sum = Sum { narrow: Interval::zero(), wide: 0 };
        for (wire, coefficient) in self.terms(form) {
            match &self.known[wire as usize] {
                Some(interval) => sum.narrow.add_times(coefficient, interval)?,
                None => sum.wide += 1,
            }
            if sum.wide == 2 {
                break;
            }
        }
        Ok(sum)
    }

    /// Adds terms to a sum, and stops at the second wide wire: nothing can be learnt then.
    fn add_terms<'b>(
        &self,
        sum: &mut Sum<N>,
        case: &Overlay<N>,
        terms: impl Iterator<Item = (u32, &'b N)>,
    ) -> Result<(), N::Outgrown>
    where
        N: 'b,
    {
        for (wire, coefficient) in terms {
            match self.in_case(case, wire) {
                Some(interval) => sum.narrow.add_times(coefficient, interval)?,
                None => sum.wide += 1,
            }
            if sum.wide == 2 {
                break;
            }
        }
        Ok(())
    }

    /// Solves `constant + terms = 0` in a case: cuts every wire with coefficient 1 or -1 to minus the rest.
    /// Whether there is a solution.
    fn solve<'b>(
        &self,
        case: &mut Overlay<N>,
        constant: N,
        terms: impl Iterator<Item = (u32, &'b N)> + Clone,
    ) -> Result<bool, N::Outgrown>
    where
        N: 'b,
    {
        let mut sum = Sum { narrow: Interval::point(constant), wide: 0 };
        self.add_terms(&mut sum, case, terms.clone())?;

        // a wide wire takes r consecutive integers: a multiple of r is always among the values
        let solvable = sum.wide > 0 || sum.narrow.holds_zero() || {
            case.reach.hull(&sum.narrow);
            sum.narrow.holds_multiple(self.r.as_ref())?
        };
        Ok(solvable && self.cut_units(case, &sum, terms)?)
    }

    /// Cuts every wire with coefficient 1 or -1 to minus the rest of a sum, all from the same intervals.
    /// Whether each keeps a value.
    fn cut_units<'b>(
        &self,
        case: &mut Overlay<N>,
        sum: &Sum<N>,
        terms: impl Iterator<Item = (u32, &'b N)>,
    ) -> Result<bool, N::Outgrown>
    where
        N: 'b,
    {
        if sum.wide == 2 {
            return Ok(true);
        }
        let mut solvable = true;
        let room = sum.narrow.hi.clone().min(sum.narrow.lo.clone().negated()?);
        for (wire, coefficient) in terms {
            if wire == 0 || !coefficient.is_unit() {
                continue;
            }

            // the rest is wide, too, or leaves the wire all that it has
            let own = self.in_case(case, wire);
            let cuts = match own {
                Some(own) => sum.wide == 0 && own.lo.up_to(&own.hi)? > room,
                None => true,
            };
            if !cuts {
                continue;
            }

            let mut rest = sum.narrow.clone();
            if let Some(own) = own {
                rest.subtract(coefficient, own)?;
            }
            let mut left = if coefficient.is_one() { rest.negated()? } else { rest };
            if self.field.as_ref().is_some_and(|field| !left.within(field)) {
                continue;
            }
            case.reach.hull(&left);
            if let Some(own) = self.in_case(case, wire) {
                left.cut(own.clone());
            }
            solvable &= !left.is_empty();
            case.cut(wire, left);
        }
        Ok(solvable)
    }
}

/// A round's work: the intervals as it began, and what it has found.
pub(super) struct Round<'a, 'b, N> {
    relation: &'a Relation,
    intervals: &'b Intervals<'a, N>,
    case: &'b mut Overlay<N>,
    found: &'b mut Overlay<N>,
    causes: &'b mut [Cause], // by wire
    cause: Cause,
}

impl<'a, 'b, N: Number> Round<'a, 'b, N> {
    pub(super) fn new(
        relation: &'a Relation,
        intervals: &'b Intervals<'a, N>,
        [case, found]: [&'b mut Overlay<N>; 2],
        causes: &'b mut [Cause],
    ) -> Self {
        Self { relation, intervals, case, found, causes, cause: Cause::default() }
    }

    /// Applies rules 1 to 4 to a constraint.
    pub(super) fn constraint(&mut self, constraint: Constraint<'a>) -> Result<(), Stop<N::Outgrown>> {
        let [a, b, c] = constraint.forms;
        self.cause = Cause { rule: Rule::Linear, constraint: constraint.number };
        if constraint.kind == Kind::Linear {
            return self.either([&[c][..]]);
        }
        if c.is_empty() {
            self.cause.rule = Rule::ZeroProduct;
            return self.either([&[a][..], &[b][..]]);
        }

        let sums = [self.intervals.sum(a)?, self.intervals.sum(b)?];
        self.cause.rule = Rule::FewValues;
        self.few_values(a, &sums[0], b, c)?;
        self.few_values(b, &sums[1], a, c)?;
        self.cause.rule = Rule::Product;
        self.product(&sums, c)
    }

    /// Rule 5: either `F` and all `C` are zero, or all `Z`.
    pub(super) fn alternative(&mut self, alternative: &Alternative) -> Result<(), Stop<N::Outgrown>> {
        let relation = self.relation;
        let get = |&index: &u32| relation.get(index as usize);
        self.cause = Cause { rule: Rule::Alternative, constraint: get(&alternative.hints[0]).number };

        let hints: Vec<_> = alternative.hints.iter().filter_map(|index| get(index).hint_forms()).collect();
        let mut zero: Vec<Combination<'a>> = hints.iter().take(1).map(|[form, _]| *form).collect();
        zero.extend(hints.iter().map(|[_, c]| *c));
        let partner = |(index, factor): &(u32, Factor)| get(index).forms[*factor as usize];
        let partners: Vec<_> = alternative.products.iter().map(partner).collect();
        self.either([&zero[..], &partners[..]])
    }

    /// The hull of cases, each a list of forms that are zero, solved one after the other.
    fn either<const CASES: usize>(
        &mut self,
        cases: [&[Combination<'a>]; CASES],
    ) -> Result<(), Stop<N::Outgrown>> {
        if self.relation.omits(self.cause.rule) {
            return Ok(());
        }
        let mut hull = Hull::new();
        for forms in cases {
            if hull.is_settled() {
                break;
            }
            let mut solvable = true;
            for &form in forms {
                solvable =
                    solvable && self.intervals.solve(self.case, N::ZERO, self.intervals.terms(form))?;
            }
            if solvable {
                hull.add(self.case);
            }
            self.case.clear();
        }
        self.record(hull)
    }

    /// Rule 3: a factor of at most [`FEW`] values. With `F = k + g*F1`, either `F1 = n` and `(k + g*n)*G = C`.
    fn few_values(
        &mut self,
        factor: Combination<'a>,
        sum: &Sum<N>,
        other: Combination<'a>,
        c: Combination<'a>,
    ) -> Result<(), Stop<N::Outgrown>> {
        let Some(Progression { constant, step, first, last }) = self.values_of(factor, sum)? else {
            return Ok(());
        };
        let terms = self.intervals.terms(factor).filter(|&(wire, _)| wire != 0);
        let quotients: Vec<(u32, N)> = terms.map(|(wire, value)| (wire, value.divided(&step))).collect();

        let mut hull = Hull::new();
        let mut n = first;
        while n <= last && !hull.is_settled() {
            let mut value = step.times(&n)?;
            value.add(&constant)?;
            let difference = self.difference(&value, other, c)?;
            let solvable = self.intervals.solve(self.case, n.clone().negated()?, borrowed(&quotients))?
                && self.intervals.solve(self.case, N::ZERO, borrowed(&difference))?;
            if solvable {
                hull.add(self.case);
            }
            self.case.clear();
            n.add(&N::ONE)?;
        }
        self.record(hull)
    }

    /// The numbers `n` with `k + g*n` in the factor's interval, if there are few; with `k` and `g`.
    fn values_of(
        &self,
        factor: Combination<'a>,
        sum: &Sum<N>,
    ) -> Result<Option<Progression<N>>, N::Outgrown> {
        if sum.wide > 0 || self.relation.omits(self.cause.rule) {
            return Ok(None);
        }
        let most = N::of(&(FEW - 1).into())?;
        let mut terms = self.intervals.terms(factor).filter(|&(wire, _)| wire != 0);
        let Some((_, lead)) = terms.next() else { return Ok(None) };
        let spread = sum.narrow.lo.up_to(&sum.narrow.hi)?;
        let mut step = lead.magnitude()?;
        if spread > step.times(&most)? {
            return Ok(None); // g divides every coefficient
        }
        for (_, value) in terms {
            if step.is_one() {
                break;
            }
            step = step.gcd(value)?;
        }
        if spread > step.times(&most)? {
            return Ok(None);
        }

        let constant = match factor.coefficient_of(0) {
            Some(number) => self.intervals.integers[number as usize].clone(),
            None => N::ZERO,
        };
        let first = constant.up_to(&sum.narrow.lo)?.divided(&step); // exactly: both ends are k and a multiple of g
        let last = constant.up_to(&sum.narrow.hi)?.divided(&step);
        Ok(Some(Progression { constant, step, first, last }))
    }

    /// `value*G - C`.
    fn difference(
        &self,
        value: &N,
        g: Combination<'a>,
        c: Combination<'a>,
    ) -> Result<Vec<(u32, N)>, N::Outgrown> {
        let mut left = self.intervals.terms(g).peekable();
        let mut right = self.intervals.terms(c).peekable();
        let mut terms = Vec::with_capacity(g.wires.len() + c.wires.len());
        while let Some(wire) = [left.peek(), right.peek()].into_iter().flatten().map(|term| term.0).min() {
            let mut sum = N::ZERO;
            if let Some((_, coefficient)) = left.next_if(|term| term.0 == wire) {
                sum = value.times(coefficient)?;
            }
            if let Some((_, coefficient)) = right.next_if(|term| term.0 == wire) {
                sum.sub(coefficient)?;
            }
            if !sum.is_zero() {
                terms.push((wire, sum));
            }
        }
        Ok(terms)
    }

    /// Rule 4: a wire of `C` with coefficient 1 or -1 is `A*B` minus the rest.
    fn product(&mut self, factors: &[Sum<N>; 2], c: Combination<'a>) -> Result<(), Stop<N::Outgrown>> {
        if self.relation.omits(self.cause.rule) {
            return Ok(());
        }
        let Some(product) = multiply(factors)? else { return Ok(()) };
        let mut sum = Sum { narrow: product.negated()?, wide: 0 };
        self.intervals.add_terms(&mut sum, self.case, self.intervals.terms(c))?;
        self.intervals.cut_units(self.case, &sum, self.intervals.terms(c))?;
        let cuts = self.case.take();
        self.keep(cuts);
        Ok(())
    }

    fn record(&mut self, hull: Hull<N>) -> Result<(), Stop<N::Outgrown>> {
        let cuts = hull.cuts().ok_or(Unsatisfiable(self.cause))?;
        self.keep(cuts);
        Ok(())
    }

    fn keep(&mut self, cuts: Vec<(u32, Interval<N>)>) {
        for (wire, interval) in cuts {
            if self.found.cut(wire, interval) {
                self.causes[wire as usize] = self.cause;
            }
        }
    }
}

/// `constant + step * n` for `first <= n <= last`.
struct Progression<N> {
    constant: N,
    step: N,
    first: N,
    last: N,
}

fn borrowed<N>(terms: &[(u32, N)]) -> impl Iterator<Item = (u32, &N)> + Clone {
    terms.iter().map(|(wire, coefficient)| (*wire, coefficient))
}

/// The product of two factors, unless it is at least as broad as the field: one is wide, the other not zero.
fn multiply<N: Number>([a, b]: &[Sum<N>; 2]) -> Result<Option<Interval<N>>, N::Outgrown> {
    let is_zero = |sum: &Sum<N>| sum.wide == 0 && sum.narrow.is_zero();
    match (a.wide, b.wide) {
        (0, 0) => a.narrow.product(&b.narrow).map(Some),
        _ => Ok((is_zero(a) || is_zero(b)).then(Interval::zero)),
    }
}
