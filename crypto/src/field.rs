//! Prime fields of up to 256 bits: the coefficients of an R1CS and its witness.
//!
//! Sources of the named primes: BN254 and BLS12-381 scalar fields (EIP-196, RFC draft
//! pairing-friendly-curves), Goldilocks `2^64 - 2^32 + 1`, BabyBear `15 * 2^27 + 1`.

use anyhow::{Context, Result, ensure};
use crypto_bigint::U256 as PrimeCandidate;
use crypto_primes::{Flavor, is_prime};
use dashu_int::{IBig, Sign, UBig};
pub use ruint::aliases::U256;

/// The fields that have a name here, as `(name, prime in decimal)`.
pub const NAMED: [(&str, &str); 4] = [
    ("bn254", "21888242871839275222246405745257275088548364400416034343698204186575808495617"),
    ("bls12-381", "52435875175126190479447740508185965837690552500527637822603658699938581184513"),
    ("goldilocks", "18446744069414584321"),
    ("babybear", "2013265921"),
];

/// Fields of other curves that circom knows, by its names.
const CURVES: [(&str, &str); 4] = [
    ("grumpkin", "21888242871839275222246405745257275088696311157297823662689037894645226208583"),
    ("pallas", "28948022309329048855892746252171976963363056481941560715954676764349967630337"),
    ("vesta", "28948022309329048855892746252171976963363056481941647379679742748393362948097"),
    ("secq256r1", "115792089210356248762697446949407573530086143415290314195533631308867097853951"),
];
/// Other names of fields: circom's.
const ALIASES: [(&str, &str); 2] = [("bn128", "bn254"), ("bls12381", "bls12-381")];

/// An odd prime field `F_p`; an element is its canonical representative in `[0, p)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    modulus: U256,
}

impl Field {
    /// The field of `modulus` elements.
    ///
    /// # Errors
    /// When `modulus` is not an odd prime.
    pub fn new(modulus: U256) -> Result<Self> {
        ensure!(modulus > U256::from(2), "field modulus {modulus} is not an odd prime; give a prime above 2");
        if !NAMED.iter().any(|(_, p)| parse(p).ok() == Some(modulus)) {
            ensure!(
                is_probable_prime(modulus),
                "field modulus {modulus} is not prime; lattice parameters need a prime field"
            );
        }
        Ok(Self { modulus })
    }

    /// A field by name, [`NAMED`] or circom's, or by its prime in decimal or `0x` hex.
    ///
    /// # Errors
    /// When the text is neither a known name nor an odd prime below `2^256`.
    pub fn parse(text: &str) -> Result<Self> {
        let lower = text.to_ascii_lowercase();
        let name = ALIASES.iter().find(|(alias, _)| *alias == lower).map_or(lower.as_str(), |(_, name)| name);
        let known = NAMED.iter().chain(&CURVES).find(|(known, _)| *known == name);
        Self::new(parse(known.map_or(text, |(_, p)| p))?)
    }

    /// The prime `p`.
    #[must_use]
    pub const fn modulus(&self) -> U256 {
        self.modulus
    }

    /// `(p - 1) / 2`, the largest signed representative.
    #[must_use]
    pub fn half(&self) -> U256 {
        self.modulus >> 1
    }

    /// Bit length of `p`.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        self.modulus.bit_len() as u32
    }

    /// `log2 p`.
    #[must_use]
    pub fn log2(&self) -> f64 {
        log2(self.modulus)
    }

    /// The order of `p` modulo 128: `X^64 + 1` splits modulo `p` into `64 / order` factors.
    #[must_use]
    pub fn order_mod_128(&self) -> u32 {
        let p = self.modulus.as_limbs()[0] % 128;
        let powers = std::iter::successors(Some(p), |power| Some(power * p % 128));
        powers.take_while(|&power| power != 1).count() as u32 + 1
    }

    /// `a + b`.
    #[must_use]
    pub fn add(&self, a: U256, b: U256) -> U256 {
        a.add_mod(b, self.modulus)
    }

    /// `a - b`.
    #[must_use]
    pub fn sub(&self, a: U256, b: U256) -> U256 {
        self.add(a, self.neg(b))
    }

    /// `-a`.
    #[must_use]
    pub fn neg(&self, a: U256) -> U256 {
        if a.is_zero() { a } else { self.modulus - a }
    }

    /// `a * b`.
    #[must_use]
    pub fn mul(&self, a: U256, b: U256) -> U256 {
        if self.modulus.bit_len() <= 64 {
            let product = u128::from(a.as_limbs()[0]) * u128::from(b.as_limbs()[0]);
            return U256::from(product % u128::from(self.modulus.as_limbs()[0]));
        }
        a.mul_mod(b, self.modulus)
    }

    /// `a^exponent`.
    #[must_use]
    pub fn pow(&self, a: U256, exponent: u64) -> U256 {
        a.pow_mod(U256::from(exponent), self.modulus)
    }

    /// `1 / a`, or zero for `a = 0`.
    #[must_use]
    pub fn inv(&self, a: U256) -> U256 {
        a.inv_mod(self.modulus).unwrap_or(U256::ZERO)
    }

    /// Inverts all values by one division (Montgomery's trick); zeros stay.
    pub fn invert_all(&self, values: &mut [U256]) {
        let (mut product, mut prefixes) = (U256::from(1), Vec::new());
        for &value in values.iter().filter(|value| !value.is_zero()) {
            prefixes.push(product);
            product = self.mul(product, value);
        }
        let mut inverse = self.inv(product);
        let values = values.iter_mut().rev().filter(|value| !value.is_zero());
        for (value, prefix) in values.zip(prefixes.into_iter().rev()) {
            (*value, inverse) = (self.mul(inverse, prefix), self.mul(inverse, *value));
        }
    }

    /// The element congruent to a signed integer.
    #[must_use]
    pub fn from_i64(&self, value: i64) -> U256 {
        let magnitude = U256::from(value.unsigned_abs()) % self.modulus;
        if value < 0 { self.neg(magnitude) } else { magnitude }
    }

    /// Sign and magnitude of the signed representative in `[-(p-1)/2, (p-1)/2]`.
    #[must_use]
    pub fn signed(&self, a: U256) -> (bool, U256) {
        if a <= self.half() { (false, a) } else { (true, self.modulus - a) }
    }

    /// The signed representative as an integer.
    #[must_use]
    pub fn to_integer(&self, a: U256) -> IBig {
        let (negative, magnitude) = self.signed(a);
        let sign = if negative { Sign::Negative } else { Sign::Positive };
        IBig::from_parts(sign, to_ubig(magnitude))
    }

    /// The element of an integer within the signed field.
    #[must_use]
    pub fn of_integer(&self, value: &IBig) -> U256 {
        let (sign, magnitude) = value.clone().into_parts();
        let magnitude = U256::try_from_le_slice(&magnitude.to_le_bytes()).unwrap_or_default();
        if sign == Sign::Negative { self.neg(magnitude) } else { magnitude }
    }
}

