//! Arithmetic modulo the prime q of a proof: one machine word or four, in Montgomery form.
//!
//! P. L. Montgomery, Modular multiplication without trial division, 1985. `R` is `2^64` or `2^256`.

use std::fmt::Debug;
use std::hash::Hash;
use std::hint::select_unpredictable;
use std::ops::AddAssign;

use zeroize::Zeroize;

use crate::field::U256;

use super::xof::{ROOM, Stream};

/// A residue, of which nobody but [`Residues`] knows the form; the default is zero.
pub(super) trait Element: Copy + Debug + Default + Eq + Hash + Send + Sync + Zeroize {}

impl Element for u64 {}
impl Element for U256 {}

/// The residues modulo a prime q.
pub(super) trait Residues: Clone + Debug + Send + Sync {
    /// A residue.
    type Element: Element;

    /// The prime.
    fn modulus(&self) -> U256;
    /// `1`.
    fn one(&self) -> Self::Element;
    /// `a + b`.
    fn add(&self, a: Self::Element, b: Self::Element) -> Self::Element;
    /// `a - b`.
    fn sub(&self, a: Self::Element, b: Self::Element) -> Self::Element;
    /// `a * b`.
    fn mul(&self, a: Self::Element, b: Self::Element) -> Self::Element;
    /// The element of an integer below q.
    fn element(&self, value: U256) -> Self::Element;
    /// An integer v below q by its bits, which are those of the element of `v/R`: the low `bits` bits of `ceil(bits/8)`
    /// bytes at the front; nothing if they are not below q, or there are too few of [`ROOM`] bytes.
    fn raw(&self, bytes: &[u8], bits: u32) -> Option<Self::Element>;
    /// `R a`: times a raw element it is the product with that one's value.
    fn doubled(&self, a: Self::Element) -> Self::Element;
    /// The integer in `[0, q)` of an element.
    fn residue(&self, a: Self::Element) -> U256;

    /// A uniform integer below q, raw: bytes of the stream until one is below q (proof.md, section 5).
    #[inline]
    fn draw_raw(&self, stream: &mut Stream, bits: u32) -> Self::Element {
        loop {
            if let Some(value) = self.raw(stream.room(bits.div_ceil(8) as usize), bits) {
                return value;
            }
        }
    }

    /// `-a`.
    fn neg(&self, a: Self::Element) -> Self::Element {
        self.sub(Self::Element::default(), a)
    }

    /// The element of a small integer.
    fn small(&self, value: i64) -> Self::Element {
        let (size, q) = (U256::from(value.unsigned_abs()), self.modulus());
        let magnitude = self.element(if size < q { size } else { size % q });
        if value < 0 { self.neg(magnitude) } else { magnitude }
    }

    /// `a^exponent`, in time that depends on the exponent.
    fn pow(&self, a: Self::Element, exponent: U256) -> Self::Element {
        let mut power = self.one();
        for bit in (0..exponent.bit_len()).rev() {
            power = self.mul(power, power);
            if exponent.bit(bit) {
                power = self.mul(power, a);
            }
        }
        power
    }

    /// `1/a`, zero for zero.
    fn inv(&self, a: Self::Element) -> Self::Element {
        let one = self.one();
        if a == one || a == self.neg(one) {
            return a;
        }
        self.pow(a, self.modulus() - U256::from(2))
    }

    /// `sum += a * b` place by place.
    #[inline]
    fn add_products(&self, sum: &mut [Self::Element], a: &[Self::Element], b: &[Self::Element]) {
        for ((sum, &a), &b) in sum.iter_mut().zip(a).zip(b) {
            *sum = self.add(*sum, self.mul(a, b));
        }
    }

    /// `sum += a * b` modulo `X^n - zeta` for polynomials of degree below n: blocks of n coefficients, a zeta each.
    #[inline]
    fn add_polynomial_products(
        &self,
        sum: &mut [Self::Element],
        a: &[Self::Element],
        b: &[Self::Element],
        zetas: &[Self::Element],
    ) {
        let n = sum.len() / zetas.len();
        if n == 1 {
            self.add_products(sum, a, b);
            return;
        }
        let blocks = sum.chunks_exact_mut(n).zip(a.chunks_exact(n)).zip(b.chunks_exact(n));
        for (((sum, a), b), &zeta) in blocks.zip(zetas) {
            for (i, &a) in a.iter().enumerate() {
                let turned = self.mul(a, zeta); // X^n = zeta
                for (j, &b) in b.iter().enumerate() {
                    let (place, a) = if i + j < n { (i + j, a) } else { (i + j - n, turned) };
                    sum[place] = self.add(sum[place], self.mul(a, b));
                }
            }
        }
    }

