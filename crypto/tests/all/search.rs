//! The label search against a slow version straight from the definition (labels.md, sections 2 to 4): every candidate,
//! every rank and every cut from the lowest value up, no table, no early stop, `beta_SIS` computed anew each time.
//! Only the dual hybrid attack is the crate's own (it has its own golden tables).
//!
//! `NEXUSZERO_DEMANDS=50000 cargo test --release --test search random` compares that many demands.

use std::collections::HashMap;
use std::f64::consts::{E, PI};
use std::sync::{LazyLock, RwLock};

use nexuszero_crypto::estimate::{Attack, CostModel, Lwe, estimate};
use nexuszero_crypto::field::{Field, U256, is_probable_prime};
use nexuszero_crypto::label::{Choice, Demand, LEVELS, Modulus, choose, sound};
use nexuszero_crypto::security::{BindingTest, Limit, hiding_rank};
use rayon::prelude::*;

/// Tiny primes, primes of each order modulo 128 from 1 to 32, and the named fields.
const NATIVE: [&str; 17] = [
    "3",
    "5",
    "7",
    "17",
    "127",
    "65537",
    "2147483647",
    "2013265921",
    "2130706433",
    "4294967291",
    "18446744073709551557",
    "18446744069414584321",
    "2305843009213693951",
    "170141183460469231731687303715884105727",
    "57896044618658097711785492504343953926634992332820282019728792003956564819949",
    "bn254",
    "bls12-381",
];

/// `T_delta(beta)`, above 40.
fn root_hermite(beta: f64) -> f64 {
    (beta / (2.0 * PI * E) * (PI * beta).powf(1.0 / beta)).powf(1.0 / (2.0 * (beta - 1.0)))
}

static ROOT_HERMITE: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..20_000).map(|beta| root_hermite(f64::from(beta.max(41)))).collect());

/// Whether uSVP succeeds with this block size for some `d`; the best is next to the stationary point.
fn usvp_succeeds(n: f64, ln_q: f64, sigma: f64, beta: usize, dimensions: impl Iterator<Item = u64>) -> bool {
    let (ln_delta, size) = (ROOT_HERMITE[beta].ln(), beta as f64);
    dimensions.map(|d| d as f64).filter(|d| *d > size && *d >= n + 2.0).any(|d| {
        let gsa = ln_delta * (2.0 * size - d - 1.0) + (sigma.ln() + (d - n - 1.0) * ln_q) / d;
        sigma.ln() + size.ln() / 2.0 <= gsa
    })
}

fn near_best(n: f64, ln_q: f64, sigma: f64, beta: usize) -> impl Iterator<Item = u64> {
    let best = (((n + 1.0) * ln_q - sigma.ln()) / ROOT_HERMITE[beta].ln()).sqrt();
    let best = best.max(n + 2.0).max(beta as f64 + 1.0) as u64;
    best.saturating_sub(3)..=best + 3
}

fn usvp_bits(n: f64, ln_q: f64, sigma: f64) -> f64 {
    let first =
        (41..20_000).find(|&beta| usvp_succeeds(n, ln_q, sigma, beta, near_best(n, ln_q, sigma, beta)));
    first.map_or(f64::INFINITY, |beta| 0.292 * beta as f64)
}

fn dual_hybrid_bits(n: f64, log2_q: f64, sigma: f64) -> f64 {
    let lwe = Lwe::new(n as u64, log2_q, sigma, sigma, None).unwrap();
    estimate(Attack::DualHybrid, &lwe, CostModel::Adps16).log2_rop
}

/// Rank and bits by the bits of `log2 q` and of the deviation, and the security level.
type HidingRanks = HashMap<(u64, u64, u32), (u32, f64)>;

/// The smallest rank from 1 on that hides, and its bits; kept, since many candidates share them.
fn hiding(log2_q: f64, sigma: f64, security: u32) -> (u32, f64) {
    static KNOWN: LazyLock<RwLock<HidingRanks>> = LazyLock::new(RwLock::default);
    let key = (log2_q.to_bits(), sigma.to_bits(), security);
    if let Some(&known) = KNOWN.read().unwrap().get(&key) {
        return known;
    }
    let wanted = f64::from(security);
    let rank = (1..)
        .map(|mu| (mu, 64.0 * f64::from(mu)))
        .map(|(mu, n)| (mu, n, usvp_bits(n, log2_q * 2.0_f64.ln(), sigma)))
        .filter(|(_, _, usvp)| *usvp >= wanted) // the cheaper attack can only be below
        .map(|(mu, n, usvp)| (mu, usvp.min(dual_hybrid_bits(n, log2_q, sigma))))
        .find(|(_, bits)| *bits >= wanted)
        .unwrap();
    KNOWN.write().unwrap().insert(key, rank);
    rank
}

