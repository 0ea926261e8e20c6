//! The C ABI: batches in, batches out, and the only `unsafe` of the crate.
//!
//! Every fallible call returns [`Status::Ok`] or the reason it failed and leaves one line for
//! [`nexuszero_last_error`] (per thread). No panic crosses the boundary. Arrays belong to the caller,
//! handles to the library until their `_free`.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;

use crate::analysis::Analysis;
use crate::columns::{self, COLUMNS, Values};
use crate::dataset::{self, Rows, Shift};
use crate::estimate::{self, Attack, CostModel, Estimate, Lwe, Problem, Sis};
use crate::explain::{Explanation, Finding, Reason};
use crate::field::{Field, U256};
use crate::graph::Graph;
use crate::label::{self, Choice, Modulus};
use crate::modulus::{Settled, choose_prime};
use crate::proposal::{Proposal, Verdict, judge};
use crate::r1cs::R1cs;
use crate::ranges::{Bounds, parse_bounds};
use crate::security;
use crate::synth::{Family, synthesize};

/// How a call ended.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The call did what it was asked.
    Ok = 0,
    /// An argument or a file is wrong; the message says which and how to mend it.
    Invalid = 1,
    /// A defect of the library itself.
    Panic = 2,
}

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
}

fn guard(body: impl FnOnce() -> Result<()>) -> Status {
    let (status, message) = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return Status::Ok,
        Ok(Err(error)) => (Status::Invalid, format!("{error:#}")),
        Err(_) => (Status::Panic, "a defect in nexuszero-crypto; please report it with the input".into()),
    };
    LAST_ERROR.with_borrow_mut(|last| *last = message);
    status
}

/// # Safety
/// `data` points to `count` readable values, or `count` is zero.
unsafe fn slice<'a, T>(data: *const T, count: usize) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    ensure!(!data.is_null(), "a null pointer where {count} values were promised");
    // SAFETY: not null, and the caller promises `count` values.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// # Safety
/// `data` points to `count` writable values, or `count` is zero.
unsafe fn slice_mut<'a, T>(data: *mut T, count: usize) -> Result<&'a mut [T]> {
    if count == 0 {
        return Ok(&mut []);
    }
    ensure!(!data.is_null(), "a null pointer where room for {count} values was promised");
    // SAFETY: not null, and the caller promises room for `count` values.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, count) })
}

/// # Safety
/// `text` is null or a NUL-terminated string.
unsafe fn text<'a>(text: *const c_char) -> Result<&'a str> {
    ensure!(!text.is_null(), "a null pointer where a text was promised");
    // SAFETY: not null, and the caller promises a NUL-terminated string.
    unsafe { CStr::from_ptr(text) }.to_str().context("a text is not UTF-8")
}

/// The version: major*10000 + minor*100 + patch.
#[unsafe(no_mangle)]
pub extern "C" fn nexuszero_crypto_version() -> u32 {
    let part = |text: &str| text.parse::<u32>().unwrap_or(0);
    part(env!("CARGO_PKG_VERSION_MAJOR")) * 10000
        + part(env!("CARGO_PKG_VERSION_MINOR")) * 100
        + part(env!("CARGO_PKG_VERSION_PATCH"))
}

/// The version of the labels' meaning.
#[unsafe(no_mangle)]
pub extern "C" fn nexuszero_label_version() -> u32 {
    label::LABEL_VERSION
}

/// The version of the dataset's columns.
#[unsafe(no_mangle)]
pub extern "C" fn nexuszero_schema_version() -> u32 {
    dataset::SCHEMA_VERSION
}

/// Copies this thread's last message, NUL-terminated and cut to `capacity`; returns its full length.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_last_error(buffer: *mut c_char, capacity: usize) -> usize {
    // SAFETY: the caller promises the room.
    let Ok(room) = (unsafe { slice_mut(buffer.cast::<u8>(), capacity) }) else { return 0 };
    LAST_ERROR.with_borrow(|message| {
        copy_text(message, room);
        message.len()
    })
}

fn copy_text(message: &str, room: &mut [u8]) {
    let Some(most) = room.len().checked_sub(1) else { return };
    let cut = (0..=most.min(message.len())).rev().find(|&end| message.is_char_boundary(end)).unwrap_or(0);
    room[..cut].copy_from_slice(&message.as_bytes()[..cut]);
    room[cut..].fill(0);
}

/// The attacks on LWE, in the order of their numbers: 0 usvp, 1 bdd, 2 dual, 3 dual_hybrid, 4 rough.
fn attack(number: u32) -> Result<Attack> {
    let all = [Attack::Usvp, Attack::Bdd, Attack::Dual, Attack::DualHybrid, Attack::Rough];
    all.get(number as usize).copied().with_context(|| format!("attack {number} is unknown; 0 to 4 exist"))
}

/// An LWE instance.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LweQuery {
    /// Dimension.
    pub n: u64,
    /// Samples; 0 for unlimited ones.
    pub samples: u64,
    /// `log2` of the modulus.
    pub log2_q: f64,
    /// Standard deviation of the secret.
    pub sigma_s: f64,
    /// Standard deviation of the error.
    pub sigma_e: f64,
    /// 0 usvp, 1 bdd, 2 dual, 3 dual_hybrid, 4 rough.
    pub attack: u32,
}

