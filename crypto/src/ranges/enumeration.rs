//! Rule 4: what a constraint leaves to a wire when all others are enumerated (labels.md, section 1.2).

use std::ops::{Add, Mul, Sub};

use dashu_int::IBig;

use crate::r1cs::Combination;

use super::Ranges;
use super::interval::Interval;

/// Joint values of other wires that rule 4 goes through.
const MAX_ENUMERATED: u64 = 256;

impl Ranges<'_> {
    /// Rule 4: a wire of `C` alone, where the other wires have at most [`MAX_ENUMERATED`] joint values.
    pub(super) fn enumeration_rule(&mut self, forms: [Combination<'_>; 3]) {
        let [a, b, c] = forms;
        let Some(loose) = self.loose_wires(forms) else { return };
        for &wire in &loose {
            let Some(number) = c.coefficient_of(wire) else { continue };
            let coefficient = self.signed(number);
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

    /// Whether wires have few enough joint values.
    fn enumerable(&self, wires: &[u32]) -> bool {
        let size = |wire: &u32| self.width(*wire).map_or(u64::MAX, |width| width.saturating_add(1));
        let joint = wires.iter().map(size).try_fold(1, u64::checked_mul);
        joint.is_some_and(|joint| joint <= MAX_ENUMERATED)
    }

    /// `hi - lo` of a wire, where it is a machine word.
    fn width(&self, wire: u32) -> Option<u64> {
        let interval = self.interval(wire);
        u64::try_from(&(&interval.hi - &interval.lo)).ok()
    }

    /// The smallest and largest value of `A*B - (C without wire)` over all values of `others`.
    fn enumerate(&self, forms: [Combination<'_>; 3], wire: u32, others: &[u32]) -> Interval {
        let base = forms.map(|form| {
            let terms = form.terms().filter(|&(other, _)| other != wire);
            terms.map(|(other, number)| self.signed(number) * &self.interval(other).lo).sum::<IBig>()
        });
        let step = |&other: &u32| {
            let number = |form: Combination<'_>| form.coefficient_of(other);
            let coefficients =
                forms.map(|form| number(form).map_or(IBig::ZERO, |it| self.signed(it).clone()));
            (coefficients, self.width(other).unwrap_or(0))
        };
        let steps: Vec<_> = others.iter().map(step).collect();

        let [lo, hi] = match in_words(&base, &steps) {
            Some((base, steps)) => hull(base, &steps).map(IBig::from),
            None => hull(base, &steps),
        };
        Interval { lo, hi }
    }
}

/// What a wire adds to `A`, `B` and `C` when it grows by one, and how often it can.
type Step<T> = ([T; 3], u64);

/// The smallest and largest `A*B - C` over all numbers of steps from `base` on.
fn hull<T: Clone + Ord>(base: [T; 3], steps: &[Step<T>]) -> [T; 2]
where
    for<'a> &'a T: Add<Output = T> + Sub<Output = T> + Mul<Output = T>,
{
    // a layer of points for every wire: all points so far, moved by one step more each time
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
    let base = words(base)?;
    let steps = steps.collect::<Option<Vec<_>>>()?;

    // products of two forms below 2^62 stay below 2^124
    let largest = |form: usize| {
        let steps = steps.iter().map(|(step, count)| step[form].abs() * i128::from(*count));
        base[form].abs() + steps.sum::<i128>()
    };
    (0..3).all(|form| largest(form) < 1 << 62).then_some((base, steps))
}
