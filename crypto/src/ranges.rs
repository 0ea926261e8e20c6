//! Range inference: which integers a wire can hold (labels.md, section 1).
//!
//! Interval arithmetic over the integers, never reduced. A wire is *wide* while it may still take every
//! value of the field: a form with a wide wire is at least as broad as the field, so no rule can learn
//! anything from it. That, and skipping constraints none of whose wires has moved, is all that is done
//! for speed; the result is that of the plain passes (`tests/ranges.rs` compares).

use std::ops::{Add, Mul, Sub};

use anyhow::{Context, Result, ensure};
use dashu_int::IBig;
use dashu_int::ops::{Abs, BitTest, DivRem};

use crate::field::U256;
use crate::r1cs::{Coefficients, Combination, R1cs};

const MAX_PASSES: usize = 64;
const MAX_ENUMERATED: u64 = 256;

/// The integers `lo..=hi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Smallest value.
    pub lo: IBig,
    /// Largest value.
    pub hi: IBig,
}

impl Interval {
    /// A single integer.
    #[must_use]
    pub fn point(value: IBig) -> Self {
        Self { lo: value.clone(), hi: value }
    }

    fn zero() -> Self {
        Self { lo: IBig::ZERO, hi: IBig::ZERO }
    }

    fn is_point(&self) -> bool {
        self.lo == self.hi
    }

    fn is_zero(&self) -> bool {
        self.lo.is_zero() && self.hi.is_zero()
    }

    fn negated(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }

    fn minus(&self, other: &Self) -> Self {
        Self { lo: &self.lo - &other.hi, hi: &self.hi - &other.lo }
    }

    fn times(&self, factor: &IBig) -> Self {
        let (lo, hi) = (&self.lo * factor, &self.hi * factor);
        if factor < &IBig::ZERO { Self { lo: hi, hi: lo } } else { Self { lo, hi } }
    }

    fn product(&self, other: &Self) -> Self {
        if let Some((lo, hi)) = self.small_product(other) {
            return Self { lo: lo.into(), hi: hi.into() };
        }
        let corners =
            [&self.lo * &other.lo, &self.lo * &other.hi, &self.hi * &other.lo, &self.hi * &other.hi];
        let (mut lo, mut hi) = (&corners[0], &corners[0]);
        for corner in &corners[1..] {
            (lo, hi) = (lo.min(corner), hi.max(corner));
        }
        Self { lo: lo.clone(), hi: hi.clone() }
    }

    fn small_product(&self, other: &Self) -> Option<(i128, i128)> {
        let side = |value: &IBig| i64::try_from(value).ok().map(i128::from);
        let (a, b, c, d) = (side(&self.lo)?, side(&self.hi)?, side(&other.lo)?, side(&other.hi)?);
        let corners = [a * c, a * d, b * c, b * d];
        Some((*corners.iter().min()?, *corners.iter().max()?))
    }

    fn within(&self, outer: &Self) -> bool {
        self.lo >= outer.lo && self.hi <= outer.hi
    }

    /// `max(|lo|, |hi|)`.
    #[must_use]
    pub fn magnitude(&self) -> IBig {
        let (lo, hi) = ((&self.lo).abs(), (&self.hi).abs());
        if lo > hi { lo } else { hi }
    }
}

/// Intervals to start from, by wire.
pub type Bounds = std::collections::BTreeMap<u32, Interval>;

/// Reads bounds from a JSON object from wire number to `[lo, hi]`, integers of any size.
///
/// # Errors
/// When the text is no such object; the line names the entry.
pub fn parse_bounds(json: &str) -> Result<Bounds> {
    let wrong = "bounds: a JSON object from wire number to [lo, hi] is expected";
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).context(wrong)?;
    object.iter().map(|(wire, pair)| parse_bound(wire, pair).with_context(|| wrong)).collect()
}

