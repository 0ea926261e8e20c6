//! The ring `Z_q[X]/(X^64+1)`, its slots and its automorphisms (proof.md, section 2).
//!
//! An element is held by coefficients ([`Poly`]) or by its slots ([`Slotted`]), in which products are taken. The way
//! between them is a negacyclic transform of length 64/ord on blocks of ord coefficients.

use zeroize::Zeroize;

use crate::field::U256;

use super::residues::Residues;

/// Degree of the ring.
pub(super) const DEGREE: usize = 64;

/// A ring element by its coefficients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Poly<E>(pub(super) [E; DEGREE]);

/// A ring element by its slots: slot s is the block of ord coefficients of its residue modulo `X^ord - Z^(2s+1)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slotted<E>(pub(super) [E; DEGREE]);

impl<E: Copy + Default> Default for Poly<E> {
    fn default() -> Self {
        Self([E::default(); DEGREE])
    }
}

impl<E: Copy + Default> Default for Slotted<E> {
    fn default() -> Self {
        Self([E::default(); DEGREE])
    }
}

impl<E: Zeroize> Zeroize for Poly<E> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl<E: Zeroize> Zeroize for Slotted<E> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// The ring modulo a prime, with the roots of its transform.
#[derive(Clone, Debug)]
pub(super) struct Ring<M: Residues> {
    m: M,
    bits: u32,
    ord: usize,
    root: M::Element,         // Z
    zetas: Vec<M::Element>,   // by slot: Z^(2s+1)
    forward: Vec<M::Element>, // in the order in which the transform needs them
    backward: Vec<M::Element>,
    reversed: Vec<usize>, // by slot: where the transform leaves it
    inverse_slots: M::Element,
}

impl<M: Residues> Ring<M> {
    /// The ring where q has `bits` bits and order `ord` modulo 128.
    pub(super) fn new(m: M, bits: u32, ord: u32) -> Self {
        let ord = ord as usize;
        let slots = DEGREE / ord;
        let root = smallest_root(&m, 2 * slots);
        let power = |exponent: usize| m.pow(root, U256::from(exponent));
        let reversed: Vec<usize> = (0..slots).map(|slot| reverse(slot, slots)).collect();
        let forward: Vec<_> = reversed.iter().map(|&exponent| power(exponent)).collect();
        Self {
            zetas: (0..slots).map(|slot| power(2 * slot + 1)).collect(),
            backward: forward.iter().map(|&zeta| m.inv(zeta)).collect(),
            inverse_slots: m.inv(m.small(slots as i64)),
            m,
            bits,
            ord,
            root,
            forward,
            reversed,
        }
    }

    /// The residues.
    pub(super) const fn m(&self) -> &M {
        &self.m
    }

    /// Bits of q.
    pub(super) const fn bits(&self) -> u32 {
        self.bits
    }

    /// Degree of a slot.
    pub(super) const fn ord(&self) -> usize {
        self.ord
    }

    /// Number of slots.
    pub(super) const fn slots(&self) -> usize {
        DEGREE / self.ord
    }

    /// Z, the smallest positive integer of order `128/ord`.
    pub(super) const fn root(&self) -> M::Element {
        self.root
    }

    /// `X^ord` in a slot.
    #[cfg(test)]
    pub(super) fn zeta(&self, slot: usize) -> M::Element {
        self.zetas[slot]
    }

    /// The slots of an element.
    pub(super) fn slotted(&self, poly: &Poly<M::Element>) -> Slotted<M::Element> {
        let (m, ord) = (&self.m, self.ord);
        let mut values = poly.0;
        let (mut length, mut next) = (DEGREE / 2, 1);
        while length >= ord {
            for block in values.chunks_exact_mut(2 * length) {
                let zeta = self.forward[next];
                next += 1;
                let (low, high) = block.split_at_mut(length);
                for (a, b) in low.iter_mut().zip(high) {
                    let product = m.mul(zeta, *b);
                    *b = m.sub(*a, product);
                    *a = m.add(*a, product);
                }
            }
            length /= 2;
        }
        let mut slots = Slotted::default();
        for (slot, &place) in slots.0.chunks_exact_mut(ord).zip(&self.reversed) {
            let block = &values[place * ord..(place + 1) * ord];
            slot.iter_mut().zip(block).for_each(|(own, &value)| *own = value); // too short for a call that copies
        }
        slots
    }

