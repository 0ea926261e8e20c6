//! A candidate and its cost: rows, ranks, cuts and the bytes of a proof (labels.md, section 3).

use std::f64::consts::{E, LN_2, PI};
use std::sync::{Arc, OnceLock};

use crate::security::{DEGREE, HidingRank, Limit, sis_bits};

use super::choice::{Choice, Parts};
use super::demand::Candidate;
use super::level::{CHALLENGES, Challenges, Level, Rational, WIDTHS, Widths};
use super::norms::Norms;

/// Largest SIS rank to try.
pub(super) const MAX_KAPPA: u32 = 1000;
/// Ranks that are tried, from the smallest one that binds.
const RANKS: u32 = 3;
/// Most openings in parallel that form a cyclic group where q does not split completely.
pub(super) const MAX_OPENINGS: u32 = 2;
/// Thousandths of a bit.
const BIT: u64 = 1000;
/// Thousandths of a bit in a byte.
const BYTE: u64 = 8 * BIT;
/// Bytes of a proof's header.
const HEADER: u64 = 32;
/// What the coder's streams end with, in thousandths of a bit.
const CODER: u64 = 36 * BIT;

/// A candidate's openings in parallel, masks and garbage rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rows {
    k: u32,
    /// Coefficients of each mask's answer that are known and not sent.
    per: u32,
    nlin: u32,
    gamma: u32,
}

impl Rows {
    /// Nothing if there are not enough automorphisms.
    fn of(candidate: Candidate, security: u32) -> Option<Self> {
        let Candidate { log2_q, ord, .. } = candidate;
        let wanted = f64::from(security - 1);
        let openings = (wanted / (f64::from(ord) * log2_q)).ceil() as u32;
        let k = if ord == 1 { openings.next_power_of_two() } else { openings };
        if u64::from(k) * u64::from(ord) > u64::from(DEGREE) || (ord > 1 && k > MAX_OPENINGS) {
            return None;
        }

        let tau = (wanted / log2_q).ceil() as u32;
        let (per, nlin) = if k == 1 && (ord == 8 || ord == 16) {
            (ord / 2, tau.div_ceil(ord / 2 - 1))
        } else {
            (k, tau.div_ceil(k))
        };
        let gamma = if ord > 1 { k } else { (2 * tau).saturating_sub(k).max(1) };
        Some(Self { k, per, nlin, gamma })
    }
}

/// A candidate with all that depends neither on the circuit's height nor on the SIS rank.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    level: Level,
    pub(crate) candidate: Candidate,
    /// The number that sets the widths.
    pub(crate) j: u32,
    challenges: Challenges,
    rows: Rows,
    widths: Widths,
    hiding: HidingRank,
    norms: Arc<Norms>,
    hints: Hints,
    /// Thousandths of a bit that a coefficient of z takes.
    opening: u64,
    /// Thousandths of a bit that a height of 0 takes without t0, cuts and hints, the bit string filled up to bytes.
    base: u64,
    /// What each row of the height adds.
    each: u64,
}

/// SIS rank and cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    kappa: u32,
    d: u32,
    g: u32,
}

impl Shape {
    /// A candidate at a level; nothing if there are not enough automorphisms.
    pub(super) fn new(
        level: Level,
        candidate: Candidate,
        j: u32,
        hiding: HidingRank,
        norms: &Arc<Norms>,
    ) -> Option<Self> {
        let rows = Rows::of(candidate, level.security)?;
        let challenges = norms.challenges();
        let widths = level.widths(challenges, j, rows.k);
        let hints = Hints::shared(level, challenges, j, rows.k);
        let shape = Self {
            level,
            candidate,
            j,
            challenges,
            rows,
            widths,
            hiding,
            norms: Arc::clone(norms),
            hints,
            opening: 0,
            base: 0,
            each: 0,
        };
        Some(shape.priced())
    }

    /// The same with a wider mask.
    pub(crate) fn with_mask(mut self, sigma: f64) -> Self {
        self.widths = self.widths.with_mask(sigma, self.challenges);
        self.hints = Hints { costs: None, variance: self.widths.answer, s: self.challenges.s };
        self.priced()
    }

    /// With the prices that follow from rows and widths.
    fn priced(mut self) -> Self {
        self.opening = thousandths(self.widths.answer.real().log2() / 2.0 + 2.05);
        let parts = self.parts(0, Cut { kappa: 0, d: 0, g: 0 });
        self.base = parts.total();
        self.each = self.parts(1, Cut { kappa: 0, d: 0, g: 0 }).total() - self.base;
        self
    }

