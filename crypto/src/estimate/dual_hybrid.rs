//! The dual hybrid attack with a fast Fourier transform.
//!
//! Source: lattice-estimator `lwe_dual.py`, class `MATZOV` (malb/lattice-estimator @27a581b), after
//! MATZOV, *Report on the Security of LWE: Improved Dual Lattice Attack* (2022);
//! estimator.md, section 5.2. It is the attack called `dual_hybrid` in the estimator's `rough`.
//!
//! Of the secret's coordinates, `zeta` are enumerated, `t` go through the transform modulo `p`, and
//! `k = n - zeta - t` stay in the lattice of dimension `D = n + k`:
//!
//! ```text
//! l   = sigma_e^(n/D) (sigma_s q)^(k/D) sqrt(4/3) sqrt(beta/(2 pi e)) delta^(D - beta)
//! N   = exp(4 (pi l/q)^2 + t/3 (pi sigma_s/p)^2) (zeta H + t ln(p) + ln 2)
//! rop = ceil(N / 2^(0.2075 beta)) 2^(0.292 beta)  +  G(zeta) (1024 t p^(t+1) + 640 N)
//! ```

use std::cmp::Ordering;
use std::f64::consts::{E, LN_2, LOG2_E, PI};
use std::sync::LazyLock;

use super::cost::{CLASSICAL, LISTS, QUANTUM, clamp, log2_add};
use super::delta::{BETA_MAX, BETA_MIN, ln_delta};
use super::dual::LOG2_SIEVES_MAX;
use super::search::{Range, early_abort};
use super::{Attack, CostModel, Detail, Estimate, Lwe};

/// Cells `(p, zeta, t)` that one search may look at, about a tenth of a second. The named schemes
/// need hundreds to some ten thousands; only instances with no attack in sight run to the end.
const CELLS_MAX: u32 = 1 << 18;

/// Step of `zeta` and of `t`.
const STEP: usize = 10;

/// Below this spread a coordinate's guesses are not Gaussian enough and `A > 1` (estimator.md, section 5.2).
const SMALL_SECRET: f64 = 0.75;

/// Operations of the table per vector, `4 * 160`, and of the transform per entry.
const TABLE: f64 = 640.0;
const TRANSFORM: f64 = 1024.0;

/// What depends on the block size alone.
struct Block {
    ln_delta: f64,
    /// `ln(beta/(2 pi e))`.
    ln_heuristic: f64,
    ln_lists: f64,
    lists: f64,
    sieve: f64,
}

type Blocks = LazyLock<Vec<Block>>;
static CLASSICAL_BLOCKS: Blocks = LazyLock::new(|| blocks(CLASSICAL));
static QUANTUM_BLOCKS: Blocks = LazyLock::new(|| blocks(QUANTUM));

fn blocks(exponent: f64) -> Vec<Block> {
    (BETA_MIN..=BETA_MAX).map(|beta| Block::new(beta, exponent)).collect()
}

impl Block {
    fn new(beta: u64, exponent: f64) -> Self {
        let lists = LISTS * beta as f64;
        Self {
            ln_delta: ln_delta(beta),
            ln_heuristic: (beta as f64 / (2.0 * PI * E)).ln(),
            ln_lists: lists * LN_2,
            lists: lists.exp2(),
            sieve: (exponent * beta as f64).exp2(),
        }
    }
}

/// A number of operations: the double where it holds it, else the logarithm.
#[derive(Clone, Copy, Debug)]
struct Rop {
    value: f64,
    log2: f64,
}

impl Rop {
    const INFINITE: Self = Self { value: f64::INFINITY, log2: f64::INFINITY };

    fn log2(self) -> f64 {
        if self.value.is_finite() { self.value.log2() } else { self.log2 }
    }
}

impl PartialEq for Rop {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Rop {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.value.is_finite() || other.value.is_finite() {
            self.value.partial_cmp(&other.value)
        } else {
            self.log2.partial_cmp(&other.log2)
        }
    }
}

