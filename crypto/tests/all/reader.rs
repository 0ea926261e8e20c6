//! The `.r1cs` reader against every item of the iden3 binary format, version 1: what a reader rejects and what it
//! must accept, on bytes built here; and real files cut at every byte.
//! The bound of `nLabels` is near 2^64, since the reference reader holds it in a double.

use std::path::PathBuf;

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::field::U256;
use nexuszero_crypto::format::{read, write};
use nexuszero_crypto::r1cs::{CustomGates, Gate, R1cs};
use nexuszero_crypto::ranges::Bounds;

/// A file to write: `fs` bytes an element, modulus 101 unless a test says otherwise.
#[derive(Clone)]
struct File {
    magic: Vec<u8>,
    version: u32,
    more_sections: i64,
    sections: Vec<(u32, Vec<u8>)>,
    tail: Vec<u8>,
}

/// The header section's fields.
#[derive(Clone)]
struct Header {
    width: u32,
    prime: Vec<u8>,
    wires: u32,
    public_outputs: u32,
    public_inputs: u32,
    private_inputs: u32,
    labels: u64,
    constraints: u32,
}

const PRIME: u64 = 101;

impl Header {
    /// Five wires: an output, an input and two private ones after the constant; one constraint.
    fn new() -> Self {
        let prime = PRIME.to_le_bytes().to_vec();
        Self {
            width: 8,
            prime,
            wires: 5,
            public_outputs: 1,
            public_inputs: 1,
            private_inputs: 1,
            labels: 9,
            constraints: 1,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let counts = [self.wires, self.public_outputs, self.public_inputs, self.private_inputs];
        let counts: Vec<u8> = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        let ends = [self.labels.to_le_bytes().to_vec(), self.constraints.to_le_bytes().to_vec()];
        [self.width.to_le_bytes().to_vec(), self.prime.clone(), counts, ends.concat()].concat()
    }
}

/// Combinations of `(wire, coefficient)`, eight bytes a coefficient.
fn combinations(forms: &[&[(u32, u64)]]) -> Vec<u8> {
    let term = |(wire, value): &(u32, u64)| [&wire.to_le_bytes()[..], &value.to_le_bytes()].concat();
    let form = |terms: &&[(u32, u64)]| {
        let terms: Vec<u8> = terms.iter().flat_map(term).collect();
        [(terms.len() as u32 / 12).to_le_bytes().to_vec(), terms].concat()
    };
    forms.iter().flat_map(form).collect()
}

/// `-w_2 * w_3 = -w_1`, its sums out of order.
fn one_constraint() -> Vec<u8> {
    combinations(&[&[(2, 100)], &[(3, 1)], &[(4, 7), (1, 100)]])
}

fn map(labels: &[u64]) -> Vec<u8> {
    labels.iter().flat_map(|label| label.to_le_bytes()).collect()
}

/// One gate `g` with the parameter 7, used once on wires 1 and 4.
fn gates() -> (Vec<u8>, Vec<u8>) {
    (gate_list(b"g\0", 1, &[7]), gate_uses(0, &[1, 4]))
}

fn gate_list(name: &[u8], count: u32, parameters: &[u64]) -> Vec<u8> {
    let parameters_count = (parameters.len() as u32).to_le_bytes().to_vec();
    [count.to_le_bytes().to_vec(), name.to_vec(), parameters_count, map(parameters)].concat()
}

fn gate_uses(gate: u32, wires: &[u64]) -> Vec<u8> {
    let counts = [1, gate, wires.len() as u32].map(u32::to_le_bytes).concat();
    [counts, map(wires)].concat()
}

impl File {
    fn new() -> Self {
        let sections = vec![(2, one_constraint()), (1, Header::new().bytes()), (3, map(&[0, 3, 1, 2, 8]))];
        Self { magic: b"r1cs".to_vec(), version: 1, more_sections: 0, sections, tail: Vec::new() }
    }

    fn with_gates((list, uses): (Vec<u8>, Vec<u8>)) -> Self {
        Self::new().and(4, list).and(5, uses)
    }

    fn and(mut self, kind: u32, body: Vec<u8>) -> Self {
        self.sections.push((kind, body));
        self
    }

    fn without(mut self, kind: u32) -> Self {
        self.sections.retain(|section| section.0 != kind);
        self
    }