    /// s2, the standard deviation of the mask.
    pub(crate) fn sigma(&self) -> f64 {
        self.widths.s2()
    }

    /// Bits of hiding.
    pub(crate) const fn lwe_bits(&self) -> f64 {
        self.hiding.bits
    }

    /// Committed rows.
    fn l(&self, height: u32) -> u64 {
        u64::from(height) + u64::from(self.rows.nlin) + u64::from(self.rows.gamma)
    }

    /// `m2 = mu + kappa + l`.
    fn m2(&self, height: u32, kappa: u32) -> u128 {
        u128::from(self.hiding.mu) + u128::from(kappa) + u128::from(self.l(height))
    }

    /// Thousandths of a bit without t0 and hints: no proof is smaller.
    pub(super) const fn floor(&self, height: u32) -> u64 {
        self.base + height as u64 * self.each
    }

    /// `Bd2 = floor(704 (12 m2 V + kappa W)/120)`, with `W = [D>0] S 4^D + [g>0] 4^g`.
    fn norm(&self, height: u32, Cut { kappa, d, g }: Cut) -> u128 {
        let Rational { numerator, denominator } = self.widths.answer;
        let w = self.dropped(d) + power(g);
        let sum = (12 * self.m2(height, kappa)).saturating_mul(numerator);
        let cuts = u128::from(kappa) * denominator * w;
        sum.saturating_add(cuts).saturating_mul(704) / (120 * denominator)
    }

    /// `[D>0] S 4^D`.
    fn dropped(&self, d: u32) -> u128 {
        u128::from(self.challenges.s) * power(d)
    }

    /// The largest W with which a rank binds; nothing if it does not even bind without cuts.
    ///
    /// With `V = N/M`, `Bd2 <= L` is `88 (12 m2 N + kappa M W) < 15 M (L+1)`, in integers: what is left of the right
    /// side, divided by `88 kappa M`, bounds W. No product overflows: [`Norms`] cuts L at `2^100`, `M < 2^11`,
    /// `N < 2^35` and `m2 < 2^34`, but for a proposed mask, where the product stays at the largest number.
    fn room(&self, height: u32, kappa: u32) -> Option<u128> {
        let Rational { numerator, denominator } = self.widths.answer;
        let used = (1056 * self.m2(height, kappa)).saturating_mul(numerator);
        let left = (15 * denominator * (self.norms.longest(kappa) + 1)).checked_sub(used)?;
        left.checked_sub(1).map(|left| left / (88 * u128::from(kappa) * denominator))
    }

    /// The smallest rank that binds without cuts. Once `b < lg - 1` alone limits the norm no larger rank raises the
    /// limit, and the norm grows with the rank: what does not bind there never does.
    fn least_rank(&self, height: u32) -> Option<u32> {
        (1..=MAX_KAPPA)
            .map(|kappa| (kappa, self.room(height, kappa)))
            .take_while(|&(kappa, room)| {
                room.is_some() || self.norms.longest(kappa) < self.norms.half_modulus()
            })
            .find(|(_, room)| room.is_some())
            .map(|(kappa, _)| kappa)
    }

    /// Every D with its g, where W may be at most `room`. The largest g is `floor(log4(room - S 4^D))`, at most
    /// `bits - 3`; it falls as D grows, so it is at most that of `D - 1`, as the definition asks.
    fn cuts(&self, kappa: u32, room: u128) -> impl Iterator<Item = Cut> {
        let most = self.candidate.bits.saturating_sub(2);
        (0..most).map_while(move |d| {
            let left = room.checked_sub(self.dropped(d))?;
            let g = left.checked_ilog2().map_or(0, |log2| log2 / 2).min(most - 1);
            Some(Cut { kappa, d, g })
        })
    }

