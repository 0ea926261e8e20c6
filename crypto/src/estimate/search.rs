//! The one-dimensional searches of the estimator.
//!
//! Source: lattice-estimator `util.py`, class `local_minimum` (malb/lattice-estimator @27a581b);
//! estimator.md, section 3. A value is better when it is `<=` the best so far, thus a
//! tie goes to the latest, and infinity is no worse than infinity.

/// What a search runs over: `start <= x < stop`, on the multiples of `step`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub start: u64,
    pub stop: u64,
    pub step: u64,
}

/// State of the search: the bracket, the direction (a step of one, a long jump), the best point.
struct LocalMinimum<Y> {
    lo: i64,
    hi: i64,
    dir: i8,
    best: Option<(i64, Y)>,
    seen: Vec<i64>,
}

impl Range {
    /// Searches from the top by bisection and steps of one, and returns the best `(x, f(x))`:
    /// a local minimum, the global one when `f` has a single valley.
    pub(crate) fn local_minimum<Y: PartialOrd + Copy>(self, mut f: impl FnMut(u64) -> Y) -> Option<(u64, Y)> {
        let (lo, hi) = (self.start.div_ceil(self.step) as i64, (self.stop / self.step) as i64 - 1);
        let seen = Vec::with_capacity(32);
        let mut state = LocalMinimum { lo, hi, dir: -1, best: None, seen };
        let mut next = Some(hi);
        while let Some(x) = next.filter(|x| (lo..=hi).contains(x) && !state.seen.contains(x)) {
            next = state.update(x, f(x as u64 * self.step));
        }
        state.best.map(|(x, y)| (x as u64 * self.step, y))
    }

    /// [`Range::local_minimum`], then every integer within one step of its result.
    pub(crate) fn local_minimum_refined<Y: PartialOrd + Copy>(
        self,
        mut f: impl FnMut(u64) -> Y,
    ) -> Option<(u64, Y)> {
        let best = self.local_minimum(&mut f)?;
        let first = self.start.max(best.0.saturating_sub(self.step));
        let last = self.stop.min(best.0 + self.step);
        Some((first..last).fold(best, |best, x| {
            let y = f(x);
            if y <= best.1 { (x, y) } else { best }
        }))
    }
}

impl<Y: PartialOrd + Copy> LocalMinimum<Y> {
    /// Records `f(x) = y` and returns the next point.
    fn update(&mut self, x: i64, y: Y) -> Option<i64> {
        self.seen.push(x);
        let better = self.best.is_none_or(|(_, best)| y <= best);
        if better {
            self.best = Some((x, y));
        }
        let next = if better { self.after_better(x) } else { self.after_worse(x) };
        next.filter(|next| *next != x)
    }

    fn after_better(&mut self, x: i64) -> Option<i64> {
        match self.dir {
            -1 => {
                (self.dir, self.hi) = (-2, x);
                Some(self.middle_up())
            }
            1 => {
                (self.dir, self.lo) = (2, x);
                Some(self.middle_down())
            }
            _ => {
                self.dir = -1;
                Some(x - 1)
            }
        }
    }

    fn after_worse(&mut self, x: i64) -> Option<i64> {
        match self.dir {
            -1 => {
                self.dir = 1;
                Some(x + 2)
            }
            -2 => {
                self.lo = x;
                Some(self.middle_up())
            }
            2 => {
                self.hi = x;
                Some(self.middle_down())
            }
            _ => None,
        }
    }

    fn middle_up(&self) -> i64 {
        (self.lo + self.hi + 1).div_euclid(2)
    }

    fn middle_down(&self) -> i64 {
        (self.lo + self.hi).div_euclid(2)
    }
}

/// Takes the values in order while they do not get worse, and returns the best of them.
pub(crate) fn early_abort<Y: PartialOrd + Copy>(values: impl Iterator<Item = Y>) -> Option<Y> {
    let mut best: Option<Y> = None;
    for y in values {
        if best.is_some_and(|best| y > best) {
            break;
        }
        best = Some(y);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valley_is_found_with_and_without_a_step() {
        for bottom in 40..1740_u64 {
            let f = |x: u64| x.abs_diff(bottom) as f64;
            let fine = Range { start: 40, stop: 1754, step: 1 };
            assert_eq!(fine.local_minimum(f), Some((bottom, 0.0)));
            let coarse = Range { start: 40, stop: 1754, step: 5 };
            assert_eq!(coarse.local_minimum_refined(f), Some((bottom, 0.0)));
        }
    }

    #[test]
    fn infinity_everywhere_ends_soon() {
        let mut calls = 0;
        let range = Range { start: 0, stop: 1 << 40, step: 1 };
        range.local_minimum(|_| {
            calls += 1;
            f64::INFINITY
        });
        assert!(calls < 200, "{calls}");
    }

    #[test]
    fn an_empty_range_has_no_minimum() {
        assert_eq!(Range { start: 50, stop: 50, step: 1 }.local_minimum(|x| x), None);
    }
}