/// A SIS instance in the l2 norm.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SisQuery {
    /// Dimension (rows).
    pub n: u64,
    /// Columns; 0 for unlimited ones.
    pub samples: u64,
    /// `log2` of the modulus.
    pub log2_q: f64,
    /// `log2` of the length bound.
    pub log2_bound: f64,
}

/// What an attack costs.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EstimateRecord {
    /// Root Hermite factor; NaN where there is none.
    pub delta: f64,
    /// `log2` of the classical core-SVP cost; NaN where the attack does not work.
    pub bits: f64,
    /// `log2` of the quantum core-SVP cost of the same block size.
    pub quantum_bits: f64,
    /// Hardness of `bits`.
    pub hardness: f64,
    /// Block size; 0 where there is none.
    pub beta: u64,
    /// Lattice dimension; 0 where it is not reported.
    pub d: u64,
    /// 0 usvp, 1 bdd, 2 dual, 3 dual_hybrid, 5 sis: the attack that the figures belong to.
    pub attack: u32,
}

/// What a set of forms asks for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DemandQuery {
    /// The prime, little-endian, where q is fixed; all zero where it is free.
    pub p: [u8; 32],
    /// Distinct private forms.
    pub forms: u32,
    /// `B` where q is free.
    pub bits: u32,
    /// lambda: 100, 128, 192 or 256.
    pub security: u32,
}

/// The smallest sound parameters, or why there are none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ChoiceRecord {
    /// Standard deviation of the Gaussian mask.
    pub sigma: f64,
    /// Bits of hiding.
    pub lwe_bits: f64,
    /// Bits of binding.
    pub sis_bits: f64,
    /// Bits of soundness.
    pub soundness: f64,
    /// The smaller of the two.
    pub bit_security: f64,
    /// Its hardness.
    pub hardness: f64,
    /// Bytes.
    pub proof_size: u64,
    /// LWE dimension.
    pub n: u32,
    /// Bits of q.
    pub log2_q: u32,
    /// Order of q modulo 128.
    pub ord: u32,
    /// Openings in parallel.
    pub k: u32,
    /// SIS rank.
    pub kappa: u32,
    /// Committed rows.
    pub l: u32,
    /// Low bits dropped from the commitment.
    pub cut_d: u32,
    /// Low bits dropped from the opening.
    pub cut_g: u32,
    /// A concrete prime, little-endian; all zero where none was asked for.
    pub q: [u8; 32],
    /// Whether there are sound parameters; if not, `reason` says which constraint fails.
    pub feasible: u8,
    /// NUL-terminated (a literal length: header readers know no constants).
    pub reason: [u8; 256],
}

/// Parameters that somebody proposes, as real numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProposalQuery {
    /// LWE dimension.
    pub n: f64,
    /// Bits of q.
    pub log2_q: f64,
    /// Standard deviation of the Gaussian mask.
    pub sigma: f64,
}

/// What a circuit is predicted to ask of its parameters.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// `height(s)` for s = 64, 32, 16, 8, 4, 2.
    pub heights: [u32; 6],
    /// `B` where q is free; 0 where it is the field's prime.
    pub bits: u32,
}

/// Whether a proposal is sound, once n and `log2_q` are rounded to what they count.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VerdictRecord {
    /// Bits of hiding that it has.
    pub lwe_bits: f64,
    /// Bytes of the smallest proof; 0 where it is not sound.
    pub proof_size: u64,
    /// LWE dimension that was judged.
    pub n: u32,
    /// Bits of q that were judged.
    pub log2_q: u32,
    /// What it does not meet, a bit each: 0 hiding, 1 modulus, 2 soundness, 3 binding, 4 width.
    pub fails: u32,
}

/// The counts of a circuit.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct AnalysisRecord {
    /// Wires, the constant one included.
    pub wires: u32,
    /// Constraints.
    pub constraints: u32,
    /// Linear constraints.
    pub linear: u32,
    /// Quadratic constraints.
    pub quadratic: u32,
    /// Packed constraints.
    pub packed: u32,
    /// Distinct private forms.
    pub forms: u32,
    /// Heights for 64, 32, 16, 8 and 4 slots.
    pub heights: [u32; 5],
    /// Uses of custom gates: what they demand of their wires is not covered.
    pub custom_gates: u32,
    /// Whether q is free.
    pub liftable: u32,
    /// `B` for a liftable circuit, else the field's bits.
    pub bits: u32,
    /// Bits of p.
    pub field_bits: u32,
    /// Order of p modulo 128.
    pub field_order: u32,
    /// The fewest bits that q may have.
    pub least_bits: u32,
    /// Pairs of `log2 q` and `ord` that the search goes through.
    pub candidates: u32,
}

/// A wire's range and the reason for it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WireRecord {
    /// `log2` of how many integers the wire can be.
    pub range_bits: f64,
    /// The number of the reason; [`nexuszero_reason_text`] has its text.
    pub reason: u32,
    /// The constraint at fault; `2^32 - 1` where there is none.
    pub constraint: u32,
    /// The first wire without a bound that a derived wire depends on; 0 where there is none.
    pub cause: u32,
}