    /// The coefficients of an element.
    pub(super) fn poly(&self, slotted: &Slotted<M::Element>) -> Poly<M::Element> {
        let (m, ord) = (&self.m, self.ord);
        let mut values = [M::Element::default(); DEGREE];
        for (slot, &place) in slotted.0.chunks_exact(ord).zip(&self.reversed) {
            let block = &mut values[place * ord..(place + 1) * ord];
            block.iter_mut().zip(slot).for_each(|(own, &value)| *own = value);
        }
        let (mut length, mut first) = (ord, self.slots() / 2);
        while length < DEGREE {
            for (number, block) in values.chunks_exact_mut(2 * length).enumerate() {
                let zeta = self.backward[first + number];
                let (low, high) = block.split_at_mut(length);
                for (a, b) in low.iter_mut().zip(high) {
                    let difference = m.sub(*a, *b);
                    *a = m.add(*a, *b);
                    *b = m.mul(zeta, difference);
                }
            }
            (length, first) = (2 * length, first / 2);
        }
        Poly(values.map(|value| m.mul(value, self.inverse_slots)))
    }

    /// `sum += a * b`.
    #[inline]
    pub(super) fn add_product(
        &self,
        sum: &mut Slotted<M::Element>,
        a: &Slotted<M::Element>,
        b: &Slotted<M::Element>,
    ) {
        self.m.add_polynomial_products(&mut sum.0, &a.0, &b.0, &self.zetas);
    }

    /// `sum += a * b` in one slot.
    #[inline]
    pub(super) fn add_slot_product(
        &self,
        sum: &mut [M::Element],
        a: &[M::Element],
        b: &[M::Element],
        slot: usize,
    ) {
        self.m.add_polynomial_products(sum, a, b, &self.zetas[slot..=slot]);
    }

    /// `a * b`.
    pub(super) fn product(&self, a: &Slotted<M::Element>, b: &Slotted<M::Element>) -> Slotted<M::Element> {
        let mut product = Slotted::default();
        self.add_product(&mut product, a, b);
        product
    }

    /// `a + b`.
    pub(super) fn add(&self, a: &Poly<M::Element>, b: &Poly<M::Element>) -> Poly<M::Element> {
        Poly(std::array::from_fn(|place| self.m.add(a.0[place], b.0[place])))
    }

    /// `a - b`.
    pub(super) fn sub(&self, a: &Poly<M::Element>, b: &Poly<M::Element>) -> Poly<M::Element> {
        Poly(std::array::from_fn(|place| self.m.sub(a.0[place], b.0[place])))
    }

    /// `a - b`, slot by slot.
    pub(super) fn sub_slots(&self, a: &Slotted<M::Element>, b: &Slotted<M::Element>) -> Slotted<M::Element> {
        Slotted(std::array::from_fn(|place| self.m.sub(a.0[place], b.0[place])))
    }

    /// `sum += factor X^exponent a`, with `X^64 = -1`.
    pub(super) fn add_shifted(
        &self,
        sum: &mut Poly<M::Element>,
        a: &Poly<M::Element>,
        exponent: usize,
        factor: M::Element,
    ) {
        for (place, &a) in a.0.iter().enumerate() {
            let term = self.m.mul(factor, a);
            self.add_at(sum, place + exponent, term);
        }
    }

    /// `sum += value X^exponent`.
    fn add_at(&self, sum: &mut Poly<M::Element>, exponent: usize, value: M::Element) {
        let place = exponent % DEGREE;
        let minus = (exponent / DEGREE) % 2 == 1;
        let current = sum.0[place];
        sum.0[place] = if minus { self.m.sub(current, value) } else { self.m.add(current, value) };
    }

    /// `sigma_j: X -> X^j` for an odd j.
    pub(super) fn automorphism(&self, a: &Poly<M::Element>, j: usize) -> Poly<M::Element> {
        let mut image = Poly::default();
        for (place, &value) in a.0.iter().enumerate() {
            self.add_at(&mut image, place * j, value);
        }
        image
    }

    /// The element of small coefficients.
    pub(super) fn small(&self, values: &[i64]) -> Poly<M::Element> {
        let mut poly = Poly::default();
        for (place, &value) in poly.0.iter_mut().zip(values) {
            *place = self.m.small(value);
        }
        poly
    }

    /// A uniform element.
    pub(super) fn uniform(&self, stream: &mut super::xof::Stream) -> Poly<M::Element> {
        Poly(std::array::from_fn(|_| stream.uniform(&self.m, self.bits)))
    }

    /// `ser`: every coefficient of every element as an integer of `ceil(bits/8)` bytes.
    pub(super) fn bytes<'a>(&self, polys: impl IntoIterator<Item = &'a Poly<M::Element>>) -> Vec<u8>
    where
        M: 'a,
    {
        let length = self.bits.div_ceil(8) as usize;
        let mut bytes = Vec::new();
        for value in polys.into_iter().flat_map(|poly| &poly.0) {
            bytes.extend_from_slice(&self.m.residue(*value).to_le_bytes::<32>()[..length]);
        }
        bytes
    }
}

/// Bits of `number < count` in reverse; `count` is a power of two.
const fn reverse(number: usize, count: usize) -> usize {
    if count == 1 { 0 } else { number.reverse_bits() >> (usize::BITS - count.trailing_zeros()) }
}

