//! The prover's wires: a witness file, its check, and the values modulo q (proof.md, section 1).

use anyhow::{Context, Result, ensure};
use zeroize::Zeroizing;

use crate::field::{Field, U256};
use crate::r1cs::R1cs;
use crate::relation::Relation;

use super::layout::{Values, modulo};
use super::residues::Residues;

const MAGIC: &[u8] = b"wtns";
const VERSION: u32 = 2;

/// Reads a `.wtns` file, version 2, as snarkjs and circom's calculators write it: one element a wire.
///
/// # Errors
/// When the bytes are no such file, or it is of another field.
pub fn read_witness(bytes: &[u8], field: &Field) -> Result<Zeroizing<Vec<U256>>> {
    let (magic, rest) = bytes.split_at_checked(4).context("the witness ends within its magic number")?;
    ensure!(magic == MAGIC, "no witness file: the magic number is not \"wtns\"");
    let (version, rest) = word(rest)?;
    ensure!(version == VERSION, "witness version {version}; version {VERSION} is expected");
    let (count, mut rest) = word(rest)?;
    let (mut header, mut values) = (None, None);
    for _ in 0..count {
        let (kind, after) = word(rest)?;
        let (length, after) =
            after.split_first_chunk().context("the witness ends within a section's head")?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (body, after) =
            after.split_at_checked(length).with_context(|| format!("witness section {kind} is cut off"))?;
        rest = after;
        let section = match kind {
            1 => &mut header,
            2 => &mut values,
            _ => continue,
        };
        ensure!(section.replace(body).is_none(), "the witness has section {kind} twice");
    }
    ensure!(rest.is_empty(), "the witness has {} bytes after its last section", rest.len());
    read_values(
        header.context("the witness has no header")?,
        values.context("the witness has no values")?,
        field,
    )
}

fn read_values(header: &[u8], values: &[u8], field: &Field) -> Result<Zeroizing<Vec<U256>>> {
    let (size, rest) = word(header)?;
    let size = size as usize;
    ensure!((1..=32).contains(&size), "the witness has elements of {size} bytes; up to 32 are supported");
    let (prime, rest) = rest.split_at_checked(size).context("the witness ends within its prime")?;
    ensure!(element(prime) == field.modulus(), "the witness is of another field than the circuit");
    let (count, rest) = word(rest)?;
    ensure!(rest.is_empty(), "the witness has a header that is too long");
    ensure!(
        values.len() as u64 == u64::from(count) * size as u64,
        "the witness has {} bytes of values instead of {count} times {size}",
        values.len()
    );
    let mut witness = Zeroizing::new(Vec::with_capacity(count as usize));
    witness.extend(values.chunks_exact(size).map(element));
    Ok(witness)
}

/// The bytes of a `.wtns` file; [`read_witness`] gives the values back.
#[must_use]
pub fn write_witness(values: &[U256], field: &Field) -> Zeroizing<Vec<u8>> {
    let size = field.modulus().bit_len().div_ceil(64) * 8;
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 + size * (values.len() + 1)));
    bytes.extend_from_slice(MAGIC);
    [VERSION, 2, 1].iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
    bytes.extend_from_slice(&(8 + size as u64).to_le_bytes());
    bytes.extend_from_slice(&(size as u32).to_le_bytes());
    bytes.extend_from_slice(&field.modulus().to_le_bytes::<32>()[..size]);
    [values.len() as u32, 2].iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
    bytes.extend_from_slice(&((size * values.len()) as u64).to_le_bytes());
    for value in values {
        bytes.extend_from_slice(&value.to_le_bytes::<32>()[..size]);
    }
    bytes
}

fn word(bytes: &[u8]) -> Result<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk().context("the witness is cut off")?;
    Ok((u32::from_le_bytes(*word), rest))
}

fn element(bytes: &[u8]) -> U256 {
    U256::try_from_le_slice(bytes).unwrap_or(U256::MAX)
}

/// Whether values are those of a circuit's wires: one a wire, below the field's prime, 1 for wire 0.
///
/// # Errors
/// When they are not; the line names what is wrong.
pub fn check_values(r1cs: &R1cs, witness: &[U256]) -> Result<()> {
    let wires = r1cs.wires() as usize;
    ensure!(witness.len() == wires, "the witness has {} values, the circuit {wires} wires", witness.len());
    ensure!(witness[0] == U256::from(1), "the witness has another value than 1 for wire 0");
    let p = r1cs.field().modulus();
    if let Some(wire) = witness.iter().position(|&value| value >= p) {
        anyhow::bail!("the value of wire {wire} is not below the field's prime");
    }
    Ok(())
}

/// Whether values satisfy a circuit.
///
/// # Errors
/// When they do not; the line names what is wrong, a violated constraint by its number.
pub fn check_witness(r1cs: &R1cs, witness: &[U256]) -> Result<()> {
    check_values(r1cs, witness)?;
    match r1cs.first_violation(witness) {
        None => Ok(()),
        Some(constraint) => anyhow::bail!("the witness violates constraint {constraint}"),
    }
}

/// Wires modulo q: signed representatives, and each hint computed anew, `C/F`, 0 where F is 0.
pub(super) fn lifted<M: Residues>(
    m: &M,
    relation: &Relation,
    values: &Values<'_, M>,
    witness: &[U256],
) -> Zeroizing<Vec<M::Element>> {
    let mut wires: Zeroizing<Vec<_>> =
        Zeroizing::new(witness.iter().map(|&value| modulo(m, relation.field(), value)).collect());
    for constraint in relation.constraints() {
        let (Some(hint), Some([f, c])) = (constraint.hint(), constraint.hint_forms()) else { continue };
        let [f, c] = [f, c].map(|form| {
            values.terms(form).fold(M::Element::default(), |sum, (wire, value)| {
                m.add(sum, m.mul(value, wires[wire as usize]))
            })
        });
        wires[hint as usize] = m.mul(c, m.inv(f));
    }
    wires
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(prime: u64, values: &[u64]) -> Vec<u8> {
        let mut bytes = b"wtns".to_vec();
        let word = |number: u32, bytes: &mut Vec<u8>| bytes.extend(number.to_le_bytes());
        [2, 2, 1].iter().for_each(|&number| word(number, &mut bytes));
        bytes.extend(16u64.to_le_bytes());
        word(8, &mut bytes);
        bytes.extend(prime.to_le_bytes());
        [values.len() as u32, 2].iter().for_each(|&number| word(number, &mut bytes));
        bytes.extend((8 * values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        bytes
    }

    #[test]
    fn reads_a_file_and_refuses_what_is_cut_off_or_of_another_field() {
        let field = Field::new(U256::from(101)).unwrap();
        let bytes = file(101, &[1, 7, 100]);
        let read = read_witness(&bytes, &field).unwrap();
        assert_eq!(*read, [1, 7, 100].map(U256::from));
        assert_eq!(*write_witness(&read, &field), bytes);
        assert!((0..bytes.len()).all(|length| read_witness(&bytes[..length], &field).is_err()));
        assert!(read_witness(&[bytes.as_slice(), &[0]].concat(), &field).is_err());
        assert!(read_witness(&file(103, &[1]), &field).unwrap_err().to_string().contains("another field"));
    }
}
