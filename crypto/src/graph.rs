//! The graph of an R1CS (dataset.md, section 3): what the model sees of a circuit.
//!
//! Nodes are the wires but `w_0` (wire `w` is node `w - 1`), then the constraints (constraint `c` is node
//! `wires - 1 + c`). Edges are the terms of the relation that is proved (labels.md, sections 1.1 to 1.3): one joins a wire to
//! a constraint for every integer of the wire in `A`, `B` or `C`, by constraint, then by form, then by wire. So a
//! constraint that is dropped has no edge, and what one was multiplied by is not seen.

use std::sync::LazyLock;

use crate::field::{Field, U256};
use crate::r1cs::{Combination, R1cs};
use crate::ranges::Bounds;
use crate::relation::{Constraint, Kind, Relation};

/// Features of a node.
pub const NODE_FEATURES: usize = 12;
/// Features of an edge.
pub const EDGE_FEATURES: usize = 5;

/// Graphs, one after another, as growing columns; edges count the nodes of their own circuit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// `[nodes, 12]`: is a constraint; is public; is linear; is Boolean, `x(x-1) = 0`; largest constant;
    /// a wire's degrees in A, B, C, or the constants of a constraint's; position; field bits; lambda; nodes.
    pub x: Vec<f32>,
    /// `[edges]`: the wire's node.
    pub edge_source: Vec<i32>,
    /// `[edges]`: the constraint's node.
    pub edge_target: Vec<i32>,
    /// `[edges, 5]`: is in A, B, C; sign; magnitude.
    pub edge_attr: Vec<f32>,
}

impl Graph {
    /// Number of nodes of all circuits.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.x.len() / NODE_FEATURES
    }

    /// Number of edges of all circuits.
    #[must_use]
    pub const fn edges(&self) -> usize {
        self.edge_source.len()
    }

    /// The graph of one circuit for a security level (lambda).
    #[must_use]
    pub fn of(r1cs: &R1cs, security: u32) -> Self {
        Self::of_relation(r1cs, &Relation::of(r1cs, &Bounds::new()), security)
    }

    /// The same of a circuit of which this is the relation.
    pub(crate) fn of_relation(r1cs: &R1cs, relation: &Relation, security: u32) -> Self {
        let mut graph = Self::default();
        graph.append_edges(relation, r1cs.wires() as i32 - 1);
        graph.append_nodes(r1cs, relation, security);
        graph
    }

    fn append_edges(&mut self, relation: &Relation, first: i32) {
        for constraint in relation.constraints() {
            for (slot, form) in constraint.forms.into_iter().enumerate() {
                for (wire, number) in form.terms().filter(|&(wire, _)| wire > 0) {
                    let value = relation.values()[number as usize];
                    let (sign, magnitude) = sign_and_magnitude(relation.field(), value);
                    let mut attr = [0.0, 0.0, 0.0, sign, magnitude];
                    attr[slot] = 1.0;
                    self.edge_source.push(wire as i32 - 1);
                    self.edge_target.push(first + constraint.number as i32);
                    self.edge_attr.extend(attr);
                }
            }
        }
    }

    fn append_nodes(&mut self, r1cs: &R1cs, relation: &Relation, security: u32) {
        let (wires, constraints) = (r1cs.wires() as usize - 1, r1cs.constraints());
        let shared = shared_features(r1cs, security);
        self.x.reserve(NODE_FEATURES * (wires + constraints));
        for (index, degrees) in wire_degrees(relation).chunks_exact(3).enumerate() {
            let public = index + 1 < r1cs.first_private() as usize;
            let flags = [false, public, false, false];
            let degrees = [degrees[0], degrees[1], degrees[2]].map(log_degree);
            self.append_node(flags, 0.0, degrees, place(index, wires), shared);
        }

        let mut kept = relation.constraints().peekable();
        for index in 0..constraints {
            let flags_of = |linear, boolean| [true, false, linear, boolean];
            let place = place(index, constraints);
            match kept.next_if(|constraint| constraint.number as usize == index) {
                None => {
                    self.append_node(flags_of(r1cs.is_linear(index), false), 0.0, [0.0; 3], place, shared)
                }
                Some(constraint) => {
                    let flags = flags_of(constraint.kind == Kind::Linear, is_boolean(relation, &constraint));
                    let constants = constraint.forms.map(|form| constant(relation, form));
                    let largest = constants.into_iter().map(f32::abs).fold(0.0, f32::max);
                    self.append_node(flags, largest, constants, place, shared);
                }
            }
        }
    }

    fn append_node(
        &mut self,
        flags: [bool; 4],
        largest_constant: f32,
        by_form: [f32; 3],
        place: f32,
        shared: [f32; 3],
    ) {
        self.x.extend(flags.map(f32::from));
        self.x.push(largest_constant);
        self.x.extend(by_form);
        self.x.push(place);
        self.x.extend(shared);
    }
}

