//! Random draws whose values depend on nothing but the seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::field::{Field, U256};

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of a family and a seed.
    pub fn new(family: u8, seed: u64) -> Self {
        let mut key = *b"nexuszero synthetic circuit v1  ";
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[31] = family;
        Self(ChaCha8Rng::from_seed(key))
    }

    /// An integer below `bound` (multiply and shift; the bias is below `bound / 2^64`).
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// An integer in `low..=high`; `low` where that is empty.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below((high.saturating_sub(low) + 1) as u64) as usize
    }

    /// True in `sixteenths` of 16 cases.
    pub fn chance(&mut self, sixteenths: u64) -> bool {
        self.below(16) < sixteenths
    }

    /// An integer of at most `width <= 128` bits.
    pub fn bits(&mut self, width: u32) -> U256 {
        let value = u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64());
        U256::from(value.checked_shr(128 - width).unwrap_or(0))
    }

    /// An integer in `-bound..=bound`, but not zero.
    pub fn small(&mut self, bound: u64) -> i64 {
        let magnitude = 1 + self.below(bound) as i64;
        if self.chance(8) { magnitude } else { -magnitude }
    }

    /// A field element, near uniform.
    pub fn element(&mut self, field: &Field) -> U256 {
        let limbs = if field.bits() <= 64 { 1 } else { 4 };
        let mut value = [0; 4];
        value[..limbs].fill_with(|| self.0.next_u64());
        U256::from_limbs(value) % field.modulus()
    }
}
