//! The commitment: its matrix, and the cuts of low bits (proof.md, section 5).
//!
//! Baum, Damgard, Lyubashevsky, Oechsner, Peikert: More efficient commitments from structured lattice assumptions, SCN 2018.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::field::U256;
use crate::parallel::each;

use super::four::shake256;
use super::parameters::{Parameters, half_power};
use super::residues::{Element, Residues};
use super::ring::{DEGREE, Poly, Ring, Slotted};
use super::xof::{DIGEST, RATE, ROOM, Xof};

/// Bytes of entries that a prover keeps between its proof and the verification of it.
const MOST_KEPT: usize = 1 << 27;

/// The matrices `A` and `(e_j | a_j)`, expanded from the parameters four entries of a row at a time.
///
/// An entry is held as the residues that the stream gives, without the factor of Montgomery's form; the vectors have it
/// twice.
pub(super) struct Matrix<E> {
    seed: [u8; DIGEST],
    kappa: usize,
    mu: usize,
    l: usize,
    /// Bytes of an entry's stream that nearly always hold its residues.
    enough: usize,
    /// Those of A, then those of a_j, row by row.
    kept: OnceLock<Vec<Four<E>>>,
}

/// Neighbours in a row; of a row's last four some may lie beyond its end.
type Four<E> = [Slotted<E>; 4];

impl<E: Element> Matrix<E> {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Self {
            seed: Xof::new("matrix").part(&parameters.bytes()).digest(),
            kappa: parameters.kappa as usize,
            mu: parameters.mu as usize,
            l: parameters.l as usize,
            enough: enough(parameters),
            kept: OnceLock::new(),
        }
    }

    /// Expands all entries once, unless they take too much memory.
    pub(super) fn keep<M: Residues<Element = E>>(&self, ring: &Ring<M>) {
        let count = self.fours_before(self.kappa + self.l);
        if count.saturating_mul(size_of::<Four<E>>()) > MOST_KEPT {
            return;
        }
        let (of_a, of_b) = (self.fours_before(1), self.mu.div_ceil(4));
        let four = |place: usize| match place.checked_sub(self.kappa * of_a) {
            None => self.four(ring, place / of_a, place % of_a),
            Some(place) => self.four(ring, self.kappa + place / of_b, place % of_b),
        };
        self.kept.get_or_init(|| each(count, &four));
    }

    /// Number of fours in the rows before one.
    fn fours_before(&self, row: usize) -> usize {
        let of_b = row.saturating_sub(self.kappa);
        (row - of_b) * (self.l + self.mu).div_ceil(4) + of_b * self.mu.div_ceil(4)
    }

    /// The first column of a row that holds a random entry.
    const fn first_column(&self, row: usize) -> usize {
        if row < self.kappa { 0 } else { self.l }
    }

    fn four<M: Residues<Element = E>>(&self, ring: &Ring<M>, row: usize, number: usize) -> Four<E> {
        let first = self.first_column(row) + 4 * number;
        let parts = std::array::from_fn::<_, 4, _>(|lane| Self::place(row, first + lane));
        let inputs = parts.each_ref().map(|place| Xof::input("entry", &[&self.seed, place]));
        let mut outputs: [_; 4] = std::array::from_fn(|_| vec![0; self.enough + ROOM]);
        let wanted = outputs.each_mut().map(|output| &mut output[..self.enough]);
        shake256(inputs.each_ref().map(Vec::as_slice), wanted);
        std::array::from_fn(|lane| {
            let entry = self.of_bytes(ring, &outputs[lane]);
            ring.slotted(&entry.unwrap_or_else(|| self.entry(ring, &parts[lane])))
        })
    }

    fn place(row: usize, column: usize) -> [u8; 8] {
        let mut place = [0; 8];
        place[..4].copy_from_slice(&(row as u32).to_le_bytes());
        place[4..].copy_from_slice(&(column as u32).to_le_bytes());
        place
    }

    /// An entry from the front of its stream and room behind; nothing where that is too short.
    fn of_bytes<M: Residues<Element = E>>(&self, ring: &Ring<M>, bytes: &[u8]) -> Option<Poly<E>> {
        let length = ring.bits().div_ceil(8) as usize;
        let (mut entry, mut at, mut filled) = (Poly::default(), 0, 0);
        while filled < DEGREE {
            let number = bytes.get(at..at + ROOM)?;
            at += length;
            if let Some(value) = ring.m().raw(number, ring.bits()) {
                entry.0[filled] = value;
                filled += 1;
            }
        }
        (at <= self.enough).then_some(entry)
    }

    fn entry<M: Residues<Element = E>>(&self, ring: &Ring<M>, place: &[u8; 8]) -> Poly<E> {
        let mut stream = Xof::new("entry").part(&self.seed).part(place).stream();
        Poly(std::array::from_fn(|_| ring.m().draw_raw(&mut stream, ring.bits())))
    }

    /// `A v` for each of several vectors of `l + mu` elements: kappa rows of as many products.
    pub(super) fn bind<M: Residues<Element = E>>(
        &self,
        ring: &Ring<M>,
        vectors: &[Vec<Slotted<E>>],
    ) -> Vec<Vec<Poly<E>>> {
        let doubled = doubled(ring, vectors);
        let row = |row| {
            let mut sums = vec![Slotted::default(); vectors.len()];
            self.add_row(ring, &mut sums, row, &doubled);
            sums.iter().map(|sum| ring.poly(sum)).collect()
        };
        each(self.kappa, &row)
    }

    /// `<b_j, v>` for each of several vectors: l rows of as many products.
    pub(super) fn hide<M: Residues<Element = E>>(
        &self,
        ring: &Ring<M>,
        vectors: &[Vec<Slotted<E>>],
    ) -> Vec<Vec<Slotted<E>>> {
        let doubled = doubled(ring, vectors);
        let row = |row: usize| {
            let mut sums: Vec<_> = vectors.iter().map(|vector| vector[row]).collect();
            self.add_row(ring, &mut sums, self.kappa + row, &doubled);
            sums
        };
        each(self.l, &row)
    }

    /// Adds the products of a row's random entries with each vector.
    fn add_row<M: Residues<Element = E>>(
        &self,
        ring: &Ring<M>,
        sums: &mut [Slotted<E>],
        row: usize,
        vectors: &[Vec<Slotted<E>>],
    ) {
        let before = self.fours_before(row);
        for number in 0..self.fours_before(row + 1) - before {
            let made;
            let four = match self.kept.get() {
                Some(kept) => &kept[before + number],
                None => {
                    made = self.four(ring, row, number);
                    &made
                }
            };
            for (entry, column) in four.iter().zip(self.first_column(row) + 4 * number..self.l + self.mu) {
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    ring.add_product(sum, entry, &vector[column]);
                }
            }
        }
    }
}