/// Field bits / 256, lambda / 256, `log2(1 + nodes) / 16`.
fn shared_features(r1cs: &R1cs, security: u32) -> [f32; 3] {
    let nodes = r1cs.wires() as usize - 1 + r1cs.constraints();
    let size = libm::log2((1 + nodes) as f64) / 16.0;
    [(f64::from(r1cs.field().bits()) / 256.0) as f32, (f64::from(security) / 256.0) as f32, size as f32]
}

/// In how many `A`, `B` and `C` each wire but `w_0` occurs, three counts a wire.
fn wire_degrees(relation: &Relation) -> Vec<u32> {
    let mut degrees = vec![0; 3 * relation.wires() as usize];
    for constraint in relation.constraints() {
        for (slot, form) in constraint.forms.into_iter().enumerate() {
            form.wires.iter().for_each(|&wire| degrees[3 * wire as usize + slot] += 1);
        }
    }
    degrees.split_off(3)
}

/// The signed magnitude of a form's integer of `w_0`, 0 if it has none.
fn constant(relation: &Relation, form: Combination<'_>) -> f32 {
    match form.terms().next() {
        Some((0, number)) => {
            let (sign, magnitude) = sign_and_magnitude(relation.field(), relation.values()[number as usize]);
            sign * magnitude
        }
        _ => 0.0,
    }
}

/// `index / (count - 1)`: 0 for the first of the wires (or constraints), 1 for the last; a single one has 0.
fn place(index: usize, count: usize) -> f32 {
    (index as f64 / count.saturating_sub(1).max(1) as f64) as f32
}

/// Whether a constraint is `k*x * k'*(x - 1) = 0`, in either order.
fn is_boolean(relation: &Relation, constraint: &Constraint<'_>) -> bool {
    let [a, b, c] = constraint.forms;
    let zero = |form: Combination<'_>| (form.wires.len() == 1 && form.wires[0] != 0).then(|| form.wires[0]);
    let one = |form: Combination<'_>| match (form.wires, form.coefficients) {
        ([0, wire], [constant, factor]) => opposite(relation, *constant, *factor).then_some(*wire),
        _ => None,
    };
    let pair = |zero: Option<u32>, one: Option<u32>| zero.is_some() && zero == one;
    c.is_empty() && (pair(zero(a), one(b)) || pair(zero(b), one(a)))
}

fn opposite(relation: &Relation, left: u32, right: u32) -> bool {
    let values = relation.values();
    relation.field().neg(values[left as usize]) == values[right as usize]
}

/// Sign and `log2(1 + |c|) / 256` of a coefficient.
fn sign_and_magnitude(field: &Field, value: U256) -> (f32, f32) {
    let (negative, magnitude) = field.signed(value);
    (if negative { -1.0 } else { 1.0 }, (log2_of_successor(magnitude) / 256.0) as f32)
}

/// `log2(1 + value)` from the 64 highest bits; `libm` gives the same result on every machine.
fn log2_of_successor(value: U256) -> f64 {
    let sum = value + U256::from(1);
    let shift = sum.bit_len().saturating_sub(64);
    libm::log2((sum >> shift).as_limbs()[0] as f64) + shift as f64
}

fn log_degree(degree: u32) -> f32 {
    static SMALL: LazyLock<Vec<f32>> =
        LazyLock::new(|| (0..256).map(|degree| libm::log2(f64::from(1 + degree)) as f32).collect());
    SMALL.get(degree as usize).copied().unwrap_or_else(|| libm::log2(f64::from(degree) + 1.0) as f32)
}