/// `log2 delta` of SIS with a bound below `q/2`.
fn sis_log2_delta(n: f64, log2_q: f64, b: f64) -> f64 {
    let c = b * b / (4.0 * n * log2_q);
    let d = (n * log2_q / c).sqrt().floor();
    (b - n / d * log2_q) / (d - 1.0)
}

fn sis_bits(n: f64, log2_q: f64, b: f64) -> f64 {
    if b >= log2_q - 1.0 {
        return 0.0;
    }
    let delta = sis_log2_delta(n, log2_q, b).exp2();
    let first = (41..20_000).find(|&beta| ROOT_HERMITE[beta] <= delta);
    first.map_or(f64::INFINITY, |beta| 0.292 * beta as f64)
}

/// What a candidate costs, in the letters of the definition (labels.md, section 3).
#[derive(Clone, Copy, Debug)]
struct Slow {
    security: u32,
    lg: f64,
    bits: u32,
    ord: u32,
    j: u32,
    k: u32,
    per: u32,
    nlin: u32,
    gamma: u32,
    l: u32,
    rho: u32,
    challenges: (u32, u32, u32),
    mu: u32,
    lwe_bits: f64,
    kappa: u32,
    cut_d: u32,
    cut_g: u32,
}

impl Slow {
    /// The candidate without a rank; nothing if it falls.
    fn new(demand: &Demand, security: u32, lg: f64, bits: u32, ord: u32, j: u32) -> Option<Self> {
        let free = matches!(demand.modulus, Modulus::Free { .. });
        let challenges = match security {
            100 if ord >= 8 && bits >= 18 && free => (1, 13, 42),
            100 | 128 => (2, 20, 119),
            192 => (4, 37, 397),
            _ => (8, 69, 1417),
        };
        let wanted = f64::from(security - 1);
        let mut k = (wanted / (f64::from(ord) * lg)).ceil() as u32;
        while ord == 1 && k.count_ones() != 1 {
            k += 1;
        }
        if k * ord > 64 || (ord > 1 && k > 2) {
            return None;
        }
        let tau = (wanted / lg).ceil();
        let (per, worth) = if k == 1 && [8, 16].contains(&ord) {
            (ord / 2, f64::from(ord) / 2.0 - 1.0)
        } else {
            (k, f64::from(k))
        };
        let nlin = (tau / worth).ceil() as u32;
        let gamma = if ord > 1 { k } else { 1.max(2 * tau as i32 - k as i32) as u32 };
        let mut rho = 1;
        while 16 * rho * rho < 49 * k {
            rho += 1;
        }
        let slots = [64, 32, 16, 8, 4];
        let height = demand.heights[slots.iter().position(|&slots| slots == 64 / ord).unwrap()];
        let l = height + nlin + gamma;
        let start = Self {
            security,
            lg,
            bits,
            ord,
            j,
            k,
            per,
            nlin,
            gamma,
            l,
            rho,
            challenges,
            mu: 0,
            lwe_bits: 0.0,
            kappa: 0,
            cut_d: 0,
            cut_g: 0,
        };
        let (mu, lwe_bits) = hiding(lg, start.deviation(), security);
        Some(Self { mu, lwe_bits, ..start })
    }

    fn e(&self) -> u32 {
        match self.security {
            100 => 17,
            128 => 21,
            192 => 30,
            _ => 39,
        }
    }

    fn deviation(&self) -> f64 {
        (f64::from(self.j * self.e()) / 8.0).sqrt()
    }

    /// Over `8 (j-2) rho`: the squares of s1 and s2, and V.
    fn widths(&self) -> [u128; 3] {
        let (_, t, s) = self.challenges;
        let low = self.j * self.j * self.e();
        let s1 = u128::from((1 + self.rho) * low * self.rho);
        let s2 = u128::from(self.k * t * t) * u128::from((1 + self.rho) * low);
        [s1, s2, s2 + u128::from(s) * s1]
    }

    fn denominator(&self) -> u128 {
        u128::from(8 * (self.j - 2) * self.rho)
    }

    /// A width, or V, as a real.
    fn real(&self, numerator: u128) -> f64 {
        numerator as f64 / self.denominator() as f64
    }

