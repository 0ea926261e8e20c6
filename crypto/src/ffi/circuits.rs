//! Circuits in memory: read, rebuilt, written, analysed.

use std::collections::{BTreeMap, HashMap};
use std::ffi::c_char;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::analysis::Analysis;
use crate::constrain::{Bit, Constrained};
use crate::dataset::Shift;
use crate::field::U256;
use crate::label::Demand;
use crate::modulus::{Settled, choose_prime};
use crate::part::part;
use crate::proof::{Refusal, Statement};
use crate::r1cs::R1cs;
use crate::ranges::{Bounds, parse_bounds};
use crate::simplify::{Added, Simplified};
use crate::synth::{Family, Synthetic, synthesize};

use super::memory::{by_number, fill, give, hand_over, slice, slice_mut, text};
use super::status::{Status, give_text, guard};

/// Circuits in memory.
pub struct Circuits {
    systems: Vec<System>,
}

/// A circuit, the bounds that are known of its wires, and its analysis, computed when it is first needed.
pub(super) struct System {
    pub(super) r1cs: Arc<R1cs>,
    pub(super) bounds: Bounds,
    origin: Option<Origin>,
    analysis: OnceLock<Analysis>,
    /// What is proved, by security level.
    statements: Mutex<BTreeMap<u32, Arc<Statement>>>,
    /// How it follows from another.
    rewritten: Option<Rewritten>,
}

/// A circuit that follows from another, whose wires come first.
enum Rewritten {
    Constrained(Constrained),
    Simplified(Simplified),
}

impl Rewritten {
    /// The new wires.
    fn added(&self) -> Vec<AddedRecord> {
        match self {
            Self::Constrained(constrained) => {
                let record = |&Bit { source, place, from_above }: &Bit| AddedRecord {
                    source,
                    place,
                    from_above: u32::from(from_above),
                };
                constrained.bits.iter().map(record).collect()
            }
            Self::Simplified(simplified) => {
                let mut places = HashMap::new();
                let record = |added: &Added| {
                    let next = places.entry(added.source).or_insert(0);
                    *next += 1;
                    AddedRecord { source: added.source, place: *next - 1, from_above: 0 }
                };
                simplified.added.iter().map(record).collect()
            }
        }
    }

    /// How many wires are checked, or replaced.
    const fn touched(&self) -> usize {
        match self {
            Self::Constrained(constrained) => constrained.checked(),
            Self::Simplified(simplified) => simplified.steps.aliases,
        }
    }

    fn extend(&self, witness: &[U256]) -> Result<Zeroizing<Vec<U256>>> {
        match self {
            Self::Constrained(constrained) => constrained.extend(witness),
            Self::Simplified(simplified) => simplified.extend(witness),
        }
    }
}

/// What a circuit of ours is rebuilt from.
#[derive(Clone, Copy)]
struct Origin {
    family: Family,
    seed: u64,
    large: bool,
}

impl Origin {
    fn circuit(self) -> Synthetic {
        let Self { family, seed, large } = self;
        if large { Shift::Large.circuit(family, seed) } else { synthesize(family, seed) }
    }
}

impl System {
    fn new(r1cs: impl Into<Arc<R1cs>>, bounds: Bounds) -> Self {
        Self {
            r1cs: r1cs.into(),
            bounds,
            origin: None,
            analysis: OnceLock::new(),
            statements: Mutex::default(),
            rewritten: None,
        }
    }

    /// The assignment that a circuit of ours came with.
    pub(super) fn own_witness(&self) -> Result<Vec<U256>> {
        let origin = self.origin.context("the circuit was read and came without a witness")?;
        Ok(origin.circuit().witness)
    }

    fn rewritten(&self) -> Result<&Rewritten> {
        self.rewritten.as_ref().context("the circuit follows from no other")
    }

    /// The values of all wires from those of the circuit that it follows from.
    pub(super) fn extend(&self, witness: &[U256]) -> Result<Zeroizing<Vec<U256>>> {
        self.rewritten()?.extend(witness)
    }