/// The constraints of bounded wires that reach beyond half the field.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OverflowRecord {
    /// How many there are.
    pub count: u32,
    /// The one that reaches furthest; `2^32 - 1` where there is none.
    pub constraint: u32,
    /// Bit length of its largest value.
    pub bits: u32,
}

/// A block of memory that belongs to a handle.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The first byte.
    pub data: *const u8,
    /// Bytes.
    pub bytes: usize,
}

/// What a column holds (literal lengths: header readers know no constants).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ColumnInfo {
    /// Its name, NUL-terminated.
    pub name: [u8; 32],
    /// Type of a number in NumPy's letters (`f4`, `u2`, ...), NUL-terminated.
    pub dtype: [u8; 4],
    /// Numbers in an item; 0 where the item is a number itself.
    pub width: u32,
}

/// Estimates `count` LWE instances on all cores.
///
/// # Safety
/// `queries` and `out` point to `count` values each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_estimate_lwe(
    queries: *const LweQuery,
    count: usize,
    out: *mut EstimateRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises both arrays.
        let (queries, out) = unsafe { (slice(queries, count)?, slice_mut(out, count)?) };
        fill(queries, out, |query| {
            let samples = (query.samples > 0).then_some(query.samples);
            let lwe = Lwe::new(query.n, query.log2_q, query.sigma_s, query.sigma_e, samples)?;
            let attack = attack(query.attack)?;
            Ok(EstimateRecord::of(&estimate::estimate(attack, &lwe, CostModel::Adps16)))
        })
    })
}

/// Estimates `count` SIS instances on all cores.
///
/// # Safety
/// `queries` and `out` point to `count` values each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_estimate_sis(
    queries: *const SisQuery,
    count: usize,
    out: *mut EstimateRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises both arrays.
        let (queries, out) = unsafe { (slice(queries, count)?, slice_mut(out, count)?) };
        fill(queries, out, |query| {
            let columns = (query.samples > 0).then_some(query.samples);
            let sis = Sis::new(query.n, query.log2_q, query.log2_bound, columns)?;
            Ok(EstimateRecord::of(&sis.estimate(CostModel::Adps16)))
        })
    })
}

/// Finds the parameters of `count` demands on all cores.
///
/// # Safety
/// `queries` and `out` point to `count` values each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_choose(
    queries: *const DemandQuery,
    count: usize,
    out: *mut ChoiceRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises both arrays.
        let (queries, out) = unsafe { (slice(queries, count)?, slice_mut(out, count)?) };
        fill(queries, out, |query| {
            label::check_level(query.security)?;
            let p = U256::from_le_bytes(query.p);
            let modulus = if p.is_zero() { free(query.bits)? } else { Modulus::fixed(&Field::new(p)?) };
            let demand = label::Demand::of_forms(query.forms, modulus);
            Ok(ChoiceRecord::of(label::choose(&demand, query.security).map(|choice| (choice, U256::ZERO))))
        })
    })
}

/// Applies `each` to all rows in parallel; the first failing row is named.
fn fill<Q: Sync, R: Send>(queries: &[Q], out: &mut [R], each: impl Fn(&Q) -> Result<R> + Sync) -> Result<()> {
    let single = queries.len() == 1;
    queries.par_iter().zip(out).enumerate().try_for_each(|(row, (query, slot))| {
        let result = each(query);
        *slot = if single { result? } else { result.with_context(|| format!("row {}", row + 1))? };
        Ok(())
    })
}

/// Circuits in memory.
pub struct Circuits {
    systems: Vec<System>,
}

/// A circuit, what is known of its wires, and its analysis, made when it is first asked for.
struct System {
    r1cs: R1cs,
    bounds: Arc<Bounds>,
    analysis: OnceLock<Analysis>,
}

impl System {
    fn new(r1cs: R1cs, bounds: &Arc<Bounds>) -> Self {
        Self { r1cs, bounds: Arc::clone(bounds), analysis: OnceLock::new() }
    }

    fn analysis(&self) -> Result<&Analysis> {
        if let Some(known) = self.analysis.get() {
            return Ok(known);
        }
        let found = Analysis::of(&self.r1cs, &self.bounds)?;
        Ok(self.analysis.get_or_init(|| found))
    }

    fn settle(&self, security: u32) -> Result<Settled> {
        choose_prime(&self.r1cs, self.analysis()?, &self.bounds, security)
    }
}

/// Reads `count` `.r1cs` files on all cores. `bounds` is null or a JSON object from wire number to `[lo, hi]`,
/// where range inference starts from in every file.
///
/// # Safety
/// `paths` points to `count` NUL-terminated strings, `bounds` is null or NUL-terminated, `out` has room for a
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_read(
    paths: *const *const c_char,
    count: usize,
    bounds: *const c_char,
    out: *mut *mut Circuits,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises `count` strings.
        let paths =
            unsafe { slice(paths, count)? }.iter().map(|&path| Ok(PathBuf::from(unsafe { text(path)? })));
        let paths = paths.collect::<Result<Vec<_>>>()?;
        // SAFETY: the caller promises the text.
        let bounds = Arc::new(unsafe { read_bounds(bounds)? });
        let read = |path: &PathBuf| Ok(System::new(crate::format::read_file(path)?, &bounds));
        let systems = paths.par_iter().map(read).collect::<Result<_>>()?;
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(Circuits { systems }, out) }
    })
}