    fn replace(mut self, kind: u32, body: Vec<u8>) -> Self {
        self.sections.iter_mut().filter(|section| section.0 == kind).for_each(|it| it.1.clone_from(&body));
        self
    }

    /// With the payloads of two sections under each other's type.
    fn exchanged(mut self, one: u32, other: u32) -> Self {
        for (kind, _) in &mut self.sections {
            *kind = if *kind == one {
                other
            } else if *kind == other {
                one
            } else {
                *kind
            };
        }
        self
    }

    fn header(self, change: impl Fn(&mut Header)) -> Self {
        let mut header = Header::new();
        change(&mut header);
        self.replace(1, header.bytes())
    }

    fn constraints(self, forms: &[&[(u32, u64)]]) -> Self {
        self.replace(2, combinations(forms))
    }

    fn bytes(&self) -> Vec<u8> {
        let count = (self.sections.len() as i64 + self.more_sections) as u32;
        let mut bytes = [self.magic.clone(), [self.version, count].map(u32::to_le_bytes).concat()].concat();
        for (kind, body) in &self.sections {
            bytes.extend(kind.to_le_bytes());
            bytes.extend((body.len() as u64).to_le_bytes());
            bytes.extend(body);
        }
        [bytes, self.tail.clone()].concat()
    }

    fn read(&self) -> anyhow::Result<R1cs> {
        read(&self.bytes())
    }