    fn following(r1cs: &Arc<R1cs>, bounds: Bounds, rewritten: Rewritten) -> Circuits {
        let system = Self::new(Arc::clone(r1cs), bounds);
        Circuits { systems: vec![Self { rewritten: Some(rewritten), ..system }] }
    }

    pub(super) fn analysis(&self) -> Result<&Analysis> {
        if let Some(known) = self.analysis.get() {
            return Ok(known);
        }
        let analysis = Analysis::of(&self.r1cs, &self.bounds)?;
        Ok(self.analysis.get_or_init(|| analysis))
    }

    /// What is proved of it at a level, prepared when it is first asked for.
    pub(super) fn statement(&self, security: u32) -> Result<Arc<Statement>, Refusal> {
        let mut known = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = known.get(&security) {
            return Ok(Arc::clone(statement));
        }
        let statement = Arc::new(Statement::new(&self.r1cs, &self.bounds, security)?);
        known.insert(security, Arc::clone(&statement));
        Ok(statement)
    }

    /// Its parameters, with a concrete prime.
    pub(super) fn settle(&self, security: u32) -> Result<Settled> {
        choose_prime(&self.r1cs, self.analysis()?, &self.bounds, security)
    }
}

/// # Safety
/// `circuits` is null or a live handle.
pub(super) unsafe fn systems<'a>(circuits: *const Circuits) -> Result<&'a [System]> {
    // SAFETY: null is caught, and the caller promises a live handle otherwise.
    let circuits = unsafe { circuits.as_ref() }.context("a null pointer where circuits were promised")?;
    Ok(&circuits.systems)
}

/// # Safety
/// `circuits` is null or a live handle.
pub(super) unsafe fn system<'a>(circuits: *const Circuits, index: usize) -> Result<&'a System> {
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

/// Reads `count` `.r1cs` files on all cores.
///
/// # Safety
/// `paths` points to `count` NUL-terminated strings, `out` to room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_read(
    paths: *const *const c_char,
    count: usize,
    out: *mut *mut Circuits,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises `count` strings.
        let paths =
            unsafe { slice(paths, count)? }.iter().map(|&path| Ok(PathBuf::from(unsafe { text(path)? })));
        let paths = paths.collect::<Result<Vec<_>>>()?;
        let read = |path: &PathBuf| Ok(System::new(crate::format::read_file(path)?, Bounds::new()));
        let systems = paths.par_iter().map(read).collect::<Result<_>>()?;
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(Circuits { systems }, out) }
    })
}

/// Reads one `.r1cs` file's bytes.
///
/// # Safety
/// `bytes` points to `length` bytes, `out` to room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_parse(
    bytes: *const u8,
    length: usize,
    out: *mut *mut Circuits,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the bytes.
        let bytes = unsafe { slice(bytes, length)? };
        let systems = vec![System::new(crate::format::read(bytes)?, Bounds::new())];
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(Circuits { systems }, out) }
    })
}

/// The same circuits where range inference starts from declared bounds: for each a JSON object from wire number to `bit`,
/// `uN`, `iN` or `[lo, hi]`, or null.
///
/// # Safety
/// `circuits` is a live handle; `bounds` points to a text for each circuit, null or NUL-terminated; `out` to room for a
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_with_bounds(
    circuits: *const Circuits,
    bounds: *const *const c_char,
    out: *mut *mut Circuits,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let systems = unsafe { systems(circuits)? };
        // SAFETY: the caller promises a text for each.
        let bounds = unsafe { slice(bounds, systems.len())? };
        let bounded = |(system, &bounds): (&System, &*const c_char)| {
            // SAFETY: the caller promises the text.
            Ok(System::new(Arc::clone(&system.r1cs), unsafe { read_bounds(bounds)? }))
        };
        let systems = systems.iter().zip(bounds).map(bounded).collect::<Result<_>>()?;
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(Circuits { systems }, out) }
    })
}