/// Bytes, in whole blocks, that hold 64 residues but for one time in a billion.
fn enough(parameters: &Parameters) -> usize {
    let accepted = f64::from(parameters.q) / f64::from(parameters.bits).exp2();
    let deviation = (DEGREE as f64 * (1.0 - accepted)).sqrt() / accepted;
    let draws = DEGREE as f64 / accepted + 6.0 * deviation;
    let bytes = draws.ceil() as usize * parameters.bits.div_ceil(8) as usize;
    bytes.next_multiple_of(RATE)
}

/// Vectors with the factor of Montgomery's form once more.
fn doubled<M: Residues>(
    ring: &Ring<M>,
    vectors: &[Vec<Slotted<M::Element>>],
) -> Zeroizing<Vec<Vec<Slotted<M::Element>>>> {
    let element = |slotted: &Slotted<M::Element>| Slotted(slotted.0.map(|value| ring.m().doubled(value)));
    Zeroizing::new(vectors.iter().map(|vector| vector.iter().map(element).collect()).collect())
}

/// Numbers of the cut commitment, `t0 // 2^D`.
pub(super) fn cut<M: Residues>(ring: &Ring<M>, cut_d: u32, t0: &Poly<M::Element>) -> Poly<M::Element> {
    let m = ring.m();
    Poly(t0.0.map(|value| m.element(m.residue(value) >> cut_d as usize)))
}

/// `t0' = 2^D t01 + [D>0] 2^(D-1)`, which stands for t0.
pub(super) fn uncut<M: Residues>(ring: &Ring<M>, cut_d: u32, cut: &Poly<M::Element>) -> Poly<M::Element> {
    if cut_d == 0 {
        return *cut;
    }
    let m = ring.m();
    let half = m.element(half_power(cut_d));
    let power = m.add(half, half);
    Poly(cut.0.map(|value| m.add(m.mul(value, power), half)))
}

/// An integer in `[-E, E]` by sign and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct High {
    negative: bool,
    magnitude: U256,
}