fn parse_bound(wire: &str, pair: &serde_json::Value) -> Result<(u32, Interval)> {
    let number = wire.parse().with_context(|| format!("{wire:?} is no wire number"))?;
    let ends = pair.as_array().filter(|ends| ends.len() == 2);
    let ends = ends.with_context(|| format!("wire {wire}: {pair} is not [lo, hi]"))?;
    let integer = |end: &serde_json::Value| {
        end.to_string().parse::<IBig>().with_context(|| format!("wire {wire}: {end} is not an integer"))
    };
    Ok((number, Interval { lo: integer(&ends[0])?, hi: integer(&ends[1])? }))
}

/// An R1CS over the integers: linear constraints as one form `k*other - C`, signed coefficients.
pub struct Equations<'a> {
    r1cs: &'a R1cs,
    signed: Vec<IBig>, // by coefficient number, then those of the linear forms
    linear: LinearForms,
    order: Vec<u32>, // the constraints: linear ones, then quadratic ones
}

/// A constraint over the integers.
#[derive(Clone, Copy)]
pub(crate) enum Equation<'a> {
    /// `L = 0`.
    Linear(Combination<'a>),
    /// `A*B = C`.
    Quadratic([Combination<'a>; 3]),
}

impl<'a> Equation<'a> {
    /// `L`, or `A`, `B` and `C`: the rules solve the last one for its wires.
    pub(crate) fn forms(&self) -> &[Combination<'a>] {
        match self {
            Self::Linear(form) => std::slice::from_ref(form),
            Self::Quadratic(forms) => forms,
        }
    }

    /// The wires of all forms; one may come several times.
    pub(crate) fn wires(&self) -> impl Iterator<Item = u32> {
        self.forms().iter().flat_map(|form| form.wires.iter().copied())
    }
}

#[derive(Default)]
struct LinearForms {
    ends: Vec<usize>,
    wires: Vec<u32>,
    coefficients: Vec<u32>,
}

impl LinearForms {
    fn get(&self, index: usize) -> Combination<'_> {
        let range = if index == 0 { 0 } else { self.ends[index - 1] }..self.ends[index];
        Combination { wires: &self.wires[range.clone()], coefficients: &self.coefficients[range] }
    }

    /// Appends `k*other - C` modulo p, where `k` is the value of the factor without wires; `new` numbers
    /// the coefficients on from those of the system.
    fn push(&mut self, r1cs: &R1cs, index: usize, new: &mut Coefficients) {
        let (field, values) = (r1cs.field(), r1cs.coefficients().values());
        let [a, b, c] = r1cs.constraint(index);
        let (constant, other) = if a.is_constant() { (a, b) } else { (b, a) };
        let value = |number: u32| values[number as usize];
        let k = constant.coefficients.first().map_or(U256::ZERO, |&number| value(number));
        let (mut left, mut right) = (other.terms().peekable(), c.terms().peekable());
        loop {
            let wire = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(l), None) => l.0,
                (None, Some(r)) => r.0,
                (Some(l), Some(r)) => l.0.min(r.0),
            };
            let mut sum = U256::ZERO;
            if let Some((_, number)) = left.next_if(|term| term.0 == wire) {
                sum = field.mul(k, value(number));
            }
            if let Some((_, number)) = right.next_if(|term| term.0 == wire) {
                sum = field.sub(sum, value(number));
            }
            if !sum.is_zero() {
                self.wires.push(wire);
                self.coefficients.push(values.len() as u32 + new.intern(sum));
            }
        }
        self.ends.push(self.wires.len());
    }
}

impl<'a> Equations<'a> {
    /// Splits a system into linear forms and quadratic constraints.
    #[must_use]
    pub fn of(r1cs: &'a R1cs) -> Self {
        let mut new = Coefficients::default();
        let mut linear = LinearForms::default();
        let (mut order, quadratic): (Vec<_>, Vec<_>) =
            (0..r1cs.constraints() as u32).partition(|&index| r1cs.is_linear(index as usize));
        order.iter().for_each(|&index| linear.push(r1cs, index as usize, &mut new));
        order.extend(quadratic);
        let values = r1cs.coefficients().values().iter().chain(new.values());
        let signed = values.map(|&value| r1cs.field().to_integer(value)).collect();
        Self { r1cs, signed, linear, order }
    }