/// Circuit `index` with some of its constraints alone, those whose byte in `keep` is not 0; wires that others use too are
/// bounded by what the whole circuit says of them.
///
/// # Safety
/// `circuits` is a live handle, `keep` points to `count` bytes, as many as the circuit has constraints, `out` to room for a
/// handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_part(
    circuits: *const Circuits,
    index: usize,
    keep: *const u8,
    count: usize,
    out: *mut *mut Circuits,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle and the bytes.
        let (system, keep) = unsafe { (system(circuits, index)?, slice(keep, count)?) };
        ensure!(
            count == system.r1cs.constraints(),
            "{count} bytes for {} constraints",
            system.r1cs.constraints()
        );
        let (part, bounds) = part(&system.r1cs, &system.bounds, |index| keep[index] != 0)?;
        let systems = vec![System::new(part, bounds)];
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(Circuits { systems }, out) }
    })
}

/// A wire that a circuit of ours adds: of range checks a bit of `x - lo`, or of `hi - x`; in a form of our own the value of
/// a combination whose lowest private wire is x.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct AddedRecord {
    /// x.
    pub source: u32,
    /// The power of two that it stands for.
    pub place: u32,
    /// Whether it is a bit of `hi - x`.
    pub from_above: u32,
}

/// Circuit `index` with a range check for each bound of a private wire that does not follow from the circuit; bounds of
/// public wires stay declared. Its new wires follow the others.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_constrain(
    circuits: *const Circuits,
    index: usize,
    out: *mut *mut Circuits,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let System { r1cs, bounds, .. } = unsafe { system(circuits, index)? };
        let constrained = Constrained::of(r1cs, bounds)?;
        let public = bounds.range(..r1cs.first_private()).map(|(&wire, bound)| (wire, bound.clone()));
        let (r1cs, public) = (Arc::clone(&constrained.r1cs), public.collect());
        let circuits = System::following(&r1cs, public, Rewritten::Constrained(constrained));
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(circuits, out) }
    })
}

/// Circuit `index` in a form of our own, which does not depend on how far a compiler has substituted wires. Its new wires
/// follow the others; wires of declared bounds keep them.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_simplify(
    circuits: *const Circuits,
    index: usize,
    out: *mut *mut Circuits,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let System { r1cs, bounds, .. } = unsafe { system(circuits, index)? };
        let simplified = Simplified::of(r1cs, bounds)?;
        let r1cs = Arc::clone(&simplified.r1cs);
        let circuits = System::following(&r1cs, bounds.clone(), Rewritten::Simplified(simplified));
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(circuits, out) }
    })
}

/// The wires that [`nexuszero_circuits_constrain`] or [`nexuszero_circuits_simplify`] added to circuit `index`, in their order;
/// `count` receives their number, of which the first `capacity` are written, and `touched` how many wires are checked, or
/// replaced.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for `capacity` records, `count` and `touched` for a number each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_added(
    circuits: *const Circuits,
    index: usize,
    out: *mut AddedRecord,
    capacity: usize,
    count: *mut usize,
    touched: *mut usize,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let rewritten = unsafe { system(circuits, index)? }.rewritten()?;
        // SAFETY: the caller promises the room.
        let (out, count, touched) =
            unsafe { (slice_mut(out, capacity)?, slice_mut(count, 1)?, slice_mut(touched, 1)?) };
        let added = rewritten.added();
        out.iter_mut().zip(&added).for_each(|(slot, record)| *slot = *record);
        (count[0], touched[0]) = (added.len(), rewritten.touched());
        Ok(())
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
        let rebuild = |(&family, &seed): (&u8, &u64)| {
            let family = *by_number("family", &Family::ALL, family.into())?;
            let origin = Origin { family, seed, large };
            Ok(System { origin: Some(origin), ..System::new(origin.circuit().r1cs, Bounds::new()) })
        };
        let systems = families.par_iter().zip(seeds).map(rebuild).collect::<Result<_>>()?;
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(Circuits { systems }, out) }
    })
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

/// Number of wires of circuit `index`, the constant one included.
///
/// # Safety
/// `circuits` is a live handle, `out` has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_wires(
    circuits: *const Circuits,
    index: usize,
    out: *mut u32,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let system = unsafe { system(circuits, index)? };
        // SAFETY: the caller promises the room.
        unsafe { give(system.r1cs.wires(), out) }
    })
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