/// Writes circuit `index` as an `.r1cs` file.
///
/// # Safety
/// `circuits` is a live handle, `path` NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_write(
    circuits: *const Circuits,
    index: usize,
    path: *const c_char,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle and the text.
        let (system, path) = unsafe { (system(circuits, index)?, text(path)?) };
        crate::format::write_file(&system.r1cs, Path::new(path))
    })
}

/// Rebuilds `count` circuits from family and seed on all cores; `large` ones are those of the split of large circuits.
///
/// # Safety
/// `families` and `seeds` point to `count` values each, `out` to room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_synthesize(
    families: *const u8,
    seeds: *const u64,
    count: usize,
    large: bool,
    out: *mut *mut Circuits,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises both arrays.
        let (families, seeds) = unsafe { (slice(families, count)?, slice(seeds, count)?) };
        let none = Arc::new(Bounds::new());
        let one = |(&family, &seed): (&u8, &u64)| {
            let family = Family::ALL.get(usize::from(family));
            let family = family.with_context(|| format!("there are {} families", Family::ALL.len()))?;
            Ok(System::new(
                if large { Shift::Large.circuit(*family, seed) } else { synthesize(*family, seed) }.r1cs,
                &none,
            ))
        };
        let systems = families.par_iter().zip(seeds).map(one).collect::<Result<_>>()?;
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(Circuits { systems }, out) }
    })
}

/// # Safety
/// `out` has room for a pointer.
unsafe fn hand_over<T>(value: T, out: *mut *mut T) -> Result<()> {
    ensure!(!out.is_null(), "a null pointer where room for a handle was promised");
    // SAFETY: not null, and the caller promises the room.
    unsafe { out.write(Box::into_raw(Box::new(value))) };
    Ok(())
}

/// Number of circuits of a handle.
///
/// # Safety
/// `circuits` is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_count(circuits: *const Circuits) -> usize {
    // SAFETY: the caller promises a live handle; null counts as empty.
    unsafe { circuits.as_ref() }.map_or(0, |circuits| circuits.systems.len())
}

/// Frees a handle; null is allowed.
///
/// # Safety
/// `circuits` is null or a live handle, which dies here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_free(circuits: *mut Circuits) {
    if !circuits.is_null() {
        // SAFETY: the handle came from `hand_over`, and the caller promises that it is live.
        drop(unsafe { Box::from_raw(circuits) });
    }
}

/// Analyses every circuit on all cores.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for a record a circuit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_analyse(
    circuits: *const Circuits,
    out: *mut AnalysisRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let systems = unsafe { systems(circuits)? };
        // SAFETY: the caller promises the room.
        let out = unsafe { slice_mut(out, systems.len())? };
        fill(systems, out, |system| Ok(AnalysisRecord::of(system.analysis()?)))
    })
}

/// Explains circuit `index`: a record a wire (wire 0 included), and the constraints that are too large to lift.
///
/// # Safety
/// `circuits` is a live handle, `wires` has room for `count` records and `overflow` for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_explain(
    circuits: *const Circuits,
    index: usize,
    wires: *mut WireRecord,
    count: usize,
    overflow: *mut OverflowRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let System { r1cs, bounds, .. } = unsafe { system(circuits, index)? };
        // SAFETY: the caller promises the room.
        let (wires, overflow) = unsafe { (slice_mut(wires, count)?, slice_mut(overflow, 1)?) };
        ensure!(count == r1cs.wires() as usize, "room for {count} of {} wires", r1cs.wires());
        let found = Explanation::of(r1cs, bounds)?;
        wires.iter_mut().zip(&found.wires).for_each(|(slot, finding)| *slot = WireRecord::of(finding));
        overflow[0] = OverflowRecord::of(&found);
        Ok(())
    })
}

/// The text of a reason by its number, in which `{constraint}` and `{cause}` stand for the fields of a wire's
/// record; there is none beyond the last.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_reason_text(reason: u32, buffer: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: the caller promises the room.
        let room = unsafe { slice_mut(buffer.cast::<u8>(), capacity)? };
        let known = Reason::ALL.get(reason as usize);
        let known = known.with_context(|| format!("reason {reason}: there are {}", Reason::ALL.len()))?;
        copy_text(known.text(), room);
        Ok(())
    })
}

/// Finds every circuit's parameters at `security` bits with a concrete prime, on all cores.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for a record a circuit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_choose(
    circuits: *const Circuits,
    security: u32,
    out: *mut ChoiceRecord,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let systems = unsafe { systems(circuits)? };
        // SAFETY: the caller promises the room.
        let out = unsafe { slice_mut(out, systems.len())? };
        label::check_level(security)?;
        fill(systems, out, |system| {
            system.analysis()?; // bounds that are wrong are no infeasible wish
            Ok(ChoiceRecord::of(system.settle(security).map(|found| (found.choice, found.q))))
        })
    })
}

