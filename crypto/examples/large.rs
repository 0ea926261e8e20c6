//! Writes a circuit of about a given number of constraints, or measures how long one takes.
//!
//! `cargo run --release --example large -- sorting 1000000 sorting.r1cs`, then
//! `cargo run --release --example large -- sorting.r1cs`; beside the families there is `dense-field`.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::explain::Explanation;
use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::format::{read_file, write_file};
use nexuszero_crypto::modulus::choose_prime;
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::Bounds;
use nexuszero_crypto::synth::{Family, synthesize_sized};

/// Nodes of the circuit that tells how many of a family's nodes are constraints.
const SAMPLE: usize = 50_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [path] => measure(Path::new(path)),
        [family, constraints, path] => write(family, constraints.parse()?, 1, Path::new(path)),
        [family, constraints, path, seed] => {
            write(family, constraints.parse()?, seed.parse()?, Path::new(path))
        }
        _ => bail!("FAMILY CONSTRAINTS FILE [SEED] to write a circuit, FILE to measure one"),
    }
}

/// A seed decides field and style, so the same seed keeps the share of constraints.
fn write(family: &str, constraints: usize, seed: u64, path: &Path) -> Result<()> {
    let r1cs =
        if family == "dense-field" { dense_field(constraints)? } else { drawn(family, constraints, seed)? };
    println!("{} constraints, {} wires, {} terms", r1cs.constraints(), r1cs.wires(), r1cs.terms());
    write_file(&r1cs, path)
}

fn drawn(family: &str, constraints: usize, seed: u64) -> Result<R1cs> {
    let family = Family::parse(family).with_context(|| format!("family {family:?} is unknown"))?;
    let share = synthesize_sized(family, seed, SAMPLE).r1cs.constraints();
    Ok(synthesize_sized(family, seed, SAMPLE * constraints / share.max(1)).r1cs)
}

/// The worst case: three terms a combination on wires far apart, no coefficient twice.
fn dense_field(constraints: usize) -> Result<R1cs> {
    let field = Field::parse("bn254")?;
    let (mut builder, mut value, mut wire) = (Builder::new(field), U256::from(7), 1);
    for _ in 0..3 * constraints {
        for _ in 0..3 {
            value = field.add(field.mul(value, value), U256::from(wire));
            wire = (wire + 618_033) % constraints;
            builder.term(1 + wire as u32, value)?;
        }
        builder.end_combination()?;
    }
    builder.finish(constraints as u32 + 1, 1, 1)
}

fn measure(path: &Path) -> Result<()> {
    let r1cs = timed("read", || read_file(path))?;
    let analysis = timed("analyse", || Analysis::of(&r1cs, &Bounds::new()))?;
    timed("explain", || Explanation::of(&r1cs, &Bounds::new()))?;
    let choice = timed("search", || choose_prime(&r1cs, &analysis, &Bounds::new(), 128))?.choice;
    println!("{} forms, liftable {}, {} bytes", analysis.forms, analysis.liftable, choice.proof_size);
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{what:<8} {:6.2} s", start.elapsed().as_secs_f64());
    result
}
