//! Batches against circuits put together one by one, and what does not fit.

use nexuszero_crypto::batch::{Batch, Columns};
use nexuszero_crypto::dataset::{Rows, generate};

const SPLIT: Columns<'static> = Columns {
    x: &[0.5; 3 * 12],
    node_bits: &[7, 8, 9],
    ends: [&[0, 0], &[0, 1]],
    edge_attr: &[0.25; 2 * 5],
    node_ptr: &[0, 1, 3],
    edge_ptr: &[0, 1, 2],
};

fn ends(counts: &[i64]) -> Vec<i64> {
    let sums = counts.iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    });
    std::iter::once(0).chain(sums).collect()
}

fn refusal(split: Columns, chosen: &[i64], nodes: usize, edges: usize) -> String {
    let to = Batch {
        x: &mut vec![0.0; 12 * nodes],
        node_bits: &mut vec![0.0; nodes],
        graph: &mut vec![0; nodes],
        ends: [&mut vec![0; edges], &mut vec![0; edges]],
        edge_attr: &mut vec![0.0; 5 * edges],
    };
    split.copy(chosen, to).map_or_else(|error| error.to_string(), |()| "none".into())
}

#[test]
fn a_batch_holds_the_chosen_circuits_in_their_order() {
    let rows: Rows = generate(42, 0, 60, 0).unwrap().into_iter().next().unwrap();
    let (node_ptr, edge_ptr) = (ends(&rows.nodes), ends(&rows.edges));
    let split = Columns {
        x: &rows.graph.x,
        node_bits: &rows.node_bits,
        ends: [&rows.graph.edge_source, &rows.graph.edge_target],
        edge_attr: &rows.graph.edge_attr,
        node_ptr: &node_ptr,
        edge_ptr: &edge_ptr,
    };
    let chosen = [7, 0, 7, rows.nodes.len() as i64 - 1];
    let (mut x, mut bits, mut graph, mut attr) = (vec![], vec![], vec![], vec![]);
    let mut ends = [vec![], vec![]];
    for (place, circuit) in chosen.into_iter().map(|circuit| circuit as usize).enumerate() {
        let before = graph.len() as i64;
        for edge in edge_ptr[circuit] as usize..edge_ptr[circuit + 1] as usize {
            ends[0].push(before + i64::from(rows.graph.edge_source[edge]));
            ends[1].push(before + i64::from(rows.graph.edge_target[edge]));
            attr.extend_from_slice(&rows.graph.edge_attr[5 * edge..5 * edge + 5]);
        }
        for node in node_ptr[circuit] as usize..node_ptr[circuit + 1] as usize {
            x.extend_from_slice(&rows.graph.x[12 * node..12 * node + 12]);
            bits.push(f32::from(rows.node_bits[node]));
            graph.push(place as i64);
        }
    }
    let (mut found_x, mut found_bits, mut found_graph) =
        (vec![0.0; x.len()], vec![0.0; bits.len()], vec![0; graph.len()]);
    let (mut found_attr, mut found_ends) =
        (vec![0.0; attr.len()], [vec![0; ends[0].len()], vec![0; ends[1].len()]]);
    let [wires, constraints] = &mut found_ends;
    let to = Batch {
        x: &mut found_x,
        node_bits: &mut found_bits,
        graph: &mut found_graph,
        ends: [wires, constraints],
        edge_attr: &mut found_attr,
    };
    split.copy(&chosen, to).unwrap();
    assert_eq!((found_x, found_bits, found_graph), (x, bits, graph));
    assert_eq!((found_ends, found_attr), (ends, attr));
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(refusal(SPLIT, &[1, 0], 3, 2), "none");
    assert_eq!(refusal(SPLIT, &[], 0, 0), "none");
    for circuit in [-1, 2, i64::MAX, i64::MIN] {
        assert!(refusal(SPLIT, &[circuit], 1, 1).contains("no circuit"));
    }
    assert!(refusal(SPLIT, &[0, 1], 2, 2).contains("no room"));
    assert!(refusal(SPLIT, &[0, 1], 3, 1).contains("no room"));
    assert!(refusal(SPLIT, &[0, 1], 4, 2).contains("fewer nodes"));
    assert!(refusal(SPLIT, &[0, 1], 3, 3).contains("fewer edges"));
    for bad in [&[0, 1, 9], &[0, 1, i64::MAX - 1]] {
        assert!(refusal(Columns { node_ptr: bad, ..SPLIT }, &[1], 2, 1).contains("ends before row"));
        assert!(refusal(Columns { edge_ptr: bad, ..SPLIT }, &[1], 2, 1).contains("ends before row"));
    }
    for bad in [&[0, 5, 3], &[0, -2, 3]] {
        assert!(refusal(Columns { node_ptr: bad, ..SPLIT }, &[1], 2, 1).contains("no rows"));
    }
}
