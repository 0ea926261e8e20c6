//! Rows of the dataset: circuits of a seeded stream, their graphs and their labels (dataset.md, sections 1 to 4).
//!
//! Position `g` of the stream fixes family, seed and security; the hash of the circuit fixes the split.
//! So no circuit is in two splits, and any range of positions can be computed anywhere.

use anyhow::{Result, ensure};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::analysis::{Analysis, Nodes};
use crate::graph::Graph;
use crate::label::{Choice, Demand, LEVELS, choose};
use crate::r1cs::R1cs;
use crate::ranges::Bounds;
use crate::relation::Relation;
use crate::synth::{Family, Synthetic, synthesize, synthesize_sized};

/// Layout and meaning of the columns; any change raises this number.
pub const SCHEMA_VERSION: u32 = 8;

/// Names of the splits, in the order of [`generate`]'s result.
pub const SPLITS: [&str; 3] = ["train", "val", "test"];

/// Place of the split train.
const TRAIN: usize = 0;

/// Of seven circuits, this many go to each split on average.
const SHARES: [u64; 3] = [5, 1, 1];

/// Stream positions that [`generate_train`] takes at a time: few, so that their memory is used again.
const BLOCK: u64 = 512;

/// The columns of one split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Node and edge columns, circuits after one another.
    pub graph: Graph,
    /// `[nodes]`: bits of each node's largest value as the analysis has it ([`Nodes`]). It is what
    /// a network may learn from, and never an input.
    pub node_bits: Vec<u16>,
    /// `[nodes]`: bits of a wire's values below zero, and of those above.
    pub node_ends: Vec<[u16; 2]>,
    /// `[nodes]`: the round in which a node first narrowed.
    pub node_rounds: Vec<u8>,
    /// Nodes of each circuit.
    pub nodes: Vec<i64>,
    /// Edges of each circuit.
    pub edges: Vec<i64>,
    /// `n, log2_q, sigma`.
    pub params: Vec<[f64; 3]>,
    /// `bit_security, hardness, proof_size`.
    pub metrics: Vec<[f64; 3]>,
    /// Seed of the circuit: with the family it rebuilds it.
    pub seed: Vec<u64>,
    /// Family number.
    pub family: Vec<u8>,
    /// lambda.
    pub security: Vec<u16>,
    /// Bits of the circuit's field.
    pub field_bits: Vec<u16>,
    /// Wires, the constant one included.
    pub wires: Vec<u32>,
    /// Constraints.
    pub constraints: Vec<u32>,
    /// Constraints that are dropped.
    pub dropped: Vec<u32>,
    /// Hint constraints.
    pub hints: Vec<u32>,
    /// Distinct private forms.
    pub forms: Vec<u32>,
    /// Heights for 64, 32, 16, 8 and 4 slots.
    pub heights: Vec<[u32; 5]>,
    /// `B` for a liftable circuit, else the field's bits.
    pub bits: Vec<u16>,
    /// Whether q is free.
    pub liftable: Vec<u8>,
}

/// Splits whose circuits differ from those of training, each from a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Shift {
    /// The families of training, 2,000 to 20,000 nodes.
    Large,
    /// Families that training does not know, in its sizes.
    Family,
}

impl Shift {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Large, Self::Family];

    /// The circuit of a family and a seed in this split.
    #[must_use]
    pub fn circuit(self, family: Family, seed: u64) -> Synthetic {
        match self {
            Self::Large => {
                let low = LARGE.start << pick(seed, 3, 3);
                let room = low.min(LARGE.end - low);
                synthesize_sized(family, seed, low + pick(seed, 4, room))
            }
            Self::Family => synthesize(family, seed),
        }
    }

    fn draw(self, master_seed: u64, position: u64) -> Draw {
        let seed = mix(mix(master_seed ^ mix(10 + self as u64)) ^ position);
        let number = match self {
            Self::Large => pick(seed, 1, Family::TRAINED),
            Self::Family => Family::TRAINED + pick(seed, 1, Family::ALL.len() - Family::TRAINED),
        };
        Draw { family: Family::ALL[number], seed, security: LEVELS[pick(seed, 2, LEVELS.len())] }
    }

    fn row(self, draw: Draw) -> Option<Row> {
        let row = row(draw, &self.circuit(draw.family, draw.seed).r1cs)?;
        (self == Self::Family || LARGE.contains(&row.graph.nodes())).then_some(row)
    }
}

/// Nodes of the circuits of [`Shift::Large`].
const LARGE: std::ops::Range<usize> = 2_000..20_000;

/// One position of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Draw {
    family: Family,
    seed: u64,
    security: u32,
}

impl Draw {
    fn at(master_seed: u64, position: u64) -> Self {
        let seed = mix(mix(master_seed) ^ position);
        let family = Family::ALL[pick(seed, 1, Family::TRAINED)];
        Self { family, seed, security: LEVELS[pick(seed, 2, LEVELS.len())] }
    }

    fn circuit(self) -> R1cs {
        synthesize(self.family, self.seed).r1cs
    }
}

