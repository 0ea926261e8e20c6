//! The graph of an R1CS, against features worked out by hand.

use nexuszero_crypto::dataset::Rows;
use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::graph::{EDGE_FEATURES, Graph, NODE_FEATURES};
use nexuszero_crypto::r1cs::{Builder, R1cs};

type Terms<'a> = &'a [(u32, i64)];

fn system(constraints: &[[Terms<'_>; 3]], wires: u32, outputs: u32, inputs: u32) -> R1cs {
    let field = Field::parse("101").expect("a well-formed example");
    let mut builder = Builder::new(field);
    for form in constraints.iter().flatten() {
        for &(wire, value) in *form {
            builder.term(wire, field.from_i64(value)).expect("a well-formed example");
        }
        builder.end_combination().expect("a well-formed example");
    }
    builder.finish(wires, outputs, inputs).expect("a well-formed example")
}

/// Wires: 1 output z, 2 input x, 3 private y, 4 private b.
fn example() -> R1cs {
    let constraints: [[Terms<'_>; 3]; 4] = [
        [&[(2, 1)], &[(3, 1)], &[(1, 1)]],                  // x*y = z
        [&[(4, 1)], &[(0, 1), (4, -1)], &[]],               // b*(1-b) = 0
        [&[], &[], &[(0, 5), (2, 3), (4, -2)]],             // 3x - 2b + 5 = 0
        [&[(0, -7), (3, 2)], &[(2, 1)], &[(0, 3), (1, 1)]], // (2y-7)*x = z + 3
    ];
    system(&constraints, 5, 1, 1)
}

fn log2(value: f64) -> f32 {
    value.log2() as f32
}

#[test]
fn every_node_feature() {
    let shared = [7.0 / 256.0, 0.5, (9f64.log2() / 16.0) as f32]; // field bits, lambda, nodes
    let third = (1.0 / 3.0) as f32;
    let two_thirds = (2.0 / 3.0) as f32;
    let (one, two) = (1.0, log2(3.0)); // log2(1 + degree)
    let constant = |value: f64| ((1.0 + value).log2() / 256.0) as f32;
    // constraint, public, linear, Boolean, largest constant, degrees in A, B, C or their constants, position
    let rows: [[f32; 9]; 8] = [
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, two, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0, one, one, one, third],
        [0.0, 0.0, 0.0, 0.0, 0.0, one, one, 0.0, two_thirds],
        [0.0, 0.0, 0.0, 0.0, 0.0, one, one, one, 1.0],
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 1.0, constant(1.0), 0.0, constant(1.0), 0.0, third],
        [1.0, 0.0, 1.0, 0.0, constant(5.0), 0.0, 0.0, -constant(5.0), two_thirds], // of L = 0 - C
        [1.0, 0.0, 0.0, 0.0, constant(7.0), -constant(7.0), 0.0, constant(3.0), 1.0],
    ];
    let graph = Graph::of(&example(), 128);
    assert_eq!(graph.nodes(), 8);
    for (features, row) in graph.x.chunks_exact(NODE_FEATURES).zip(rows) {
        assert_eq!(features, [row.as_slice(), &shared].concat());
    }
}

#[test]
fn every_edge() {
    let weight = |value: f64| ((1.0 + value).log2() / 256.0) as f32;
    let (a, b, c) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
    let edges = [
        (1, 4, a, 1.0, weight(1.0)),
        (2, 4, b, 1.0, weight(1.0)),
        (0, 4, c, 1.0, weight(1.0)),
        (3, 5, a, 1.0, weight(1.0)),
        (3, 5, b, -1.0, weight(1.0)),
        (1, 6, c, -1.0, weight(3.0)), // of L = 0 - C
        (3, 6, c, 1.0, weight(2.0)),
        (2, 7, a, 1.0, weight(2.0)),
        (1, 7, b, 1.0, weight(1.0)),
        (0, 7, c, 1.0, weight(1.0)),
    ];
    let graph = Graph::of(&example(), 128);
    assert_eq!(graph.edges(), edges.len());
    assert_eq!(graph.edge_source, edges.map(|edge| edge.0));
    assert_eq!(graph.edge_target, edges.map(|edge| edge.1));
    for (features, (_, _, slot, sign, weight)) in graph.edge_attr.chunks_exact(EDGE_FEATURES).zip(edges) {
        assert_eq!(features, [slot.as_slice(), &[sign, weight]].concat());
    }
}

#[test]
fn boolean_constraints_in_any_order_and_scale() {
    let cases: [(bool, [Terms<'_>; 3]); 9] = [
        (true, [&[(1, 1)], &[(0, -1), (1, 1)], &[]]),
        (true, [&[(0, 1), (1, -1)], &[(1, 1)], &[]]),
        (true, [&[(1, 3)], &[(0, -2), (1, 2)], &[]]),
        (false, [&[(1, 1)], &[(0, -2), (1, 1)], &[]]),
        (false, [&[(1, 1)], &[(0, -1), (2, 1)], &[]]),
        (false, [&[(1, 1)], &[(1, 1)], &[]]),
        (false, [&[(0, -1), (1, 1)], &[(0, -1), (1, 1)], &[]]),
        (false, [&[(1, 1)], &[(0, -1), (1, 1)], &[(2, 1)]]),
        (false, [&[(0, 1)], &[(0, -1), (1, 1)], &[]]),
    ];
    for (boolean, constraint) in cases {
        let graph = Graph::of(&system(&[constraint], 3, 2, 0), 100);
        assert_eq!(graph.x[2 * NODE_FEATURES + 3], f32::from(boolean), "{constraint:?}");
    }
}

#[test]
fn graphs_are_appended_one_after_another() {
    let (first, second) = (example(), system(&[[&[(1, 1)], &[(1, 1)], &[(2, 1)]]], 3, 2, 0));
    let parts = [Graph::of(&first, 128), Graph::of(&second, 192)];
    let mut rows = Rows::default();
    parts.iter().for_each(|graph| rows.push_graph(graph.clone()));
    let both = rows.graph;
    assert_eq!(both.x, [parts[0].x.as_slice(), &parts[1].x].concat());
    assert_eq!(both.edge_source, [parts[0].edge_source.as_slice(), &parts[1].edge_source].concat());
    assert_eq!(both.edge_target[10..], [2, 2, 2]);
    assert_eq!(both.edges(), 13);
}

/// Full-width coefficients: the logarithm of a 256-bit integer, of either sign.
#[test]
fn large_coefficients() {
    let field = Field::parse("bn254").unwrap();
    let half = field.half();
    let values = [U256::from(1) << 200, half + U256::from(2), half - U256::from(2)];
    let weights = weights_of(field, [&[U256::from(1)], &values, &[]]);
    let most = ((field.log2() - 1.0) / 256.0) as f32;
    let one = (1.0, 1.0 / 256.0);
    assert_eq!(weights, [one, (1.0, 200.0 / 256.0), (-1.0, most), (1.0, most)]);
}

/// Signs and magnitudes of one constraint whose forms have these coefficients, of the wires 1, 2, ...
fn weights_of(field: Field, forms: [&[U256]; 3]) -> Vec<(f32, f32)> {
    let mut builder = Builder::new(field);
    for form in forms {
        for (wire, &value) in form.iter().enumerate() {
            builder.term(wire as u32 + 1, value).unwrap();
        }
        builder.end_combination().unwrap();
    }
    let graph = Graph::of(&builder.finish(9, 8, 0).unwrap(), 128);
    graph.edge_attr.chunks_exact(EDGE_FEATURES).map(|edge| (edge[3], edge[4])).collect()
}

/// What a constraint was multiplied by is not seen: neither a field element nor a common divisor.
#[test]
fn constraints_of_any_scale_look_the_same() {
    let field = Field::parse("bn254").unwrap();
    let numbers = |values: &[i64]| values.iter().map(|&value| field.from_i64(value)).collect::<Vec<_>>();
    let times = |values: &[U256], factor: U256| {
        values.iter().map(|&value| field.mul(value, factor)).collect::<Vec<_>>()
    };
    let seven = field.inv(field.from_i64(-7));
    let other = field.inv(field.from_i64(1_000_003));

    let form = numbers(&[1, -2, 4, 8]);
    let up_to_sign = |weights: Vec<(f32, f32)>| {
        let first = weights[0].0;
        weights.into_iter().map(|(sign, magnitude)| (sign * first, magnitude)).collect::<Vec<_>>()
    };
    let plain = up_to_sign(weights_of(field, [&[], &[], &form]));
    for factor in [seven, other, field.from_i64(12)] {
        assert_eq!(up_to_sign(weights_of(field, [&[], &[], &times(&form, factor)])), plain);
    }

    let [a, b, c] = [numbers(&[1, 3]), numbers(&[1, -5]), numbers(&[6, 1])];
    let plain = weights_of(field, [&a, &b, &c]);
    assert_eq!(weights_of(field, [&times(&a, seven), &b, &times(&c, seven)]), plain);
    assert_eq!(weights_of(field, [&a, &times(&b, other), &times(&c, other)]), plain);
    let both = times(&times(&c, seven), other);
    assert_eq!(weights_of(field, [&times(&a, seven), &times(&b, other), &both]), plain);
}

/// Of `k * B = C` the constant factor leaves: what stays is `k*B - C`, divided by what its coefficients share.
#[test]
fn a_constant_factor_is_multiplied_out() {
    let forms = |[k, b, c]: [i64; 3], swapped: bool| -> [Vec<(u32, i64)>; 3] {
        let (constant, other) = (vec![(0, k)], vec![(1, b), (2, b)]);
        let ends = if swapped { [other, constant] } else { [constant, other] };
        let [first, second] = ends;
        [first, second, vec![(0, 3 * c), (3, c)]]
    };
    for swapped in [false, true] {
        let [plain, scaled] = [[1, 2, 1], [3, 4, 6]].map(|numbers| {
            let forms = forms(numbers, swapped);
            let graph = Graph::of(&system(&[[&forms[0], &forms[1], &forms[2]]], 4, 3, 0), 128);
            let constant = graph.x[3 * NODE_FEATURES + 4];
            (graph.edge_attr, constant)
        });
        assert_eq!(plain, scaled);
        assert_eq!(plain.1, (4f64.log2() / 256.0) as f32);
    }
}

/// Private wires of their own satisfy a constraint, which has no edge then, or make one of its factors a hint.
#[test]
fn what_is_dropped_has_no_edge() {
    // 1 output z, 2 input x, 3 to 5 private; 3 and 4 stand in one factor alone, 5 in C
    let constraints: [[Terms<'_>; 3]; 2] = [
        [&[(3, 7), (4, 5)], &[(2, 1)], &[(0, 2), (1, 1)]], // (7h + 5u)*x = z + 2
        [&[(2, 1)], &[(2, 1)], &[(5, 1)]],                 // x*x = y
    ];
    let graph = Graph::of(&system(&constraints, 6, 1, 1), 128);
    assert_eq!(graph.nodes(), 7);
    assert_eq!(graph.edge_source, [2, 1, 0]);
    assert_eq!(graph.edge_target, [5, 5, 5]);
    let signs_and_magnitudes = graph.edge_attr.chunks_exact(EDGE_FEATURES).map(|edge| [edge[3], edge[4]]);
    assert!(signs_and_magnitudes.eq([[1.0, 1.0 / 256.0]; 3]));

    // degrees of wires, constants of constraints
    let by_form = |node: usize| &graph.x[node * NODE_FEATURES + 5..node * NODE_FEATURES + 8];
    let shown: Vec<bool> = (0..7).map(|node| by_form(node).iter().any(|&feature| feature != 0.0)).collect();
    assert_eq!(shown, [true, true, true, false, false, true, false]);
}

#[test]
fn no_constraints_and_no_wires() {
    let graph = Graph::of(&system(&[], 1, 0, 0), 128);
    assert_eq!(graph, Graph::default());
}
