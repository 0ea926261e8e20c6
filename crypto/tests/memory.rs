//! Memory behind the C ABI: many calls keep nothing, and no block that is given back holds a secret.

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report
#![allow(unsafe_code)] // an allocator, and the calls of the C ABI

use std::alloc::{GlobalAlloc, Layout, System};
use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use nexuszero_crypto::ffi::*;
use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::format::write;
use nexuszero_crypto::proof::write_witness;
use nexuszero_crypto::r1cs::Builder;
use zeroize::Zeroizing;

/// Counts what is live, and looks for a word in every block that is given back, those of a growing vector too.
struct Watch {
    live: AtomicUsize,
    /// The word, 0 for none.
    secret: AtomicU64,
    found: AtomicUsize,
}

#[global_allocator]
static MEMORY: Watch =
    Watch { live: AtomicUsize::new(0), secret: AtomicU64::new(0), found: AtomicUsize::new(0) };

// SAFETY: the system's allocator does the work; `realloc` is the trait's own, which copies and gives back.
unsafe impl GlobalAlloc for Watch {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.live.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller promises as much.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        let secret = self.secret.load(Ordering::Relaxed);
        if secret != 0 {
            for place in 0..(layout.size() + 1).saturating_sub(8) {
                // SAFETY: within the block; a byte that nobody wrote may read as anything.
                let word = unsafe { block.add(place).cast::<u64>().read_unaligned() };
                self.found.fetch_add(usize::from(word == secret), Ordering::Relaxed);
            }
        }
        // SAFETY: the caller promises as much.
        unsafe { System.dealloc(block, layout) }
    }
}

impl Watch {
    /// How often the word was found in what the work gave back.
    fn left_by(&self, secret: u64, work: impl FnOnce()) -> usize {
        self.found.store(0, Ordering::Relaxed);
        self.secret.store(secret, Ordering::Relaxed);
        work();
        self.secret.store(0, Ordering::Relaxed);
        self.found.load(Ordering::Relaxed)
    }
}

/// Calls that answered.
struct Calls(usize);

impl Calls {
    fn expect(&mut self, status: Status, wanted: Status) {
        assert_eq!(status, wanted, "{}", last_error());
        self.0 += 1;
    }

    fn ok(&mut self, status: Status) {
        self.expect(status, Status::Ok);
    }

    fn parse(&mut self, bytes: &[u8]) -> *mut Circuits {
        let mut circuits = null_mut();
        // SAFETY: the bytes of a slice, and room for a handle.
        self.ok(unsafe { nexuszero_circuits_parse(bytes.as_ptr(), bytes.len(), &mut circuits) });
        circuits
    }

    /// Reads a circuit, analyses it, asks for what there is not, and gives it back.
    fn analysis(&mut self, bytes: &[u8]) {
        let (mut analysis, mut choice) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let (mut wires, mut prime, mut header) = (0, [0; 32], MaybeUninit::uninit());
        let (mut unknown, mut name) = (null_mut(), [0; 32]);
        let circuits = self.parse(bytes);
        // SAFETY: a live handle of one circuit, and room for what each call writes.
        unsafe {
            self.ok(nexuszero_circuits_analyse(circuits, analysis.as_mut_ptr()));
            self.ok(nexuszero_circuits_wires(circuits, 0, &mut wires));
            self.ok(nexuszero_field_parse(c"bn254".as_ptr(), prime.as_mut_ptr()));
            self.ok(nexuszero_family_name(0, name.as_mut_ptr(), name.len()));
            for wrong in [
                nexuszero_circuits_choose(circuits, 127, choice.as_mut_ptr()),
                nexuszero_circuits_wires(circuits, 1, &mut wires),
                nexuszero_circuits_parse(bytes.as_ptr(), bytes.len() / 2, &mut unknown),
                nexuszero_inspect(bytes.as_ptr(), bytes.len(), header.as_mut_ptr()),
            ] {
                self.expect(wrong, Status::Invalid);
            }
            nexuszero_circuits_free(circuits);
        }
    }

    /// Reads a circuit, searches its parameters, makes another of it, and gives both back.
    fn search(&mut self, bytes: &[u8], room: &mut [MaybeUninit<ChoiceRecord>]) {
        let circuits = self.parse(bytes);
        let (mut verdict, mut count, mut simple) = (MaybeUninit::uninit(), 0, null_mut());
        let (first, capacity) = (room.as_mut_ptr().cast(), room.len());
        let proposal = ProposalQuery { n: 1000.0, log2_q: 40.0, sigma: 900.0 };
        // SAFETY: a live handle of one circuit, and room for what each call writes.
        unsafe {
            self.ok(nexuszero_circuits_choose(circuits, 128, first));
            self.ok(nexuszero_circuits_candidates(circuits, 0, 128, first, capacity, &mut count));
            self.ok(nexuszero_circuits_judge(circuits, 128, &proposal, verdict.as_mut_ptr()));
            self.ok(nexuszero_circuits_simplify(circuits, 0, &mut simple));
            nexuszero_circuits_free(simple);
            nexuszero_circuits_free(circuits);
        }
    }