/// The smallest positive integer of order `n`, a power of two that divides `q - 1` and is at least 4.
///
/// A non-residue to the power `(q-1)/n` is one of that order; the others are its odd powers.
fn smallest_root<M: Residues>(m: &M, n: usize) -> M::Element {
    let q = m.modulus();
    let minus_one = m.neg(m.one());
    let is_nonresidue = |candidate: &M::Element| m.pow(*candidate, q >> 1) == minus_one;
    let candidates = (2..).map(|value| m.small(value));
    let nonresidue = candidates.take(1 << 16).find(is_nonresidue).unwrap_or_default();
    let root = m.pow(nonresidue, (q - U256::from(1)) / U256::from(n));
    let square = m.mul(root, root);
    let odd_powers = std::iter::successors(Some(root), |&power| Some(m.mul(power, square))).take(n / 2);
    odd_powers.min_by_key(|&power| m.residue(power)).unwrap_or_default()
}

/// Automorphisms of the openings: `J_i = gen^i mod 128` for `i < k`.
pub(super) fn openings(k: usize) -> Vec<usize> {
    let generator = if k == 2 { 127 } else { 1 + 128 / k };
    let mut powers = vec![1];
    for _ in 1..k {
        powers.push(powers[powers.len() - 1] * generator % 128);
    }
    powers
}

/// The inverse of an odd j modulo 128.
pub(super) fn inverse_automorphism(j: usize) -> usize {
    (1..128).step_by(2).find(|i| i * j % 128 == 1).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::residues::Narrow;
    use crate::proof::xof::Xof;

    /// A ring of each order, and two elements.
    fn rings() -> Vec<Ring<Narrow>> {
        let of = |bits, ord| {
            let q = crate::modulus::primes(bits, ord).next().unwrap();
            Ring::new(Narrow::new(q).unwrap(), bits, ord)
        };
        let orders = [1, 2, 4, 8, 16].into_iter();
        orders.flat_map(|ord| [22, 29, 30, 31, 58, 59, 60, 61, 64].map(|bits| of(bits, ord))).collect()
    }

    fn schoolbook(ring: &Ring<Narrow>, a: &Poly<u64>, b: &Poly<u64>) -> Poly<u64> {
        let mut product = Poly::default();
        for (place, &factor) in b.0.iter().enumerate() {
            ring.add_shifted(&mut product, a, place, factor);
        }
        product
    }

    #[test]
    fn products_in_slots_are_those_of_coefficients() {
        for ring in rings() {
            let mut stream = Xof::new("ring").stream();
            let (a, b) = (ring.uniform(&mut stream), ring.uniform(&mut stream));
            assert_eq!(ring.poly(&ring.slotted(&a)), a);
            let product = ring.product(&ring.slotted(&a), &ring.slotted(&b));
            assert_eq!(ring.poly(&product), schoolbook(&ring, &a, &b));
        }
    }

    /// Slot s is the residue modulo `X^ord - Z^(2s+1)`.
    #[test]
    fn slots_are_residues() {
        for ring in rings() {
            let a = ring.uniform(&mut Xof::new("slots").stream());
            let slotted = ring.slotted(&a);
            for slot in 0..ring.slots() {
                let zeta = ring.zeta(slot);
                assert_eq!(zeta, ring.m.pow(ring.root, U256::from(2 * slot + 1)));
                for place in 0..ring.ord {
                    let blocks = (0..ring.slots()).rev();
                    let value = blocks.fold(0, |sum, block| {
                        ring.m.add(ring.m.mul(sum, zeta), a.0[block * ring.ord + place])
                    });
                    assert_eq!(slotted.0[slot * ring.ord + place], value);
                }
            }
        }
    }

    #[test]
    fn automorphisms_keep_products_and_form_a_cyclic_group() {
        for ring in rings() {
            let mut stream = Xof::new("automorphism").stream();
            let (a, b) = (ring.uniform(&mut stream), ring.uniform(&mut stream));
            for k in [1, 2, 4, 8, 16] {
                let powers = openings(k);
                for &j in &powers {
                    let image = schoolbook(&ring, &ring.automorphism(&a, j), &ring.automorphism(&b, j));
                    assert_eq!(image, ring.automorphism(&schoolbook(&ring, &a, &b), j));
                    let back = inverse_automorphism(j);
                    assert_eq!(ring.automorphism(&ring.automorphism(&a, j), back), a);
                }
                assert_eq!(powers[k - 1] * powers[1 % k] % 128, 1);
            }
        }
    }

    /// proof.md, section 14.
    #[test]
    fn roots_are_the_smallest() {
        for (q, bits, ord, root) in [(4193393u64, 22, 8, 702569u64), (4294966337, 32, 2, 398595837)] {
            let ring = Ring::new(Narrow::new(U256::from(q)).unwrap(), bits, ord);
            assert_eq!(ring.m.residue(ring.root), U256::from(root));
        }
    }
}
