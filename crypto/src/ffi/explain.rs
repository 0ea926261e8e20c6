//! What range inference says of a circuit's wires.

use std::ffi::c_char;

use anyhow::ensure;

use crate::explain::{Explanation, Finding, Reason};
use crate::ranges::Rule;

use super::circuits::{Circuits, System, system};
use super::memory::{by_number, slice_mut};
use super::status::{Status, give_text, guard};

/// A wire's range and the reason for it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WireRecord {
    /// `log2` of how many integers the wire can be.
    pub range_bits: f64,
    /// The number of the reason; [`nexuszero_reason_text`] has its text.
    pub reason: u32,
    /// The number of the rule that last narrowed it; [`nexuszero_rule_text`] has its text.
    pub rule: u32,
    /// The constraint that bounds it, or the one at fault; `2^32 - 1` where there is none.
    pub constraint: u32,
    /// The first wire without a bound that a derived wire depends on; 0 where there is none.
    pub cause: u32,
}

impl WireRecord {
    fn of(finding: &Finding) -> Self {
        Self {
            range_bits: finding.range_bits,
            reason: finding.reason as u32,
            rule: finding.rule as u32,
            constraint: finding.constraint.unwrap_or(u32::MAX),
            cause: finding.cause.unwrap_or(0),
        }
    }
}

/// The constraints of bounded wires with values beyond half the field.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OverflowRecord {
    /// How many there are.
    pub count: u32,
    /// The one with the largest value; `2^32 - 1` where there is none.
    pub constraint: u32,
    /// Bit length of its largest value.
    pub bits: u32,
}

impl OverflowRecord {
    fn of(explanation: &Explanation) -> Self {
        let (constraint, bits) =
            explanation.worst.map_or((u32::MAX, 0), |worst| (worst.constraint, worst.bits));
        Self { count: explanation.overflows, constraint, bits }
    }
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
        let explanation = Explanation::of(r1cs, bounds)?;
        wires.iter_mut().zip(&explanation.wires).for_each(|(slot, finding)| *slot = WireRecord::of(finding));
        overflow[0] = OverflowRecord::of(&explanation);
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
    // SAFETY: the caller promises the room.
    unsafe { give_text(buffer, capacity, || Ok(by_number("reason", &Reason::ALL, reason as usize)?.text())) }
}

/// The text of a rule of range inference by its number; there is none beyond the last.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_rule_text(rule: u32, buffer: *mut c_char, capacity: usize) -> Status {
    // SAFETY: the caller promises the room.
    unsafe { give_text(buffer, capacity, || Ok(by_number("rule", &Rule::ALL, rule as usize)?.text())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::nexuszero_circuits_free;
    use crate::ffi::tests::synthetic;
    use crate::ranges::Bounds;
    use crate::synth::{Family, synthesize};

    #[test]
    fn wires_are_explained_where_there_is_room_for_all() {
        let (circuits, r1cs) = (synthetic(), synthesize(Family::Dot, 7).r1cs);
        let mut wires =
            vec![WireRecord { range_bits: 0.0, reason: 99, rule: 99, constraint: 0, cause: 0 }; 9999];
        let mut overflow = OverflowRecord { count: 99, constraint: 0, bits: 0 };
        let mut explain = |count| {
            let wires = wires.as_mut_ptr();
            // SAFETY: a live handle, and room for more records than are written.
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
    fn rules_have_their_numbers_and_texts() {
        let mut text = [0_u8; 128];
        // SAFETY: the buffer is as long as is said.
        let mut read = |number| unsafe { nexuszero_rule_text(number, text.as_mut_ptr().cast(), 128) };
        for (number, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!((rule as usize, read(number as u32)), (number, Status::Ok));
        }
        assert_eq!(read(Rule::ALL.len() as u32), Status::Invalid);
        assert!(text.starts_with(Rule::Alternative.text().as_bytes()));
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
        assert!(text.starts_with(Reason::Roots.text().as_bytes()));
    }
}