/// The counts of a circuit.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct AnalysisRecord {
    /// Wires, the constant one included.
    pub wires: u32,
    /// Public outputs, the wires from 1 on.
    pub public_outputs: u32,
    /// Public inputs, the wires after them.
    pub public_inputs: u32,
    /// Private inputs that the file declares; some may have no wire.
    pub private_inputs: u32,
    /// Constraints.
    pub constraints: u32,
    /// Linear constraints.
    pub linear: u32,
    /// Quadratic constraints.
    pub quadratic: u32,
    /// Private wires of declared bounds, which nothing checks.
    pub assumed: u32,
    /// Constraints that private wires of their own satisfy.
    pub dropped: u32,
    /// Where all are: the one that is dropped last; `2^32 - 1` elsewhere.
    pub last_dropped: u32,
    /// The wire that satisfies it; 0 where it says `0 = 0`.
    pub last_own: u32,
    /// Kept constraints with a hint.
    pub hints: u32,
    /// Scales other than 1.
    pub rescaled: u32,
    /// Whether nothing satisfies the circuit.
    pub unsatisfiable: u32,
    /// The constraint that shows it; `2^32 - 1` where there is none.
    pub contradiction: u32,
    /// The rule that shows it; [`nexuszero_rule_text`](super::explain::nexuszero_rule_text) has its text.
    pub contradiction_rule: u32,
    /// Rounds of range inference.
    pub rounds: u32,
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

impl AnalysisRecord {
    fn of(r1cs: &R1cs, analysis: &Analysis) -> Self {
        let demand = Demand::of_circuit(analysis);
        let (last_dropped, last_own) =
            analysis.last_dropped.map_or((u32::MAX, 0), |last| (last.constraint, last.wire));
        let contradiction = analysis.unsatisfiable.map(|found| found.0);
        Self {
            wires: analysis.wires,
            public_outputs: r1cs.public_outputs(),
            public_inputs: r1cs.public_inputs(),
            private_inputs: r1cs.private_inputs(),
            constraints: analysis.constraints,
            linear: analysis.linear,
            quadratic: analysis.quadratic,
            assumed: analysis.assumed,
            dropped: analysis.dropped,
            last_dropped,
            last_own,
            hints: analysis.hints,
            rescaled: analysis.rescaled,
            unsatisfiable: u32::from(contradiction.is_some()),
            contradiction: contradiction.map_or(u32::MAX, |cause| cause.constraint),
            contradiction_rule: contradiction.map_or(0, |cause| cause.rule as u32),
            rounds: analysis.rounds,
            packed: analysis.packed,
            forms: analysis.forms,
            heights: analysis.heights,
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
        fill(systems, out, |system| Ok(AnalysisRecord::of(&system.r1cs, system.analysis()?)))
    })
}

/// The name of a family by its number; there is none beyond the last.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_family_name(family: u8, buffer: *mut c_char, capacity: usize) -> Status {
    // SAFETY: the caller promises the room.
    unsafe { give_text(buffer, capacity, || Ok(by_number("family", &Family::ALL, family.into())?.name())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::tests::synthetic;
    use std::ffi::CString;

    #[test]
    fn analysis_counts_the_candidates_of_the_search() {
        let expected = |analysis: &Analysis| match analysis.liftable {
            true => {
                ((analysis.bits + 1).max(16), 5 * (64_u32.saturating_sub((analysis.bits + 1).max(16)) + 1))
            }
            false => (analysis.bits, 1),
        };
        for (family, seed) in Family::ALL.into_iter().zip(0..) {
            let Synthetic { r1cs, .. } = synthesize(family, seed);
            let analysis = Analysis::of(&r1cs, &Bounds::new()).unwrap();
            let record = AnalysisRecord::of(&r1cs, &analysis);
            assert_eq!((record.least_bits, record.candidates), expected(&analysis));
        }
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
