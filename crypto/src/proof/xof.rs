//! The extendable output function of every hash and stream (proof.md, section 5), and uniform residues from it.

use shake::digest::{ExtendableOutput, Update, XofReader};
use shake::{Shake256, Shake256Reader};
use zeroize::Zeroize;

use crate::field::U256;

use super::residues::Residues;

/// Names this version of proofs: any change of a formula behind the parameters takes another.
const PREFIX: &[u8] = b"NZP2";
/// Bytes of a block of SHAKE256.
const RATE: usize = 136;
/// Bytes of a digest.
pub(super) const DIGEST: usize = 64;

/// `XOF(tag, p_1, p_2, ..)`, part by part.
pub(super) struct Xof {
    hash: Shake256,
}

impl Xof {
    pub(super) fn new(tag: &str) -> Self {
        let mut hash = Shake256::default();
        hash.update(PREFIX);
        hash.update(&[tag.len() as u8]);
        hash.update(tag.as_bytes());
        Self { hash }
    }

    /// Appends a part.
    pub(super) fn part(mut self, bytes: &[u8]) -> Self {
        self.begin(bytes.len() as u64);
        self.write(bytes);
        self
    }

    /// Begins a part of so many bytes, which follow by [`Self::write`].
    pub(super) fn begin(&mut self, length: u64) {
        self.hash.update(&length.to_le_bytes());
    }

    /// Bytes of the part that was begun.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// The output as a stream.
    pub(super) fn stream(self) -> Stream {
        Stream { reader: self.hash.finalize_xof(), block: [0; RATE + 8], used: RATE }
    }

    /// The first 64 bytes of output.
    pub(super) fn digest(self) -> [u8; DIGEST] {
        let mut digest = [0; DIGEST];
        self.stream().fill(&mut digest);
        digest
    }
}

/// Output bytes, one after another.
pub(super) struct Stream {
    reader: Shake256Reader,
    block: [u8; RATE + 8], // words are read past the end of it
    used: usize,
}

impl Stream {
    /// The next bytes.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.byte();
        }
    }

    /// The next byte.
    #[inline]
    pub(super) fn byte(&mut self) -> u8 {
        if self.used == RATE {
            self.reader.read(&mut self.block[..RATE]);
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// The next bytes as a little-endian word.
    #[inline]
    pub(super) fn word(&mut self, bytes: usize) -> u64 {
        if let (true, Some(next)) = (self.used + bytes <= RATE, self.block[self.used..].first_chunk()) {
            self.used += bytes;
            let mask = if bytes < 8 { (1 << (8 * bytes)) - 1 } else { u64::MAX };
            return u64::from_le_bytes(*next) & mask;
        }
        (0..bytes).fold(0, |word, place| word | u64::from(self.byte()) << (8 * place))
    }

    /// A uniform element of `Z_q`.
    #[inline]
    pub(super) fn uniform<M: Residues>(&mut self, m: &M, bits: u32) -> M::Element {
        m.doubled(m.draw_raw(self, bits))
    }

    /// The next bytes as an integer of so many bits.
    pub(super) fn integer(&mut self, bits: u32) -> U256 {
        if bits <= 64 {
            let word = self.word(bits.div_ceil(8) as usize);
            return U256::from(word & (u64::MAX >> (64 - bits)));
        }
        let mut limbs = [0; 4];
        let mut left = bits.div_ceil(8) as usize;
        for limb in &mut limbs {
            *limb = self.word(left.min(8));
            left -= left.min(8);
        }
        let excess = bits % 64;
        if excess > 0 {
            limbs[bits as usize / 64] &= u64::MAX >> (64 - excess);
        }
        U256::from_limbs(limbs)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// proof.md, section 14.
    #[test]
    fn known_answer() {
        let mut bytes = [0; 8];
        Xof::new("test").part(b"").part(b"ab").stream().fill(&mut bytes);
        assert_eq!(bytes, [0xba, 0x6a, 0x30, 0xbd, 0xa1, 0x93, 0xe8, 0x4c]);
    }

    /// Blocks do not show: words of odd lengths are the bytes one after another.
    #[test]
    fn words_continue_over_blocks() {
        let stream = || Xof::new("words").stream();
        let mut bytes = [0; 3 * 100];
        stream().fill(&mut bytes);
        let mut words = stream();
        for three in bytes.chunks(3) {
            let expected = u64::from_le_bytes([three[0], three[1], three[2], 0, 0, 0, 0, 0]);
            assert_eq!(words.word(3), expected);
        }
    }
}
