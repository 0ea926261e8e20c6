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
const GATES: u32 = 4;
const GATE_USES: u32 = 5;

/// Wires that a file may have beyond one a byte, where no map of theirs backs the number.
const UNBACKED_WIRES: usize = 1 << 20;
/// Largest count of labels: the reference reader holds it in a double.
const MAX_LABELS: u64 = 1 << 53;

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
    check_gates(&sections, &header)?;
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

    /// Bytes up to a zero byte, which is taken too.
    fn name(&mut self) -> Result<&'a [u8]> {
        let length = self.rest.iter().position(|&byte| byte == 0);
        let name = self.take(length.with_context(|| format!("{}: a name does not end", self.place))?)?;
        self.take(1)?;
        Ok(name)
    }

    fn end(&self) -> Result<()> {
        ensure!(self.rest.is_empty(), "{}: {} bytes too many", self.place, self.rest.len());
        Ok(())
    }
}

/// A section's type and payload.
type Section<'a> = (u32, &'a [u8]);

fn sections(bytes: &[u8]) -> Result<Vec<Section<'_>>> {
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

fn only<'a>(sections: &[Section<'a>], kind: u32, name: &str) -> Result<&'a [u8]> {
    optional(sections, kind, name)?.with_context(|| format!("section {kind} ({name}) is missing"))
}

fn optional<'a>(sections: &[Section<'a>], kind: u32, name: &str) -> Result<Option<&'a [u8]>> {
    let mut found = sections.iter().filter(|section| section.0 == kind);
    let body = found.next().map(|section| section.1);
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
        ensure!(labels <= MAX_LABELS, "header section: {labels} labels; at most 2^53 are supported");
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
fn check_labels(sections: &[Section<'_>], header: &Header) -> Result<()> {
    let Some(body) = optional(sections, LABELS, "labels")? else {
        return check_unbacked(sections, header);
    };
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

/// Later stages take memory a wire, so without a map the count must not dwarf the file.
fn check_unbacked(sections: &[Section<'_>], header: &Header) -> Result<()> {
    let bytes: usize = sections.iter().map(|section| section.1.len()).sum();
    let plausible = header.wires as usize <= UNBACKED_WIRES.saturating_add(bytes);
    ensure!(plausible, "header section: {} wires in {bytes} bytes without a labels section", header.wires);
    Ok(())
}

/// Custom gates (sections 4 and 5) put no rows in the constraints; if they are there they must be whole.
fn check_gates(sections: &[Section<'_>], header: &Header) -> Result<()> {
    let lists = (optional(sections, GATES, "gates")?, optional(sections, GATE_USES, "gate uses")?);
    match lists {
        (None, None) => Ok(()),
        (Some(gates), Some(uses)) => check_gate_uses(uses, check_gate_list(gates, header)?, header),
        _ => bail!("sections 4 (gates) and 5 (gate uses) must come together"),
    }
}

/// Checks the gates and returns their number.
fn check_gate_list(body: &[u8], header: &Header) -> Result<u32> {
    let mut cursor = Cursor { rest: body, place: "gates section" };
    let gates = cursor.u32()?;
    for gate in 0..gates {
        cursor.name()?;
        for _ in 0..cursor.u32()? {
            let known = cursor.element(header.width)?.is_some_and(|value| value < header.field.modulus());
            ensure!(known, "gates section: a parameter of gate {gate} is not below the field's prime");
        }
    }
    cursor.end()?;
    Ok(gates)
}

fn check_gate_uses(body: &[u8], gates: u32, header: &Header) -> Result<()> {
    let mut cursor = Cursor { rest: body, place: "gate uses section" };
    for _ in 0..cursor.u32()? {
        let gate = cursor.u32()?;
        ensure!(gate < gates, "gate uses section: gate {gate} does not exist: there are {gates}");
        for _ in 0..cursor.u32()? {
            let wire = cursor.u64()?;
            ensure!(wire < u64::from(header.wires), "gate uses section: wire {wire} does not exist");
        }
    }
    cursor.end()
}
