//! The bytes of a proof (proof.md, section 9).

use crate::field::U256;

use super::bits::{BitReader, BitWriter};
use super::coder::{Decoder, Encoder};
use super::instance::Instance;
use super::parameters::{Parameters, seed_bytes};
use super::rejection::{Code, Refusal, check};
use super::residues::{Element, Residues};
use super::ring::{DEGREE, Poly};

const MAGIC: &[u8; 4] = b"nzxp";
/// Version of proofs.
pub const VERSION: u16 = 2;
/// Bytes of a header.
const HEADER: usize = 32;
/// Bytes of the statement's digest in the header.
const ID: usize = 16;

/// What a proof's header says; nothing of it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// lambda.
    pub security: u32,
    /// Length of the whole proof.
    pub length: u32,
    /// Length of its coded part.
    pub coded: u32,
    /// The first bytes of the statement's digest.
    pub statement: [u8; ID],
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// When the bytes are too few, or magic or version are others (R3).
    pub fn read(proof: &[u8]) -> Result<Self, Refusal> {
        let (magic, rest) = take::<4>(proof)?;
        let (version, rest) = take::<2>(rest)?;
        let (security, rest) = take::<2>(rest)?;
        let (length, rest) = take::<4>(rest)?;
        let (coded, rest) = take::<4>(rest)?;
        let (statement, _) = take::<ID>(rest)?;
        check(magic == *MAGIC, Code::Header, "the bytes are no proof: another magic number")?;
        let version = u16::from_le_bytes(version);
        if version != VERSION {
            let reason = format!("a proof of version {version}; this program reads version {VERSION}");
            return Err(Refusal::new(Code::Header, reason));
        }
        Ok(Self {
            security: u32::from(u16::from_le_bytes(security)),
            length: u32::from_le_bytes(length),
            coded: u32::from_le_bytes(coded),
            statement,
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(self.security as u16).to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&self.coded.to_le_bytes());
        bytes.extend_from_slice(&self.statement);
        bytes
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), Refusal> {
    let (head, rest) =
        bytes.split_first_chunk().ok_or_else(|| Refusal::new(Code::Header, "shorter than a header"))?;
    Ok((*head, rest))
}

/// A proof's parts as bytes, once all lengths agree.
pub(super) struct Parts<'a> {
    pub(super) seed: &'a [u8],
    string: &'a [u8],
    coded: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Cuts a proof into its parts.
    ///
    /// # Errors
    /// When it is shorter than header and challenge (R3), or a length disagrees (R4).
    pub(super) fn of(proof: &'a [u8], header: &Header, parameters: &Parameters) -> Result<Self, Refusal> {
        let short = || Refusal::new(Code::Header, "shorter than header and challenge");
        let rest = proof.get(HEADER..).ok_or_else(short)?;
        let (seed, rest) = rest.split_at_checked(seed_bytes(header.security)).ok_or_else(short)?;
        let string = parameters.string_bits().div_ceil(8);
        let expected = (HEADER + seed.len()) as u64 + string + u64::from(header.coded);
        let total = proof.len() as u64;
        check(u64::from(header.length) == total, Code::Length, "not as long as its header says")?;
        check(
            expected == total,
            Code::Length,
            "its parts do not have the lengths of the circuit's parameters",
        )?;
        let (string, coded) = rest
            .split_at_checked(string as usize)
            .ok_or_else(|| Refusal::new(Code::Length, "the bit string is cut off"))?;
        Ok(Self { seed, string, coded })
    }
}

/// What a prover sends.
#[derive(Clone, Debug)]
pub(super) struct Message<E> {
    /// `cseed`.
    pub(super) seed: Vec<u8>,
    /// `t01`.
    pub(super) cut: Vec<Poly<E>>,
    /// `t_0, .., t_{l-1}`.
    pub(super) rows: Vec<Poly<E>>,
    /// `h_j`, complete.
    pub(super) answers: Vec<Poly<E>>,
    /// `z_i2` by opening, 64 integers an element.
    pub(super) openings: Vec<Vec<i64>>,
    /// `eta_i` by opening, 64 integers a row.
    pub(super) hints: Vec<Vec<i64>>,
}

