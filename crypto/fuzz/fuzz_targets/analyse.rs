//! Bytes that are read as a circuit can be analysed, explained and drawn as a graph; others are refused
//! in one line.
//!
//! `cargo fuzz run analyse` in `crypto/`, with `RUSTC_BOOTSTRAP=1` on a stable compiler.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::explain::Explanation;
use nexuszero_crypto::format::read;
use nexuszero_crypto::graph::Graph;
use nexuszero_crypto::ranges::Bounds;

/// A header of a few bytes may name a million wires; they would only slow the search for other faults.
const MOST_WIRES: u32 = 4096;

fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Err(error) => assert!(!format!("{error:#}").contains('\n')),
        Ok(r1cs) if r1cs.wires() > MOST_WIRES => {}
        Ok(r1cs) => {
            let analysis = Analysis::of(&r1cs, &Bounds::new()).expect("no bounds to refuse");
            assert_eq!(analysis.linear + analysis.quadratic, analysis.constraints);
            match Explanation::of(&r1cs, &Bounds::new()) {
                Err(_) => assert!(analysis.unsatisfiable.is_some()),
                Ok(explanation) => {
                    let hindered = explanation.wires.iter().any(|finding| finding.reason.hinders());
                    assert_eq!(analysis.liftable, !hindered && explanation.overflows == 0);
                }
            }
            let graph = Graph::of(&r1cs, 128);
            assert_eq!(graph.nodes(), r1cs.wires() as usize - 1 + r1cs.constraints());
        }
    }
});
