//! The label search against a slow version straight from the definition (labels.md, sections 2 to 4): linear scans
//! from the lowest value, no early stop, `beta_SIS` computed anew for every rank and cut.
//! Only the dual hybrid attack is the crate's own (it has its own golden tables).

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report

use std::collections::HashMap;
use std::f64::consts::{E, PI};
use std::sync::{LazyLock, Mutex};

use nexuszero_crypto::estimate::{Attack, CostModel, Lwe, estimate};
use nexuszero_crypto::field::Field;
use nexuszero_crypto::label::{Choice, Demand, LEVELS, Modulus, choose, sound};
use nexuszero_crypto::packing::SLOTS;
use nexuszero_crypto::security::{BindingTest, hiding_rank};
use proptest::prelude::*;

/// Tiny primes, primes of each order modulo 128 from 1 to 32, and the named fields.
const NATIVE: [&str; 16] = [
    "3",
    "5",
    "7",
    "17",
    "127",
    "65537",
    "2147483647",
    "2013265921",
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

/// Rank and bits by the bits of `log2 q` and the security level.
type HidingRanks = HashMap<(u64, u32), (u32, f64)>;

/// The smallest rank from 1 on that hides, and its bits; kept, since many candidates share `q`.
fn hiding(log2_q: f64, security: u32) -> (u32, f64) {
    static KNOWN: LazyLock<Mutex<HidingRanks>> = LazyLock::new(Mutex::default);
    let key = (log2_q.to_bits(), security);
    if let Some(&known) = KNOWN.lock().unwrap().get(&key) {
        return known;
    }
    let (sigma, wanted) = ((2.0_f64 / 3.0).sqrt(), f64::from(security));
    let rank = (1..)
        .map(|mu| (mu, 64.0 * f64::from(mu)))
        .map(|(mu, n)| (mu, n, usvp_bits(n, log2_q * 2.0_f64.ln(), sigma)))
        .filter(|(_, _, usvp)| *usvp >= wanted) // the cheaper attack can only be below
        .map(|(mu, n, usvp)| (mu, usvp.min(dual_hybrid_bits(n, log2_q, sigma))))
        .find(|(_, bits)| *bits >= wanted)
        .unwrap();
    KNOWN.lock().unwrap().insert(key, rank);
    rank
}

fn sis_bits(n: f64, log2_q: f64, bound: f64) -> f64 {
    let b = bound.log2();
    if b >= log2_q - 1.0 {
        return 0.0;
    }
    let c = b * b / (4.0 * n * log2_q);
    let d = (n * log2_q / c).sqrt().floor();
    let delta = ((b - n / d * log2_q) / (d - 1.0)).exp2();
    0.292 * (41..20_000).find(|&beta| ROOT_HERMITE[beta] <= delta).unwrap() as f64
}

/// What a candidate costs, in the letters of the definition (labels.md, section 3).
#[derive(Clone, Copy, Debug)]
struct Slow {
    security: u32,
    lg: f64,
    bits: u32,
    ord: u32,
    k: u32,
    nlin: u32,
    l: u32,
    mu: u32,
    lwe_bits: f64,
    kappa: u32,
    cut_d: u32,
    cut_g: u32,
}

impl Slow {
    /// `(w, T, l1)`.
    fn challenges(&self) -> (f64, f64, f64) {
        match self.security {
            100 | 128 => (2.0, 20.0, 128.0),
            192 => (4.0, 37.0, 256.0),
            _ => (8.0, 69.0, 512.0),
        }
    }

    fn evaluate(demand: &Demand, security: u32, lg: f64, bits: u32, ord: u32) -> Option<Self> {
        let wanted = f64::from(security - 1);
        let mut k = (wanted / (f64::from(ord) * lg)).ceil() as u32;
        while ord == 1 && !k.is_power_of_two() {
            k += 1;
        }
        if k * ord > 64 {
            return None;
        }
        let tau = (wanted / lg).ceil();
        let nlin = if ord == 1 { (tau / f64::from(k)).ceil() } else { tau } as u32;
        let height = demand.heights[SLOTS.iter().position(|&slots| slots == 64 / ord).unwrap()];
        let (mu, lwe_bits) = hiding(lg, security);
        let l = height + 1 + nlin;
        let start = Self { security, lg, bits, ord, k, nlin, l, mu, lwe_bits, kappa: 0, cut_d: 0, cut_g: 0 };
        (1..=1000).map(|kappa| Self { kappa, ..start }).find(Self::is_binding).map(Self::raise_cuts)
    }

    fn raise_cuts(mut self) -> Self {
        while self.cut_g + 1 < self.bits - 1 && (Self { cut_g: self.cut_g + 1, ..self }).is_binding() {
            self.cut_g += 1;
        }
        let (_, _, l1) = self.challenges();
        while self.cut_d + 1 < self.bits - 1
            && l1 * f64::from(self.cut_d).exp2() < f64::from(self.cut_g).exp2()
            && (Self { cut_d: self.cut_d + 1, ..self }).is_binding()
        {
            self.cut_d += 1;
        }
        self
    }

    fn m2(&self) -> f64 {
        f64::from(self.mu + self.kappa + self.l)
    }

    fn sigma(&self) -> f64 {
        0.675 * self.challenges().1 * (f64::from(self.k) * self.m2() * 64.0).sqrt()
    }

    fn sis_bits(&self) -> f64 {
        let (_, t, _) = self.challenges();
        let norm = (f64::from(self.kappa) * 64.0).sqrt();
        let cut = |bits: u32| if bits > 0 { (f64::from(bits) - 1.0).exp2() * norm } else { 0.0 };
        let bound = self.sigma() * (2.0 * self.m2() * 64.0).sqrt() + t * cut(self.cut_d) + cut(self.cut_g);
        sis_bits(64.0 * f64::from(self.kappa), self.lg, 8.0 * t * bound)
    }

    fn is_binding(&self) -> bool {
        self.sis_bits() >= f64::from(self.security)
    }

    fn hint(&self) -> f64 {
        let (w, _, _) = self.challenges();
        if self.cut_g == 0 {
            return self.sigma().log2() + 2.1;
        }
        let low = if self.cut_d > 0 {
            (w * (w + 1.0) / 3.0) * (64.0 / 12.0) * 4_f64.powf(f64::from(self.cut_d))
        } else {
            0.0
        };
        let s = (self.sigma().powi(2) + low).sqrt() / f64::from(self.cut_g).exp2();
        0.5 * (1.0 + 2.0 * PI * E * s * s).log2() + 0.15
    }

    fn proof_size(&self) -> u64 {
        let (k, kappa, bits) = (f64::from(self.k), f64::from(self.kappa), f64::from(self.bits));
        let proof_bits = kappa * 64.0 * (bits - f64::from(self.cut_d))
            + f64::from(self.l + self.nlin) * 64.0 * bits
            + k * (self.m2() - kappa) * 64.0 * (self.sigma().log2() + 2.1)
            + k * kappa * 64.0 * self.hint()
            + f64::from(256.max(2 * self.security));
        (proof_bits / 8.0).ceil() as u64
    }
}

fn candidates(modulus: Modulus) -> Vec<(f64, u32, u32)> {
    match modulus {
        Modulus::Fixed { log2_q, bits, order } => vec![(log2_q, bits, order)],
        Modulus::Free { bits } => {
            let widths: Vec<u32> = if bits > 63 { vec![bits + 1] } else { (16.max(bits + 1)..=64).collect() };
            widths.iter().flat_map(|&bits| [1, 2, 4, 8, 16].map(|ord| (f64::from(bits), bits, ord))).collect()
        }
    }
}

/// The smallest proof; ties go to the smaller bits, then the smaller ord.
fn slow_choice(demand: &Demand, security: u32) -> Option<Slow> {
    candidates(demand.modulus)
        .into_iter()
        .filter_map(|(lg, bits, ord)| Slow::evaluate(demand, security, lg, bits, ord))
        .min_by_key(|slow| (slow.proof_size(), slow.bits, slow.ord))
}

fn same(choice: &Choice, slow: &Slow) -> Result<(), TestCaseError> {
    let wanted = [slow.bits, slow.ord, slow.mu, slow.k, slow.kappa, slow.l, slow.cut_d, slow.cut_g];
    let candidate = choice.candidate;
    let got = [
        candidate.bits,
        candidate.ord,
        choice.mu,
        choice.k,
        choice.kappa,
        choice.l,
        choice.cut_d,
        choice.cut_g,
    ];
    prop_assert_eq!(got, wanted);
    prop_assert_eq!(choice.proof_size, slow.proof_size());
    for (got, wanted) in
        [(choice.sigma, slow.sigma()), (choice.lwe_bits, slow.lwe_bits), (choice.sis_bits, slow.sis_bits())]
    {
        prop_assert!((got - wanted).abs() <= 1e-9 * wanted, "{} is not {}", got, wanted);
    }
    Ok(())
}

fn compare(demand: &Demand, security: u32) -> Result<(), TestCaseError> {
    match (choose(demand, security), slow_choice(demand, security)) {
        (Ok(choice), Some(slow)) => same(&choice, &slow),
        (Err(error), None) => {
            prop_assert!(error.to_string().starts_with("infeasible at"), "{}", error);
            Ok(())
        }
        (choice, slow) => Err(TestCaseError::fail(format!("{choice:?} is not {slow:?}"))),
    }
}

/// Heights as a circuit has them: they grow as the slots get fewer, by at most the factor that is lost.
fn heights() -> impl Strategy<Value = [u32; 6]> {
    (0.0..13.0_f64, prop::array::uniform5(0.0..=1.0_f64)).prop_map(|(log, growth)| {
        let mut height = log.exp2();
        let mut next = |factor: f64| {
            height *= 1.0 + factor;
            height as u32
        };
        [next(0.0), next(growth[0]), next(growth[1]), next(growth[2]), next(growth[3]), next(growth[4])]
    })
}

fn free() -> impl Strategy<Value = Modulus> {
    let bits = prop_oneof![6 => 0_u32..64, 1 => prop::sample::select(vec![64_u32, 65, 96, 254, 255])];
    bits.prop_map(|bits| Modulus::Free { bits })
}

fn native() -> impl Strategy<Value = Modulus> {
    prop::sample::select(&NATIVE[..]).prop_map(|prime| Modulus::fixed(&Field::parse(prime).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_free_modulus_is_chosen_as_by_the_slow_search(
        modulus in free(), heights in heights(), security in prop::sample::select(&LEVELS[..]),
    ) {
        compare(&Demand { modulus, heights }, security)?;
    }

    #[test]
    fn so_is_the_rest_for_a_fixed_one(
        modulus in native(), heights in heights(), security in prop::sample::select(&LEVELS[..]),
    ) {
        compare(&Demand { modulus, heights }, security)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_candidate_that_is_passed_over_is_better(
        modulus in free(), heights in heights(), security in prop::sample::select(&LEVELS[..]),
    ) {
        let demand = Demand { modulus, heights };
        prop_assert_eq!(choose(&demand, security).ok(), sound(&demand, security).unwrap().first().copied());
    }

    #[test]
    fn what_the_binding_test_rules_out_falls(
        rank in 1_u32..=1000, log2_q in 16.0..256.0_f64, bound in 8.0..256.0_f64,
        share in prop_oneof![0.2..1.0_f64, 0.999_999..1.0_f64], security in prop::sample::select(&LEVELS[..]),
    ) {
        let (test, n) = (BindingTest::new(security), 64.0 * f64::from(rank));
        prop_assert!(!test.holds(share * test.least_dimension(log2_q, bound), log2_q, bound));
        prop_assert!(!test.holds(n, log2_q, test.longest_bound(n, log2_q) / share));
    }
}

#[test]
fn the_edges_of_the_free_range() {
    for bits in [0, 14, 15, 16, 62, 63, 64, 255] {
        for forms in [0, 1, 64, 65] {
            compare(&Demand::of_forms(forms, Modulus::Free { bits }), 128).unwrap();
        }
    }
}

#[test]
fn every_native_field_at_every_level() {
    for security in LEVELS {
        for prime in NATIVE {
            let modulus = Modulus::fixed(&Field::parse(prime).unwrap());
            compare(&Demand::of_forms(300, modulus), security).unwrap();
        }
    }
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let demand = |bits| Demand { modulus: Modulus::Free { bits }, heights: [u32::MAX; 6] };
    assert!(choose(&demand(20), 128).unwrap().proof_size > 1 << 40);
    assert!(choose(&demand(256), 128).unwrap_err().to_string().contains("up to 255 bits"));
    assert!(choose(&demand(u32::MAX), 128).is_err());
    assert!(
        choose(&Demand::of_forms(u32::MAX, Modulus::Free { bits: 20 }), 128).unwrap().proof_size > 1 << 30
    );
}

/// The scan over d next to the stationary point loses nothing against all d up to eight n.
#[test]
fn usvp_over_all_dimensions() {
    let sigma = (2.0_f64 / 3.0).sqrt();
    for (n, log2_q) in [(64_u32, 1.6), (64, 16.0), (640, 16.0), (1024, 32.0), (1984, 64.0), (256, 254.0)] {
        let (ln_q, size) = (log2_q * 2.0_f64.ln(), f64::from(n));
        for beta in (41..900).step_by(13) {
            let near = usvp_succeeds(size, ln_q, sigma, beta, near_best(size, ln_q, sigma, beta));
            let all = usvp_succeeds(size, ln_q, sigma, beta, u64::from(n)..40 * u64::from(n));
            assert_eq!(near, all, "n = {n}, log2 q = {log2_q}, beta = {beta}");
        }
    }
}

#[test]
fn the_hiding_rank_is_the_smallest_for_every_width() {
    for security in LEVELS {
        for bits in 16..=64 {
            let rank = hiding_rank(f64::from(bits), security);
            let (mu, lwe_bits) = hiding(f64::from(bits), security);
            assert_eq!(rank.mu, mu, "{bits} bits at {security}");
            assert!((rank.bits - lwe_bits).abs() < 1e-9);
        }
    }
}