    /// Sign and magnitude of the centred residue in `[-(q-1)/2, (q-1)/2]`.
    fn centred(&self, a: Self::Element) -> (bool, U256) {
        let (value, q) = (self.residue(a), self.modulus());
        if value <= q >> 1 { (false, value) } else { (true, q - value) }
    }
}

/// Residues modulo a prime of up to 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Narrow {
    q: u64,
    inverse: u64, // of q modulo 2^64
    one: u64,     // 2^64 mod q
    square: u64,  // 2^128 mod q
}

impl Narrow {
    /// Nothing if q is even or has more than 64 bits.
    pub(super) fn new(q: U256) -> Option<Self> {
        let q = u64::try_from(q).ok().filter(|q| q % 2 == 1)?;
        let mut inverse = 1u64;
        for _ in 0..6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(q.wrapping_mul(inverse)));
        }
        let one = ((1u128 << 64) % u128::from(q)) as u64;
        let square = (u128::from(one) * u128::from(one) % u128::from(q)) as u64;
        Some(Self { q, inverse, one, square })
    }

    /// `value / 2^64` for `value < q 2^64`.
    #[inline]
    fn reduce(&self, value: u128) -> u64 {
        let multiple = (value as u64).wrapping_mul(self.inverse) as u128 * self.q as u128;
        self.difference((value >> 64) as u64, (multiple >> 64) as u64)
    }

    /// `a - b` without a branch: which of two residues is larger is chance, and a wrong guess costs more than all the rest.
    #[inline]
    fn difference(&self, a: u64, b: u64) -> u64 {
        let (difference, borrow) = a.overflowing_sub(b);
        select_unpredictable(borrow, difference.wrapping_add(self.q), difference)
    }
}

impl Narrow {
    /// `sum += a * b` modulo `X^N - zeta` block by block, N up to 16.
    fn add_lazy_products<const N: usize>(&self, sum: &mut [u64], a: &[u64], b: &[u64], zetas: &[u64]) {
        let blocks =
            sum.as_chunks_mut::<N>().0.iter_mut().zip(a.as_chunks::<N>().0).zip(b.as_chunks::<N>().0);
        for (((sum, a), b), &zeta) in blocks.zip(zetas) {
            if self.q < 1 << 29 {
                self.add_lazy(sum, a, b, zeta, |a, b| a * b, |sum| self.reduce(u128::from(sum)));
            } else if self.q < 1 << 59 {
                let product = |a, b| u128::from(a) * u128::from(b);
                self.add_lazy(sum, a, b, zeta, product, |sum| self.reduce(sum));
            } else {
                let product = |a, b| u128::from(self.mul(a, b));
                self.add_lazy(sum, a, b, zeta, product, |sum| (sum % u128::from(self.q)) as u64);
            }
        }
    }

    /// The same for one block, from sums of up to 16 products, which are settled once.
    #[inline]
    fn add_lazy<const N: usize, S: Copy + Default + AddAssign>(
        &self,
        sum: &mut [u64; N],
        a: &[u64; N],
        b: &[u64; N],
        zeta: u64,
        product: impl Fn(u64, u64) -> S,
        settled: impl Fn(S) -> u64,
    ) {
        let (mut low, mut high) = ([S::default(); N], [S::default(); N]);
        for (i, &a) in a.iter().enumerate() {
            for j in 0..N - i {
                low[i + j] += product(a, b[j]);
            }
            for j in N - i..N {
                high[i + j - N] += product(a, b[j]);
            }
        }
        for (low, &high) in low.iter_mut().zip(&high).take(N - 1) {
            *low += product(settled(high), zeta); // X^N = zeta
        }
        for (sum, low) in sum.iter_mut().zip(low) {
            *sum = self.add(*sum, settled(low));
        }
    }
}

impl Residues for Narrow {
    type Element = u64;

    fn modulus(&self) -> U256 {
        U256::from(self.q)
    }

    #[inline]
    fn one(&self) -> u64 {
        self.one
    }

    #[inline]
    fn add(&self, a: u64, b: u64) -> u64 {
        self.difference(a, self.q - b)
    }

    #[inline]
    fn sub(&self, a: u64, b: u64) -> u64 {
        self.difference(a, b)
    }

    #[inline]
    fn mul(&self, a: u64, b: u64) -> u64 {
        self.reduce(u128::from(a) * u128::from(b))
    }

    #[inline]
    fn add_polynomial_products(&self, sum: &mut [u64], a: &[u64], b: &[u64], zetas: &[u64]) {
        match sum.len() / zetas.len() {
            2 => self.add_lazy_products::<2>(sum, a, b, zetas),
            4 => self.add_lazy_products::<4>(sum, a, b, zetas),
            8 => self.add_lazy_products::<8>(sum, a, b, zetas),
            16 => self.add_lazy_products::<16>(sum, a, b, zetas),
            _ => self.add_products(sum, a, b), // degree 0
        }
    }

