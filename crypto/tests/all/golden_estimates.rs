//! Every row of the golden tables: what malb/lattice-estimator @27a581b returns.
//!
//! The tables of `tests/fixtures/golden` come from runs of the original
//! (estimator.md, sections 1 to 6); `inf` is a cost that is infinite, `trivial` an instance with nothing to attack.

use std::path::Path;

use nexuszero_crypto::estimate::delta::{ln_closed_form, ln_delta};
use nexuszero_crypto::estimate::{Attack, CostModel, Detail, Estimate, Lwe, Sis, Status, estimate};
use proptest::prelude::*;

/// Largest difference in `log2 rop`; the tables are met far below a hundredth of a bit.
const TOLERANCE: f64 = 1e-8;

/// A row of a table, by the names of its columns.
struct Row {
    header: csv::StringRecord,
    record: csv::StringRecord,
}

impl Row {
    fn text(&self, name: &str) -> &str {
        let column = self.header.iter().position(|column| column == name);
        &self.record[column.unwrap_or_else(|| panic!("no column {name}"))]
    }

    fn real(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap()
    }

    fn integer(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap()
    }

    fn count(&self, name: &str) -> Option<u64> {
        (self.text(name) != "oo").then(|| self.integer(name))
    }

    fn lwe(&self) -> Lwe {
        let (sigma_s, sigma_e) = (self.real("sigma_s"), self.real("sigma_e"));
        Lwe::new(self.integer("n"), self.real("log2_q"), sigma_s, sigma_e, self.count("m")).unwrap()
    }

    fn model(&self) -> CostModel {
        match self.text("cost_model") {
            "ADPS16" => CostModel::Adps16,
            "ADPS16-quantum" => CostModel::Adps16Quantum,
            "MATZOV" => CostModel::Matzov,
            other => panic!("no cost model {other}"),
        }
    }
}

fn table(name: &str, rows: usize) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden").join(name);
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let table: Vec<Row> =
        reader.records().map(|record| Row { header: header.clone(), record: record.unwrap() }).collect();
    assert_eq!(table.len(), rows, "{name} is truncated");
    table
}

/// Checks the cost, and the block size where there is one; returns the difference in `log2 rop`.
fn check(row: &Row, result: &Estimate, suffix: &str) -> f64 {
    let wanted = row.real(&format!("rop_log2{suffix}"));
    if wanted.is_infinite() {
        assert_eq!(result.status, Status::Fails, "{:?}", row.record);
        assert_eq!(result.log2_rop, f64::INFINITY);
        return 0.0;
    }
    assert_eq!(result.status, Status::Works, "{:?}", row.record);
    assert_eq!(result.beta, Some(row.integer(&format!("beta{suffix}"))), "{:?}: {result}", row.record);
    close(row, result.log2_rop, wanted)
}

fn close(row: &Row, result: f64, wanted: f64) -> f64 {
    let difference = (result - wanted).abs();
    assert!(difference <= TOLERANCE, "{result}, not {wanted}: {:?}", row.record);
    difference
}

/// Runs `each` over a table and prints the worst difference that it returns.
fn over(name: &str, rows: usize, each: impl Fn(&Row) -> f64) {
    let worst = table(name, rows).iter().map(each).fold(0.0, f64::max);
    println!("{name}: {rows} rows, worst difference {worst:.1e} bits");
}

fn check_usvp(row: &Row) -> f64 {
    let result = estimate(Attack::Usvp, &row.lwe(), row.model());
    let difference = check(row, &result, "");
    if result.status == Status::Works {
        assert_eq!(result.d, Some(row.integer("d")), "{:?}", row.record);
        assert!((result.delta.unwrap() - row.real("delta")).abs() < 1e-12);
    }
    difference
}

#[test]
fn usvp() {
    over("lwe_usvp.csv", 370, check_usvp);
    over("lwe_usvp_edge.csv", 17, check_usvp);
    over("lwe_usvp_mixed.csv", 84, check_usvp);
}

#[test]
fn bdd() {
    over("lwe_bdd.csv", 29, |row| {
        let result = estimate(Attack::Bdd, &row.lwe(), row.model());
        let difference = check(row, &result, "");
        assert_eq!(result.d, Some(row.integer("d")), "{:?}", row.record);
        let Detail::Bdd { eta, log2_red, log2_svp } = result.detail else { panic!("{result}") };
        assert_eq!(eta, row.integer("eta"), "{:?}", row.record);
        let red = close(row, log2_red, row.real("red_log2"));
        difference.max(red).max(close(row, log2_svp, row.real("svp_log2")))
    });
}

