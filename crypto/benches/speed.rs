//! How long estimates, searches, analysis and generation take: `cargo bench`.
//!
//! `golden/timing.csv` of the lattice-estimator has about one second for `rough` and 2 ms for SIS.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::dataset::generate;
use nexuszero_crypto::estimate::{CostModel, Lwe, Sis, rough};
use nexuszero_crypto::label::{Demand, LEVELS, Modulus, choose};
use nexuszero_crypto::ranges::Bounds;
use nexuszero_crypto::synth::{Family, synthesize, synthesize_sized};

fn estimates(criterion: &mut Criterion) {
    for (n, log2_q) in [(512, 12.0), (1024, 27.0), (2048, 54.0), (4096, 96.0)] {
        let Ok(lwe) = Lwe::new(n, log2_q, 1.0, 3.19, None) else { continue };
        criterion.bench_function(&format!("rough n={n} q=2^{log2_q}"), |bench| {
            bench.iter(|| rough(black_box(&lwe), CostModel::Adps16));
        });
    }
    let Ok(sis) = Sis::new(1024, 32.0, 20.0, Some(2048)) else { return };
    criterion.bench_function("sis n=1024 q=2^32", |bench| {
        bench.iter(|| black_box(&sis).estimate(CostModel::Adps16));
    });
}

/// The demands of 2,000 circuits, by turns of all families and security levels.
fn drawn() -> Vec<(Demand, u32)> {
    let demand = |seed: u64| {
        let family = Family::ALL[seed as usize % Family::ALL.len()];
        let analysis = Analysis::of(&synthesize(family, seed).r1cs, &Bounds::new()).ok()?;
        Some((Demand::of_circuit(&analysis), LEVELS[seed as usize / Family::ALL.len() % LEVELS.len()]))
    };
    (0..2_000).filter_map(demand).collect()
}

fn search(criterion: &mut Criterion) {
    let demands = drawn();
    criterion.bench_function("choose for 2,000 circuits", |bench| {
        bench.iter(|| demands.iter().filter(|(demand, security)| choose(demand, *security).is_ok()).count());
    });
    for (bits, forms) in [(16, 5_000), (16, 100), (40, 100), (62, 100)] {
        let demand = Demand::of_forms(forms, Modulus::Free { bits });
        criterion.bench_function(&format!("choose B={bits} forms={forms}"), |bench| {
            bench.iter(|| choose(black_box(&demand), 128));
        });
    }
}

fn circuits(criterion: &mut Criterion) {
    for nodes in [500, 5_000, 50_000] {
        let r1cs = synthesize_sized(Family::Sorting, 1, nodes).r1cs;
        criterion.bench_function(&format!("analyse {nodes} nodes"), |bench| {
            bench.iter(|| Analysis::of(black_box(&r1cs), &Bounds::new()));
        });
    }
    criterion.bench_function("generate 500 circuits, one thread", |bench| {
        bench.iter(|| generate(42, 0, black_box(500), 1));
    });
}

criterion_group!(benches, estimates, search, circuits);
criterion_main!(benches);
