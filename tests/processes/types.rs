//! Tests of the generated types, as the author of a page gets them.

use crate::server::wayfare;

/// Runs the command. Returns its success, output and errors.
fn types(arguments: &[&str]) -> (bool, String, String) {
    let output = wayfare().arg("types").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn types_are_printed_for_all_kinds_or_some() {
    let (well, all, _) = types(&[]);
    assert!(well);
    assert!(
        all.starts_with("// Made by `wayfare types`; do not edit.\n"),
        "{all}"
    );
    assert!(
        all.contains("  square: PlazaTypes;\n  relay: RelayTypes;\n}"),
        "{all}"
    );
    assert!(all.contains("export type RelayCommand ="), "{all}");
    let (well, relay, _) = types(&["relay"]);
    assert!(
        well && relay.contains("export type Command =") && !relay.contains("Plaza"),
        "{relay}"
    );
}

#[test]
fn a_file_is_written_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("types.ts");
    let path = path.to_str().unwrap();
    let (well, _, words) = types(&["plaza", "--check", path]);
    let remedy = format!("run `wayfare types plaza --out {path}`");
    assert!(
        !well && words.contains("is not there") && words.contains(&remedy),
        "{words}"
    );

    assert!(types(&["plaza", "--out", path]).0);
    assert!(types(&["plaza", "--check", path]).0);
    assert_eq!(std::fs::read_to_string(path).unwrap(), types(&["plaza"]).1);

    let (well, _, words) = types(&["relay", "--check", path]);
    assert!(!well && words.contains("is stale"), "{words}");
}

#[test]
fn an_unknown_kind_is_answered_with_all_kinds() {
    let (well, _, words) = types(&["palza"]);
    assert!(!well);
    assert!(
        words.contains("\"palza\"") && words.contains("plaza, garden, square, relay"),
        "{words}"
    );
}