    /// Bd2, an integer in a double; where the integers overflow, far above `2^53`, worked out in doubles.
    fn norm(&self) -> f64 {
        let (kappa, m2) = (u128::from(self.kappa), u128::from(self.mu + self.kappa + self.l));
        let (_, _, s) = self.challenges;
        let [_, _, v] = self.widths();
        let power = |cut: u32| if cut == 0 { Some(0) } else { 4_u128.checked_pow(cut) };
        let cuts =
            power(self.cut_d).and_then(|d| d.checked_mul(u128::from(s))?.checked_add(power(self.cut_g)?));
        let exact = cuts
            .and_then(|cuts| cuts.checked_mul(kappa * self.denominator())?.checked_add(12 * m2 * v))
            .and_then(|sum| Some(sum.checked_mul(704)? / (120 * self.denominator())));
        let power = |cut: u32| if cut == 0 { 0.0 } else { 4_f64.powi(cut as i32) };
        let cuts = f64::from(s) * power(self.cut_d) + power(self.cut_g);
        exact.map_or_else(
            || 704.0 * (12.0 * m2 as f64 * self.real(v) + f64::from(self.kappa) * cuts) / 120.0,
            |exact| exact as f64,
        )
    }

    /// b.
    fn log2_bound(&self) -> f64 {
        3.0 + f64::from(self.challenges.1).log2() + self.norm().log2() / 2.0
    }

    /// `0.292 beta_SIS >= lambda`, or 1.021 lambda near `q/2`, by the block size below the first that is enough.
    fn is_binding(&self) -> bool {
        let b = self.log2_bound();
        if b >= self.lg - 1.0 {
            return false;
        }
        let wanted = if b > self.lg - 3.0 { 1.021 } else { 1.0 } * f64::from(self.security);
        let below = (wanted / 0.292).ceil() as usize - 1;
        sis_log2_delta(64.0 * f64::from(self.kappa), self.lg, b) < ROOT_HERMITE[below].log2()
    }

    fn sis_bits(&self) -> f64 {
        sis_bits(64.0 * f64::from(self.kappa), self.lg, self.log2_bound())
    }

    fn hint(&self) -> u64 {
        let (_, _, s) = self.challenges;
        let [_, _, v] = self.widths();
        let dropped = if self.cut_d > 0 { f64::from(s) * 4_f64.powi(self.cut_d as i32) / 12.0 } else { 0.0 };
        let t = (self.real(v) + dropped) / 4_f64.powi(self.cut_g as i32);
        let v = t + 1.0 / 6.0;
        let sum: f64 =
            [1.0, 2.0, 3.0, 4.0].iter().map(|m| (-2.0 * PI * PI * m * m * t).exp() / (m * m)).sum();
        let cost = (2.0 * PI * E * v).log2() / 2.0 + (1.0 + 2.0 * (-2.0 * PI * PI * v).exp()).log2()
            - sum / (2.0 * 2.0_f64.ln() * PI * PI * v);
        (1000.0 * cost).round() as u64
    }

    fn proof_size(&self) -> u64 {
        let [k, kappa, bits] = [self.k, self.kappa, self.bits].map(u64::from);
        let [per, nlin, l, mu, cut_d] = [self.per, self.nlin, self.l, self.mu, self.cut_d].map(u64::from);
        let [_, _, v] = self.widths();
        let cz = (1000.0 * (self.real(v).log2() / 2.0 + 2.05)).round() as u64;
        let string = kappa * 64 * (bits - cut_d) + (l * 64 + nlin * (64 - per)) * bits;
        let coded = k * (mu + l) * 64 * cz + k * kappa * 64 * self.hint() + 36_000;
        let whole = 32 + u64::from(32.max(self.security / 4)) + string.div_ceil(8);
        whole + coded.div_ceil(8000)
    }

    /// Every rank and cut that is tried, in the order of the definition.
    fn tried(self) -> Vec<Self> {
        let plain = |kappa| Self { kappa, cut_d: 0, cut_g: 0, ..self };
        let Some(least) = (1..=1000).find(|&kappa| plain(kappa).is_binding()) else {
            return Vec::new();
        };
        (least..=least + 2).map(plain).filter(Self::is_binding).flat_map(Self::cuts).collect()
    }

    fn cuts(self) -> Vec<Self> {
        let mut tried = Vec::new();
        let mut most = self.bits - 3;
        for cut_d in 0..self.bits - 2 {
            let cut = (0..=most).rev().map(|cut_g| Self { cut_d, cut_g, ..self }).find(Self::is_binding);
            let Some(cut) = cut else { break };
            most = cut.cut_g;
            tried.push(cut);
        }
        tried
    }