impl High {
    /// `high(a) = (a + 2^(g-1)) >> g` of a centred residue.
    pub(super) fn of<M: Residues>(m: &M, cut_g: u32, value: M::Element) -> Self {
        let (negative, magnitude) = m.centred(value);
        if cut_g == 0 {
            return Self { negative, magnitude };
        }
        let half = half_power(cut_g);
        let round = if negative { half - U256::from(1) } else { half };
        Self { negative, magnitude: (magnitude + round) >> cut_g as usize }
    }

    /// `self + hint`, brought into `[-E, E]` modulo `2E + 1`; both are there.
    pub(super) fn plus(self, hint: i64, largest: U256) -> Self {
        let size = U256::from(hint.unsigned_abs());
        let sum = if self.negative == (hint < 0) {
            Self { magnitude: self.magnitude + size, ..self }
        } else if self.magnitude >= size {
            Self { magnitude: self.magnitude - size, ..self }
        } else {
            Self { negative: hint < 0, magnitude: size - self.magnitude }
        };
        sum.wrapped(largest)
    }

    /// `self - other` modulo `2E + 1`, centred; nothing if it has more than 62 bits.
    pub(super) fn minus(self, other: Self, largest: U256) -> Option<i64> {
        let difference = if self.negative != other.negative {
            Self { magnitude: self.magnitude + other.magnitude, ..self }
        } else if self.magnitude >= other.magnitude {
            Self { magnitude: self.magnitude - other.magnitude, ..self }
        } else {
            Self { negative: !self.negative, magnitude: other.magnitude - self.magnitude }
        };
        let Self { negative, magnitude } = difference.wrapped(largest);
        let magnitude = i64::try_from(magnitude).ok().filter(|size| *size < 1 << 62)?;
        Some(if negative { -magnitude } else { magnitude })
    }

    fn wrapped(self, largest: U256) -> Self {
        if self.magnitude <= largest {
            return self;
        }
        let period = (largest << 1) + U256::from(1); // at most q
        Self { negative: !self.negative, magnitude: period - self.magnitude }
    }

    /// As a residue.
    pub(super) fn element<M: Residues>(self, m: &M) -> M::Element {
        let element = m.element(self.magnitude);
        if self.negative { m.neg(element) } else { element }
    }
}

/// Adds the square of a centred residue to a norm, which stays at the largest number once it is there.
pub(super) fn add_square<M: Residues>(m: &M, norm: &mut u128, value: M::Element) {
    let size = u64::try_from(m.centred(value).1).unwrap_or(u64::MAX);
    *norm = norm.saturating_add(u128::from(size) * u128::from(size));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::residues::Narrow;

    /// Entries hashed side by side are those of streams of their own, which a prefix that is too short falls back to.
    #[test]
    fn fours_are_entries_of_their_own() {
        let m = Narrow::new(U256::from(4_193_393)).unwrap();
        let ring = Ring::new(m, 22, 8);
        for enough in [RATE, 2 * RATE, 3 * RATE] {
            let (kappa, mu, l) = (3, 5, 4);
            let matrix = Matrix::<u64> { seed: [7; DIGEST], kappa, mu, l, enough, kept: OnceLock::new() };
            for (row, number) in [(0, 0), (2, 2), (3, 0), (6, 1)] {
                let first = matrix.first_column(row) + 4 * number;
                for (lane, entry) in matrix.four(&ring, row, number).iter().enumerate() {
                    let place = Matrix::<u64>::place(row, first + lane);
                    assert_eq!(*entry, ring.slotted(&matrix.entry(&ring, &place)));
                }
            }
        }
    }

    /// `high` is a rounding shift, and hints lead from one value to another modulo `2E + 1`.
    #[test]
    fn highs_are_rounded_and_wrap() {
        let q = 257i64;
        let m = Narrow::new(U256::from(257)).unwrap();
        for g in 0..7u32 {
            let high = |a: i64| if g == 0 { a } else { (a + (1 << (g - 1))) >> g };
            let most = high(q / 2);
            for a in -q / 2..=q / 2 {
                let of = High::of(&m, g, m.small(a));
                assert_eq!(of.element(&m), m.small(high(a)));
                for b in -q / 2..=q / 2 {
                    let other = High::of(&m, g, m.small(b));
                    let hint = other.minus(of, U256::from(most as u64)).unwrap();
                    assert!(hint.abs() <= most && (high(b) - high(a) - hint) % (2 * most + 1) == 0);
                    assert_eq!(of.plus(hint, U256::from(most as u64)).element(&m), m.small(high(b)));
                }
            }
        }
    }
}
