//! The commitment: its matrix, and the cuts of low bits (proof.md, section 5).
//!
//! Baum, Damgard, Lyubashevsky, Oechsner, Peikert: More efficient commitments from structured lattice assumptions, SCN 2018.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::field::U256;
use crate::parallel::each;

use super::parameters::{Parameters, half_power};
use super::residues::{Element, Residues};
use super::ring::{Poly, Ring, Slotted};
use super::xof::{DIGEST, Xof};

/// Bytes of entries that a prover keeps between its proof and the verification of it.
const MOST_KEPT: usize = 1 << 27;

/// The matrices `A` and `(e_j | a_j)`, expanded from the parameters entry by entry.
///
/// An entry is held as the residues that the stream gives, without the factor of Montgomery's form; the vectors have it
/// twice.
pub(super) struct Matrix<E> {
    seed: [u8; DIGEST],
    kappa: usize,
    mu: usize,
    l: usize,
    kept: OnceLock<Vec<Slotted<E>>>, // those of A, then those of a_j, row by row
}

impl<E: Element> Matrix<E> {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Self {
            seed: Xof::new("matrix").part(&parameters.bytes()).digest(),
            kappa: parameters.kappa as usize,
            mu: parameters.mu as usize,
            l: parameters.l as usize,
            kept: OnceLock::new(),
        }
    }

    /// Expands all entries once, unless they take too much memory.
    pub(super) fn keep<M: Residues<Element = E>>(&self, ring: &Ring<M>) {
        let count = self.kappa * (self.l + self.mu) + self.l * self.mu;
        if count.saturating_mul(size_of::<Slotted<E>>()) > MOST_KEPT {
            return;
        }
        let width = self.l + self.mu;
        let entry = |place: usize| match place.checked_sub(self.kappa * width) {
            None => self.entry(ring, place / width, place % width),
            Some(place) => self.entry(ring, self.kappa + place / self.mu, self.l + place % self.mu),
        };
        self.kept.get_or_init(|| each(count, &entry));
    }

    fn entry<M: Residues<Element = E>>(&self, ring: &Ring<M>, row: usize, column: usize) -> Slotted<E> {
        let mut place = (row as u32).to_le_bytes().to_vec();
        place.extend_from_slice(&(column as u32).to_le_bytes());
        let mut stream = Xof::new("entry").part(&self.seed).part(&place).stream();
        ring.slotted(&Poly(std::array::from_fn(|_| ring.m().draw_raw(&mut stream, ring.bits()))))
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
            for column in 0..self.l + self.mu {
                self.add_entry(ring, &mut sums, [row, column], &doubled);
            }
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
            for column in self.l..self.l + self.mu {
                self.add_entry(ring, &mut sums, [self.kappa + row, column], &doubled);
            }
            sums
        };
        each(self.l, &row)
    }

    fn add_entry<M: Residues<Element = E>>(
        &self,
        ring: &Ring<M>,
        sums: &mut [Slotted<E>],
        [row, column]: [usize; 2],
        vectors: &[Vec<Slotted<E>>],
    ) {
        let width = self.l + self.mu;
        let place = match row.checked_sub(self.kappa) {
            None => row * width + column,
            Some(row) => self.kappa * width + row * self.mu + column - self.l,
        };
        let kept = self.kept.get().and_then(|kept| kept.get(place)).copied();
        let entry = kept.unwrap_or_else(|| self.entry(ring, row, column));
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            ring.add_product(sum, &entry, &vector[column]);
        }
    }
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
