//! Every mutant still applies to the tree.

use std::path::Path;

use wayfare_sim::Mutant;

#[expect(
    clippy::disallowed_methods,
    reason = "reads the tree, and simulates nothing"
)]
#[test]
fn every_mutant_applies() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::fs::read_dir(here.join("mutants")).expect("there are mutants");
    let mut count = 0;
    for entry in folder {
        let path = entry.expect("a file").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).expect("text");
        let mutant = Mutant::parse(&name, &text).unwrap_or_else(|stale| panic!("{stale}"));
        let source = here.join("../..").join(&mutant.file);
        let source = std::fs::read_to_string(source).expect("a source");
        if let Err(stale) = mutant.apply(&source) {
            panic!("{stale}");
        }
        count += 1;
    }
    assert!(count >= 15, "{count}");
}