    /// With the first section's size field overwritten.
    fn with_size(&self, size: u64) -> Vec<u8> {
        let mut bytes = self.bytes();
        bytes[16..24].copy_from_slice(&size.to_le_bytes());
        bytes
    }
}

/// What is wrong, the file, and a part of the message.
type Rejected = (&'static str, File, &'static str);

fn reject_all(rows: Vec<Rejected>) {
    for (name, file, part) in rows {
        let message = format!("{:#}", file.read().err().unwrap_or_else(|| panic!("{name} was accepted")));
        assert!(message.contains(part), "{name}: {message}");
        assert!(!message.contains('\n'), "{name}: {message}");
    }
}

#[test]
fn the_plain_file_is_read() {
    let r1cs = File::new().read().unwrap();
    assert_eq!((r1cs.field().modulus(), r1cs.wires()), (U256::from(PRIME), 5));
    assert_eq!((r1cs.public_outputs(), r1cs.public_inputs(), r1cs.constraints()), (1, 1, 1));
    let [a, b, c] = r1cs.constraint(0);
    assert_eq!((a.wires, b.wires, c.wires), (&[2][..], &[3][..], &[1, 4][..]));
    let values = r1cs.coefficients().values();
    let of_c: Vec<_> = c.coefficients.iter().map(|&number| values[number as usize]).collect();
    assert_eq!(of_c, [U256::from(100), U256::from(7)]);
}

#[test]
fn containers_are_rejected() {
    let file = File::new;
    reject_all(vec![
        ("wrong magic", File { magic: b"R1CS".to_vec(), ..file() }, "not an .r1cs file"),
        ("version 0", File { version: 0, ..file() }, "version 0"),
        ("version 2", File { version: 2, ..file() }, "version 2"),
        ("a section too many", File { more_sections: 1, ..file() }, "early"),
        ("2^32 - 1 sections", File { more_sections: -4, ..file() }, "early"),
        ("a section too few", File { more_sections: -1, ..file() }, "too many"),
        ("bytes after the last section", File { tail: vec![0], ..file() }, "1 bytes too many"),
        ("no header", file().without(1), "section 1 (header) is missing"),
        ("no constraints", file().without(2), "section 2 (constraints) is missing"),
        ("two headers", file().and(1, Header::new().bytes()), "section 1 (header) is there twice"),
        ("two bodies", file().and(2, one_constraint()), "section 2 (constraints) is there twice"),
        ("header and constraints exchanged", file().exchanged(1, 2), "header section"),
        ("constraints and map exchanged", file().exchanged(2, 3), "labels section"),
        ("gates and their uses exchanged", File::with_gates(gates()).exchanged(4, 5), "gate"),
        ("two maps", file().and(3, map(&[0, 1, 2, 3, 4])), "section 3 (labels) is there twice"),
    ]);
}

#[test]
fn section_sizes_past_the_end_are_rejected() {
    let right = one_constraint().len() as u64;
    for size in [right - 1, right + 1, 1 << 20, 1 << 32, 1 << 63, u64::MAX - 15, u64::MAX - 1, u64::MAX] {
        assert!(read(&File::new().with_size(size)).is_err(), "{size}");
    }
}

#[test]
fn headers_are_rejected() {
    let header = |change: fn(&mut Header)| File::new().header(change);
    let long = [Header::new().bytes(), vec![0]].concat();
    let short = Header::new().bytes()[..39].to_vec();
    reject_all(vec![
        ("fs = 0", header(|it| (it.width, it.prime) = (0, vec![])), "field size 0"),
        ("fs = 4", header(|it| (it.width, it.prime) = (4, vec![101, 0, 0, 0])), "field size 4"),
        ("fs = 12", header(|it| (it.width, it.prime) = (12, vec![101; 12])), "field size 12"),
        ("fs is huge", header(|it| it.width = u32::MAX - 7), "early"),
        ("the size is 33 + fs", File::new().replace(1, long), "too many"),
        ("the size is 31 + fs", File::new().replace(1, short), "early"),
        ("p = 0", header(|it| it.prime = vec![0; 8]), "not an odd prime"),
        ("p = 1", header(|it| it.prime = 1_u64.to_le_bytes().to_vec()), "not an odd prime"),
        ("p = 2", header(|it| it.prime = 2_u64.to_le_bytes().to_vec()), "not an odd prime"),
        ("p is even", header(|it| it.prime = 100_u64.to_le_bytes().to_vec()), "not prime"),
        ("p is composite", header(|it| it.prime = 91_u64.to_le_bytes().to_vec()), "not prime"),
        ("p is a Carmichael number", header(|it| it.prime = 561_u64.to_le_bytes().to_vec()), "not prime"),
        ("p above 2^256", header(|it| (it.width, it.prime) = (40, vec![255; 40])), "more than 256 bits"),
        ("no wires", header(|it| it.wires = 0), "no wires"),
        ("no wires and no map", header(|it| it.wires = 0).without(3), "no wires"),
        ("public wires do not fit", header(|it| it.public_inputs = 4), "do not fit"),
        ("their sum overflows", header(|it| it.public_inputs = u32::MAX), "do not fit"),
        (
            "both near 2^32",
            header(|it| (it.public_outputs, it.public_inputs) = (u32::MAX, u32::MAX)),
            "do not fit",
        ),
        ("2^32 - 1 wires, a short map", header(|it| it.wires = u32::MAX), "not 8 bytes a wire"),
        ("2^32 - 1 wires, no map", header(|it| it.wires = u32::MAX).without(3), "without a labels section"),
        ("2^64 - 1 labels", header(|it| it.labels = u64::MAX), "labels"),
    ]);
}

#[test]
fn constraints_are_rejected() {
    let file = |forms: &[&[(u32, u64)]]| File::new().constraints(forms);
    let one = [(2, 1)];
    let terms = |count: u32| {
        let mut body = combinations(&[&one]);
        body[..4].copy_from_slice(&count.to_le_bytes());
        File::new().replace(2, body)
    };
    reject_all(vec![
        ("2^32 - 1 terms", terms(u32::MAX), "early"),
        ("n * (4 + fs) overflows", terms(0x1555_5556), "early"),
        ("more constraints than data", File::new().header(|it| it.constraints = 2), "early"),
        ("2^32 - 1 constraints", File::new().header(|it| it.constraints = u32::MAX), "early"),
        ("fewer constraints than data", File::new().header(|it| it.constraints = 0), "too many"),
        ("wire = nWires", file(&[&[(5, 1)], &one, &one]), "wire 5 does not exist"),
        ("wire 2^32 - 1", file(&[&[(u32::MAX, 1)], &one, &one]), "does not exist"),
        ("a wire twice", file(&[&one, &[(3, 1), (2, 1), (3, 5)], &[]]), "wire 3 occurs twice"),
        ("the constant twice", file(&[&one, &[(0, 1), (0, 5)], &[]]), "wire 0 occurs twice"),
        ("coefficient 0", file(&[&[(2, 0)], &one, &one]), "is zero"),
        ("coefficient p", file(&[&[(2, PRIME)], &one, &one]), "not below the field's prime"),
        ("coefficient all ff", file(&[&[(2, u64::MAX)], &one, &one]), "not below the field's prime"),
    ]);
}

#[test]
fn maps_are_rejected() {
    let labels = |labels: &[u64]| File::new().replace(3, map(labels));
    reject_all(vec![
        ("too short", labels(&[0, 1, 2, 3]), "not 8 bytes a wire"),
        ("too long", labels(&[0, 1, 2, 3, 4, 5]), "not 8 bytes a wire"),
        ("half an entry", File::new().replace(3, vec![0; 44]), "not 8 bytes a wire"),
        ("entry 0 is not 0", labels(&[1, 0, 2, 3, 4]), "label 1 instead of 0"),
        ("a label twice", labels(&[0, 2, 1, 2, 4]), "twice"),
        ("label = nLabels", labels(&[0, 1, 2, 3, 9]), "label 9 is not below"),
    ]);
}

#[test]
fn gates_are_rejected() {
    let (list, uses) = gates();
    let listed = |list: Vec<u8>| File::with_gates((list, gates().1));
    let used = |uses: Vec<u8>| File::with_gates((gates().0, uses));
    reject_all(vec![
        ("a name without 00", listed([&1_u32.to_le_bytes()[..], b"gate"].concat()), "a name does not end"),
        ("2^32 - 1 gates", listed(gate_list(b"g\0", u32::MAX, &[7])), "gates section"),
        ("fewer gates than data", listed(gate_list(b"g\0", 0, &[7])), "too many"),
        ("a parameter is p", listed(gate_list(b"g\0", 1, &[PRIME])), "not below the field's prime"),
        ("gate id = M", used(gate_uses(1, &[1])), "gate 1 does not exist"),
        ("wire = nWires", used(gate_uses(0, &[5])), "wire 5 does not exist"),
        ("wire above 2^32", used(gate_uses(0, &[1 << 32])), "does not exist"),
        ("uses cut", used(uses[..20].to_vec()), "early"),
        ("uses too long", used([uses.clone(), vec![0]].concat()), "too many"),
        ("2^32 - 1 signals", used([1, 0, u32::MAX].map(u32::to_le_bytes).concat()), "early"),
        ("4 without 5", File::new().and(4, list), "must come together"),
        ("5 without 4", File::new().and(5, uses), "must come together"),
        ("two lists", File::with_gates(gates()).and(4, gates().0), "section 4 (gates) is there twice"),
    ]);
}

/// A field of 40 bytes an element for a prime of one: what lies above 256 bits must be zero.
#[test]
fn coefficients_of_more_than_256_bits_are_not_canonical() {
    let element = |low: u8, high: u8| [vec![low], vec![0; 38], vec![high]].concat();
    let file = |coefficient: Vec<u8>| {
        let body = [[1, 2].map(u32::to_le_bytes).concat(), coefficient, vec![0; 8]].concat();
        File::new().header(|it| (it.width, it.prime) = (40, element(101, 0))).replace(2, body)
    };
    assert!(file(element(7, 0)).read().is_ok());
    reject_all(vec![("2^312 + 7", file(element(7, 1)), "not below the field's prime")]);
}

/// With sections 4 and 5 in their place and the numbers of what is read.
#[test]
fn what_must_be_accepted() {
    let empty = |header: fn(&mut Header)| File::new().without(3).replace(2, vec![]).header(header);
    let forms = |forms: &[&[(u32, u64)]]| File::new().constraints(forms);
    let one: &[(u32, u64)] = &[(2, 1)];
    let twice = |it: &mut Header| it.constraints = 2;
    let doubled = File::new().replace(2, [one_constraint(), one_constraint()].concat()).header(twice);
    for (name, file, constraints) in [
        ("wire ids in any order", forms(&[&[(4, 1), (0, 2), (3, 3)], one, one]), 1),
        ("unknown section types", File::new().and(77, vec![1, 2, 3]).and(0, vec![]).and(77, vec![]), 1),
        ("no constraints", empty(|it| it.constraints = 0), 0),
        (
            "one wire",
            empty(|it| (it.wires, it.public_outputs, it.public_inputs, it.constraints) = (1, 0, 0, 0)),
            0,
        ),
        ("n = 0 in A", forms(&[&[], one, one]), 1),
        ("n = 0 in B", forms(&[one, &[], one]), 1),
        ("n = 0 in C", forms(&[one, one, &[]]), 1),
        ("0 * 0 = 0", forms(&[&[], &[], &[]]), 1),
        ("nPrvIn above the wires left", File::new().header(|it| it.private_inputs = u32::MAX), 1),
        ("duplicate constraints", doubled, 2),
        ("no map", File::new().without(3), 1),
        ("custom gates", File::with_gates(gates()), 1),
        ("gates listed, none used", File::with_gates((gates().0, 0_u32.to_le_bytes().to_vec())), 1),
    ] {
        let r1cs = file.read().unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert_eq!(r1cs.constraints(), constraints, "{name}");
    }
}

/// They stand beside the system, and the analysis counts the uses that it does not cover.
#[test]
fn custom_gates_are_kept_and_counted() {
    let gate = Gate { name: b"g".to_vec(), parameters: vec![U256::from(7)] };
    let r1cs = File::with_gates(gates()).read().unwrap();
    assert_eq!(*r1cs.gates(), CustomGates { list: vec![gate], uses: vec![(0, vec![1, 4])] });
    let uses = |bytes: &[u8]| Analysis::of(&read(bytes).unwrap(), &Bounds::new()).unwrap().custom_gates;
    assert_eq!(uses(&File::with_gates(gates()).bytes()), 1);
    assert_eq!(uses(&File::new().bytes()), 0);
    assert_eq!(uses(&fixture("edge_customgate.bn128.O1.r1cs")), 5);
}

#[test]
fn a_zero_top_byte_and_spare_width_are_legal() {
    let prime = [vec![101], vec![0; 31]].concat();
    let file = File::new().header(|it| (it.width, it.prime, it.constraints) = (32, prime.clone(), 0));
    assert_eq!(file.replace(2, vec![]).read().unwrap().field().modulus(), U256::from(PRIME));
}

#[test]
fn every_order_of_sections_is_one_system() {
    let plain = File::with_gates(gates());
    let wanted = plain.read().unwrap().content_hash();
    for turn in 0..120_usize {
        let (mut left, mut file, mut turn) = (plain.sections.clone(), plain.clone(), turn);
        file.sections.clear();
        for many in (1..=5).rev() {
            file.sections.push(left.remove(turn % many));
            turn /= many;
        }
        assert_eq!(file.read().unwrap().content_hash(), wanted);
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/circuits");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn real_files_cut_at_every_byte_are_rejected() {
    let names =
        ["edge_mul.bn128.O1.r1cs", "edge_customgate.goldilocks.O1.r1cs", "lookup16.goldilocks.O1.r1cs"];
    for name in names {
        let bytes = fixture(name);
        assert!(read(&bytes).is_ok(), "{name}");
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{name} cut at {end} of {}", bytes.len());
        }
    }
}

/// As built here, with sections of every kind.
#[test]
fn a_built_file_cut_at_every_byte_is_rejected() {
    let bytes = File::with_gates(gates()).and(77, vec![1, 2, 3]).bytes();
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "cut at {end} of {}", bytes.len());
    }
}

/// A change gives one line of error, or a system that is written and read back as it is.
fn refused_or_whole(bytes: &[u8]) {
    match read(bytes) {
        Err(error) => assert!(!format!("{error:#}").contains('\n'), "{error:#}"),
        Ok(r1cs) => {
            let mut written = Vec::new();
            write(&r1cs, &mut written).unwrap();
            assert_eq!(read(&written).unwrap(), r1cs);
        }
    }
}

#[test]
fn flipped_bits_are_refused_or_whole() {
    let bytes = File::with_gates(gates()).bytes();
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused_or_whole(&flipped);
    }
}

#[test]
fn changed_bytes_are_refused_or_whole() {
    let bytes = fixture("edge_customgate.goldilocks.O1.r1cs");
    for place in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[place] = value;
            refused_or_whole(&changed);
        }
    }
}

#[test]
fn what_stands_in_for_a_file_is_named() {
    let says = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert!(says(b"").contains("empty"));
    assert!(says(b"version https://git-lfs.github.com/spec/v1\n").contains("git lfs pull"));
    assert!(says(&[0x1f, 0x8b, 8, 0]).contains("gzip"));
    assert!(says(b"PK").contains("ends 2 bytes early"));
}