/// One of `count` numbers, drawn from the seed for a purpose.
const fn pick(seed: u64, purpose: u64, count: usize) -> usize {
    (mix(seed ^ mix(purpose)) % count as u64) as usize
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A circuit with everything that its row holds.
struct Row {
    draw: Draw,
    graph: Graph,
    nodes: Nodes,
    analysis: Analysis,
    choice: Choice,
}

/// The rows of stream positions `first..first + count`, by split, in stream order.
/// Positions of unsatisfiable circuits, and those without a sound parameter set, have no row. `threads` of 0 means all cores.
///
/// # Errors
/// When the range overflows or no thread pool can be had.
pub fn generate(master_seed: u64, first: u64, count: u64, threads: usize) -> Result<[Rows; 3]> {
    let rows = rows(&pool(threads)?, first, count, |position| {
        let draw = Draw::at(master_seed, position);
        let r1cs = draw.circuit();
        Some((split_of(&r1cs), row(draw, &r1cs)?))
    })?;
    let mut splits = [(); 3].map(|()| Rows::default());
    for (split, row) in rows {
        splits[split].push(row);
    }
    Ok(splits)
}

/// The first `count` train rows from stream position `first` on, as [`generate`] has them; what goes to another split
/// is not analysed.
///
/// # Errors
/// When the stream ends or no thread pool can be had.
pub fn generate_train(master_seed: u64, first: u64, count: usize, threads: usize) -> Result<Rows> {
    let pool = pool(threads)?;
    let (mut train, mut position) = (Rows::default(), first);
    while train.seed.len() < count {
        let missing = count - train.seed.len();
        let block = BLOCK.min((missing as u64).saturating_mul(2));
        let rows = rows(&pool, position, block, |position| {
            let draw = Draw::at(master_seed, position);
            let r1cs = draw.circuit();
            if split_of(&r1cs) == TRAIN { row(draw, &r1cs) } else { None }
        })?;
        rows.into_iter().take(missing).for_each(|row| train.push(row));
        position += block;
    }
    Ok(train)
}

/// The rows of positions `first..first + count` of a shifted split's stream, whose circuits all go to that split.
///
/// # Errors
/// When the range overflows or no thread pool can be had.
pub fn generate_shifted(
    shift: Shift,
    master_seed: u64,
    first: u64,
    count: u64,
    threads: usize,
) -> Result<Rows> {
    let mut split = Rows::default();
    let row = |position| shift.row(shift.draw(master_seed, position));
    for row in rows(&pool(threads)?, first, count, row)? {
        split.push(row);
    }
    Ok(split)
}

fn pool(threads: usize) -> Result<ThreadPool> {
    Ok(ThreadPoolBuilder::new().num_threads(threads).build()?)
}

fn rows<T: Send>(
    pool: &ThreadPool,
    first: u64,
    count: u64,
    row: impl Fn(u64) -> Option<T> + Sync + Send,
) -> Result<Vec<T>> {
    ensure!(first.checked_add(count).is_some(), "stream positions end at 2^64");
    Ok(pool.install(|| (first..first + count).into_par_iter().filter_map(row).collect()))
}

fn row(draw: Draw, r1cs: &R1cs) -> Option<Row> {
    let relation = Relation::of(r1cs, &Bounds::new());
    let (analysis, nodes) = Analysis::with_nodes(r1cs, &relation);
    if analysis.unsatisfiable.is_some() {
        return None;
    }
    let choice = choose(&Demand::of_circuit(&analysis), draw.security).ok()?;
    let graph = Graph::of_relation(r1cs, &relation, draw.security);
    Some(Row { draw, graph, nodes, analysis, choice })
}

/// The split of a circuit, by its content alone.
fn split_of(r1cs: &R1cs) -> usize {
    let number = r1cs.content_hash().iter().take(8).fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    let place = number % SHARES.iter().sum::<u64>();

    let mut end = 0;
    let holds = |share: &u64| {
        end += share;
        place < end
    };
    SHARES.iter().position(holds).unwrap_or(0)
}

impl Rows {
    /// Appends a circuit's nodes and edges.
    pub fn push_graph(&mut self, mut graph: Graph) {
        self.nodes.push(graph.nodes() as i64);
        self.edges.push(graph.edges() as i64);
        self.graph.x.append(&mut graph.x);
        self.graph.edge_source.append(&mut graph.edge_source);
        self.graph.edge_target.append(&mut graph.edge_target);
        self.graph.edge_attr.append(&mut graph.edge_attr);
    }

    fn push(&mut self, row: Row) {
        let Row { draw, graph, mut nodes, analysis, choice } = row;
        self.push_graph(graph);
        self.node_bits.append(&mut nodes.bits);
        self.node_ends.append(&mut nodes.ends);
        self.node_rounds.append(&mut nodes.rounds);
        self.params.push([f64::from(choice.n()), f64::from(choice.candidate.bits), stable(choice.sigma)]);
        self.metrics.push([
            stable(choice.bit_security()),
            stable(choice.hardness()),
            choice.proof_size as f64,
        ]);
        self.seed.push(draw.seed);
        self.family.push(draw.family as u8);
        self.security.push(draw.security as u16);
        self.field_bits.push(analysis.field.bits() as u16);
        self.wires.push(analysis.wires);
        self.constraints.push(analysis.constraints);
        self.dropped.push(analysis.dropped);
        self.hints.push(analysis.hints);
        self.forms.push(analysis.forms);
        self.heights.push(analysis.heights);
        self.bits.push(analysis.bits as u16);
        self.liftable.push(u8::from(analysis.liftable));
    }
}

/// Nine decimals: hides the last digits of logarithms, which differ between machines' libraries.
fn stable(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