/// A parameter set of the attack; it compares by cost.
#[derive(Clone, Copy, Debug)]
struct Point {
    rop: Rop,
    beta: u64,
    p: u64,
    zeta: u64,
    t: u64,
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.rop == other.rop
    }
}

impl PartialOrd for Point {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.rop.partial_cmp(&other.rop)
    }
}

/// The cheapest parameters that the estimator's nested searches over `p`, `zeta`, `t`, `beta` meet.
///
/// ```
/// use nexuszero_crypto::estimate::{CostModel, Lwe, dual_hybrid::dual_hybrid};
/// let lwe = Lwe::new(384, 14.0, 0.8, 0.8, Some(768))?;
/// assert_eq!(
///     dual_hybrid(&lwe, CostModel::Adps16).to_string(),
///     "rop: 2^57.2, beta: 196, delta: 1.006361, p: 3, zeta: 0, t: 20, m: 384, N: 2^40.1, red: 2^57.2, guess: 2^50.6"
/// );
/// # Ok::<(), anyhow::Error>(())
/// ```
#[must_use]
pub fn dual_hybrid(lwe: &Lwe, model: CostModel) -> Estimate {
    let blocks = match model {
        CostModel::Adps16 => &CLASSICAL_BLOCKS,
        CostModel::Adps16Quantum => &QUANTUM_BLOCKS,
        CostModel::Matzov => {
            let reason = "the dual hybrid attack is priced under ADPS16 only";
            return Estimate::undefined(Attack::DualHybrid, reason);
        }
    };
    let mut search = Search::new(&lwe.normal_form(), blocks);
    let best = search.over_p().filter(|point| clamp(point.rop.log2()).is_finite());
    best.map_or(Estimate::fails(Attack::DualHybrid), |point| search.report(point))
}

/// The instance in logarithms, and the work left.
struct Search<'a> {
    blocks: &'a [Block],
    n: f64,
    samples: f64,
    ln_q: f64,
    ln_error: f64,
    ln_secret: f64,
    /// Entropy `H` of a secret coordinate, in bits.
    entropy: f64,
    /// `-ln(1 - exp(-1/(2 sigma_s^2)))`.
    ln_retries: f64,
    /// `ln` of the guesses for one enumerated coordinate, `(2A/sqrt(e)) 2^H`.
    ln_guess: f64,
    /// The best at `t = 0` for each `zeta / 10`: no `p` enters there.
    without_transform: Vec<Point>,
    cells: u32,
}

impl<'a> Search<'a> {
    fn new(lwe: &Lwe, blocks: &'a [Block]) -> Self {
        let entropy = entropy(lwe.sigma_s);
        Self {
            blocks,
            n: lwe.n,
            samples: lwe.samples,
            ln_q: lwe.ln_q,
            ln_error: lwe.sigma_e.ln(),
            ln_secret: lwe.sigma_s.ln(),
            entropy,
            ln_retries: ln_retries(lwe.sigma_s),
            ln_guess: LN_2 + ln_small_secret(lwe.sigma_s) - 0.5 + entropy * LN_2,
            without_transform: Vec::new(),
            cells: CELLS_MAX,
        }
    }

    /// `p = 2, 3, ... < q`, until it gets worse, or no transform is wanted.
    fn over_p(&mut self) -> Option<Point> {
        let mut best: Option<Point> = None;
        let ln_q = self.ln_q * (1.0 - 1e-12);
        for p in (2..).take_while(|p| (*p as f64).ln() < ln_q) {
            let Some(point) = self.over_zeta(p) else { break };
            if best.is_some_and(|best| point > best) {
                break;
            }
            best = Some(point);
            if p > 2 && point.t == 0 {
                break;
            }
        }
        best
    }

    /// `zeta = 0, 10, ... < n`, until it gets worse.
    fn over_zeta(&mut self, p: u64) -> Option<Point> {
        let zetas = (0..self.n as u64).step_by(STEP);
        early_abort(zetas.map_while(|zeta| self.over_t(p, zeta)))
    }