/// Every sound candidate of circuit `index`, the smallest proof first: that one is the answer of
/// [`nexuszero_circuits_choose`] and has a prime. Where none is sound `found` is 1 and the record says why.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for `capacity` records (256 are enough) and `found` for one number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_candidates(
    circuits: *const Circuits,
    index: usize,
    security: u32,
    out: *mut ChoiceRecord,
    capacity: usize,
    found: *mut usize,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let system = unsafe { system(circuits, index)? };
        // SAFETY: the caller promises the room.
        let (out, found) = unsafe { (slice_mut(out, capacity)?, slice_mut(found, 1)?) };
        label::check_level(security)?;
        system.analysis()?;
        let records = match system.settle(security) {
            Err(reason) => vec![ChoiceRecord::of(Err(reason))],
            Ok(settled) => {
                let primes = std::iter::once(settled.q).chain(std::iter::repeat(U256::ZERO));
                let choices = label::sound(&settled.demand, security)?;
                choices.into_iter().zip(primes).map(|pair| ChoiceRecord::of(Ok(pair))).collect()
            }
        };
        ensure!(records.len() <= capacity, "room for {capacity} of {} candidates", records.len());
        out[..records.len()].copy_from_slice(&records);
        found[0] = records.len();
        Ok(())
    })
}

/// Judges parameters that were proposed for every circuit, as they stand, on all cores.
///
/// # Safety
/// `circuits` is a live handle, `proposals` and `out` point to a value a circuit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_judge(
    circuits: *const Circuits,
    security: u32,
    proposals: *const ProposalQuery,
    out: *mut VerdictRecord,
) -> Status {
    guard(|| {
        let judge = |system: &System, proposal: &ProposalQuery| {
            let demand = label::Demand::of_circuit(system.analysis()?);
            Ok(VerdictRecord::of(&judge(&demand, security, &proposal.into())?))
        };
        // SAFETY: the caller promises the handle and both arrays.
        unsafe { fill_by_circuit(circuits, proposals, out, judge) }
    })
}

/// The smallest sound parameters of every circuit for a predicted demand, on all cores; no primes.
///
/// # Safety
/// `circuits` is a live handle, `demands` and `out` point to a value a circuit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_choose_for(
    circuits: *const Circuits,
    security: u32,
    demands: *const Demand,
    out: *mut ChoiceRecord,
) -> Status {
    guard(|| {
        label::check_level(security)?;
        let choose = |system: &System, demand: &Demand| {
            let choice = label::choose(&demand.of_field(system.r1cs.field())?, security);
            Ok(ChoiceRecord::of(choice.map(|choice| (choice, U256::ZERO))))
        };
        // SAFETY: the caller promises the handle and both arrays.
        unsafe { fill_by_circuit(circuits, demands, out, choose) }
    })
}

/// Applies `each` to every circuit and its query in parallel.
///
/// # Safety
/// `circuits` is null or a live handle, `queries` and `out` point to a value a circuit.
unsafe fn fill_by_circuit<Q: Sync, R: Send>(
    circuits: *const Circuits,
    queries: *const Q,
    out: *mut R,
    each: impl Fn(&System, &Q) -> Result<R> + Sync,
) -> Result<()> {
    // SAFETY: the caller promises the handle.
    let systems = unsafe { systems(circuits)? };
    // SAFETY: the caller promises both arrays.
    let (queries, out) = unsafe { (slice(queries, systems.len())?, slice_mut(out, systems.len())?) };
    let pairs: Vec<_> = systems.iter().zip(queries).collect();
    fill(&pairs, out, |(system, query)| each(system, query))
}

/// The graphs of all circuits as rows without labels (`x`, `edge_source`, ..., `nodes`, `edges`).
///
/// # Safety
/// `circuits` is a live handle, `out` has room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_graphs(
    circuits: *const Circuits,
    security: u32,
    out: *mut *mut Rows,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let systems = unsafe { systems(circuits)? };
        let mut rows = Rows::default();
        for system in systems {
            rows.push_graph(Graph::of(&system.r1cs, security));
        }
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(rows, out) }
    })
}

/// Generates stream positions `first..first + count`; `out` receives three handles: train, val, test.
/// `threads` of 0 means all cores; the rows do not depend on it.
///
/// # Safety
/// `out` has room for three handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_generate(
    master_seed: u64,
    first: u64,
    count: u64,
    threads: usize,
    out: *mut *mut Rows,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises room for three handles.
        let out = unsafe { slice_mut(out, dataset::SPLITS.len())? };
        for (slot, rows) in out.iter_mut().zip(dataset::generate(master_seed, first, count, threads)?) {
            *slot = Box::into_raw(Box::new(rows));
        }
        Ok(())
    })
}