    /// Number of linear constraints.
    #[must_use]
    pub const fn linear(&self) -> usize {
        self.linear.ends.len()
    }

    /// Number of quadratic constraints.
    #[must_use]
    pub const fn quadratic(&self) -> usize {
        self.order.len() - self.linear()
    }

    fn linear_forms(&self) -> impl Iterator<Item = Combination<'_>> {
        (0..self.linear()).map(|index| self.linear.get(index))
    }

    fn quadratic_constraints(&self) -> impl Iterator<Item = [Combination<'_>; 3]> {
        self.order[self.linear()..].iter().map(|&index| self.r1cs.constraint(index as usize))
    }

    /// Number of constraints.
    pub(crate) const fn len(&self) -> usize {
        self.order.len()
    }

    /// The constraint's number in the file.
    pub(crate) fn constraint(&self, index: usize) -> u32 {
        self.order[index]
    }

    /// Constraint `index`, linear ones first.
    pub(crate) fn get(&self, index: usize) -> Equation<'_> {
        if index < self.linear() {
            Equation::Linear(self.linear.get(index))
        } else {
            Equation::Quadratic(self.r1cs.constraint(self.order[index] as usize))
        }
    }

    /// Whether rules 2 and 3 can solve a constraint for a wire that stands in it once.
    pub(crate) fn solves(&self, equation: Equation<'_>, wire: u32) -> bool {
        let last = equation.forms().last().and_then(|form| form.coefficient_of(wire));
        last.is_some_and(|number| is_unit(&self.signed[number as usize]))
    }
}

/// The interval of a form: that of its narrow wires, and how many wide ones come on top.
#[derive(Clone, Debug)]
struct Sum {
    narrow: Interval,
    wide: usize,
}

/// The intervals of all wires of a system.
pub struct Ranges<'a> {
    equations: &'a Equations<'a>,
    field: Interval,              // [-half, half]
    known: Vec<Option<Interval>>, // by wire; nothing while it is wide
    moved: Vec<u64>,              // the visit that last changed the wire
    rounds: Vec<u8>,              // exchanges of wires and constraints until it was narrow, at most 255
    fresh: Vec<u32>,              // wires that this visit made narrow
    visit: u64,
}

impl<'a> Ranges<'a> {
    /// Runs the inference for `half = (q-1)/2`, from `bounds` and `[-half, half]` elsewhere.
    ///
    /// # Errors
    /// When a bound names a wire that does not exist, is empty or leaves `[-half, half]`.
    pub fn infer(equations: &'a Equations<'a>, half: IBig, bounds: &Bounds) -> Result<Self> {
        let mut ranges = Self::start(equations, half);
        ranges.apply_bounds(bounds)?;
        ranges.settle();
        Ok(ranges)
    }

    /// Runs the inference where nothing is known beforehand.
    pub(crate) fn unbounded(equations: &'a Equations<'a>, half: IBig) -> Self {
        let mut ranges = Self::start(equations, half);
        ranges.settle();
        ranges
    }

    fn settle(&mut self) {
        let equations = self.equations;
        for constraint in equations.quadratic_constraints() {
            self.boolean_like(constraint);
        }
        self.fresh.clear();
        let mut visited = vec![0; equations.linear() + equations.quadratic()];
        for _ in 0..MAX_PASSES {
            if !self.pass(&mut visited) {
                break;
            }
        }
    }

    /// The interval of a wire; wire 0 holds one.
    #[must_use]
    pub fn interval(&self, wire: u32) -> &Interval {
        self.known[wire as usize].as_ref().unwrap_or(&self.field)
    }

    /// `[-half, half]`.
    #[must_use]
    pub const fn field(&self) -> &Interval {
        &self.field
    }

    /// Whether nothing is known of a wire.
    #[must_use]
    pub fn is_wide(&self, wire: u32) -> bool {
        self.known[wire as usize].is_none()
    }

