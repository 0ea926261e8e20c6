//! The crate's tests through its public names, in one binary: the crate is linked once, and all run side by side.

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report

mod circuits;
mod constrain;
mod dataset;
mod details;
mod explain;
mod golden_estimates;
mod graph;
mod labels;
mod large;
mod lifting;
mod packing;
mod proof;
mod proof_vectors;
mod proposal;
mod ranges;
mod reader;
mod search;
mod simplify;
mod slow;
mod synthesis;
mod writer;
