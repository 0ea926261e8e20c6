//! The parameters of a proof, which a verifier computes anew (proof.md, section 1), and numbers that follow from them.

use dashu_int::UBig;
use dashu_int::ops::Gcd;

use crate::field::U256;
use crate::label::{Choice, Rational, Widths, widths};

use super::coder::Table;
use super::ring::DEGREE;

/// Everything that fixes the shape of a proof.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// lambda.
    pub security: u32,
    /// Bits an element takes.
    pub bits: u32,
    /// The order of q modulo 128, the degree of a slot.
    pub ord: u32,
    /// Openings in parallel.
    pub k: u32,
    /// LWE rank.
    pub mu: u32,
    /// SIS rank.
    pub kappa: u32,
    /// Rows of forms.
    pub height: u32,
    /// Masks of the linear checks.
    pub nlin: u32,
    /// Garbage rows of the products.
    pub gamma: u32,
    /// Committed rows: forms, masks, garbage.
    pub l: u32,
    /// D, low bits dropped from the commitment.
    pub cut_d: u32,
    /// g, low bits dropped from the opening.
    pub cut_g: u32,
    /// Largest coefficient of a challenge.
    pub w: u32,
    /// Largest operator norm of a challenge.
    pub t: u32,
    /// The number that sets the widths.
    pub j: u32,
    /// The modulus.
    pub q: U256,
    /// S, the mean of a challenge's squared norm.
    s: u32,
    widths: Widths,
}

impl Parameters {
    /// Those of a choice with its prime.
    pub(super) fn of(choice: &Choice, q: U256) -> Self {
        Self {
            security: choice.security,
            bits: choice.candidate.bits,
            ord: choice.candidate.ord,
            k: choice.k,
            mu: choice.mu,
            kappa: choice.kappa,
            height: choice.l - choice.nlin - choice.gamma,
            nlin: choice.nlin,
            gamma: choice.gamma,
            l: choice.l,
            cut_d: choice.cut_d,
            cut_g: choice.cut_g,
            w: choice.challenges.w,
            t: choice.challenges.t,
            j: choice.j,
            q,
            s: choice.challenges.s,
            widths: widths(choice),
        }
    }

    /// What enters the statement's hash (proof.md, section 8).
    pub(super) fn bytes(&self) -> Vec<u8> {
        let numbers = [
            self.security,
            self.bits,
            self.ord,
            self.k,
            self.mu,
            self.kappa,
            self.height,
            self.nlin,
            self.gamma,
            self.l,
            self.cut_d,
            self.cut_g,
            self.w,
            self.t,
            self.j,
        ];
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes.extend_from_slice(&self.q.to_le_bytes::<32>()[..self.element_bytes()]);
        bytes
    }

    /// `nb`, bytes of an element.
    pub(super) const fn element_bytes(&self) -> usize {
        self.bits.div_ceil(8) as usize
    }

    /// Bytes of the challenge's seed.
    pub(super) const fn seed_bytes(&self) -> usize {
        seed_bytes(self.security)
    }

    /// Whether masks are Sidon masks; else they are trace masks.
    pub(super) const fn is_sidon(&self) -> bool {
        self.k == 1 && (self.ord == 8 || self.ord == 16)
    }

    /// Checks of a mask.
    pub(super) const fn per(&self) -> usize {
        if self.is_sidon() { self.ord as usize / 2 } else { self.k as usize }
    }

    /// `m2 = mu + kappa + l`.
    pub(super) const fn m2(&self) -> usize {
        self.mu as usize + self.kappa as usize + self.l as usize
    }

    /// `l + mu`, the part of an opening that is sent.
    pub(super) const fn sent(&self) -> usize {
        self.l as usize + self.mu as usize
    }

    /// Exponents of a mask's answer that are sent, ascending; the others follow from them.
    pub(super) fn free_exponents(&self) -> Vec<usize> {
        let places = self.places();
        (0..DEGREE).filter(|exponent| !places.contains(exponent)).collect()
    }

