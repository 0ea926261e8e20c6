//! The candidates of one bit length, worked out once in a process (labels.md, sections 3 and 4).

use std::collections::HashMap;
use std::ops::{Deref, RangeInclusive};
use std::sync::{Arc, LazyLock, OnceLock, RwLock};

use crate::security::hiding_rank;

use super::demand::{Candidate, Demand, MAX_BITS, NARROWEST};
use super::level::{LEVELS, Level, WIDTHS};
use super::norms::Norms;
use super::shape::Shape;

/// Lengths of a free q.
const LENGTHS: RangeInclusive<u32> = NARROWEST..=MAX_BITS + 1;
const LENGTH_COUNT: usize = (MAX_BITS + 2 - NARROWEST) as usize;
/// Fixed moduli that are remembered; at one more all are forgotten.
const MOST_FIXED: usize = 256;

/// The candidates of a length, each with every j.
#[derive(Debug)]
pub(super) struct Row(Vec<Shape>);

/// A row of a free modulus, which lives as long as the process, or of a fixed one.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Free(&'static Row),
    Fixed(Arc<Row>),
}

impl Deref for Held {
    type Target = [Shape];

    fn deref(&self) -> &[Shape] {
        match self {
            Self::Free(row) => &row.0,
            Self::Fixed(row) => &row.0,
        }
    }
}

type Rows = [[OnceLock<Row>; LENGTH_COUNT]; LEVELS.len()];
static FREE: Rows = [const { [const { OnceLock::new() }; LENGTH_COUNT] }; LEVELS.len()];

/// What decides the row of a fixed modulus: the bits of `log2 q`, length, order, lambda.
type Key = (u64, u32, u32, u32);
static FIXED: LazyLock<RwLock<HashMap<Key, Arc<Row>>>> = LazyLock::new(RwLock::default);

/// The candidates of one length; nothing if there are none.
pub(super) fn row(level: Level, demand: &Demand, bits: u32) -> Option<Held> {
    let place = LEVELS.iter().position(|&known| known == level.security);
    if let (true, Some(place), true) = (level.free, place, LENGTHS.contains(&bits)) {
        let row = &FREE[place][(bits - NARROWEST) as usize];
        return Some(Held::Free(row.get_or_init(|| Row::new(level, &demand.of_bits(bits)))));
    }
    let candidates = demand.of_bits(bits);
    let &candidate = candidates.first()?;
    let key = (candidate.log2_q.to_bits(), candidate.bits, candidate.ord, level.security);
    if let Some(known) = FIXED.read().ok().and_then(|rows| rows.get(&key).cloned()) {
        return Some(Held::Fixed(known));
    }
    let fresh = || Arc::new(Row::new(level, &candidates));
    let Ok(mut rows) = FIXED.write() else {
        return Some(Held::Fixed(fresh()));
    };
    if rows.len() >= MOST_FIXED {
        rows.clear();
    }
    Some(Held::Fixed(Arc::clone(rows.entry(key).or_insert_with(fresh)))) // under the lock: who misses it, too, waits
}

impl Row {
    /// Every order with every j, but those without enough automorphisms. The ranks that hide belong to j alone, the
    /// norms that bind to the challenge set.
    fn new(level: Level, candidates: &[Candidate]) -> Self {
        let mut shapes = Vec::new();
        let mut known: Vec<Arc<Norms>> = Vec::new();
        let Some(&Candidate { log2_q, .. }) = candidates.first() else {
            return Self(shapes);
        };
        let hiding = WIDTHS.map(|j| hiding_rank(log2_q, level.deviation(j), level.security));
        for &candidate in candidates {
            let norms = norms(&mut known, level, candidate);
            let of = |(j, hiding)| Shape::new(level, candidate, j, hiding, &norms);
            shapes.extend(WIDTHS.into_iter().zip(hiding).filter_map(of));
        }
        Self(shapes)
    }
}

/// The norms for a candidate's challenges, from those that are there already or anew.
pub(super) fn norms(known: &mut Vec<Arc<Norms>>, level: Level, candidate: Candidate) -> Arc<Norms> {
    let challenges = level.challenges(candidate.bits, candidate.ord);
    if let Some(norms) = known.iter().find(|norms| norms.challenges() == challenges) {
        return Arc::clone(norms);
    }
    let norms = Arc::new(Norms::new(level.security, challenges, candidate.log2_q));
    known.push(Arc::clone(&norms));
    norms
}
