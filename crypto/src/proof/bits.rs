//! The bit string of a proof: numbers of fixed lengths, least significant bit first (proof.md, section 9).

use crate::field::U256;

/// Writes numbers one after another.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    used: usize,
}

impl BitWriter {
    /// Appends a number of so many bits.
    pub(super) fn write(&mut self, value: U256, bits: u32) {
        let mut place = 0;
        while place < bits {
            let skip = (self.used % 8) as u32;
            if skip == 0 {
                self.bytes.push(0);
            }
            let count = (8 - skip).min(bits - place).min(64 - place % 64);
            let limb = value.as_limbs()[place as usize / 64] >> (place % 64);
            let chunk = limb as u8 & (0xff >> (8 - count));
            if let Some(last) = self.bytes.last_mut() {
                *last |= chunk << skip;
            }
            self.used += count as usize;
            place += count;
        }
    }

    /// The bytes, filled up with zero bits.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads numbers one after another.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    used: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, used: 0 }
    }

    /// The next number of so many bits; what lies behind the end is zero.
    pub(super) fn read(&mut self, bits: u32) -> U256 {
        let mut limbs = [0u64; 4];
        let mut place = 0;
        while place < bits {
            let (byte, skip) = (self.used / 8, (self.used % 8) as u32);
            let count = (8 - skip).min(bits - place).min(64 - place % 64);
            let chunk = (self.bytes.get(byte).copied().unwrap_or(0) >> skip) & (0xff >> (8 - count));
            limbs[place as usize / 64] |= u64::from(chunk) << (place % 64);
            self.used += count as usize;
            place += count;
        }
        U256::from_limbs(limbs)
    }

    /// Whether the bits left in the last byte are zero.
    pub(super) fn padding_is_zero(mut self) -> bool {
        let left = self.bytes.len() * 8 - self.used.min(self.bytes.len() * 8);
        self.read(left as u32).is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_lengths_come_back() {
        let numbers: Vec<(U256, u32)> = (1..=256u32)
            .map(|bits| ((U256::MAX / U256::from(u64::from(bits) + 2)) >> (256 - bits) as usize, bits))
            .collect();
        let mut writer = BitWriter::default();
        numbers.iter().for_each(|&(value, bits)| writer.write(value, bits));
        let bytes = writer.finish();
        assert_eq!(bytes.len(), (256usize * 257 / 2).div_ceil(8));
        let mut reader = BitReader::new(&bytes);
        for (value, bits) in numbers {
            assert_eq!(reader.read(bits), value);
        }
        assert!(reader.padding_is_zero());
    }
}