    /// Exponents at which a mask's answer is known: for trace masks `pos_e`, for Sidon masks 0, 2, .., ord-2.
    pub(super) fn places(&self) -> Vec<usize> {
        match self.k as usize {
            _ if self.is_sidon() => (0..self.ord as usize).step_by(2).collect(),
            1 => vec![0],
            2 => vec![0, DEGREE / 2],
            k => (0..k).collect(),
        }
    }

    /// Bits of the bit string.
    pub(super) const fn string_bits(&self) -> u64 {
        let d = DEGREE as u64;
        let commitment = self.kappa as u64 * d * (self.bits - self.cut_d) as u64;
        let rows = self.l as u64 * d * self.bits as u64;
        let masks = self.nlin as u64 * (d - self.per() as u64) * self.bits as u64;
        commitment + rows + masks
    }

    /// Bytes of the bit string.
    #[must_use]
    pub const fn string_bytes(&self) -> usize {
        self.string_bits().div_ceil(8) as usize
    }

    /// `E`, the largest value after g low bits are cut.
    pub(super) fn largest_hint(&self) -> U256 {
        let half = self.q >> 1;
        if self.cut_g == 0 { half } else { (half + half_power(self.cut_g)) >> self.cut_g as usize }
    }

    /// The largest number of the cut commitment.
    pub(super) fn largest_cut(&self) -> U256 {
        (self.q - U256::from(1)) >> self.cut_d as usize
    }

    /// `Bd2 = floor(704 (12 m2 N + kappa Dn ([D>0] S 4^D + [g>0] 4^g)) / (120 Dn))`, with `V = N/Dn`.
    pub(super) fn norm_bound(&self) -> UBig {
        let Rational { numerator, denominator } = self.widths.answer;
        let denominator = UBig::from(denominator);
        let cuts = UBig::from(self.kappa) * &denominator * (self.dropped() + power(self.cut_g));
        let sum = UBig::from(self.m2() as u64 * 12) * UBig::from(numerator) + cuts;
        sum * UBig::from(704u32) / (denominator * UBig::from(120u32))
    }

    /// The tables of answers and of hints (proof.md, section 9).
    pub(super) fn tables(&self) -> [Table; 2] {
        let Rational { numerator, denominator } = self.widths.answer;
        let [n, dn] = reduced(numerator, denominator);
        let scale = UBig::ONE << (2 * self.cut_g as usize);
        let hints = &n * UBig::from(12u32) + &dn * (self.dropped() + &scale * UBig::from(2u32));
        [Table::new(&n, &dn), Table::new(&hints, &(&dn * UBig::from(12u32) * scale))]
    }

    /// `s1^2` of the commitment's randomness, then `s2^2` of the masks.
    pub(super) fn variances(&self) -> [[UBig; 2]; 2] {
        [self.widths.randomness, self.widths.mask].map(|width| reduced(width.numerator, width.denominator))
    }

    /// `[D>0] S 4^D`.
    fn dropped(&self) -> UBig {
        UBig::from(self.s) * power(self.cut_d)
    }
}

/// Bytes of the challenge's seed at a security level.
pub(super) const fn seed_bytes(security: u32) -> usize {
    if security <= 128 { 32 } else { security as usize / 4 }
}

/// `2^(cut - 1)`.
pub(super) fn half_power(cut: u32) -> U256 {
    U256::from(1) << (cut as usize - 1)
}

/// `[cut>0] 4^cut`.
fn power(cut: u32) -> UBig {
    if cut == 0 { UBig::ZERO } else { UBig::ONE << (2 * cut as usize) }
}

fn reduced(numerator: u128, denominator: u128) -> [UBig; 2] {
    let (numerator, denominator) = (UBig::from(numerator), UBig::from(denominator));
    let divisor = (&numerator).gcd(&denominator);
    [numerator / &divisor, denominator / divisor]
}
