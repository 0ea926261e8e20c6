//! The graph of an R1CS (dataset.md, section 3): what the model sees of a circuit.
//!
//! Coefficients are the integers that labels.md, section 1.3, puts for them: what a constraint was multiplied by is not seen.
//!
//! Nodes are the wires but `w_0` (wire `w` is node `w - 1`), then the constraints (constraint `c` is node
//! `wires - 1 + c`). An edge joins a wire to a constraint for every coefficient of the wire in `A`, `B` or `C`:
//! by constraint, then by combination, then by wire.

use std::sync::LazyLock;

use crate::field::{Field, U256};
use crate::r1cs::{Combination, R1cs};
use crate::relation::{Shown, Source};

/// Features of a node.
pub const NODE_FEATURES: usize = 12;
/// Features of an edge.
pub const EDGE_FEATURES: usize = 5;

/// Graphs, one after another, as growing columns; edges count the nodes of their own circuit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// `[nodes, 12]`: is a constraint; is public; is linear; is Boolean, `x(x-1) = 0`; constant;
    /// degree in A, B, C; position; field bits; lambda; nodes.
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
        let mut graph = Self::default();
        graph.append(r1cs, security);
        graph
    }

    /// Appends the graph of a circuit for a security level (lambda).
    pub fn append(&mut self, r1cs: &R1cs, security: u32) {
        let constants = self.append_edges(r1cs);
        self.append_nodes(r1cs, security, &constants);
    }

    /// Appends the edges -> of each constraint the largest magnitude of a coefficient of `w_0`.
    fn append_edges(&mut self, r1cs: &R1cs) -> Vec<f32> {
        let field = r1cs.field();
        let first = r1cs.wires() as i32 - 1;
        self.edge_source.reserve(r1cs.terms());
        self.edge_target.reserve(r1cs.terms());
        self.edge_attr.reserve(EDGE_FEATURES * r1cs.terms());
        let source = Source::of(r1cs);
        let mut shown = Shown::of(&source);
        let mut constants = vec![0.0; r1cs.constraints()];
        for (index, constant) in constants.iter_mut().enumerate() {
            let integers = shown.constraint(index);
            for (slot, (form, values)) in r1cs.constraint(index).into_iter().zip(&integers).enumerate() {
                for (&wire, &value) in form.wires.iter().zip(values) {
                    let (sign, magnitude) = sign_and_magnitude(field, value);
                    if wire == 0 {
                        *constant = f32::max(*constant, magnitude);
                        continue;
                    }
                    let mut attr = [0.0, 0.0, 0.0, sign, magnitude];
                    attr[slot] = 1.0;
                    self.edge_source.push(wire as i32 - 1);
                    self.edge_target.push(first + index as i32);
                    self.edge_attr.extend(attr);
                }
            }
        }
        constants
    }

    fn append_nodes(&mut self, r1cs: &R1cs, security: u32, constant_of: &[f32]) {
        let (wires, constraints) = (r1cs.wires() as usize - 1, r1cs.constraints());
        let shared = shared_features(r1cs, security);
        self.x.reserve(NODE_FEATURES * (wires + constraints));
        for (index, degrees) in wire_degrees(r1cs).chunks_exact(3).enumerate() {
            let public = index + 1 < r1cs.first_private() as usize;
            let flags = [false, public, false, false];
            self.append_node(flags, 0.0, [degrees[0], degrees[1], degrees[2]], place(index, wires), shared);
        }
        for (index, &constant) in constant_of.iter().enumerate() {
            let forms = r1cs.constraint(index);
            let flags = [true, false, r1cs.is_linear(index), is_boolean(r1cs, forms)];
            let degrees =
                forms.map(|form| (form.wires.len() - usize::from(form.wires.first() == Some(&0))) as u32);
            self.append_node(flags, constant, degrees, place(index, constraints), shared);
        }
    }

    fn append_node(
        &mut self,
        flags: [bool; 4],
        constant: f32,
        degrees: [u32; 3],
        place: f32,
        shared: [f32; 3],
    ) {
        self.x.extend(flags.map(f32::from));
        self.x.push(constant);
        self.x.extend(degrees.map(log_degree));
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
fn wire_degrees(r1cs: &R1cs) -> Vec<u32> {
    let mut degrees = vec![0; 3 * r1cs.wires() as usize];
    for index in 0..r1cs.constraints() {
        for (slot, form) in r1cs.constraint(index).into_iter().enumerate() {
            form.wires.iter().for_each(|&wire| degrees[3 * wire as usize + slot] += 1);
        }
    }
    degrees.split_off(3)
}

/// `index / (count - 1)`: 0 for the first of the wires (or constraints), 1 for the last; a single one has 0.
fn place(index: usize, count: usize) -> f32 {
    (index as f64 / count.saturating_sub(1).max(1) as f64) as f32
}

/// Whether a constraint is `k*x * k'*(x - 1) = 0`, in either order.
fn is_boolean(r1cs: &R1cs, [a, b, c]: [Combination<'_>; 3]) -> bool {
    let zero = |form: Combination<'_>| (form.wires.len() == 1 && form.wires[0] != 0).then(|| form.wires[0]);
    let one = |form: Combination<'_>| match (form.wires, form.coefficients) {
        ([0, wire], [constant, factor]) => opposite(r1cs, *constant, *factor).then_some(*wire),
        _ => None,
    };
    let pair = |zero: Option<u32>, one: Option<u32>| zero.is_some() && zero == one;
    c.is_empty() && (pair(zero(a), one(b)) || pair(zero(b), one(a)))
}

fn opposite(r1cs: &R1cs, left: u32, right: u32) -> bool {
    let values = r1cs.coefficients().values();
    r1cs.field().neg(values[left as usize]) == values[right as usize]
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