/// The same of a shifted split's own stream: 0 is large circuits, 1 families that training does not know.
///
/// # Safety
/// `out` has room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_generate_shifted(
    shift: u8,
    master_seed: u64,
    first: u64,
    count: u64,
    threads: usize,
    out: *mut *mut Rows,
) -> Status {
    guard(|| {
        let shift = shift_of(shift)?;
        let rows = dataset::generate_shifted(shift, master_seed, first, count, threads)?;
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(rows, out) }
    })
}

fn shift_of(number: u8) -> Result<Shift> {
    let shift = Shift::ALL.get(usize::from(number));
    shift.copied().with_context(|| format!("shift {number}: there are {}", Shift::ALL.len()))
}

/// The number of a family's name, or of families if `name` is null; names are asked for by number.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_family_name(family: u8, buffer: *mut c_char, capacity: usize) -> Status {
    guard(|| {
        // SAFETY: the caller promises the room.
        let room = unsafe { slice_mut(buffer.cast::<u8>(), capacity)? };
        let known = Family::ALL.get(usize::from(family));
        let known = known.with_context(|| format!("family {family}: there are {}", Family::ALL.len()))?;
        copy_text(known.name(), room);
        Ok(())
    })
}

/// The prime of a field by name or number, little-endian in 32 bytes.
///
/// # Safety
/// `name` is NUL-terminated, `out` has room for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_field_parse(name: *const c_char, out: *mut u8) -> Status {
    guard(|| {
        // SAFETY: the caller promises both.
        let (name, out) = unsafe { (text(name)?, slice_mut(out, 32)?) };
        out.copy_from_slice(&Field::parse(name)?.modulus().to_le_bytes::<32>());
        Ok(())
    })
}

/// A column of generated rows by its name (the schema's, without `circuit/`). It lives as long as the handle.
///
/// # Safety
/// `rows` is a live handle, `name` NUL-terminated, `out` has room for a column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_rows_column(
    rows: *const Rows,
    name: *const c_char,
    out: *mut Column,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises all three.
        let (rows, name) = unsafe { (rows.as_ref(), text(name)?) };
        let rows = rows.context("a null pointer where rows were promised")?;
        let known = columns::by_name(name).with_context(|| format!("there is no column {name:?}"))?;
        let Values { data, bytes, .. } = (known.values)(rows);
        // SAFETY: the caller promises the room.
        let out = unsafe { slice_mut(out, 1)? };
        out[0] = Column { data, bytes };
        Ok(())
    })
}

/// Number of columns that [`nexuszero_rows_column`] knows.
#[unsafe(no_mangle)]
pub extern "C" fn nexuszero_column_count() -> usize {
    COLUMNS.len()
}

/// Name, element type and width of column `index`.
///
/// # Safety
/// `out` has room for a record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_column_info(index: usize, out: *mut ColumnInfo) -> Status {
    guard(|| {
        let known = COLUMNS.get(index);
        let known = known.with_context(|| format!("column {index}: there are {}", COLUMNS.len()))?;
        // SAFETY: the caller promises the room.
        let out = unsafe { slice_mut(out, 1)? };
        out[0] = ColumnInfo::of(known);
        Ok(())
    })
}

/// Frees a handle; null is allowed.
///
/// # Safety
/// `rows` is null or a live handle, which dies here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_rows_free(rows: *mut Rows) {
    if !rows.is_null() {
        // SAFETY: the handle came from the library, and the caller promises that it is live.
        drop(unsafe { Box::from_raw(rows) });
    }
}

/// # Safety
/// `circuits` is null or a live handle.
unsafe fn systems<'a>(circuits: *const Circuits) -> Result<&'a [System]> {
    // SAFETY: null is caught, and the caller promises a live handle otherwise.
    let circuits = unsafe { circuits.as_ref() }.context("a null pointer where circuits were promised")?;
    Ok(&circuits.systems)
}

/// # Safety
/// `circuits` is null or a live handle.
unsafe fn system<'a>(circuits: *const Circuits, index: usize) -> Result<&'a System> {
    // SAFETY: the caller promises as much.
    let systems = unsafe { systems(circuits)? };
    systems.get(index).with_context(|| format!("circuit {index} does not exist: there are {}", systems.len()))
}

/// # Safety
/// `bounds` is null or NUL-terminated.
unsafe fn read_bounds(bounds: *const c_char) -> Result<Bounds> {
    if bounds.is_null() {
        return Ok(Bounds::new());
    }
    // SAFETY: not null, and the caller promises a NUL-terminated string.
    parse_bounds(unsafe { text(bounds)? })
}

impl ColumnInfo {
    fn of(column: &columns::Column) -> Self {
        let Values { dtype, width, .. } = (column.values)(&Rows::default());
        let mut info = Self { name: [0; 32], dtype: [0; 4], width: width as u32 };
        copy_text(column.name, &mut info.name);
        copy_text(dtype, &mut info.dtype);
        info
    }
}