fn check_dual(row: &Row) -> f64 {
    let result = estimate(Attack::Dual, &row.lwe(), row.model());
    let difference = check(row, &result, "");
    assert_eq!(result.d, Some(row.integer("d")), "{:?}", row.record);
    let Detail::Dual { samples, .. } = result.detail else { panic!("{result}") };
    assert_eq!(samples, row.integer("m_used"), "{:?}", row.record);
    difference
}

#[test]
fn dual() {
    over("lwe_dual.csv", 45, check_dual);
    over("lwe_dual_fft.csv", 23, check_dual);
}

fn check_dual_hybrid(row: &Row) -> f64 {
    let result = estimate(Attack::DualHybrid, &row.lwe(), row.model());
    let difference = check(row, &result, "");
    let Detail::DualHybrid { p, zeta, t, samples, log2_vectors, log2_red, log2_guess } = result.detail else {
        panic!("{result}")
    };
    let wanted = ["p", "zeta", "t", "m_used"].map(|name| row.integer(name));
    assert_eq!([p, zeta, t, samples], wanted, "{:?}", row.record);
    close(row, log2_vectors, row.real("N_log2"));
    close(row, log2_guess, row.real("guess_log2"));
    difference.max(close(row, log2_red, row.real("red_log2")))
}

#[test]
fn dual_hybrid() {
    over("lwe_dual_hybrid.csv", 45, check_dual_hybrid);
    over("lwe_dual_hybrid_fft.csv", 23, check_dual_hybrid);
}

#[test]
fn sis() {
    over("sis_l2.csv", 183, |row| {
        let log2_bound = row.real("length_bound").log2();
        let sis = Sis::new(row.integer("n"), row.real("log2_q"), log2_bound, row.count("m")).unwrap();
        let result = sis.estimate(CostModel::Adps16);
        if row.text("status") == "trivial" {
            // the original gave up at half the modulus, which is wrong in this norm (its issue 162)
            let trivial = log2_bound >= row.real("log2_q");
            assert_eq!(result.status == Status::Trivial, trivial, "{:?}", row.record);
            assert_eq!(result.log2_rop == 0.0, trivial, "{:?}", row.record);
            return 0.0;
        }
        assert_eq!(result.status == Status::Works, row.text("status") == "ok", "{:?}", row.record);
        let shape = (result.beta, result.d);
        assert_eq!(shape, (Some(row.integer("beta")), Some(row.integer("d"))), "{:?}", row.record);
        assert!((result.delta.unwrap() - row.real("delta")).abs() < 1e-12);
        check(row, &result, "")
    });
}

/// The instance of the estimator's issue 162: 232 times the root of 4 * 512 lies between q/2 and q and above q; 4000
/// lies between. The figures are those of the mended estimator, as far as three digits go.
#[test]
fn sis_is_not_trivial_below_q() {
    let sis =
        |bound: f64| Sis::new(1024, 7933_f64.log2(), bound.log2(), None).unwrap().estimate(CostModel::Adps16);
    let between = sis(4000.0);
    assert_eq!((between.status, format!("{:.5}", between.delta.unwrap())), (Status::Works, "1.00187".into()));
    assert!((between.log2_rop - 327.0).abs() < 0.5, "{between}");
    assert_eq!(sis(7932.0).status, Status::Works);
    assert_eq!(sis(7933.0).status, Status::Trivial);
}

/// No vector is that short: the dimension that would be best has no end, and no figure stands for it.
#[test]
fn an_infinite_sis_instance_has_no_block_size() {
    for (bound, columns) in [(0.0, None), (1e-12, None)] {
        let result = Sis::new(50, 32.0, bound, columns).unwrap().estimate(CostModel::Adps16);
        assert_eq!((result.status, result.beta, result.delta), (Status::Fails, None, None), "{result}");
        assert!(result.d.is_none_or(|d| d < u64::MAX) && result.log2_rop.is_infinite(), "{result}");
    }
    assert_eq!(Sis::new(50, 32.0, 0.0, None).unwrap().estimate(CostModel::Adps16).to_string(), "rop: inf");
}

#[test]
fn schemes() {
    over("schemes.csv", 32, |row| {
        let log2_q = (row.text("q").parse::<u128>().unwrap() as f64).log2();
        let (sigma_s, sigma_e) = (row.real("stddev_s"), row.real("stddev_e"));
        let lwe = Lwe::new(row.integer("n"), log2_q, sigma_s, sigma_e, row.count("m")).unwrap();
        let models = [(CostModel::Adps16, "_adps16"), (CostModel::Matzov, "_matzov")];
        let differences = models.map(|(model, suffix)| {
            let result = estimate(Attack::Usvp, &lwe, model);
            assert_eq!(result.d, Some(row.integer(&format!("d{suffix}"))), "{:?}", row.record);
            check(row, &result, suffix)
        });
        differences[0].max(differences[1])
    });
}

