//! How long estimates, searches, analysis and generation take: `cargo bench`.
//!
//! `golden/timing.csv` of the lattice-estimator has about one second for `rough` and 2 ms for SIS.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::estimate::{CostModel, Lwe, Sis, rough};
use nexuszero_crypto::label::{Demand, Modulus, choose};
use nexuszero_crypto::ranges::Bounds;
use nexuszero_crypto::synth::{Family, synthesize_sized};

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

fn search(criterion: &mut Criterion) {
    for bits in [16, 40, 62] {
        let demand = Demand::of_forms(100, Modulus::Free { bits });
        criterion.bench_function(&format!("choose B={bits}"), |bench| {
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
}

criterion_group!(benches, estimates, search, circuits);
criterion_main!(benches);
