//! The extendable output function of every hash and stream (proof.md, section 5), and uniform residues from it.

use shake::digest::{ExtendableOutput, Update, XofReader};
use shake::{Shake256, Shake256Reader};
use zeroize::Zeroize;

use super::residues::Residues;

/// Names this version of proofs: any change of a formula behind the parameters takes another.
const PREFIX: &[u8] = b"NZP2";
/// Bytes of a block of SHAKE256.
pub(super) const RATE: usize = 136;
/// Bytes of the longest number.
pub(super) const ROOM: usize = 32;
/// What is left of a block, the next one, and room to read past its end.
const BUFFER: usize = ROOM + RATE + ROOM;
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

    /// All that is hashed, for whoever hashes it himself.
    pub(super) fn input(tag: &str, parts: &[&[u8]]) -> Vec<u8> {
        let mut input = PREFIX.to_vec();
        input.push(tag.len() as u8);
        input.extend_from_slice(tag.as_bytes());
        for part in parts {
            input.extend_from_slice(&(part.len() as u64).to_le_bytes());
            input.extend_from_slice(part);
        }
        input
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
        Stream { reader: self.hash.finalize_xof(), buffer: [0; BUFFER], used: 0, end: 0 }
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
    buffer: [u8; BUFFER],
    used: usize,
    end: usize, // of what has been read
}

impl Stream {
    /// Fills bytes with the next ones.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = self.byte());
    }

    /// The next byte.
    #[inline]
    pub(super) fn byte(&mut self) -> u8 {
        self.room(1)[0]
    }

    /// The next 8 bytes as a little-endian word.
    #[inline]
    pub(super) fn word(&mut self) -> u64 {
        self.room(8).first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// A uniform element of `Z_q`.
    #[inline]
    pub(super) fn uniform<M: Residues>(&mut self, m: &M, bits: u32) -> M::Element {
        m.doubled(m.draw_raw(self, bits))
    }

    /// The next bytes, up to [`ROOM`]; what follows them in the slice, which is as long as that, means nothing.
    #[inline]
    pub(super) fn room(&mut self, bytes: usize) -> &[u8] {
        if self.used + bytes > self.end {
            self.read_block();
        }
        let start = self.used;
        self.used += bytes;
        &self.buffer[start..start + ROOM]
    }

    fn read_block(&mut self) {
        self.buffer.copy_within(self.used..self.end, 0);
        self.end -= self.used;
        self.used = 0;
        self.reader.read(&mut self.buffer[self.end..self.end + RATE]);
        self.end += RATE;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.buffer.zeroize();
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
        let mut hash = Shake256::default();
        hash.update(&Xof::input("test", &[b"", b"ab"]));
        let mut same = [0; 8];
        hash.finalize_xof().read(&mut same);
        assert_eq!(same, bytes);
    }

    /// Blocks do not show: numbers of any length are the bytes one after another.
    #[test]
    fn numbers_continue_over_blocks() {
        let stream = || Xof::new("numbers").stream();
        for length in 1..=ROOM {
            let mut bytes = vec![0; 50 * length];
            stream().fill(&mut bytes);
            let mut numbers = stream();
            bytes.chunks(length).for_each(|number| assert_eq!(&numbers.room(length)[..length], number));
        }
    }
}