    #[inline]
    fn element(&self, value: U256) -> u64 {
        self.mul(value.as_limbs()[0], self.square)
    }

    #[inline]
    fn raw(&self, bytes: &[u8], bits: u32) -> Option<u64> {
        let value = u64::from_le_bytes(*bytes.first_chunk()?) & (u64::MAX >> (64 - bits));
        (value < self.q).then_some(value)
    }

    #[inline]
    fn doubled(&self, a: u64) -> u64 {
        self.mul(a, self.square)
    }

    #[inline]
    fn residue(&self, a: u64) -> U256 {
        U256::from(self.reduce(u128::from(a)))
    }
}

/// Residues modulo an odd prime of up to 256 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    q: U256,
    inverse: u64, // of -q modulo 2^64
    one: U256,    // 2^256 mod q
    square: U256, // 2^512 mod q
}

impl Wide {
    /// For an odd q.
    pub(super) fn new(q: U256) -> Self {
        let low = q.as_limbs()[0];
        let mut inverse = 1u64;
        for _ in 0..6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(low.wrapping_mul(inverse)));
        }
        let one = (U256::MAX % q + U256::from(1)) % q;
        let square = one.mul_mod(one, q);
        Self { q, inverse: inverse.wrapping_neg(), one, square }
    }
}

impl Residues for Wide {
    type Element = U256;

    fn modulus(&self) -> U256 {
        self.q
    }

    #[inline]
    fn one(&self) -> U256 {
        self.one
    }

    #[inline]
    fn add(&self, a: U256, b: U256) -> U256 {
        let (sum, carry) = a.overflowing_add(b);
        if carry || sum >= self.q { sum.wrapping_sub(self.q) } else { sum }
    }

    #[inline]
    fn sub(&self, a: U256, b: U256) -> U256 {
        let (difference, borrow) = a.overflowing_sub(b);
        if borrow { difference.wrapping_add(self.q) } else { difference }
    }

    #[inline]
    fn mul(&self, a: U256, b: U256) -> U256 {
        a.mul_redc(b, self.q, self.inverse)
    }

    #[inline]
    fn element(&self, value: U256) -> U256 {
        self.mul(value, self.square)
    }

    #[inline]
    fn raw(&self, bytes: &[u8], bits: u32) -> Option<U256> {
        let value = U256::from_le_bytes(*bytes.first_chunk::<ROOM>()?) & (U256::MAX >> (256 - bits as usize));
        (value < self.q).then_some(value)
    }

    #[inline]
    fn doubled(&self, a: U256) -> U256 {
        self.mul(a, self.square)
    }

    #[inline]
    fn residue(&self, a: U256) -> U256 {
        self.mul(a, U256::from(1))
    }

    fn inv(&self, a: U256) -> U256 {
        if a == self.one || a == self.neg(self.one) {
            return a;
        }
        let inverse = self.residue(a).inv_mod(self.q);
        inverse.map_or(U256::ZERO, |inverse| self.element(inverse))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Field;

    fn agree(m: &impl Residues, q: U256) {
        let field = Field::new(q).unwrap();
        let mut a = U256::from(3);
        let mut b = q - U256::from(5);
        for _ in 0..50 {
            let (x, y) = (m.element(a), m.element(b));
            assert_eq!(m.residue(x), a);
            assert_eq!(m.residue(m.add(x, y)), field.add(a, b));
            assert_eq!(m.residue(m.sub(x, y)), field.sub(a, b));
            assert_eq!(m.residue(m.mul(x, y)), field.mul(a, b));
            assert_eq!(m.residue(m.inv(x)), field.inv(a));
            assert_eq!(m.residue(m.neg(x)), field.neg(a));
            (a, b) = (b, field.add(field.mul(a, b), U256::from(7)));
        }
        assert_eq!(m.residue(m.small(-7)), field.from_i64(-7));
        assert_eq!(m.centred(m.small(-1)), (true, U256::from(1)));
    }

    #[test]
    fn both_widths_agree_with_the_field() {
        for q in ["257", "4193393", "4294966337", "18446744069414584321"] {
            let q = q.parse().unwrap();
            agree(&Narrow::new(q).unwrap(), q);
            agree(&Wide::new(q), q);
        }
        for name in ["bn254", "bls12-381"] {
            let q = Field::parse(name).unwrap().modulus();
            agree(&Wide::new(q), q);
        }
        let largest = crate::modulus::primes(256, 1).next().unwrap();
        agree(&Wide::new(largest), largest);
    }
}