/// Smallest `beta >= 40` for which some `d` in `max(n, beta) ..= cap` succeeds (estimator.md, section 4.5).
fn linear_scan(n: u64, log2_q: f64, sigma: f64, cap: u64) -> Option<u64> {
    let ln_q = log2_q * std::f64::consts::LN_2;
    let succeeds = |beta: u64, d: u64| {
        let (rows, width) = (d as f64 - n as f64 - 1.0, d as f64);
        let gso = (2.0 * beta as f64 - width - 1.0) * ln_delta(beta) + (sigma.ln() + rows * ln_q) / width;
        sigma.ln() + 0.5 * (beta as f64).ln() <= gso
    };
    (40..=1745).find(|beta| (n.max(*beta)..=cap).any(|d| succeeds(*beta, d)))
}

#[test]
fn usvp_is_the_smallest_feasible_block_size() {
    for row in table("lwe_usvp.csv", 370).iter().step_by(10) {
        let (n, m) = (row.integer("n"), row.integer("m"));
        let scanned = linear_scan(n, row.real("log2_q"), row.real("sigma_e"), n + m);
        let result = estimate(Attack::Usvp, &row.lwe(), CostModel::Adps16);
        assert_eq!(result.beta, scanned, "{:?}", row.record);
    }
}

#[test]
fn the_closed_form_falls() {
    let values: Vec<f64> = (40..=65_536_u32).map(|beta| ln_closed_form(f64::from(beta))).collect();
    assert!(values.windows(2).all(|pair| pair[1] < pair[0]));
}

#[test]
fn wrong_values_are_named() {
    let message = |result: anyhow::Result<Lwe>| result.unwrap_err().to_string();
    assert!(message(Lwe::new(0, 12.0, 1.0, 1.0, None)).starts_with("n is 0: "));
    assert!(message(Lwe::new(1 << 40, 12.0, 1.0, 1.0, None)).starts_with("n is 1099511627776: "));
    assert!(message(Lwe::new(512, 0.5, 1.0, 1.0, None)).starts_with("log2_q is 0.5: "));
    assert!(message(Lwe::new(512, f64::NAN, 1.0, 1.0, None)).starts_with("log2_q is NaN: "));
    assert!(message(Lwe::new(512, 12.0, -1.0, 1.0, None)).starts_with("sigma_s is -1: "));
    assert!(message(Lwe::new(512, 12.0, 1.0, f64::INFINITY, None)).starts_with("sigma_e is inf: "));
    assert!(message(Lwe::new(512, 12.0, 1.0, 1.0, Some(0))).starts_with("samples is 0: "));
    assert!(Sis::new(512, 12.0, f64::NAN, None).is_err());
    assert!(Sis::new(512, 12.0, 3.0, Some(0)).is_err());
}

const ATTACKS: [Attack; 5] = [Attack::Usvp, Attack::Bdd, Attack::Dual, Attack::DualHybrid, Attack::Rough];
const MODELS: [CostModel; 3] = [CostModel::Adps16, CostModel::Adps16Quantum, CostModel::Matzov];

/// Every attack and model answers, with a cost that is infinite exactly where it does not work.
fn all_answer(lwe: &Lwe) {
    for (attack, model) in ATTACKS.iter().flat_map(|attack| MODELS.map(|model| (*attack, model))) {
        let result = estimate(attack, lwe, model);
        assert_eq!(result.log2_rop.is_finite(), result.status == Status::Works, "{lwe:?} {result}");
        assert!(!result.to_string().contains("NaN"), "{lwe:?} {result}");
        assert!(result.log2_rop > 0.0, "{lwe:?} {result}");
    }
}

#[test]
fn extremes_end_without_panic() {
    for n in [1, 2, 39, 41, 1_000_000, 1 << 32] {
        for log2_q in [1.0, 1.5, 20.0, 1000.0, 1_048_576.0] {
            for sigma in [1e-300, 0.5, 3.0, 1e6, 1e300] {
                for samples in [Some(1), None] {
                    all_answer(&Lwe::new(n, log2_q, sigma, 3.0, samples).unwrap());
                    all_answer(&Lwe::new(n, log2_q, sigma, sigma, samples).unwrap());
                }
            }
        }
    }
}

