//! Intervals on top of others: what a case of a rule finds, and what a round finds.

use super::interval::Interval;
use super::number::Number;

/// Cuts by wire.
pub(super) struct Overlay<N> {
    places: Vec<u32>, // by wire: one more than its place among the cuts
    cuts: Vec<(u32, Interval<N>)>,
    /// The hull of all that was compared with the field, or with multiples of its prime.
    pub(super) reach: Interval<N>,
}

impl<N: Number> Overlay<N> {
    pub(super) fn new(wires: usize) -> Self {
        Self { places: vec![0; wires], cuts: Vec::new(), reach: Interval::zero() }
    }

    pub(super) fn get(&self, wire: u32) -> Option<&Interval<N>> {
        let place = self.places[wire as usize].checked_sub(1)?;
        Some(&self.cuts[place as usize].1)
    }

    /// Cuts a wire further, which may leave no value; whether that is new.
    pub(super) fn cut(&mut self, wire: u32, interval: Interval<N>) -> bool {
        let place = &mut self.places[wire as usize];
        if let Some(known) = place.checked_sub(1) {
            return self.cuts[known as usize].1.cut(interval);
        }
        self.cuts.push((wire, interval));
        *place = self.cuts.len() as u32;
        true
    }

    pub(super) fn clear(&mut self) {
        self.cuts.iter().for_each(|&(wire, _)| self.places[wire as usize] = 0);
        self.cuts.clear();
    }

    /// All cuts in the order in which they came; none are left.
    pub(super) fn take(&mut self) -> Vec<(u32, Interval<N>)> {
        self.cuts.iter().for_each(|&(wire, _)| self.places[wire as usize] = 0);
        std::mem::take(&mut self.cuts)
    }
}

/// What holds in every case of a rule that is not void.
pub(super) struct Hull<N> {
    cuts: Option<Vec<(u32, Interval<N>)>>, // nothing while all cases are void
}

impl<N: Number> Hull<N> {
    pub(super) const fn new() -> Self {
        Self { cuts: None }
    }

    /// Takes in a case that is not void, and clears it.
    pub(super) fn add(&mut self, case: &mut Overlay<N>) {
        let Some(cuts) = &mut self.cuts else {
            self.cuts = Some(case.take());
            return;
        };
        cuts.retain_mut(|(wire, interval)| {
            let other = case.get(*wire);
            other.inspect(|other| interval.hull(other)).is_some()
        });
        case.clear();
    }

    /// Whether no further case can make it say anything.
    pub(super) fn is_settled(&self) -> bool {
        self.cuts.as_ref().is_some_and(Vec::is_empty)
    }

    /// The cuts; nothing if all cases are void.
    pub(super) fn cuts(self) -> Option<Vec<(u32, Interval<N>)>> {
        self.cuts
    }
}