impl EstimateRecord {
    fn of(found: &Estimate) -> Self {
        let beta = found.beta.unwrap_or(0);
        let works = found.log2_rop.is_finite();
        Self {
            delta: found.delta.unwrap_or(f64::NAN),
            bits: if works { found.log2_rop } else { f64::NAN },
            quantum_bits: if works { security::QUANTUM * beta as f64 } else { f64::NAN },
            hardness: if works { security::hardness(found.log2_rop) } else { f64::NAN },
            beta,
            d: found.d.unwrap_or(0),
            attack: match found.problem {
                Problem::Lwe(Attack::Usvp) => 0,
                Problem::Lwe(Attack::Bdd) => 1,
                Problem::Lwe(Attack::Dual) => 2,
                Problem::Lwe(Attack::DualHybrid | Attack::Rough) => 3,
                Problem::Sis => 5,
            },
        }
    }
}

impl ChoiceRecord {
    fn of(result: Result<(Choice, U256)>) -> Self {
        let mut record = Self {
            sigma: 0.0,
            lwe_bits: 0.0,
            sis_bits: 0.0,
            soundness: 0.0,
            bit_security: 0.0,
            hardness: 0.0,
            proof_size: 0,
            n: 0,
            log2_q: 0,
            ord: 0,
            k: 0,
            kappa: 0,
            l: 0,
            cut_d: 0,
            cut_g: 0,
            q: [0; 32],
            feasible: 0,
            reason: [0; 256],
        };
        match result {
            Ok((choice, q)) => record.set(&choice, q),
            Err(error) => copy_text(&format!("{error:#}"), &mut record.reason),
        }
        record
    }

    fn set(&mut self, choice: &Choice, q: U256) {
        self.feasible = 1;
        self.q = q.to_le_bytes();
        (self.sigma, self.proof_size) = (choice.sigma, choice.proof_size);
        (self.lwe_bits, self.sis_bits, self.soundness) = (choice.lwe_bits, choice.sis_bits, choice.soundness);
        (self.bit_security, self.hardness) = (choice.bit_security(), choice.hardness());
        (self.n, self.log2_q, self.ord) = (choice.n(), choice.candidate.bits, choice.candidate.ord);
        (self.k, self.kappa, self.l) = (choice.k, choice.kappa, choice.l);
        (self.cut_d, self.cut_g) = (choice.cut_d, choice.cut_g);
    }
}

impl Demand {
    /// With the modulus that a circuit of `field` has.
    fn of_field(&self, field: &Field) -> Result<label::Demand> {
        let modulus = match self.bits {
            0 => Modulus::fixed(field),
            bits => free(bits)?,
        };
        Ok(label::Demand { modulus, heights: self.heights })
    }
}

/// A free modulus for values of `bits` bits.
fn free(bits: u32) -> Result<Modulus> {
    ensure!(bits < 256, "B is {bits}; values of up to 255 bits are supported");
    Ok(Modulus::Free { bits })
}

impl From<&ProposalQuery> for Proposal {
    fn from(query: &ProposalQuery) -> Self {
        Self { n: query.n, log2_q: query.log2_q, sigma: query.sigma }
    }
}

impl VerdictRecord {
    fn of(verdict: &Verdict) -> Self {
        Self {
            lwe_bits: verdict.lwe_bits,
            proof_size: verdict.proof_size.unwrap_or(0),
            n: verdict.n,
            log2_q: verdict.bits,
            fails: verdict.fails.iter().map(|&constraint| 1 << constraint as u32).sum(),
        }
    }
}

impl WireRecord {
    fn of(finding: &Finding) -> Self {
        Self {
            range_bits: finding.range_bits,
            reason: finding.reason as u32,
            constraint: finding.constraint.unwrap_or(u32::MAX),
            cause: finding.cause.unwrap_or(0),
        }
    }
}

impl OverflowRecord {
    fn of(found: &Explanation) -> Self {
        let (constraint, bits) = found.worst.map_or((u32::MAX, 0), |worst| (worst.constraint, worst.bits));
        Self { count: found.overflows, constraint, bits }
    }
}