/// `value` as an unbounded integer.
#[must_use]
pub fn to_ubig(value: U256) -> UBig {
    UBig::from_le_bytes(&value.to_le_bytes::<32>())
}

/// `log2(value)` for `value > 0`, accurate to an ulp or two.
#[must_use]
pub fn log2(value: U256) -> f64 {
    let shift = (value.bit_len() as u32).saturating_sub(64);
    let top = (value >> shift as usize).as_limbs()[0];
    (top as f64).log2() + f64::from(shift)
}

/// Baillie-PSW primality.
#[must_use]
pub fn is_probable_prime(value: U256) -> bool {
    is_prime(Flavor::Any, &PrimeCandidate::from_le_slice(&value.to_le_bytes::<32>()))
}

fn parse(text: &str) -> Result<U256> {
    text.parse().ok().with_context(|| {
        let names: Vec<_> = NAMED.iter().chain(&CURVES).map(|(name, _)| *name).collect();
        format!("field {text:?} is neither one of {} nor a prime below 2^256", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_fields_are_prime_with_the_orders_of_the_golden_tables() {
        let orders = NAMED.map(|(_, p)| {
            let p = parse(p).unwrap();
            assert!(is_probable_prime(p));
            Field::new(p).unwrap().order_mod_128()
        });
        assert_eq!(orders, [1, 1, 1, 1]);
        for (name, p) in CURVES {
            assert!(is_probable_prime(parse(p).unwrap()), "{name}");
            assert_eq!(Field::parse(&name.to_uppercase()).unwrap().modulus(), parse(p).unwrap());
        }
        assert_eq!(Field::parse("bn128").unwrap().bits(), 254);
        assert_eq!(Field::parse("bls12381").unwrap().bits(), 255);
        assert_eq!(Field::parse("17").unwrap().order_mod_128(), 8);
        assert_eq!(Field::parse("3").unwrap().order_mod_128(), 32);
    }

    #[test]
    fn rejects_what_is_no_odd_prime() {
        for bad in ["0", "1", "2", "9", "341", "18446744069414584323", "-3", "p", ""] {
            assert!(Field::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn arithmetic_agrees_with_integers() {
        for name in ["101", "goldilocks", "bn254"] {
            let field = Field::parse(name).unwrap();
            let (a, b) = (field.from_i64(-7), field.from_i64(5));
            assert_eq!(field.mul(a, b), field.from_i64(-35));
            assert_eq!(field.add(a, b), field.from_i64(-2));
            assert_eq!(field.sub(b, a), field.from_i64(12));
            assert_eq!(field.mul(a, field.inv(a)), U256::from(1));
            assert_eq!(field.to_integer(a), IBig::from(-7));
        }
    }

    #[test]
    fn all_inverses_are_the_single_ones() {
        for name in ["101", "goldilocks", "bn254"] {
            let field = Field::parse(name).unwrap();
            for values in [vec![], vec![0], vec![0, 7, 0, 1, -1, 7, 100], vec![-50, 3]] {
                let values: Vec<U256> = values.into_iter().map(|value| field.from_i64(value)).collect();
                let mut inverted = values.clone();
                field.invert_all(&mut inverted);
                assert_eq!(inverted, values.iter().map(|&value| field.inv(value)).collect::<Vec<_>>());
            }
        }
    }
}
