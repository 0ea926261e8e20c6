//! Checks that the committed C header is the one that cbindgen generates from `crypto/src/ffi`; `--write` renews it.

use std::path::Path;

use anyhow::{Context, Result, ensure};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let header = root.join("include/nexuszero_crypto.h");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).map_err(anyhow::Error::msg)?;
    let mut fresh = Vec::new();
    cbindgen::generate_with_config(&root, config)?.write(&mut fresh);
    if std::env::args().nth(1).as_deref() == Some("--write") {
        return std::fs::write(&header, fresh).with_context(|| header.display().to_string());
    }
    let committed = std::fs::read(&header).with_context(|| header.display().to_string())?;
    ensure!(committed == fresh, "{}: not what src/ffi declares; run `make header`", header.display());
    Ok(())
}
