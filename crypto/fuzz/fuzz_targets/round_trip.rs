//! Bytes that are read as a circuit are written as a file of the same circuit.
//!
//! `cargo fuzz run round_trip` in `crypto/`, with `RUSTC_BOOTSTRAP=1` on a stable compiler.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nexuszero_crypto::format::{read, write};

/// A header of a few bytes may name a million wires, and all their labels would be written.
const MOST_WIRES: u32 = 4096;

fuzz_target!(|bytes: &[u8]| {
    if let Some(r1cs) = read(bytes).ok().filter(|r1cs| r1cs.wires() <= MOST_WIRES) {
        let mut written = Vec::new();
        write(&r1cs, &mut written).expect("a vector takes all bytes");
        assert_eq!(read(&written).expect("what is written is a file"), r1cs);
    }
});
