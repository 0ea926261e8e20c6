//! Files that promise much and hold little, and what fuzzing gave: an answer or one line of error, in
//! memory proportional to the bytes that are there.

#![allow(clippy::unwrap_used)] // helpers of tests: a panic is the report

use std::path::{Path, PathBuf};

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::explain::Explanation;
use nexuszero_crypto::format::{read, write};
use nexuszero_crypto::ranges::Bounds;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that the reader may take in all, and for each byte of the file: a gate of 5 bytes takes 48,
/// and three times as many while their list grows.
const MOST: (usize, usize) = (1 << 14, 32);

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|it| it == "r1cs")).collect()
}

/// One test, since memory is that of the process.
#[test]
fn hostile_files_take_little_memory_and_do_not_panic() {
    for path in files("hostile").into_iter().chain(files("circuits")) {
        let bytes = std::fs::read(&path).unwrap();
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let result = read(&bytes);
        let used = MEMORY.peak_usage() - before;
        assert!(used <= MOST.0 + MOST.1 * bytes.len(), "{}: {used}", path.display());
        match result {
            Err(error) => assert!(!format!("{error:#}").contains('\n'), "{error:#}"),
            Ok(r1cs) => {
                let analysis = Analysis::of(&r1cs, &Bounds::new()).unwrap();
                let explained = Explanation::of(&r1cs, &Bounds::new());
                assert_eq!(explained.is_ok(), analysis.unsatisfiable.is_none(), "{}", path.display());
                let mut written = Vec::new();
                write(&r1cs, &mut written).unwrap();
                assert_eq!(read(&written).unwrap(), r1cs, "{}", path.display());
            }
        }
    }
}