impl<E: Element> Message<E> {
    /// Reads the parts of a proof.
    ///
    /// # Errors
    /// When a number is too large (R8, R9, R12), padding is not zero (R10), or the coded part is no encoder's (R11).
    pub(super) fn read<M: Residues<Element = E>>(
        instance: &Instance<'_, M>,
        parts: &Parts<'_>,
    ) -> Result<Self, Refusal> {
        let parameters = instance.parameters();
        let mut reader = BitReader::new(parts.string);
        let cut_bits = parameters.bits - parameters.cut_d;
        let numbers: Vec<U256> =
            (0..parameters.kappa as usize * DEGREE).map(|_| reader.read(cut_bits)).collect();
        let most = parameters.largest_cut();
        let fits = numbers.iter().all(|number| *number <= most);
        check(fits, Code::Commitment, "a number of the cut commitment is too large")?;

        let m = instance.ring.m();
        let element = |number: U256| m.element(number);
        let cut =
            numbers.chunks_exact(DEGREE).map(|chunk| Poly(std::array::from_fn(|at| element(chunk[at]))));
        let cut = cut.collect();
        let mut residue = || {
            let number = reader.read(parameters.bits);
            if number < parameters.q {
                return Ok(element(number));
            }
            Err(Refusal::new(Code::Row, "a number of a row or an answer is not below q"))
        };
        let mut rows = vec![Poly::default(); parameters.l as usize];
        for value in rows.iter_mut().flat_map(|row| &mut row.0) {
            *value = residue()?;
        }
        let free = parameters.free_exponents();
        let mut answers = vec![Poly::default(); parameters.nlin as usize];
        for answer in &mut answers {
            for &exponent in &free {
                answer.0[exponent] = residue()?;
            }
            instance.complete(answer);
        }
        check(reader.padding_is_zero(), Code::Padding, "a bit of the padding is set")?;
        let [openings, hints] = decode(parameters, parts.coded)?;
        Ok(Self { seed: parts.seed.to_vec(), cut, rows, answers, openings, hints })
    }

    /// The bytes of a proof; nothing if a number is outside its coder's table.
    pub(super) fn write<M: Residues<Element = E>>(&self, instance: &Instance<'_, M>) -> Option<Vec<u8>> {
        let parameters = instance.parameters();
        let m = instance.ring.m();
        let mut writer = BitWriter::default();
        for &value in self.cut.iter().flat_map(|poly| &poly.0) {
            writer.write(m.residue(value), parameters.bits - parameters.cut_d);
        }
        for &value in self.rows.iter().flat_map(|poly| &poly.0) {
            writer.write(m.residue(value), parameters.bits);
        }
        let free = parameters.free_exponents();
        for answer in &self.answers {
            for &exponent in &free {
                writer.write(m.residue(answer.0[exponent]), parameters.bits);
            }
        }
        let string = writer.finish();
        let coded = encode(parameters, &self.openings, &self.hints)?;
        let length = HEADER + self.seed.len() + string.len() + coded.len();
        let header = Header {
            security: parameters.security,
            length: u32::try_from(length).ok()?,
            coded: coded.len() as u32,
            statement: *instance.digest.first_chunk()?,
        };
        let mut bytes = header.bytes();
        bytes.extend_from_slice(&self.seed);
        bytes.extend(string);
        bytes.extend(coded);
        Some(bytes)
    }
}

/// Answers and hints by opening.
fn decode(parameters: &Parameters, coded: &[u8]) -> Result<[Vec<Vec<i64>>; 2], Refusal> {
    let [answers, hints] = parameters.tables();
    let wrong = || Refusal::new(Code::Coding, "the coded part is not what an encoder writes");
    let mut decoder = Decoder::new(coded).ok_or_else(wrong)?;
    let mut read = |table, elements: usize| -> Result<Vec<Vec<i64>>, Refusal> {
        let mut opening =
            || (0..elements * DEGREE).map(|_| decoder.integer(table).ok_or_else(wrong)).collect();
        (0..parameters.k).map(|_| opening()).collect()
    };
    let openings = read(&answers, parameters.sent())?;
    let hints = read(&hints, parameters.kappa as usize)?;
    check(decoder.is_finished(), Code::Coding, "the coded part is not what an encoder writes")?;
    let most = parameters.largest_hint();
    let fits = hints.iter().flatten().all(|hint| U256::from(hint.unsigned_abs()) <= most);
    check(fits, Code::Hint, "a hint is too large")?;
    Ok([openings, hints])
}

fn encode(parameters: &Parameters, openings: &[Vec<i64>], hints: &[Vec<i64>]) -> Option<Vec<u8>> {
    let [answers, hint_table] = parameters.tables();
    let mut encoder = Encoder::new();
    for &hint in hints.iter().rev().flat_map(|opening| opening.iter().rev()) {
        encoder.integer(&hint_table, hint)?;
    }
    for &answer in openings.iter().rev().flat_map(|opening| opening.iter().rev()) {
        encoder.integer(&answers, answer)?;
    }
    Some(encoder.finish())
}
