//! The committed C header is the one that cbindgen generates from `src/ffi`; `make header` renews it.

use std::path::Path;

#[test]
fn committed_header_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = root.join("include/nexuszero_crypto.h");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let mut fresh = Vec::new();
    cbindgen::generate_with_config(root, config).unwrap().write(&mut fresh);
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::create_dir_all(root.join("include")).unwrap();
        std::fs::write(&header, &fresh).unwrap();
    }
    let committed =
        std::fs::read_to_string(&header).expect("crypto/include/nexuszero_crypto.h; run `make header`");
    assert_eq!(committed, String::from_utf8(fresh).unwrap(), "run `make header`");
}
