//! Rows of the dataset: they repeat, they shard, they are rebuilt from family and seed, splits are disjoint.

use std::collections::HashSet;

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::dataset::{Rows, Shift, generate, generate_shifted, generate_train};
use nexuszero_crypto::graph::Graph;
use nexuszero_crypto::label::{Demand, choose};
use nexuszero_crypto::r1cs::R1cs;
use nexuszero_crypto::ranges::Bounds;
use nexuszero_crypto::synth::{Family, synthesize};

fn circuit(rows: &Rows, row: usize) -> R1cs {
    synthesize(Family::ALL[usize::from(rows.family[row])], rows.seed[row]).r1cs
}

#[test]
fn rows_depend_on_seed_and_position_alone() {
    let whole = generate(42, 0, 200, 1).unwrap();
    let parallel = generate(42, 0, 200, 2).unwrap();
    let (first, second) = (generate(42, 0, 90, 2).unwrap(), generate(42, 90, 110, 2).unwrap());
    let other = generate(43, 0, 200, 2).unwrap();
    for split in 0..3 {
        assert_eq!(whole[split].graph, parallel[split].graph);
        assert_eq!(whole[split].params, parallel[split].params);
        assert_eq!(whole[split].metrics, parallel[split].metrics);
        let joined = [first[split].seed.clone(), second[split].seed.clone()].concat();
        assert_eq!(whole[split].seed, joined);
        assert_ne!(whole[split].seed, other[split].seed);
    }
}

#[test]
fn no_circuit_is_in_two_splits() {
    let splits = generate(42, 0, 1500, 0).unwrap();
    let hashes = splits.each_ref().map(|rows| {
        (0..rows.seed.len()).map(|row| circuit(rows, row).content_hash()).collect::<HashSet<_>>()
    });
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        assert!(hashes[one].is_disjoint(&hashes[other]));
    }
    let share = splits[0].seed.len() as f64 / splits.iter().map(|rows| rows.seed.len()).sum::<usize>() as f64;
    assert!((share - 5.0 / 7.0).abs() < 0.05, "{share}");
}

#[test]
fn train_rows_alone_are_those_of_all_splits() {
    let [train, ..] = generate(42, 5, 1500, 0).unwrap();
    let whole = generate_train(42, 5, train.seed.len(), 0).unwrap();
    assert!(whole == train);
    let first = generate_train(42, 5, 50, 1).unwrap();
    assert_eq!(first.seed, train.seed[..50]);
    assert_eq!(first.nodes, train.nodes[..50]);
    assert!(generate_train(42, 5, 0, 1).unwrap() == Rows::default());
    assert!(generate_train(42, u64::MAX, 10, 1).is_err());
}

#[test]
fn rows_are_what_the_parts_say() {
    for rows in generate(7, 0, 60, 0).unwrap() {
        let (mut node, mut edge) = (0, 0);
        for row in 0..rows.seed.len() {
            let r1cs = circuit(&rows, row);
            let graph = Graph::of(&r1cs, rows.security[row].into());
            assert_eq!((rows.nodes[row], rows.edges[row]), (graph.nodes() as i64, graph.edges() as i64));
            assert_eq!(rows.graph.x[12 * node..12 * (node + graph.nodes())], graph.x);
            assert_eq!(rows.graph.edge_target[edge..edge + graph.edges()], graph.edge_target);
            let bits = &rows.node_bits[node..node + graph.nodes()];
            let largest = bits.iter().copied().max().unwrap_or(0);
            assert_eq!(largest, rows.bits[row]);
            assert_eq!(rows.liftable[row] == 1, u32::from(largest) < r1cs.field().bits());
            (node, edge) = (node + graph.nodes(), edge + graph.edges());
            let analysis = Analysis::of(&r1cs, &Bounds::new()).unwrap();
            let choice = choose(&Demand::of_circuit(&analysis), rows.security[row].into()).unwrap();
            assert_eq!(rows.params[row][0], f64::from(choice.n()));
            assert_eq!(rows.metrics[row][2], choice.proof_size as f64);
            assert_eq!(rows.forms[row], analysis.forms);
            assert_eq!((rows.dropped[row], rows.hints[row]), (analysis.dropped, analysis.hints));
            assert!(analysis.unsatisfiable.is_none());
            assert_eq!(rows.heights[row][..], analysis.heights[..]);
            assert!(choice.bit_security() >= f64::from(rows.security[row]));
        }
    }
}

#[test]
fn shifted_splits_have_their_sizes_and_families_and_are_rebuilt() {
    for shift in Shift::ALL {
        let rows = generate_shifted(shift, 42, 0, 40, 0).unwrap();
        let again =
            [(0, 15), (15, 25)].map(|(first, count)| generate_shifted(shift, 42, first, count, 1).unwrap());
        assert_eq!(rows.seed, again.each_ref().map(|part| part.seed.clone()).concat());
        assert_eq!(rows.metrics, again.map(|part| part.metrics).concat());
        assert!(rows.seed.len() > 20);
        let mut node = 0;
        for row in 0..rows.seed.len() {
            let (family, nodes) = (usize::from(rows.family[row]), rows.nodes[row] as usize);
            match shift {
                Shift::Large => assert!(family < Family::TRAINED && (2_000..20_000).contains(&nodes)),
                Shift::Family => assert!(family >= Family::TRAINED && nodes < 2_300),
            }
            let rebuilt = shift.circuit(Family::ALL[family], rows.seed[row]);
            assert_eq!(rebuilt.r1cs.first_violation(&rebuilt.witness), None);
            let graph = Graph::of(&rebuilt.r1cs, rows.security[row].into());
            assert_eq!(rows.graph.x[12 * node..12 * (node + nodes)], graph.x);
            node += nodes;
        }
    }
}

#[test]
fn the_families_kept_from_training_are_not_in_its_splits() {
    for rows in generate(42, 0, 500, 0).unwrap() {
        assert!(rows.family.iter().all(|&family| usize::from(family) < Family::TRAINED));
    }
}