    /// `t = 0, 10, ... < n - zeta`, until it gets worse; nothing once the work is spent.
    fn over_t(&mut self, p: u64, zeta: u64) -> Option<Point> {
        let guess = Guess::new(self, p, zeta);
        let ts = (0..self.n as u64 - zeta).step_by(STEP);
        early_abort(ts.map_while(|t| {
            self.cells = self.cells.checked_sub(1)?;
            Some(if t == 0 { self.plain(&guess) } else { self.over_beta(&Cell::new(self, &guess, t)) })
        }))
    }

    /// The cell at `t = 0`, looked up after the first `p`.
    fn plain(&mut self, guess: &Guess) -> Point {
        let index = guess.zeta as usize / STEP;
        if let Some(&point) = self.without_transform.get(index) {
            return Point { p: guess.p, ..point };
        }
        let point = self.over_beta(&Cell::new(self, guess, 0));
        if index == self.without_transform.len() {
            self.without_transform.push(point);
        }
        point
    }

    /// The block size of one cell, by the local minimum search from `min(m - zeta - t, 1754) - 1` down.
    fn over_beta(&self, cell: &Cell) -> Point {
        let Point { zeta, t, .. } = cell.at;
        let stop = (self.samples - (zeta + t) as f64).clamp(41.0, BETA_MAX as f64) as u64;
        let top = self.block(stop - 1);
        if cell.dimension >= stop as f64 && cell.vectors(stop - 1, top) > cell.ln_most(top) {
            return cell.at;
        }
        let mut best = f64::INFINITY;
        let range = Range { start: BETA_MIN, stop, step: 1 };
        let minimum = range.local_minimum(|beta| {
            let block = self.block(beta);
            // One sieve alone costs more than the best so far: no need to count the vectors.
            let rop = if block.sieve > best {
                Rop { value: block.sieve, log2: 0.0 }
            } else {
                cell.rop(beta, block)
            };
            best = best.min(rop.value);
            rop
        });
        minimum.map_or(cell.at, |(beta, rop)| Point { rop, beta, ..cell.at })
    }

    fn block(&self, beta: u64) -> &'a Block {
        &self.blocks[(beta - BETA_MIN) as usize]
    }

    fn report(&self, at: Point) -> Estimate {
        let guess = Guess::new(self, at.p, at.zeta);
        let cell = Cell::new(self, &guess, at.t);
        let block = self.block(at.beta);
        let ln_vectors = cell.vectors(at.beta, block);
        let detail = Detail::DualHybrid {
            p: at.p,
            zeta: at.zeta,
            t: at.t,
            samples: self.n as u64,
            log2_vectors: ln_vectors * LOG2_E,
            log2_red: cell.log2_red(ln_vectors, block),
            log2_guess: cell.log2_guess(ln_vectors),
        };
        Estimate::works(Attack::DualHybrid, at.rop.log2(), at.beta, None, detail)
    }
}

/// What depends on `p` and `zeta`.
struct Guess {
    p: u64,
    zeta: u64,
    ln_p: f64,
    /// `(pi sigma_s/p)^2 / 3`, what one transformed coordinate adds to `ln N`.
    loss: f64,
    /// `ln G(zeta)`, and `G(zeta)` where a double holds it.
    ln_guesses: f64,
    guesses: f64,
}

impl Guess {
    fn new(search: &Search, p: u64, zeta: u64) -> Self {
        let ln_p = (p as f64).ln();
        let ln_guesses = search.ln_retries + zeta as f64 * search.ln_guess;
        let loss = (2.0 * (PI.ln() + search.ln_secret - ln_p)).exp() / 3.0;
        Self { p, zeta, ln_p, loss, ln_guesses, guesses: ln_guesses.exp() }
    }
}

/// What depends on `p`, `zeta` and `t`.
struct Cell {
    at: Point,
    dimension: f64,
    /// `ln(4 (pi l/q)^2)` without the terms of the block size.
    ln_noise: f64,
    /// `ln N` without the noise.
    ln_base: f64,
    ln_guesses: f64,
    guesses: f64,
    ln_transform: f64,
    transform: f64,
}

