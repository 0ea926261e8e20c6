//! The `.r1cs` file, version 1 (iden3 binary format, as circom writes it).
//!
//! A wire that occurs twice in one combination is rejected; wires may come in any order; unknown
//! sections are skipped. Memory stays proportional to the bytes that are there.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::field::{Field, U256};
use crate::r1cs::{Builder, R1cs};

const MAGIC: &[u8] = b"r1cs";
const HEADER: u32 = 1;
const CONSTRAINTS: u32 = 2;
const LABELS: u32 = 3;

/// Reads a file.
///
/// # Errors
/// One line that names the file, the place and what is wrong with it.
pub fn read_file(path: &Path) -> Result<R1cs> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    read(&bytes).with_context(|| path.display().to_string())
}

/// Reads a file's bytes.
///
/// # Errors
/// When the bytes are not a valid version 1 file over a prime field of up to 256 bits.
pub fn read(bytes: &[u8]) -> Result<R1cs> {
    let sections = sections(bytes)?;
    let header = Header::read(only(&sections, HEADER, "header")?)?;
    let body = only(&sections, CONSTRAINTS, "constraints")?;
    check_labels(&sections, &header)?;
    read_constraints(body, &header)
}

/// Bytes that are read from the front; every step says what it wanted when they end.
struct Cursor<'a> {
    rest: &'a [u8],
    place: &'static str,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some((head, tail)) = self.rest.split_at_checked(count) else {
            bail!("{}: the file ends {} bytes early", self.place, count - self.rest.len());
        };
        self.rest = tail;
        Ok(head)
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into()?))
    }

    /// A field element of `width` bytes; nothing if it does not fit in 256 bits.
    fn element(&mut self, width: usize) -> Result<Option<U256>> {
        Ok(U256::try_from_le_slice(self.take(width)?))
    }

    fn end(&self) -> Result<()> {
        ensure!(self.rest.is_empty(), "{}: {} bytes too many", self.place, self.rest.len());
        Ok(())
    }
}

fn sections(bytes: &[u8]) -> Result<Vec<(u32, &[u8])>> {
    let mut cursor = Cursor { rest: bytes, place: "file header" };
    ensure!(cursor.take(4)? == MAGIC, "not an .r1cs file: it does not begin with \"r1cs\"");
    let version = cursor.u32()?;
    ensure!(version == 1, "version {version} of the format; only version 1 is known");
    let count = cursor.u32()?;
    cursor.place = "section table";
    let mut sections = Vec::new();
    for _ in 0..count {
        let (kind, size) = (cursor.u32()?, cursor.u64()?);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let promised = size.saturating_sub(cursor.rest.len());
        ensure!(promised == 0, "section {kind} promises {promised} bytes more than the file has");
        sections.push((kind, cursor.take(size)?));
    }
    cursor.end()?;
    Ok(sections)
}

fn only<'a>(sections: &[(u32, &'a [u8])], kind: u32, name: &str) -> Result<&'a [u8]> {
    let mut found = sections.iter().filter(|section| section.0 == kind);
    let (_, body) = found.next().with_context(|| format!("section {kind} ({name}) is missing"))?;
    ensure!(found.next().is_none(), "section {kind} ({name}) is there twice");
    Ok(body)
}

struct Header {
    width: usize,
    field: Field,
    wires: u32,
    public_outputs: u32,
    public_inputs: u32,
    labels: u64,
    constraints: u32,
}

impl Header {
    fn read(body: &[u8]) -> Result<Self> {
        let mut cursor = Cursor { rest: body, place: "header section" };
        let width = cursor.u32()? as usize;
        ensure!(
            width > 0 && width.is_multiple_of(8),
            "header section: field size {width} is not a multiple of 8 bytes"
        );
        let prime = cursor.element(width)?.context("header section: the prime has more than 256 bits")?;
        let field = Field::new(prime).context("header section")?;
        let (wires, public_outputs, public_inputs) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let _declared_private = cursor.u32()?; // may exceed the wires that circom kept
        let (labels, constraints) = (cursor.u64()?, cursor.u32()?);
        cursor.end()?;
        ensure!(wires > 0, "header section: no wires; wire 0, the constant, must be there");
        Ok(Self { width, field, wires, public_outputs, public_inputs, labels, constraints })
    }
}

fn read_constraints(body: &[u8], header: &Header) -> Result<R1cs> {
    let mut cursor = Cursor { rest: body, place: "constraints section" };
    let mut builder = Builder::new(header.field);
    for _ in 0..3 * u64::from(header.constraints) {
        let terms = cursor.u32()?;
        for _ in 0..terms {
            let wire = cursor.u32()?;
            let coefficient = cursor.element(header.width)?;
            builder.term(wire, coefficient.unwrap_or(U256::MAX))?;
        }
        builder.end_combination()?;
    }
    cursor.end()?;
    builder.finish(header.wires, header.public_outputs, header.public_inputs)
}

/// The wire-to-label map is optional here; if it is there it must be whole.
fn check_labels(sections: &[(u32, &[u8])], header: &Header) -> Result<()> {
    let present = sections.iter().any(|section| section.0 == LABELS);
    if !present {
        return Ok(());
    }
    let body = only(sections, LABELS, "labels")?;
    ensure!(body.len() as u64 == 8 * u64::from(header.wires), "labels section: not 8 bytes a wire");
    let mut cursor = Cursor { rest: body, place: "labels section" };
    let mut labels = (0..header.wires).map(|_| cursor.u64()).collect::<Result<Vec<_>>>()?;
    ensure!(labels[0] == 0, "labels section: wire 0 has label {} instead of 0", labels[0]);
    labels.sort_unstable();
    let twice = labels.windows(2).find(|pair| pair[0] == pair[1]);
    ensure!(twice.is_none(), "labels section: a label is there twice");
    let last = labels[labels.len() - 1];
    ensure!(last < header.labels, "labels section: label {last} is not below the count {}", header.labels);
    Ok(())
}