    fn place(&self) -> (u64, u32, u32, u32, u32, u32) {
        (self.proof_size(), self.bits, self.ord, self.j, self.kappa, self.cut_d)
    }
}

fn candidates(modulus: Modulus) -> Vec<(f64, u32, u32)> {
    match modulus {
        Modulus::Fixed { log2_q, bits, order, binomial } if order <= 16 && binomial => {
            vec![(log2_q, bits, order)]
        }
        Modulus::Fixed { .. } => vec![],
        Modulus::Free { bits } => {
            let widths: Vec<u32> = if bits > 63 { vec![bits + 1] } else { (16.max(bits + 1)..=64).collect() };
            widths.iter().flat_map(|&bits| [1, 2, 4, 8, 16].map(|ord| (f64::from(bits), bits, ord))).collect()
        }
    }
}

/// Every candidate.
fn slow_shapes(demand: &Demand, security: u32) -> Vec<Slow> {
    let each = |(lg, bits, ord)| [4, 5, 6, 8].map(|j| Slow::new(demand, security, lg, bits, ord, j));
    candidates(demand.modulus).into_iter().flat_map(each).flatten().collect()
}

/// The smallest proof; ties go to smaller bits, ord, j, kappa, D.
fn slow_choice(demand: &Demand, security: u32) -> Option<Slow> {
    slow_shapes(demand, security).into_iter().flat_map(Slow::tried).min_by_key(Slow::place)
}

fn same(choice: &Choice, slow: &Slow) {
    let (w, t, _) = slow.challenges;
    let wanted = [
        slow.bits, slow.ord, slow.j, slow.mu, slow.k, slow.kappa, slow.l, slow.cut_d, slow.cut_g, slow.gamma,
        slow.nlin, w, t,
    ];
    let got = [
        choice.candidate.bits,
        choice.candidate.ord,
        choice.j,
        choice.mu,
        choice.k,
        choice.kappa,
        choice.l,
        choice.cut_d,
        choice.cut_g,
        choice.gamma,
        choice.nlin,
        choice.challenges.w,
        choice.challenges.t,
    ];
    assert_eq!(got, wanted, "{slow:?}");
    assert_eq!(choice.proof_size, slow.proof_size(), "{slow:?}");
    assert_eq!(choice.proof_size, choice.parts.total().div_ceil(8000), "{slow:?}");
    let [s1, s2, _] = slow.widths().map(|square| slow.real(square).sqrt());
    for (got, wanted) in [
        (choice.sigma, s2),
        (choice.s, slow.deviation()),
        (choice.s1, s1),
        (choice.lwe_bits, slow.lwe_bits),
        (choice.sis_bits, slow.sis_bits()),
    ] {
        assert!((got - wanted).abs() <= 1e-9 * wanted, "{got} is not {wanted} of {slow:?}");
    }
    limits(choice, *slow);
}

/// What is said to bind does, and nothing does where nothing is said to.
fn limits(choice: &Choice, slow: Slow) {
    let more = Slow { cut_g: slow.cut_g + 1, ..slow };
    assert_eq!(choice.cut_limit.is_none(), more.is_binding(), "{slow:?}");
    let less = Slow { kappa: slow.kappa - 1, cut_d: 0, cut_g: 0, ..slow };
    let binds = slow.kappa == 1 || less.is_binding();
    assert_eq!(choice.rank_limit.is_none(), binds, "{slow:?}");
    let half = |limit: Option<Limit>| limit == Some(Limit::HalfModulus);
    assert_eq!(half(choice.cut_limit), more.log2_bound() >= slow.lg - 1.0, "{slow:?}");
}

/// Compares both searches; whether there is an answer.
fn compare(demand: &Demand, security: u32) -> bool {
    match (choose(demand, security), slow_choice(demand, security)) {
        (Ok(choice), Some(slow)) => same(&choice, &slow),
        (Err(error), None) => {
            assert!(error.to_string().starts_with("infeasible at"), "{error}");
            return false;
        }
        (choice, slow) => panic!("{demand:?} at {security}: {choice:?} is not {slow:?}"),
    }
    true
}

