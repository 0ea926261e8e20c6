#![doc = include_str!("../README.md")]

pub mod analysis;
pub mod columns;
pub mod constrain;
pub mod dataset;
pub mod estimate;
pub mod explain;
pub mod ffi;
pub mod field;
pub mod format;
pub mod graph;
pub mod label;
pub mod modulus;
pub mod packing;
mod parallel;
pub mod part;
pub mod proof;
pub mod proposal;
pub mod r1cs;
pub mod ranges;
pub mod relation;
pub mod security;
pub mod simplify;
pub mod synth;
