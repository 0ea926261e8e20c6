//! What a circuit demands, and the moduli to try for it (labels.md, section 4).

use crate::analysis::Analysis;
use crate::field::{Field, U256, log2};

/// Most bits of a circuit's values.
pub(crate) const MAX_BITS: u32 = 255;
/// Fewest bits of a free q.
pub(super) const NARROWEST: u32 = 16;
/// A free q is searched up to this many bits; where the circuit's values take more, at their length alone.
const WIDEST_SEARCHED: u32 = 64;
/// Orders of q modulo 128: degrees of the factors of `X^64 + 1`, hence [`Demand::heights`] for 64, 32, .. slots.
pub const ORDERS: [u32; 5] = [1, 2, 4, 8, 16];

/// The modulus that a circuit leaves open or fixes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Modulus {
    /// Any `q` above `2^bits`: the circuit holds over the integers.
    Free {
        /// Bit length `B` of the largest value.
        bits: u32,
    },
    /// `q = p`.
    Fixed {
        /// `log2 p`.
        log2_q: f64,
        /// Bit length of p.
        bits: u32,
        /// Order of p modulo 128.
        order: u32,
        /// Whether `X^64 + 1` splits into binomials modulo p: the order is 1, or `p mod 256/order = 1 + 128/order`.
        binomial: bool,
    },
}

impl Modulus {
    /// `q = p` for a field.
    #[must_use]
    pub fn fixed(field: &Field) -> Self {
        let (p, order) = (field.modulus(), field.order_mod_128());
        let binomial = order == 1 || p % U256::from(256 / order) == U256::from(1 + 128 / order);
        Self::Fixed { log2_q: log2(p), bits: field.bits(), order, binomial }
    }
}

/// What a circuit demands: its modulus, and the rows to commit for each of [`ORDERS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// The modulus, free or fixed.
    pub modulus: Modulus,
    /// `height(s)` for s = 64, 32, 16, 8, 4 slots.
    pub heights: [u32; 5],
}

impl Demand {
    /// Without a circuit: `height(s) = max(1, ceil(forms/s))`.
    #[must_use]
    pub fn of_forms(forms: u32, modulus: Modulus) -> Self {
        Self { modulus, heights: ORDERS.map(|ord| forms.div_ceil(64 / ord).max(1)) }
    }

    /// The demand of an analysed circuit.
    #[must_use]
    pub fn of_circuit(analysis: &Analysis) -> Self {
        let modulus = if analysis.liftable {
            Modulus::Free { bits: analysis.bits }
        } else {
            Modulus::fixed(&analysis.field)
        };
        Self { modulus, heights: analysis.heights }
    }

    /// Rows to commit where q has this order modulo 128.
    #[must_use]
    pub const fn height(&self, ord: u32) -> u32 {
        self.heights[ord.ilog2() as usize]
    }

    /// The same with q of one length alone.
    #[must_use]
    pub const fn at_bits(self, bits: u32) -> Self {
        Self { modulus: Modulus::Free { bits: bits - 1 }, ..self }
    }

    /// The fewest bits that q may have.
    #[must_use]
    pub fn least_bits(&self) -> u32 {
        match self.modulus {
            Modulus::Fixed { bits, .. } => bits,
            Modulus::Free { bits } => bits.saturating_add(1).max(NARROWEST),
        }
    }

    /// The bit lengths that the search goes through.
    pub(super) fn lengths(&self) -> std::ops::RangeInclusive<u32> {
        let least = self.least_bits();
        match self.modulus {
            Modulus::Fixed { .. } => least..=least,
            Modulus::Free { .. } => least..=least.max(WIDEST_SEARCHED),
        }
    }

    /// The candidates of one bit length; where q is fixed there is at most one, whatever the length.
    pub(crate) fn of_bits(&self, bits: u32) -> Vec<Candidate> {
        match self.modulus {
            Modulus::Fixed { log2_q, bits, order, binomial } => {
                let splits = binomial && ORDERS.contains(&order);
                splits.then_some(Candidate { log2_q, bits, ord: order }).into_iter().collect()
            }
            Modulus::Free { .. } => {
                ORDERS.map(|ord| Candidate { log2_q: f64::from(bits), bits, ord }).to_vec()
            }
        }
    }

    /// The moduli that the search goes through.
    pub fn candidates(&self) -> impl Iterator<Item = Candidate> {
        self.lengths().flat_map(|bits| self.of_bits(bits))
    }
}

/// A modulus to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// `lg = log2 q`.
    pub log2_q: f64,
    /// Bits an element of `Z_q` takes.
    pub bits: u32,
    /// The order of q modulo 128.
    pub ord: u32,
}