/// Numbers by SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }

    /// From 1 on, small numbers as often as large ones.
    fn logarithmic(&mut self, bits: u64) -> u32 {
        let length = self.below(bits) + 1;
        (self.next() >> (64 - length)).max(1) as u32
    }

    /// A prime of any order modulo 128, most of them with binomial factors.
    fn prime(&mut self) -> U256 {
        let bits = 18 + self.below(239) as usize;
        let ord = 1 << self.below(6);
        let (residue, step) = if ord == 1 { (1, 128) } else { (1 + 128 / ord, 256 / ord) };
        let (residue, step) = if self.below(8) == 0 { (1, 2) } else { (residue, step) };
        loop {
            let limbs = std::array::from_fn(|_| self.next());
            let number = (U256::from_limbs(limbs) >> (256 - bits)) | (U256::from(1) << (bits - 1));
            let number = number - number % U256::from(step) + U256::from(residue);
            if is_probable_prime(number) {
                return number;
            }
        }
    }

    fn modulus(&mut self) -> Modulus {
        match self.below(8) {
            0 => Modulus::fixed(&Field::new(self.prime()).unwrap()),
            1 => Modulus::fixed(&Field::parse(NATIVE[self.below(NATIVE.len() as u64) as usize]).unwrap()),
            2 => Modulus::Free { bits: 1 + self.below(200) as u32 },
            _ => Modulus::Free { bits: 1 + self.below(64) as u32 },
        }
    }

    /// By forms alone, or heights as a circuit has them: they grow as the slots get fewer, at most as the slots fall.
    fn demand(&mut self) -> Demand {
        let modulus = self.modulus();
        if self.below(2) == 0 {
            return Demand::of_forms(self.logarithmic(18), modulus);
        }
        let mut height = f64::from(self.logarithmic(13));
        let heights = std::array::from_fn(|at| {
            let growth = self.below(1001) as f64 / 1000.0;
            height *= if at == 0 { 1.0 } else { 1.0 + growth };
            height as u32
        });
        Demand { modulus, heights }
    }
}

/// Demands of all kinds at all levels.
#[test]
fn random_demands_are_answered_as_by_the_slow_search() {
    let count = std::env::var("NEXUSZERO_DEMANDS").map_or(240, |count| count.parse().unwrap());
    let answered = |seed: u64| {
        let mut draw = Draw(seed << 20);
        let security = LEVELS[draw.below(4) as usize];
        compare(&draw.demand(), security)
    };
    let answers = (0..count).into_par_iter().filter(|&seed| answered(seed)).count() as u64;
    println!("{count} demands compared, {answers} of them with an answer");
    assert!(answers > count * 3 / 4);
}

#[test]
fn no_candidate_that_is_passed_over_is_better() {
    (0..1500_u64).into_par_iter().for_each(|seed| {
        let mut draw = Draw((seed << 20) + 1);
        let (security, demand) = (LEVELS[draw.below(4) as usize], draw.demand());
        let all = sound(&demand, security).unwrap();
        assert_eq!(choose(&demand, security).ok(), all.first().copied(), "{demand:?}");
        let place =
            |choice: &Choice| (choice.proof_size, choice.candidate.bits, choice.candidate.ord, choice.j);
        assert!(all.is_sorted_by_key(place));
    });
}

/// Each candidate's own best, not only the label's.
#[test]
fn every_sound_candidate_is_as_by_the_slow_search() {
    for (demand, security) in [
        (Demand::of_forms(1, Modulus::Free { bits: 2 }), 100),
        (Demand::of_forms(700, Modulus::Free { bits: 33 }), 192),
        (Demand::of_forms(90, Modulus::fixed(&Field::parse("babybear").unwrap())), 256),
    ] {
        let mut slow: Vec<_> = slow_shapes(&demand, security)
            .into_iter()
            .filter_map(|shape| shape.tried().into_iter().min_by_key(Slow::place))
            .collect();
        slow.sort_by_key(Slow::place);
        let fast = sound(&demand, security).unwrap();
        assert_eq!(fast.len(), slow.len());
        fast.iter().zip(&slow).for_each(|(choice, slow)| same(choice, slow));
    }
}

#[test]
fn the_edges_of_the_free_range() {
    for bits in [0, 14, 15, 16, 62, 63, 64, 255] {
        for forms in [0, 1, 64, 65] {
            compare(&Demand::of_forms(forms, Modulus::Free { bits }), 128);
        }
    }
}