    fn start(equations: &'a Equations<'a>, half: IBig) -> Self {
        let count = equations.r1cs.wires() as usize;
        let field = Interval { lo: -&half, hi: half };
        let mut known = vec![None; count];
        known[0] = Some(Interval::point(IBig::ONE));
        Self {
            equations,
            field,
            known,
            moved: vec![0; count],
            rounds: vec![0; count],
            fresh: Vec::new(),
            visit: 0,
        }
    }

    fn apply_bounds(&mut self, bounds: &Bounds) -> Result<()> {
        for (&wire, bound) in bounds {
            let known = wire != 0 && (wire as usize) < self.known.len();
            ensure!(known, "bound of wire {wire}: the circuit has wires 1 to {}", self.known.len() - 1);
            ensure!(bound.lo <= bound.hi, "bound of wire {wire}: [{}, {}] is empty", bound.lo, bound.hi);
            ensure!(
                bound.within(&self.field),
                "bound of wire {wire}: [{}, {}] leaves the signed field [{}, {}]",
                bound.lo,
                bound.hi,
                self.field.lo,
                self.field.hi
            );
            self.narrow(wire, bound.clone());
        }
        Ok(())
    }

    /// One pass over all constraints; says whether anything changed.
    fn pass(&mut self, visited: &mut [u64]) -> bool {
        let (start, equations) = (self.visit, self.equations);
        let (linear, quadratic) = visited.split_at_mut(equations.linear());
        for (form, last) in equations.linear_forms().zip(linear) {
            if self.due([form], last) {
                self.linear(form);
                self.count_rounds([form]);
            }
        }
        for (forms, last) in equations.quadratic_constraints().zip(quadratic) {
            if self.due(forms, last) {
                self.quadratic(forms);
                self.count_rounds(forms);
            }
        }
        self.moved.iter().any(|&visit| visit > start)
    }