    /// Offers every rank and cut that the definition tries, but ranks that cannot be better than what is known: no
    /// proof of a rank is smaller than the floor and t0 with the most low bits dropped, as hints cost more than 0.
    pub(super) fn search<'a>(&'a self, height: u32, best: &mut Best<'a>) {
        let Some(least) = self.least_rank(height) else {
            return;
        };
        let floor = self.floor(height);
        for kappa in least..(least + RANKS).min(MAX_KAPPA + 1) {
            let Some(room) = self.room(height, kappa) else {
                continue;
            };
            if best.beats(floor + self.commitment(kappa, self.most_dropped(room))) {
                continue;
            }
            for cut in self.cuts(kappa, room) {
                best.offer(self, cut, floor + self.commitment(kappa, cut.d) + self.hint(cut));
            }
        }
    }

    /// The smallest proof of this candidate, as a full answer; nothing if no rank binds.
    pub(crate) fn smallest(&self, height: u32) -> Option<Choice> {
        let mut best = Best::default();
        self.search(height, &mut best);
        best.choice(|_| height)
    }

    /// An upper limit of D: `S 4^D <= room`.
    fn most_dropped(&self, room: u128) -> u32 {
        let quotient = room / u128::from(self.challenges.s);
        let most = quotient.checked_ilog2().map_or(0, |log2| log2 / 2);
        most.min(self.candidate.bits.saturating_sub(3))
    }

    /// Thousandths of a bit of t0, `kappa d (bits - D)`.
    fn commitment(&self, kappa: u32, d: u32) -> u64 {
        BIT * u64::from(kappa) * u64::from(DEGREE) * u64::from(self.candidate.bits - d)
    }

    /// Thousandths of a bit of the hints, `k kappa d ch`.
    fn hint(&self, Cut { kappa, d, g }: Cut) -> u64 {
        u64::from(self.rows.k) * u64::from(kappa) * u64::from(DEGREE) * self.hints.cost(d, g)
    }

    /// A proof's parts.
    fn parts(&self, height: u32, cut: Cut) -> Parts {
        let Rows { k, per, nlin, .. } = self.rows;
        let (bits, degree) = (u64::from(self.candidate.bits), u64::from(DEGREE));
        let commitment = self.commitment(cut.kappa, cut.d);
        let rows = BIT * self.l(height) * degree * bits;
        let masks = BIT * u64::from(nlin) * u64::from(DEGREE - per) * bits;
        let answered = u64::from(self.hiding.mu) + self.l(height);
        let openings = u64::from(k) * answered * degree * self.opening;
        let hints = if cut.kappa == 0 { 0 } else { self.hint(cut) };

        let string = commitment + rows + masks;
        let hash = u64::from(self.level.security / 4).max(32);
        let fixed = BYTE * (HEADER + hash) + (string.next_multiple_of(BYTE) - string) + CODER;
        Parts { commitment, rows, masks, openings, hints, fixed }
    }

    /// A rank and cuts as a full answer.
    fn choice(&self, height: u32, cut: Cut) -> Choice {
        let parts = self.parts(height, cut);
        let bound = self.norms.log2_bound(self.norm(height, cut));
        let n = f64::from(DEGREE * cut.kappa);
        Choice {
            security: self.level.security,
            candidate: self.candidate,
            j: self.j,
            mu: self.hiding.mu,
            sigma: self.widths.s2(),
            s: self.level.deviation(self.j),
            s1: self.widths.s1(),
            k: self.rows.k,
            kappa: cut.kappa,
            l: u32::try_from(self.l(height)).unwrap_or(u32::MAX),
            cut_d: cut.d,
            cut_g: cut.g,
            gamma: self.rows.gamma,
            nlin: self.rows.nlin,
            challenges: self.challenges,
            lwe_bits: self.hiding.bits,
            sis_bits: sis_bits(n, self.candidate.log2_q, bound),
            soundness: self.soundness(),
            rank_limit: (cut.kappa > 1)
                .then(|| self.limit(height, Cut { kappa: cut.kappa - 1, d: 0, g: 0 }))
                .flatten(),
            cut_limit: self.limit(height, Cut { g: cut.g + 1, ..cut }),
            proof_size: bytes(parts.total()),
            parts,
        }
    }

    /// What forbids a rank with these cuts.
    fn limit(&self, height: u32, cut: Cut) -> Option<Limit> {
        self.norms.limit(cut.kappa, self.norm(height, cut))
    }

    /// Bits: the least of the openings in parallel, the linear checks, and the challenges.
    fn soundness(&self) -> f64 {
        let Rows { k, per, nlin, .. } = self.rows;
        let ord = self.candidate.ord;
        let checks = if per == k { per * nlin } else { (per - 1) * nlin };
        let residues = f64::from((k * ord).min(checks)) * self.candidate.log2_q;
        residues.min(self.challenges.bits - 1.0)
    }
}

/// The best of what was offered: the smallest proof in bytes, ties to smaller bits, ord, j, kappa, D.
#[derive(Debug)]
pub(super) struct Best<'a> {
    found: Option<(Place, &'a Shape, Cut)>,
    /// Thousandths of a bit of the largest proof that is not longer in bytes.
    most: u64,
}

type Place = (u64, u32, u32, u32, u32, u32);