#[test]
fn every_native_field_at_every_level() {
    for security in LEVELS {
        for prime in NATIVE {
            let modulus = Modulus::fixed(&Field::parse(prime).unwrap());
            compare(&Demand::of_forms(300, modulus), security);
        }
    }
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let demand = |bits| Demand { modulus: Modulus::Free { bits }, heights: [u32::MAX; 5] };
    for security in LEVELS {
        for bits in [20, 64, 100, 255] {
            let choice = choose(&demand(bits), security).unwrap();
            assert!(choice.proof_size > 1 << 40);
            assert_eq!(choice.parts.total().div_ceil(8000), choice.proof_size);
        }
    }
    assert!(choose(&demand(256), 128).unwrap_err().to_string().contains("up to 255 bits"));
    assert!(choose(&demand(u32::MAX), 128).is_err());
    let many = Demand::of_forms(u32::MAX, Modulus::Free { bits: 20 });
    assert!(choose(&many, 128).unwrap().proof_size > 1 << 30);
}

/// Why there are no parameters, by the constraint that fails.
#[test]
fn what_cannot_be_met_is_named() {
    let reason = |prime: &str, security| {
        let modulus = Modulus::fixed(&Field::parse(prime).unwrap());
        choose(&Demand::of_forms(100, modulus), security).unwrap_err().to_string()
    };
    assert!(reason("2147483647", 128).ends_with("p mod 128 is not 65 (soundness); another field helps"));
    assert!(reason("18446744073709551557", 128).contains("order modulo 128 is 32, above 16 (soundness)"));
    assert!(reason("17", 128).contains("openings in parallel, with factors of degree 8"));
    assert!(reason("257", 256).contains("no rank up to 1000 makes the commitment binding (Module-SIS)"));
    assert!(reason("65537", 128).contains("(Module-SIS)"));
}

/// The scan over d next to the stationary point loses nothing against all d up to eight n.
#[test]
fn usvp_over_all_dimensions() {
    let sigma = (2.0_f64 / 3.0).sqrt();
    for (n, log2_q) in [(64_u32, 1.6), (64, 16.0), (640, 16.0), (1024, 32.0), (1984, 64.0), (256, 254.0)] {
        let (ln_q, size) = (log2_q * 2.0_f64.ln(), f64::from(n));
        for beta in (41..900).step_by(13) {
            for sigma in [sigma, 3.0, 6.3] {
                let near = usvp_succeeds(size, ln_q, sigma, beta, near_best(size, ln_q, sigma, beta));
                let all = usvp_succeeds(size, ln_q, sigma, beta, u64::from(n)..40 * u64::from(n));
                assert_eq!(near, all, "n = {n}, log2 q = {log2_q}, beta = {beta}");
            }
        }
    }
}

/// 784 ranks: every length of a free q with every j at every level.
#[test]
fn the_hiding_rank_is_the_smallest_for_every_width() {
    for (security, e) in LEVELS.into_iter().zip([17, 21, 30, 39]) {
        for (bits, j) in (16..=64).flat_map(|bits| [4, 5, 6, 8].map(|j| (f64::from(bits), j))) {
            let sigma = (f64::from(j * e) / 8.0).sqrt();
            let rank = hiding_rank(bits, sigma, security);
            let (mu, lwe_bits) = hiding(bits, sigma, security);
            assert_eq!(rank.mu, mu, "{bits} bits at {security}, j = {j}");
            assert!((rank.bits - lwe_bits).abs() < 1e-9);
        }
    }
}

/// The block sizes that the definition lists: those just below the first that is enough.
#[test]
fn near_half_the_modulus_more_is_demanded() {
    let bits = |beta: usize| 0.292 * beta as f64;
    for (security, far, near) in [(100, 342, 349), (128, 438, 447), (192, 657, 671), (256, 876, 895)] {
        let wanted = f64::from(security);
        assert!(bits(far) < wanted && bits(far + 1) >= wanted);
        assert!(bits(near) < 1.021 * wanted && bits(near + 1) >= 1.021 * wanted);
        let test = BindingTest::new(security);
        let mut met = [0; 4];
        for n in (64..2560).step_by(64).map(f64::from) {
            for b in (400..3200).step_by(7).map(|b| f64::from(b) / 100.0) {
                let limit = test.limit(n, 32.0, b);
                met[limit.map_or(0, |limit| limit as usize)] += 1;
                let bits = sis_bits(n, 32.0, b);
                let wanted = match b {
                    _ if b >= 31.0 => Some(Limit::HalfModulus),
                    _ if bits < wanted => Some(Limit::Sis),
                    _ if b > 29.0 && bits < 1.021 * wanted => Some(Limit::NearHalf),
                    _ => None,
                };
                assert_eq!(limit, wanted, "n = {n}, b = {b}");
            }
        }
        assert!(met.iter().all(|&count| count > 0), "{met:?}");
    }
}