#[test]
fn unlimited_samples_are_as_many() {
    let many = |samples| Lwe::new(1024, 27.0, 1.0, 3.19, samples).unwrap();
    for attack in ATTACKS {
        let unlimited = estimate(attack, &many(None), CostModel::Adps16);
        assert_eq!(unlimited, estimate(attack, &many(Some(1 << 20)), CostModel::Adps16));
        assert_eq!(unlimited.status, Status::Works);
    }
    let sis = |columns| Sis::new(1024, 32.0, 20.0, columns).unwrap().estimate(CostModel::Adps16);
    assert_eq!(sis(None), sis(Some(1 << 20)));
}

fn bits(attack: Attack, n: u64, log2_q: f64, sigma: f64) -> f64 {
    estimate(attack, &Lwe::new(n, log2_q, sigma, sigma, None).unwrap(), CostModel::Adps16).log2_rop
}

fn falls_with_q_and_rises(attack: Attack, n: u64, log2_q: f64, sigma: f64) -> Result<(), TestCaseError> {
    let here = bits(attack, n, log2_q, sigma);
    prop_assume!(here < 500.0);
    prop_assert!(here >= 0.292 * 40.0);
    prop_assert!(bits(attack, n, log2_q + 1.0, sigma) <= here);
    prop_assert!(bits(attack, n + 32, log2_q, sigma) >= here);
    prop_assert!(bits(attack, n, log2_q, sigma * 1.5) >= here);
    Ok(())
}

/// Where a transform with small `p` loses too much, the searches stop at `t = 0, p = 3` and miss the
/// cheaper `p = 6`: the larger instance looks easier. The same rules give these very numbers in a
/// second, direct implementation too (Python, mpmath; estimator.md, section 5.2), so the effect belongs to the method.
#[test]
fn the_nested_searches_miss_cheaper_parameters() {
    for (n, wanted, parameters) in [(1549, 339.0631, (3, 30, 0)), (1581, 331.4201, (6, 20, 90))] {
        let sigma = 1.733497870299101;
        let lwe = Lwe::new(n, 15.986532992063045, sigma, sigma, None).unwrap();
        let result = estimate(Attack::DualHybrid, &lwe, CostModel::Adps16);
        assert!((result.log2_rop - wanted).abs() < 1e-4, "{result}");
        let Detail::DualHybrid { p, zeta, t, .. } = result.detail else { panic!("{result}") };
        assert_eq!((p, zeta, t), parameters);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bits_fall_with_q_and_rise_with_n_and_sigma(
        n in 256_u64..2048, log2_q in 12.0..40.0_f64, sigma in 0.8..16.0_f64,
    ) {
        falls_with_q_and_rises(Attack::Usvp, n, log2_q, sigma)?;
    }

    /// Not for wider secrets: see `the_nested_searches_miss_cheaper_parameters`.
    #[test]
    fn rough_bits_of_a_narrow_secret_do_too(
        n in 256_u64..2048, log2_q in 12.0..40.0_f64, sigma in 0.8..1.4_f64,
    ) {
        falls_with_q_and_rises(Attack::Rough, n, log2_q, sigma)?;
    }

    #[test]
    fn rough_is_the_cheaper(n in 256_u64..1536, log2_q in 12.0..40.0_f64, sigma in 0.8..16.0_f64) {
        let cheaper = bits(Attack::Usvp, n, log2_q, sigma).min(bits(Attack::DualHybrid, n, log2_q, sigma));
        prop_assert_eq!(bits(Attack::Rough, n, log2_q, sigma), cheaper);
    }

    #[test]
    fn any_valid_lwe_answers(
        ln_n in 0.0..14.0_f64, ln_q in 0.0..7.0_f64, lg_s in -40.0..40.0_f64, lg_e in -40.0..40.0_f64,
        samples in proptest::option::of(1_u64..1 << 20),
    ) {
        let lwe = Lwe::new(ln_n.exp() as u64, ln_q.exp(), lg_s.exp2(), lg_e.exp2(), samples);
        all_answer(&lwe.unwrap());
    }

    #[test]
    fn any_valid_sis_answers(
        n in 1_u64..100_000, log2_q in 1.0..1000.0_f64, log2_bound in 0.0..1000.0_f64,
        columns in proptest::option::of(1_u64..1 << 40),
    ) {
        let result = Sis::new(n, log2_q, log2_bound, columns).unwrap().estimate(CostModel::Adps16);
        prop_assert_eq!(result.log2_rop.is_infinite(), result.status == Status::Fails);
        prop_assert_eq!(result.status == Status::Trivial, log2_bound >= log2_q || result.log2_rop == 0.0);
    }
}