impl Default for Best<'_> {
    fn default() -> Self {
        Self { found: None, most: u64::MAX }
    }
}

impl<'a> Best<'a> {
    /// Whether what is known is shorter in bytes than a proof of so many thousandths of a bit, so that not even a tie
    /// is left to it.
    pub(super) const fn beats(&self, total: u64) -> bool {
        total > self.most
    }

    fn offer(&mut self, shape: &'a Shape, cut: Cut, total: u64) {
        if self.beats(total) {
            return;
        }
        let Candidate { bits, ord, .. } = shape.candidate;
        let place = (bytes(total), bits, ord, shape.j, cut.kappa, cut.d);
        if self.found.is_none_or(|(known, ..)| place < known) {
            self.found = Some((place, shape, cut));
            self.most = place.0 * BYTE;
        }
    }

    /// The full answer, with the height of each order.
    pub(super) fn choice(&self, height: impl Fn(u32) -> u32) -> Option<Choice> {
        self.found.map(|(_, shape, cut)| shape.choice(height(shape.candidate.ord), cut))
    }
}

/// `[c>0] 4^c`; cuts beyond any that binds count as one.
fn power(cut: u32) -> u128 {
    if cut == 0 { 0 } else { 1 << (2 * cut).min(112) }
}

/// Bytes that hold so many thousandths of a bit.
const fn bytes(total: u64) -> u64 {
    total.div_ceil(BYTE)
}

/// Rounded to thousandths.
fn thousandths(bits: f64) -> u64 {
    (1000.0 * bits).round() as u64
}

/// What a coefficient of a hint costs, by D and g: the coder's cost of its true distribution.
#[derive(Clone, Debug)]
struct Hints {
    /// Those of small cuts.
    costs: Option<&'static [[u32; Hints::G]; Hints::D]>,
    /// V.
    variance: Rational,
    /// S.
    s: u32,
}

type HintTable = OnceLock<Box<[[u32; Hints::G]; Hints::D]>>;
/// By challenge set, level, j and `log2 k`.
static HINTS: [[[[HintTable; 7]; 4]; 4]; CHALLENGES.len()] =
    [const { [const { [const { [const { OnceLock::new() }; 7] }; 4] }; 4] }; CHALLENGES.len()];

impl Hints {
    /// Cuts below these are in a table.
    const D: usize = 40;
    const G: usize = 56;

    /// With the table that all candidates of these widths share.
    fn shared(level: Level, challenges: Challenges, j: u32, k: u32) -> Self {
        let variance = level.widths(challenges, j, k).answer;
        let bare = Self { costs: None, variance, s: challenges.s };
        let place = super::LEVELS.iter().position(|&known| known == level.security);
        let width = WIDTHS.iter().position(|&known| known == j);
        let (Some(place), Some(width), true) = (place, width, k.is_power_of_two() && k <= DEGREE) else {
            return bare;
        };
        let table = &HINTS[challenges.number][place][width][k.ilog2() as usize];
        let row = |d: usize| std::array::from_fn(|g| bare.compute(d as u32, g as u32) as u32);
        let costs = table.get_or_init(|| Box::new(std::array::from_fn(row)));
        Self { costs: Some(costs), ..bare }
    }

    /// `ch`, in thousandths of a bit.
    fn cost(&self, d: u32, g: u32) -> u64 {
        let known = self.costs.and_then(|costs| costs.get(d as usize)?.get(g as usize));
        known.map_or_else(|| self.compute(d, g), |&cost| u64::from(cost))
    }

    /// With `t = (V + [D>0] S 4^D/12)/4^g` and `v = t + 1/6`: the entropy of a rounded Gaussian of variance v, less
    /// what the sum of two uniform errors saves where t is small.
    fn compute(&self, d: u32, g: u32) -> u64 {
        let scale = |cut: u32| f64::from(2 * cut).exp2();
        let dropped = if d > 0 { f64::from(self.s) * scale(d) / 12.0 } else { 0.0 };
        let t = (self.variance.real() + dropped) / scale(g);
        let v = t + 1.0 / 6.0;
        let gaussian = (2.0 * PI * E * v).log2() / 2.0;
        let aliased = (1.0 + 2.0 * (-2.0 * PI * PI * v).exp()).log2();
        let terms = (1..=4).map(f64::from).map(|m: f64| (-2.0 * PI * PI * m * m * t).exp() / (m * m));
        let saved = terms.sum::<f64>() / (2.0 * LN_2 * PI * PI * v);
        thousandths(gaussian + aliased - saved)
    }
}
