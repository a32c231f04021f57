//! A test that the page's types are up to date.

use std::path::Path;
use std::process::Command;

const FILE: &str = "examples/plaza/page/src/generated/types.ts";

#[test]
fn the_pages_types_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let checked = Command::new(env!("CARGO_BIN_EXE_plaza"))
        .args(["types", "plaza", "garden", "square", "--check", FILE])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}\nfrom the root of the tree:\n\n    cargo run -p plaza -- types plaza garden square --out {FILE}\n",
        String::from_utf8_lossy(&checked.stderr)
    );
}
