//! Rules 1 to 3: what a constraint leaves to one of its wires by interval arithmetic (labels.md, section 1.2).

use dashu_int::IBig;
use dashu_int::ops::DivRem;

use crate::r1cs::Combination;

use super::Ranges;
use super::equations::{is_unit, lone_wire};
use super::interval::Interval;

/// The interval of a form: that of its narrow wires, and how many wide ones come on top.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub(super) narrow: Interval,
    pub(super) wide: usize,
}

impl<'a> Ranges<'a> {
    /// The signed value of a coefficient by its number.
    pub(super) fn signed(&self, number: u32) -> &'a IBig {
        &self.equations.signed[number as usize]
    }

    /// The interval of a form.
    pub(super) fn sum(&self, form: Combination<'_>) -> Sum {
        let mut sum = Sum { narrow: Interval::zero(), wide: 0 };
        for (wire, number) in form.terms() {
            self.include(&mut sum, wire, self.signed(number));
        }
        sum
    }

    /// Adds a wire to a sum.
    fn include(&self, sum: &mut Sum, wire: u32, coefficient: &IBig) {
        let Some(known) = &self.known[wire as usize] else {
            sum.wide += 1;
            return;
        };
        let term = known.times(coefficient);
        sum.narrow.lo += term.lo;
        sum.narrow.hi += term.hi;
    }

    /// Takes a wire out of a sum.
    fn exclude(&self, sum: &mut Sum, wire: u32, coefficient: &IBig) {
        let Some(known) = &self.known[wire as usize] else {
            sum.wide -= 1;
            return;
        };
        let term = known.times(coefficient);
        sum.narrow.lo -= term.lo;
        sum.narrow.hi -= term.hi;
    }

    /// Whether rules 2 to 4 can move a wire with this coefficient.
    pub(super) fn movable(&self, wire: u32, coefficient: &IBig) -> bool {
        wire != 0 && is_unit(coefficient) && !self.interval(wire).is_point()
    }

    /// Rule 1: `(u*x + v)(u'*x + v') = 0` puts `x` between the roots, if both are integers.
    pub(super) fn boolean_like(&mut self, [a, b, c]: [Combination<'_>; 3]) {
        let Some(x) = lone_wire([a, b, c]) else { return };
        let (Some(first), Some(second)) = (self.root(a), self.root(b)) else { return };
        let mut roots = Interval::point(first);
        roots.extend(second);

        self.visit += 1;
        self.narrow(x, roots);
    }

    /// The integer at which a form of one wire is zero.
    fn root(&self, form: Combination<'_>) -> Option<IBig> {
        match form.coefficients {
            [_] => Some(IBig::ZERO),
            [v, u] => {
                let (quotient, remainder) = self.signed(*v).div_rem(self.signed(*u));
                remainder.is_zero().then(|| -quotient)
            }
            _ => None,
        }
    }

    /// Rule 2: in `L = 0`, a wire with coefficient +1 or -1 is minus the rest.
    pub(super) fn linear(&mut self, form: Combination<'_>) {
        let mut sum = self.sum(form);
        for (wire, number) in form.terms() {
            let coefficient = self.signed(number);
            let own = usize::from(self.is_wide(wire));
            if sum.wide > own || !self.movable(wire, coefficient) {
                continue;
            }

            // the sum without this wire, which comes back as it then is
            self.exclude(&mut sum, wire, coefficient);
            let rest = sum.narrow.clone();
            self.narrow(wire, if coefficient.is_one() { rest.negated() } else { rest });
            self.include(&mut sum, wire, coefficient);
        }
    }

    /// Rules 3 and 4 on one constraint: both move wires of `C` alone.
    pub(super) fn quadratic(&mut self, forms: [Combination<'_>; 3]) {
        if forms[2].terms().any(|(wire, number)| self.movable(wire, self.signed(number))) {
            self.product_rule(forms);
            self.enumeration_rule(forms);
        }
    }

    /// Rule 3: a wire of `C` with coefficient +1 or -1 is `A*B` minus the rest.
    fn product_rule(&mut self, forms: [Combination<'_>; 3]) {
        let mut sums = forms.map(|form| self.sum(form));
        let mut product = multiply(&sums);
        for (wire, number) in forms[2].terms() {
            let coefficient = self.signed(number);
            let own = usize::from(self.is_wide(wire));
            let Some(known) = &product else { return };
            if sums[2].wide > own || !self.movable(wire, coefficient) {
                continue;
            }

            self.adjust(forms, &mut sums, wire, Self::exclude);
            let candidate = known.minus(&sums[2].narrow);
            let moved = self.narrow(wire, if coefficient.is_one() { candidate } else { candidate.negated() });
            self.adjust(forms, &mut sums, wire, Self::include);

            // where the wire stands in A or B, too, the product has moved with it
            if moved {
                product = multiply(&sums);
            }
        }
    }

    /// Excludes or includes a wire in the sums of the forms that mention it.
    fn adjust(
        &self,
        forms: [Combination<'_>; 3],
        sums: &mut [Sum; 3],
        wire: u32,
        step: impl Fn(&Self, &mut Sum, u32, &IBig),
    ) {
        for (form, sum) in forms.iter().zip(sums) {
            if let Some(number) = form.coefficient_of(wire) {
                step(self, sum, wire, self.signed(number));
            }
        }
    }
}

/// The product of `A` and `B`, unless it is at least as broad as the field.
pub(super) fn multiply([a, b, _]: &[Sum; 3]) -> Option<Interval> {
    let is_zero = |sum: &Sum| sum.wide == 0 && sum.narrow.is_zero();
    match (a.wide, b.wide) {
        (0, 0) => Some(a.narrow.product(&b.narrow)),
        _ => (is_zero(a) || is_zero(b)).then(Interval::zero),
    }
}