impl Cell {
    fn new(search: &Search, guess: &Guess, t: u64) -> Self {
        let Guess { p, zeta, ln_p, ln_guesses, guesses, .. } = *guess;
        let (n, coordinates) = (search.n, t as f64);
        let k = n - (zeta + t) as f64;
        let ln_mean = (n * search.ln_error + k * (search.ln_secret + search.ln_q)) / (n + k);
        let hypotheses = zeta as f64 * search.entropy + coordinates * ln_p + LN_2;
        let loss = if t == 0 { 0.0 } else { coordinates * guess.loss };
        let ln_transform = (TRANSFORM * coordinates).ln() + (coordinates + 1.0) * ln_p;
        Self {
            at: Point { rop: Rop::INFINITE, beta: BETA_MIN, p, zeta, t },
            dimension: n + k,
            ln_noise: 2.0 * (ln_mean - search.ln_q) + (16.0 * PI * PI / 3.0).ln(),
            ln_base: loss + hypotheses.ln(),
            ln_guesses,
            guesses,
            ln_transform,
            transform: if t == 0 { 0.0 } else { ln_transform.exp() },
        }
    }

    /// `ln N`, the vectors that the distinguisher needs.
    fn vectors(&self, beta: u64, block: &Block) -> f64 {
        let ln_reduced = 2.0 * (self.dimension - beta as f64) * block.ln_delta;
        (self.ln_noise + block.ln_heuristic + ln_reduced).exp() + self.ln_base
    }

    /// Largest `ln N` that the sieves may have to give.
    fn ln_most(&self, block: &Block) -> f64 {
        LOG2_SIEVES_MAX * LN_2 + block.ln_lists
    }

    fn rop(&self, beta: u64, block: &Block) -> Rop {
        let ln_vectors = self.vectors(beta, block);
        if ln_vectors > self.ln_most(block) {
            return Rop::INFINITE;
        }
        let sieves = (ln_vectors - block.ln_lists).exp();
        let guess = self.guesses * (self.transform + TABLE * sieves * block.lists);
        let value = sieves.ceil() * block.sieve + guess;
        if value.is_finite() {
            return Rop { value, log2: 0.0 };
        }
        Rop { value, log2: log2_add(self.log2_red(ln_vectors, block), self.log2_guess(ln_vectors)) }
    }

    fn log2_red(&self, ln_vectors: f64, block: &Block) -> f64 {
        (ln_vectors - block.ln_lists).exp().ceil().log2() + block.sieve.log2()
    }

    fn log2_guess(&self, ln_vectors: f64) -> f64 {
        let table = (TABLE.ln() + ln_vectors) * LOG2_E;
        self.ln_guesses * LOG2_E + log2_add(self.ln_transform * LOG2_E, table)
    }
}

/// `H = (1/2 + ln(sqrt(2 pi) sigma) + ln coth(pi^2 sigma^2)) / ln 2`.
fn entropy(sigma: f64) -> f64 {
    let ln_alpha = 2.0 * (PI.ln() + sigma.ln());
    let ln_coth = if ln_alpha < -20.0 { -ln_alpha } else { -ln_alpha.exp().tanh().ln() };
    (0.5 + 0.5 * (2.0 * PI).ln() + sigma.ln() + ln_coth) / LN_2
}

/// `-ln(1 - exp(-u))` with `u = 1/(2 sigma^2)`; it is `-ln u` for small `u`.
fn ln_retries(sigma: f64) -> f64 {
    let ln_u = -LN_2 - 2.0 * sigma.ln();
    if ln_u < -40.0 { -ln_u } else { -(-(-ln_u.exp()).exp_m1()).ln() }
}

/// `ln A = 8 alpha exp(-2 alpha) tanh(alpha)`, `alpha = (pi sigma)^2`: zero from `sigma = 0.75` on,
/// where the estimator's own arithmetic cancels it.
fn ln_small_secret(sigma: f64) -> f64 {
    let alpha = (PI * sigma).powi(2);
    if sigma >= SMALL_SECRET { 0.0 } else { 8.0 * alpha * (-2.0 * alpha).exp() * alpha.tanh() }
}
