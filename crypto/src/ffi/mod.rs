//! The C ABI: batches in, batches out, and the `unsafe` of the crate, but for one call of vector instructions.
//!
//! Every fallible call returns [`Status::Ok`] or the reason it failed and leaves one line for
//! [`nexuszero_last_error`] (per thread). No panic crosses the boundary. Arrays belong to the caller,
//! handles to the library until their `_free`.
//!
//! A file holds the calls of one subject with their records: `estimate` (LWE and SIS), `choice` (parameters without
//! a circuit), `circuits` (in memory, and their analysis), `explain` (their wires), `search` (their parameters),
//! `rows` (of the dataset), `proof` (made, verified, read). Under them lie `status` (how calls end) and `memory` (what
//! the caller promises).
#![allow(unsafe_code)]

mod choice;
mod circuits;
mod estimate;
mod explain;
mod memory;
mod proof;
mod rows;
mod search;
mod status;

pub use choice::*;
pub use circuits::*;
pub use estimate::*;
pub use explain::*;
pub use proof::*;
pub use rows::*;
pub use search::*;
pub use status::*;

use crate::{dataset, label};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Family;

    /// A circuit of the family `Dot`, seed 7.
    pub(in crate::ffi) fn synthetic() -> *mut Circuits {
        let mut handle = std::ptr::null_mut();
        // SAFETY: two arrays of one value, and room for a handle.
        let status =
            unsafe { nexuszero_circuits_synthesize(&(Family::Dot as u8), &7, 1, false, &mut handle) };
        assert_eq!(status, Status::Ok);
        handle
    }
}
