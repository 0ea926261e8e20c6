//! Synthetic circuits: families that look like what people prove, each with a satisfying witness.
//!
//! A circuit is drawn from its family and its seed alone (`ChaCha8`, integer arithmetic only), so it
//! rebuilds exactly on any machine. `cargo test --test all synthesis` holds the properties.

mod adders;
mod arithmetic;
mod base64;
mod bigint;
mod blake;
mod boolean;
mod circuit;
mod comparisons;
mod curves;
mod decompositions;
mod dense;
mod dot;
mod draw;
mod euclid;
mod gadgets;
mod horner;
mod inverses;
mod keccak;
mod limbs;
mod lookups;
mod merkle;
mod mimc;
mod poseidon;
mod ranges;
mod recurrence;
mod regexes;
mod selectors;
mod sha;
mod shape;
mod sketch;
mod sorting;
mod states;

use crate::field::U256;
use crate::r1cs::R1cs;
use draw::Draw;
use sketch::Sketch;

/// What a synthetic circuit proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Family {
    /// Random arithmetic circuits on integers.
    Arithmetic,
    /// Interval and set membership, transfers between balances.
    Ranges,
    /// Maxima, sorted lists, thresholds, equalities.
    Comparisons,
    /// The MiMC permutation and its Feistel form.
    Mimc,
    /// The Poseidon sponge.
    Poseidon,
    /// Merkle paths.
    Merkle,
    /// Polynomial evaluation.
    Horner,
    /// Quantised dot products and distances.
    Dot,
    /// Quantised dense layers with `ReLU`.
    Dense,
    /// Adders and multipliers on bits.
    Adders,
    /// Boolean networks.
    Boolean,
    /// Sorting networks and permutation arguments.
    Sorting,
    /// Recurrences.
    Recurrence,
    /// Automata and register machines.
    States,
    /// Decompositions into bits, alone and in bulk.
    Decompositions,
    /// Equalities, reads at a secret place, multiplexers, shifts.
    Selectors,
    /// Rounds of SHA-2 over bits.
    Sha,
    /// Rounds of Keccak over bits.
    Keccak,
    /// Look-ups in tables of constants.
    Lookups,
    /// Sums, differences and comparisons of integers of several limbs.
    Limbs,
    /// Inverses as hints: S-boxes, values that differ, fractions.
    Inverses,
    /// Additions of points and products by scalars.
    Curves,
    /// State machines of regular expressions over bytes.
    Regexes,
    /// Products of long integers, limb by limb. Kept from training.
    Bigint,
    /// Euclid's algorithm. Kept from training.
    Euclid,
    /// Quarter rounds of `BLAKE2` over bits. Kept from training.
    Blake,
    /// Base64, decoded. Kept from training.
    Base64,
}

impl Family {
    /// So many families, the first ones, make the splits train, val and test.
    pub const TRAINED: usize = 23;

    /// All families, in the order of their numbers.
    pub const ALL: [Self; 27] = [
        Self::Arithmetic,
        Self::Ranges,
        Self::Comparisons,
        Self::Mimc,
        Self::Poseidon,
        Self::Merkle,
        Self::Horner,
        Self::Dot,
        Self::Dense,
        Self::Adders,
        Self::Boolean,
        Self::Sorting,
        Self::Recurrence,
        Self::States,
        Self::Decompositions,
        Self::Selectors,
        Self::Sha,
        Self::Keccak,
        Self::Lookups,
        Self::Limbs,
        Self::Inverses,
        Self::Curves,
        Self::Regexes,
        Self::Bigint,
        Self::Euclid,
        Self::Blake,
        Self::Base64,
    ];

