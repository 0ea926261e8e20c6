//! The `.r1cs` file, version 1 (iden3 binary format, as circom writes it).
//!
//! A wire that occurs twice in one combination is rejected; wires may come in any order; unknown
//! sections are skipped. Memory stays proportional to the bytes that are there. What is written has
//! ascending wires, and labels that are the wires' own numbers.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::field::{Field, U256};
use crate::r1cs::{Builder, Combination, CustomGates, Gate, R1cs};

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
    let gates = read_gates(&sections, &header)?;
    let mut r1cs = read_constraints(body, &header)?;
    (r1cs.private_inputs, r1cs.gates) = (header.private_inputs, gates);
    Ok(r1cs)
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
        let (low, high) = self.take(width)?.split_at(width.min(U256::BYTES));
        Ok(U256::try_from_le_slice(low).filter(|_| high.iter().all(|&byte| byte == 0)))
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
    ensure!(!bytes.is_empty(), "the file is empty");
    ensure!(
        !bytes.starts_with(b"version https://git-lfs"),
        "a Git LFS pointer, not the file: run `git lfs pull`"
    );
    ensure!(!bytes.starts_with(&[0x1f, 0x8b]), "compressed by gzip: unpack it first");
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
    let mut matching = sections.iter().filter(|section| section.0 == kind);
    let body = matching.next().map(|section| section.1);
    ensure!(matching.next().is_none(), "section {kind} ({name}) is there twice");
    Ok(body)
}

struct Header {
    width: usize,
    field: Field,
    wires: u32,
    public_outputs: u32,
    public_inputs: u32,
    private_inputs: u32,
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
        let wires = cursor.u32()?;
        let public_outputs = cursor.u32()?;
        let public_inputs = cursor.u32()?;
        let private_inputs = cursor.u32()?; // may exceed the wires that circom kept
        let (labels, constraints) = (cursor.u64()?, cursor.u32()?);
        cursor.end()?;
        ensure!(wires > 0, "header section: no wires; wire 0, the constant, must be there");
        ensure!(labels <= MAX_LABELS, "header section: {labels} labels; at most 2^53 are supported");
        Ok(Self { width, field, wires, public_outputs, public_inputs, private_inputs, labels, constraints })
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
fn read_gates(sections: &[Section<'_>], header: &Header) -> Result<CustomGates> {
    let lists = (optional(sections, GATES, "gates")?, optional(sections, GATE_USES, "gate uses")?);
    match lists {
        (None, None) => Ok(CustomGates::default()),
        (Some(list), Some(uses)) => {
            let list = read_gate_list(list, header)?;
            Ok(CustomGates { uses: read_gate_uses(uses, list.len(), header)?, list })
        }
        _ => bail!("sections 4 (gates) and 5 (gate uses) must come together"),
    }
}

fn read_gate_list(body: &[u8], header: &Header) -> Result<Vec<Gate>> {
    let mut cursor = Cursor { rest: body, place: "gates section" };
    let mut list = Vec::new();
    for number in 0..cursor.u32()? {
        let mut gate = Gate { name: cursor.name()?.to_vec(), parameters: Vec::new() };
        for _ in 0..cursor.u32()? {
            let known = cursor.element(header.width)?.filter(|value| *value < header.field.modulus());
            gate.parameters.push(known.with_context(|| {
                format!("gates section: a parameter of gate {number} is not below the field's prime")
            })?);
        }
        list.push(gate);
    }
    cursor.end()?;
    Ok(list)
}

fn read_gate_uses(body: &[u8], gates: usize, header: &Header) -> Result<Vec<(u32, Vec<u32>)>> {
    let mut cursor = Cursor { rest: body, place: "gate uses section" };
    let mut uses = Vec::new();
    for _ in 0..cursor.u32()? {
        let (gate, mut wires) = (cursor.u32()?, Vec::new());
        ensure!((gate as usize) < gates, "gate uses section: gate {gate} does not exist: there are {gates}");
        for _ in 0..cursor.u32()? {
            let wire = cursor.u64()?;
            ensure!(
                wire < u64::from(header.wires),
                "gate uses section: wire {wire} does not exist, the header counts {}: the file contradicts itself",
                header.wires
            );
            wires.push(wire as u32);
        }
        uses.push((gate, wires));
    }
    cursor.end()?;
    Ok(uses)
}

/// Writes a file.
///
/// # Errors
/// One line that names the file and what the system refused.
pub fn write_file(r1cs: &R1cs, path: &Path) -> Result<()> {
    let attempt = || -> Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        write(r1cs, &mut out)?;
        Ok(out.flush()?)
    };
    attempt().with_context(|| format!("{}: cannot write", path.display()))
}

/// Writes a system; [`read`] gives the same one back.
///
/// # Errors
/// When `out` refuses, or the system has `2^32` constraints.
pub fn write(r1cs: &R1cs, out: &mut impl Write) -> Result<()> {
    let gates = r1cs.gates();
    let width = r1cs.field().modulus().bit_len().div_ceil(64) * 8;
    let mut writer = Writer { out, width };
    writer.out.write_all(MAGIC)?;
    writer.u32s([1, if gates.list.is_empty() { 3 } else { 5 }])?;
    writer.header(r1cs)?;
    writer.constraints(r1cs)?;
    writer.section(LABELS, 8 * r1cs.wires() as usize)?;
    (0..r1cs.wires()).try_for_each(|wire| writer.u64(u64::from(wire)))?;
    if gates.list.is_empty() { Ok(()) } else { writer.gates(gates) }
}

/// Integers and field elements of `width` bytes.
struct Writer<W> {
    out: W,
    width: usize,
}

impl<W: Write> Writer<W> {
    fn u32s<const N: usize>(&mut self, values: [u32; N]) -> Result<()> {
        Ok(values.iter().try_for_each(|value| self.out.write_all(&value.to_le_bytes()))?)
    }