    /// Proves, verifies and gives back.
    fn proof(&mut self, bytes: &[u8], witness: &[u8]) {
        let (circuits, mut proof, mut record) = (self.parse(bytes), null_mut(), MaybeUninit::uninit());
        let (mut code, mut reason) = (1, [0; 64]);
        // SAFETY: live handles, the bytes of slices and of the record, and room for what each call writes.
        unsafe {
            self.ok(nexuszero_prove(circuits, 0, witness.as_ptr(), witness.len(), 128, &mut proof));
            self.ok(nexuszero_proof_record(proof, record.as_mut_ptr()));
            let ProofRecord { data, bytes, public_values, public_count, .. } = record.assume_init();
            self.ok(nexuszero_verify(
                circuits,
                0,
                data,
                bytes,
                public_values,
                public_count,
                128,
                &mut code,
                reason.as_mut_ptr(),
                reason.len(),
            ));
            nexuszero_proof_free(proof);
            nexuszero_circuits_free(circuits);
        }
        assert_eq!(code, 0);
    }

    /// Rows of the dataset by split, given back.
    fn rows(&mut self) {
        let mut splits = [null_mut(); 3];
        // SAFETY: room for three handles, which are live until they are freed.
        unsafe {
            self.ok(nexuszero_generate(1, 0, 2, 1, splits.as_mut_ptr()));
            splits.into_iter().for_each(|rows| nexuszero_rows_free(rows));
        }
    }
}

fn last_error() -> String {
    let mut room = [0_u8; 256];
    // SAFETY: room for as many bytes.
    unsafe { nexuszero_last_error(room.as_mut_ptr().cast(), room.len()) };
    String::from_utf8_lossy(&room).trim_end_matches('\0').into()
}

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

/// `x * y = out` with one secret factor, in a field: the circuit's bytes and a witness file's.
fn product(field: Field, secret: u64) -> (Vec<u8>, Zeroizing<Vec<u8>>) {
    let one = U256::from(1);
    let mut builder = Builder::new(field);
    for wire in [2, 3, 1] {
        builder.term(wire, one).unwrap();
        builder.end_combination().unwrap();
    }
    let mut bytes = Vec::new();
    write(&builder.finish(4, 1, 0).unwrap(), &mut bytes).unwrap();
    let [x, y] = [secret, 3].map(U256::from);
    (bytes, write_witness(&[one, field.mul(x, y), x, y], &field))
}

/// 100,000 calls of every kind: less than a byte of each stays, so what stays are tables and pools.
fn calls_keep_nothing() {
    let circuit = fixture("circuits/median3x10.goldilocks.O1.r1cs");
    let witness = fixture("proofs/median3x10.goldilocks.wtns");
    let mut room = vec![MaybeUninit::uninit(); 1024];
    let mut calls = Calls(0);
    let mut round = |calls: &mut Calls, number: usize| {
        calls.analysis(&circuit);
        if number.is_multiple_of(50) {
            calls.search(&circuit, &mut room);
        }
        if number.is_multiple_of(500) {
            calls.proof(&circuit, &witness);
            calls.rows();
        }
    };
    let mut numbers = 0..;
    let mut until = |most: usize| {
        while calls.0 < most {
            round(&mut calls, numbers.next().unwrap_or(0));
        }
        MEMORY.live.load(Ordering::Relaxed)
    };
    let [before, after] = [20_000, 120_000].map(&mut until); // the first fill tables and start threads
    assert!(after < before + 100_000, "{before} bytes, then {after}");
}

/// The witness in no freed block, in a field of one word and in one of four; where a vector is dropped as it is, it is found.
fn freed_memory_holds_no_witness() {
    let secret = 0x0123_4567_89ab_cdef;
    assert_eq!(MEMORY.left_by(secret, || drop(vec![1, secret, 2])), 1);
    for field in ["goldilocks", "bn128"] {
        let (circuit, witness) = product(Field::parse(field).unwrap(), secret);
        let left = MEMORY.left_by(secret, || {
            for _ in 0..20 {
                Calls(0).proof(&circuit, &witness); // some attempts fail, and are forgotten
            }
            drop(witness);
        });
        assert_eq!(left, 0, "{field}");
    }
}

/// One test, since memory is that of the process.
#[test]
fn memory_is_given_back_and_wiped() {
    calls_keep_nothing();
    freed_memory_holds_no_witness();
}