    /// The name in reports and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arithmetic => "arithmetic",
            Self::Ranges => "ranges",
            Self::Comparisons => "comparisons",
            Self::Mimc => "mimc",
            Self::Poseidon => "poseidon",
            Self::Merkle => "merkle",
            Self::Horner => "horner",
            Self::Dot => "dot",
            Self::Dense => "dense",
            Self::Adders => "adders",
            Self::Boolean => "boolean",
            Self::Sorting => "sorting",
            Self::Recurrence => "recurrence",
            Self::States => "states",
            Self::Decompositions => "decompositions",
            Self::Selectors => "selectors",
            Self::Sha => "sha",
            Self::Keccak => "keccak",
            Self::Lookups => "lookups",
            Self::Limbs => "limbs",
            Self::Inverses => "inverses",
            Self::Curves => "curves",
            Self::Regexes => "regexes",
            Self::Bigint => "bigint",
            Self::Euclid => "euclid",
            Self::Blake => "blake",
            Self::Base64 => "base64",
        }
    }

    /// The family of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    const fn build(self) -> fn(&mut Sketch) {
        match self {
            Self::Arithmetic => arithmetic::build,
            Self::Ranges => ranges::build,
            Self::Comparisons => comparisons::build,
            Self::Mimc => mimc::build,
            Self::Poseidon => poseidon::build,
            Self::Merkle => merkle::build,
            Self::Horner => horner::build,
            Self::Dot => dot::build,
            Self::Dense => dense::build,
            Self::Adders => adders::build,
            Self::Boolean => boolean::build,
            Self::Sorting => sorting::build,
            Self::Recurrence => recurrence::build,
            Self::States => states::build,
            Self::Decompositions => decompositions::build,
            Self::Selectors => selectors::build,
            Self::Sha => sha::build,
            Self::Keccak => keccak::build,
            Self::Lookups => lookups::build,
            Self::Limbs => limbs::build,
            Self::Inverses => inverses::build,
            Self::Curves => curves::build,
            Self::Regexes => regexes::build,
            Self::Bigint => bigint::build,
            Self::Euclid => euclid::build,
            Self::Blake => blake::build,
            Self::Base64 => base64::build,
        }
    }
}

/// A circuit and an assignment that satisfies it, one element a wire.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// The constraint system.
    pub r1cs: R1cs,
    /// The value of every wire; that of wire 0 is one.
    pub witness: Vec<U256>,
}

/// Sizes by octave: a lower end, and its share in percent.
const OCTAVES: [(usize, u64); 9] =
    [(4, 4), (8, 5), (16, 10), (32, 15), (64, 18), (128, 20), (256, 17), (512, 8), (1000, 3)];

/// Nodes of the smallest circuit.
const SMALLEST: usize = 3;

/// The circuit of a family and a seed: about 240 nodes on average. Up to 2,000 are wanted; hardly one of a thousand has
/// more than 2,200, and the largest of 150,000 recurrences 3,996.
///
/// ```
/// use nexuszero_crypto::synth::{Family, synthesize};
/// let first = synthesize(Family::Sorting, 7);
/// assert_eq!(first.r1cs.first_violation(&first.witness), None);
/// assert_eq!(first.r1cs.content_hash(), synthesize(Family::Sorting, 7).r1cs.content_hash());
/// ```
#[must_use]
pub fn synthesize(family: Family, seed: u64) -> Synthetic {
    let mut draw = Draw::new(family as u8, seed);
    let low = octave(draw.below(100));
    let target = low + draw.below(low as u64) as usize;
    draw_circuit(family, draw, target)
}

fn octave(mut percent: u64) -> usize {
    for (low, share) in OCTAVES {
        if percent < share {
            return low;
        }
        percent -= share;
    }
    OCTAVES[0].0
}

/// A circuit of a family and a seed with about `target_nodes` nodes, in time linear in them.
#[must_use]
pub fn synthesize_sized(family: Family, seed: u64, target_nodes: usize) -> Synthetic {
    draw_circuit(family, Draw::new(family as u8, seed), target_nodes)
}

/// Where nothing comes out in so little room there is twice as much.
fn draw_circuit(family: Family, draw: Draw, mut target: usize) -> Synthetic {
    loop {
        let mut sketch = Sketch::new(draw.clone(), target);
        family.build()(&mut sketch);
        let circuit = sketch.finish();
        if circuit.r1cs.wires() as usize + circuit.r1cs.constraints() > SMALLEST {
            return circuit;
        }
        target *= 2;
    }
}