    fn u64(&mut self, value: u64) -> Result<()> {
        Ok(self.out.write_all(&value.to_le_bytes())?)
    }

    fn element(&mut self, value: U256) -> Result<()> {
        Ok(self.out.write_all(&value.to_le_bytes::<32>()[..self.width])?)
    }

    fn section(&mut self, kind: u32, size: usize) -> Result<()> {
        self.u32s([kind])?;
        self.u64(size as u64)
    }

    fn header(&mut self, r1cs: &R1cs) -> Result<()> {
        let constraints = u32::try_from(r1cs.constraints()).context("more than 2^32 constraints")?;
        self.section(HEADER, 32 + self.width)?;
        self.u32s([self.width as u32])?;
        self.element(r1cs.field().modulus())?;
        self.u32s([r1cs.wires(), r1cs.public_outputs(), r1cs.public_inputs(), r1cs.private_inputs()])?;
        self.u64(u64::from(r1cs.wires()))?;
        self.u32s([constraints])
    }

    fn constraints(&mut self, r1cs: &R1cs) -> Result<()> {
        self.section(CONSTRAINTS, 12 * r1cs.constraints() + (4 + self.width) * r1cs.terms())?;
        let mut forms = (0..r1cs.constraints()).flat_map(|index| r1cs.constraint(index));
        forms.try_for_each(|form| self.combination(form, r1cs.coefficients().values()))
    }

    fn combination(&mut self, form: Combination<'_>, coefficients: &[U256]) -> Result<()> {
        self.u32s([form.wires.len() as u32])?;
        for (wire, number) in form.terms() {
            self.u32s([wire])?;
            self.element(coefficients[number as usize])?;
        }
        Ok(())
    }

    fn gates(&mut self, gates: &CustomGates) -> Result<()> {
        let size = |gate: &Gate| gate.name.len() + 5 + self.width * gate.parameters.len();
        self.section(GATES, 4 + gates.list.iter().map(size).sum::<usize>())?;
        self.u32s([gates.list.len() as u32])?;
        for gate in &gates.list {
            self.out.write_all(&gate.name)?;
            self.out.write_all(&[0])?;
            self.u32s([gate.parameters.len() as u32])?;
            gate.parameters.iter().try_for_each(|&value| self.element(value))?;
        }
        self.gate_uses(&gates.uses)
    }

    fn gate_uses(&mut self, uses: &[(u32, Vec<u32>)]) -> Result<()> {
        let size = |(_, wires): &(u32, Vec<u32>)| 8 + 8 * wires.len();
        self.section(GATE_USES, 4 + uses.iter().map(size).sum::<usize>())?;
        self.u32s([uses.len() as u32])?;
        for (gate, wires) in uses {
            self.u32s([*gate, wires.len() as u32])?;
            wires.iter().try_for_each(|&wire| self.u64(u64::from(wire)))?;
        }
        Ok(())
    }
}