impl AnalysisRecord {
    fn of(analysis: &Analysis) -> Self {
        let demand = label::Demand::of_circuit(analysis);
        Self {
            wires: analysis.wires,
            constraints: analysis.constraints,
            linear: analysis.linear,
            quadratic: analysis.quadratic,
            packed: analysis.packed,
            forms: analysis.forms,
            heights: std::array::from_fn(|slot| analysis.heights[slot]),
            custom_gates: analysis.custom_gates,
            liftable: u32::from(analysis.liftable),
            bits: analysis.bits,
            field_bits: analysis.field.bits(),
            field_order: analysis.field.order_mod_128(),
            least_bits: demand.least_bits(),
            candidates: demand.candidates().count() as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    fn synthetic() -> *mut Circuits {
        let mut handle = std::ptr::null_mut();
        // SAFETY: two arrays of one value, and room for a handle.
        let status =
            unsafe { nexuszero_circuits_synthesize(&(Family::Dot as u8), &7, 1, false, &mut handle) };
        assert_eq!(status, Status::Ok);
        handle
    }

    #[test]
    fn wires_are_explained_where_there_is_room_for_all() {
        let (circuits, r1cs) = (synthetic(), synthesize(Family::Dot, 7).r1cs);
        let mut wires = vec![WireRecord { range_bits: 0.0, reason: 99, constraint: 0, cause: 0 }; 9999];
        let mut overflow = OverflowRecord { count: 99, constraint: 0, bits: 0 };
        let mut explain = |count| {
            let wires = wires.as_mut_ptr();
            // SAFETY: a live handle, and room for more records than are asked for.
            unsafe { nexuszero_circuits_explain(circuits, 0, wires, count, &mut overflow) }
        };
        assert_eq!((explain(9999), explain(r1cs.wires() as usize)), (Status::Invalid, Status::Ok));
        let found = Explanation::of(&r1cs, &Bounds::new()).unwrap();
        assert_eq!(overflow.count, found.overflows);
        for (record, finding) in wires.iter().zip(&found.wires) {
            assert_eq!((record.reason, record.range_bits), (finding.reason as u32, finding.range_bits));
            assert_eq!(record.constraint, finding.constraint.unwrap_or(u32::MAX));
        }
        assert_eq!(wires[found.wires.len()].reason, 99);
        // SAFETY: the handle is live until here.
        unsafe { nexuszero_circuits_free(circuits) };
    }

    #[test]
    fn columns_are_described_and_found_by_name() {
        let rows = Rows::default();
        let mut info = ColumnInfo { name: [9; 32], dtype: [9; 4], width: 99 };
        let mut column = Column { data: std::ptr::null(), bytes: 9 };
        for index in 0..nexuszero_column_count() {
            // SAFETY: room for a record, a live handle and the name that was just written.
            let status = unsafe {
                let described = nexuszero_column_info(index, &mut info);
                (described, nexuszero_rows_column(&rows, info.name.as_ptr().cast(), &mut column))
            };
            assert_eq!((status, column.bytes), ((Status::Ok, Status::Ok), 0));
            assert_eq!((info.name[31], info.dtype[3]), (0, 0));
        }
        // SAFETY: room for a record.
        let beyond = unsafe { nexuszero_column_info(nexuszero_column_count(), &mut info) };
        assert_eq!(beyond, Status::Invalid);
    }

    #[test]
    fn analysis_counts_the_candidates_of_the_search() {
        let expected = |analysis: &Analysis| match analysis.liftable {
            true => {
                ((analysis.bits + 1).max(16), 5 * (64_u32.saturating_sub((analysis.bits + 1).max(16)) + 1))
            }
            false => (analysis.bits, 1),
        };
        for (family, seed) in Family::ALL.into_iter().zip(0..) {
            let analysis = Analysis::of(&synthesize(family, seed).r1cs, &Bounds::new()).unwrap();
            let record = AnalysisRecord::of(&analysis);
            assert_eq!((record.least_bits, record.candidates), expected(&analysis));
        }
    }

    #[test]
    fn a_circuits_own_demand_has_its_own_parameters() {
        let circuits = synthetic();
        let analysis = Analysis::of(&synthesize(Family::Dot, 7).r1cs, &Bounds::new()).unwrap();
        let demand =
            Demand { heights: analysis.heights, bits: if analysis.liftable { analysis.bits } else { 0 } };
        let mut record = ChoiceRecord::of(Err(anyhow::anyhow!("none")));
        // SAFETY: a live handle, a demand and room for a record.
        let status = unsafe { nexuszero_circuits_choose_for(circuits, 128, &demand, &mut record) };
        let choice = label::choose(&label::Demand::of_circuit(&analysis), 128).unwrap();
        assert_eq!((status, record.feasible, record.proof_size), (Status::Ok, 1, choice.proof_size));
        let wide = Demand { bits: 256, ..demand };
        // SAFETY: as above.
        let status = unsafe { nexuszero_circuits_choose_for(circuits, 128, &wide, &mut record) };
        assert_eq!(status, Status::Invalid);
        // SAFETY: the handle is live until here.
        unsafe { nexuszero_circuits_free(circuits) };
    }

    #[test]
    fn reasons_have_their_numbers_and_texts() {
        let mut text = [0_u8; 128];
        // SAFETY: the buffer is as long as is said.
        let mut read = |number| unsafe { nexuszero_reason_text(number, text.as_mut_ptr().cast(), 128) };
        for (number, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!((reason as usize, read(number as u32)), (number, Status::Ok));
        }
        assert_eq!(read(Reason::ALL.len() as u32), Status::Invalid);
        assert!(text.starts_with(Reason::Unsettled.text().as_bytes()));
    }

    #[test]
    fn circuits_are_written_and_refused_by_index() {
        let circuits = synthetic();
        let path = std::env::temp_dir().join(format!("nexuszero-ffi-{}.r1cs", std::process::id()));
        let name = CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: a live handle and a NUL-terminated text.
        let write = |index| unsafe { nexuszero_circuits_write(circuits, index, name.as_ptr()) };
        assert_eq!((write(0), write(1)), (Status::Ok, Status::Invalid));
        assert_eq!(crate::format::read_file(&path).unwrap(), synthesize(Family::Dot, 7).r1cs);
        std::fs::remove_file(path).unwrap();
        // SAFETY: the handle is live until here.
        unsafe { nexuszero_circuits_free(circuits) };
    }
}