    /// Opens a visit if a wire moved during or after the last one.
    fn due<const N: usize>(&mut self, forms: [Combination<'_>; N], last: &mut u64) -> bool {
        let moved =
            |form: &Combination<'_>| form.wires.iter().any(|&wire| self.moved[wire as usize] >= *last);
        let due = forms.iter().any(moved);
        if due {
            self.visit += 1;
            *last = self.visit;
        }
        due
    }

    /// Wires that a constraint has just made narrow take one exchange more than those it knew.
    fn count_rounds<const N: usize>(&mut self, forms: [Combination<'_>; N]) {
        if !self.fresh.is_empty() {
            let wires = forms.iter().flat_map(|form| form.wires);
            let most = wires.map(|&wire| self.rounds[wire as usize]).max().unwrap_or(0);
            self.fresh.drain(..).for_each(|wire| self.rounds[wire as usize] = most.saturating_add(1));
        }
    }

    /// Intersects; skips what leaves the field or would be empty. Says whether the wire moved.
    fn narrow(&mut self, wire: u32, candidate: Interval) -> bool {
        let index = wire as usize;
        if !candidate.within(&self.field) {
            return false;
        }
        let current = self.interval(wire);
        let raise = candidate.lo > current.lo;
        let lower = candidate.hi < current.hi;
        let empty = candidate.lo > current.hi || candidate.hi < current.lo;
        if empty || !(raise || lower) {
            return false;
        }
        if self.known[index].is_none() {
            self.fresh.push(wire);
        }
        let current = self.known[index].get_or_insert_with(|| self.field.clone());
        if raise {
            current.lo = candidate.lo;
        }
        if lower {
            current.hi = candidate.hi;
        }
        self.moved[index] = self.visit;
        true
    }

    fn signed(&self, number: u32) -> &'a IBig {
        &self.equations.signed[number as usize]
    }

    fn sum(&self, form: Combination<'_>) -> Sum {
        let mut sum = Sum { narrow: Interval::zero(), wide: 0 };
        for (wire, number) in form.terms() {
            self.include(&mut sum, wire, self.signed(number));
        }
        sum
    }

    fn include(&self, sum: &mut Sum, wire: u32, coefficient: &IBig) {
        let Some(known) = &self.known[wire as usize] else {
            sum.wide += 1;
            return;
        };
        let term = known.times(coefficient);
        sum.narrow.lo += term.lo;
        sum.narrow.hi += term.hi;
    }

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
    fn movable(&self, wire: u32, coefficient: &IBig) -> bool {
        wire != 0 && is_unit(coefficient) && !self.interval(wire).is_point()
    }

    /// Rule 1: `(u*x + v)(u'*x + v') = 0` puts `x` between the roots, if both are integers.
    fn boolean_like(&mut self, [a, b, c]: [Combination<'_>; 3]) {
        if let (Some(x), Some(r), Some(s)) = (lone_wire([a, b, c]), self.root(a), self.root(b)) {
            self.visit += 1;
            self.narrow(x, if r < s { Interval { lo: r, hi: s } } else { Interval { lo: s, hi: r } });
        }
    }

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
    fn linear(&mut self, form: Combination<'_>) {
        let mut sum = self.sum(form);
        for (wire, number) in form.terms() {
            let coefficient = self.signed(number);
            let wide = usize::from(self.is_wide(wire));
            if sum.wide > wide || !self.movable(wire, coefficient) {
                continue;
            }
            self.exclude(&mut sum, wire, coefficient);
            let rest = sum.narrow.clone();
            self.narrow(wire, if coefficient.is_one() { rest.negated() } else { rest });
            self.include(&mut sum, wire, coefficient);
        }
    }

    /// Rules 3 and 4 on one constraint: both move wires of `C` alone.
    fn quadratic(&mut self, forms: [Combination<'_>; 3]) {
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
            let wide = usize::from(self.is_wide(wire));
            let Some(known) = &product else { return };
            if sums[2].wide > wide || !self.movable(wire, coefficient) {
                continue;
            }
            self.adjust(forms, &mut sums, wire, Self::exclude);
            let candidate = known.minus(&sums[2].narrow);
            let moved = self.narrow(wire, if coefficient.is_one() { candidate } else { candidate.negated() });
            self.adjust(forms, &mut sums, wire, Self::include);
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

    /// Rule 4: a wire of `C` alone, where the other wires have at most 256 joint values.
    fn enumeration_rule(&mut self, forms: [Combination<'_>; 3]) {
        let [a, b, c] = forms;
        let Some(loose) = self.loose_wires(forms) else { return };
        for &wire in &loose {
            let Some(coefficient) = c.coefficient_of(wire).map(|number| self.signed(number)) else {
                continue;
            };
            let outside = a.coefficient_of(wire).is_none() && b.coefficient_of(wire).is_none();
            if !outside || !self.movable(wire, coefficient) {
                continue;
            }
            let others: Vec<u32> = loose.iter().copied().filter(|&other| other != wire).collect();
            if !self.enumerable(&others) {
                continue;
            }
            let values = self.enumerate(forms, wire, &others);
            self.narrow(wire, if coefficient.is_one() { values } else { values.negated() });
        }
    }

    /// The wires that are not a single value, ascending; none if there are more than rule 4 can use.
    fn loose_wires(&self, forms: [Combination<'_>; 3]) -> Option<Vec<u32>> {
        let most = MAX_ENUMERATED.ilog2() as usize + 1; // each other one has two values at least
        let mut loose = Vec::with_capacity(most);
        for &wire in forms.iter().flat_map(|form| form.wires) {
            if !self.interval(wire).is_point() && !loose.contains(&wire) {
                if loose.len() == most {
                    return None;
                }
                loose.push(wire);
            }
        }
        loose.sort_unstable();
        Some(loose)
    }

    fn enumerable(&self, wires: &[u32]) -> bool {
        let size = |wire: &u32| {
            let interval = self.interval(*wire);
            u64::try_from(&(&interval.hi - &interval.lo)).map_or(u64::MAX, |width| width.saturating_add(1))
        };
        wires
            .iter()
            .map(size)
            .try_fold(1u64, u64::checked_mul)
            .is_some_and(|product| product <= MAX_ENUMERATED)
    }

    /// The smallest and largest value of `A*B - (C without wire)` over all values of `others`.
    fn enumerate(&self, forms: [Combination<'_>; 3], wire: u32, others: &[u32]) -> Interval {
        let base = forms.map(|form| {
            let terms = form.terms().filter(|&(other, _)| other != wire);
            terms.map(|(other, number)| self.signed(number) * &self.interval(other).lo).sum::<IBig>()
        });
        let step = |&other: &u32| {
            let coefficient =
                |form: Combination<'_>| form.coefficient_of(other).map(|k| self.signed(k).clone());
            let interval = self.interval(other);
            let width = u64::try_from(&(&interval.hi - &interval.lo)).unwrap_or(0);
            (forms.map(|form| coefficient(form).unwrap_or_default()), width)
        };
        let steps: Vec<_> = others.iter().map(step).collect();
        let [lo, hi] = match in_words(&base, &steps) {
            Some((base, steps)) => hull(base, &steps).map(IBig::from),
            None => hull(base, &steps),
        };
        Interval { lo, hi }
    }

    /// `M` of labels.md: a congruence modulo any `q > M` is an equation over the integers.
    /// Nothing where a wire that occurs stays wide.
    #[must_use]
    pub fn largest_value(&self) -> Option<IBig> {
        let mut largest = IBig::ZERO;
        for (known, _) in self.known.iter().zip(self.occurring()).filter(|(_, occurs)| *occurs) {
            largest = largest.max(known.as_ref()?.magnitude() * 2);
        }
        for index in 0..self.equations.len() {
            largest = largest.max(self.reach(self.equations.get(index)));
        }
        Some(largest)
    }

    /// The largest value of one constraint: `max|A|*max|B| + max|C|`, or `sum |coef|*max|wire|`.
    pub(crate) fn reach(&self, equation: Equation<'_>) -> IBig {
        match equation {
            Equation::Linear(form) => {
                let term = |(wire, number)| self.signed(number).abs() * self.interval(wire).magnitude();
                form.terms().map(term).sum()
            }
            Equation::Quadratic(forms) => {
                let [a, b, c] = forms.map(|form| self.sum(form).narrow.magnitude());
                a * b + c
            }
        }
    }

    /// Bits of every node's largest value in a graph's order: twice a wire's magnitude, a constraint's reach. A value
    /// beyond half the field counts as the field's bits, so a circuit lifts if all nodes have fewer, and `B` is the
    /// largest. An unused wire has none.
    pub(crate) fn node_bits(&self) -> Vec<u16> {
        let bits = |value: Option<IBig>| {
            let fits = value.filter(|value| value <= &self.field.hi);
            fits.map_or(self.equations.r1cs.field().bits(), |value| bit_length(&value)) as u16
        };
        let twice = |(known, occurs): (&Option<Interval>, bool)| {
            if occurs { bits(known.as_ref().map(|known| known.magnitude() * 2)) } else { 0 }
        };
        let mut found: Vec<u16> = self.known.iter().zip(self.occurring()).skip(1).map(twice).collect();
        let wires = found.len();
        found.resize(wires + self.equations.len(), 0);
        for index in 0..self.equations.len() {
            let equation = self.equations.get(index);
            let wide = equation.wires().any(|wire| self.is_wide(wire));
            let reach = (!wide).then(|| self.reach(equation));
            found[wires + self.equations.constraint(index) as usize] = bits(reach);
        }
        found
    }

    /// Exchanges of wires and constraints after which each node is known to be narrow, in the same order; a constraint
    /// hears of its wires in the next one. Zero for a wire that Boolean-like constraints bound, or that stays wide.
    pub(crate) fn node_rounds(&self) -> Vec<u8> {
        let mut found = self.rounds[1..].to_vec();
        let wires = found.len();
        found.resize(wires + self.equations.len(), 0);
        for index in 0..self.equations.len() {
            let heard = self.equations.get(index).wires().map(|wire| self.rounds[wire as usize]).max();
            found[wires + self.equations.constraint(index) as usize] = heard.unwrap_or(0).saturating_add(1);
        }
        found
    }

    /// Whether the values that a constraint leaves to its only wide wire bound that wire.
    pub(crate) fn would_bound(&self, equation: Equation<'_>) -> bool {
        let rest = match equation {
            Equation::Linear(form) => Some(self.sum(form).narrow),
            Equation::Quadratic(forms) => {
                let sums = forms.map(|form| self.sum(form));
                multiply(&sums).map(|product| product.minus(&sums[2].narrow))
            }
        };
        rest.is_some_and(|rest| rest.within(&self.field) && rest != self.field)
    }

    /// Which wires occur in a constraint.
    pub(crate) fn occurring(&self) -> Vec<bool> {
        let mut occurs = vec![false; self.known.len()];
        let r1cs = self.equations.r1cs;
        for form in (0..r1cs.constraints()).flat_map(|index| r1cs.constraint(index)) {
            form.wires.iter().for_each(|&wire| occurs[wire as usize] = wire != 0);
        }
        occurs
    }
}

fn is_unit(coefficient: &IBig) -> bool {
    coefficient.is_one() || *coefficient == IBig::NEG_ONE
}

/// The wire of `(u*x + v)(u'*x + v') = 0`.
pub(crate) fn lone_wire([a, b, c]: [Combination<'_>; 3]) -> Option<u32> {
    let wire = |form: Combination<'_>| match form.wires {
        [x] | [0, x] => Some(*x),
        _ => None,
    };
    wire(a).filter(|_| c.is_empty() && wire(a) == wire(b))
}

/// The product of `A` and `B`, unless it is at least as broad as the field.
fn multiply([a, b, _]: &[Sum; 3]) -> Option<Interval> {
    let is_zero = |sum: &Sum| sum.wide == 0 && sum.narrow.is_zero();
    match (a.wide, b.wide) {
        (0, 0) => Some(a.narrow.product(&b.narrow)),
        _ => (is_zero(a) || is_zero(b)).then(Interval::zero),
    }
}

/// What a wire adds to `A`, `B` and `C` when it grows by one, and how often it can.
type Step<T> = ([T; 3], u64);

/// The smallest and largest `A*B - C` over all numbers of steps from `base` on.
fn hull<T: Clone + Ord>(base: [T; 3], steps: &[Step<T>]) -> [T; 2]
where
    for<'a> &'a T: Add<Output = T> + Sub<Output = T> + Mul<Output = T>,
{
    let mut points = vec![base];
    for (step, count) in steps {
        let layer = points.len();
        for _ in 0..*count {
            for index in points.len() - layer..points.len() {
                points.push(std::array::from_fn(|form| &points[index][form] + &step[form]));
            }
        }
    }
    let value = |[a, b, c]: &[T; 3]| &(a * b) - c;
    let first = value(&points[0]);
    points.iter().map(value).fold([first.clone(), first], |[lo, hi], value| {
        if value < lo {
            [value, hi]
        } else if value > hi {
            [lo, value]
        } else {
            [lo, hi]
        }
    })
}

/// The same in machine words, where all values of the three forms fit.
fn in_words(base: &[IBig; 3], steps: &[Step<IBig>]) -> Option<([i128; 3], Vec<Step<i128>>)> {
    let word = |value: &IBig| i64::try_from(value).ok().map(i128::from);
    let words = |[a, b, c]: &[IBig; 3]| Some([word(a)?, word(b)?, word(c)?]);
    let steps = steps.iter().map(|(step, count)| Some((words(step)?, *count)));
    let (base, steps) = (words(base)?, steps.collect::<Option<Vec<_>>>()?);
    let reach = |form: usize| {
        let steps = steps.iter().map(|(step, count)| step[form].abs() * i128::from(*count));
        base[form].abs() + steps.sum::<i128>()
    };
    (0..3).all(|form| reach(form) < 1 << 62).then_some((base, steps))
}

/// Bit length of a non-negative integer.
#[must_use]
pub fn bit_length(value: &IBig) -> u32 {
    value.bit_len() as u32
}
