//! Core-SVP bits, classical and quantum, and MATZOV gates of named schemes.
//!
//! `cargo run --release --example schemes`

use anyhow::Result;
use nexuszero_crypto::estimate::{Attack, CostModel, Lwe, estimate};

/// Name, `n`, `q`, squares of `sigma_s` and `sigma_e`, samples (0: unlimited).
type Scheme = (&'static str, u64, f64, f64, f64, u64);

/// The parameters of the estimator's `schemes.py`.
const SCHEMES: [Scheme; 12] = [
    ("Kyber512", 512, 3329.0, 1.5, 1.5, 512),
    ("Kyber768", 768, 3329.0, 1.0, 1.0, 768),
    ("Kyber1024", 1024, 3329.0, 1.0, 1.0, 1024),
    ("LightSaber", 512, 8192.0, 2.5, 5.25, 512),
    ("Saber", 768, 8192.0, 2.0, 5.25, 768),
    ("FireSaber", 1024, 8192.0, 1.5, 5.25, 1024),
    ("Frodo640", 640, 32768.0, 7.84, 7.84, 656),
    ("Frodo976", 976, 65536.0, 5.29, 5.29, 992),
    ("Frodo1344", 1344, 65536.0, 1.96, 1.96, 1360),
    ("HESv11 error", 1024, 134_217_728.0, 9.0, 9.0, 1024),
    ("HESv11 ternary", 1024, 134_217_728.0, 2.0 / 3.0, 9.0, 1024),
    ("TFHE630", 630, 4_294_967_296.0, 0.25, 17_179_869_184.0, 0),
];

fn main() -> Result<()> {
    println!("scheme          attack      beta     d  classical  quantum  MATZOV");
    for (name, n, q, variance_s, variance_e, m) in SCHEMES {
        let samples = (m > 0).then_some(m);
        let lwe = Lwe::new(n, q.log2(), variance_s.sqrt(), variance_e.sqrt(), samples)?;
        line(name, "usvp", Attack::Usvp, &lwe);
        line(name, "dual_hybrid", Attack::DualHybrid, &lwe);
    }
    Ok(())
}

/// One line: the block size and dimension are those of the classical core-SVP figure.
fn line(name: &str, label: &str, attack: Attack, lwe: &Lwe) {
    let models = [CostModel::Adps16, CostModel::Adps16Quantum, CostModel::Matzov];
    let [classical, quantum, gates] = models.map(|model| estimate(attack, lwe, model));
    let number = |value: Option<u64>| value.map_or("-".into(), |value| value.to_string());
    let bits = |bits: f64| if bits.is_finite() { format!("{bits:.1}") } else { "-".into() };
    let (beta, d) = (number(classical.beta), number(classical.d));
    let [classical, quantum, gates] = [classical, quantum, gates].map(|estimate| bits(estimate.log2_rop));
    println!("{name:<15} {label:<11} {beta:>4} {d:>5}  {classical:>9}  {quantum:>7}  {gates:>6}");
}
