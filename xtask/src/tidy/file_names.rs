//! A check that no two Rust files of a crate have the same name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::tidy::complaint::Complaint;

/// Names that the language or cargo prescribes, so that a crate may have several: the root of a
/// folder's module, the root of a library, a program or a test with a folder of its own, and the
/// file of `mod tests;`.
const PRESCRIBED: &[&str] = &["mod.rs", "lib.rs", "main.rs", "tests.rs"];

/// Complains about each file whose name another file of its crate has already. In an editor and in
/// a backtrace the two look alike.
pub(crate) fn check(paths: &BTreeSet<String>) -> Vec<Complaint> {
    let mut first = BTreeMap::new();
    let mut complaints = Vec::new();
    for path in paths.iter().filter(|path| path.ends_with(".rs")) {
        let (Some(krate), Some(name)) = (crate_of(path, paths), path.rsplit('/').next()) else {
            continue;
        };
        if PRESCRIBED.contains(&name) {
            continue;
        }
        match first.get(&(krate, name)) {
            None => drop(first.insert((krate, name), path)),
            Some(other) => {
                let message = format!("{other} has the same name: say what each of them does");
                complaints.push(Complaint::new(path, 1, message));
            }
        }
    }
    complaints
}

/// Returns the innermost folder around the file that has a Cargo.toml.
fn crate_of<'p>(path: &'p str, paths: &BTreeSet<String>) -> Option<&'p str> {
    let mut folder = path;
    while let Some((parent, _)) = folder.rsplit_once('/') {
        if paths.contains(&format!("{parent}/Cargo.toml")) {
            return Some(parent);
        }
        folder = parent;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaint::expect_complaints;

    fn check(paths: &[&str], expect: &[&str]) {
        let manifests = ["crates/a/Cargo.toml", "crates/b/Cargo.toml"];
        let paths = paths.iter().chain(&manifests);
        let paths = paths.map(|path| (*path).to_owned()).collect();
        expect_complaints(&super::check(&paths), expect);
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        check(
            &[
                "crates/a/src/admin/backup.rs",
                "crates/a/src/store/backup.rs",
            ],
            &["crates/a/src/store/backup.rs:1: crates/a/src/admin/backup.rs has the same name"],
        );
        check(
            &["crates/a/src/room.rs", "crates/a/tests/room.rs"],
            &["crates/a/tests/room.rs:1: crates/a/src/room.rs has"],
        );
    }

    #[test]
    fn crates_may_share_a_name() {
        check(&["crates/a/src/room.rs", "crates/b/src/room.rs"], &[]);
        check(&["crates/a/src/room.rs", "crates/a/src/room.md"], &[]);
    }

    #[test]
    fn prescribed_names_may_repeat() {
        let paths = [
            "src/a/mod.rs",
            "src/b/mod.rs",
            "src/lib.rs",
            "tests/c/main.rs",
        ];
        let more = ["tests/d/main.rs", "src/a/tests.rs", "src/b/tests.rs"];
        let paths: Vec<_> = paths.iter().chain(&more).collect();
        let paths: Vec<_> = paths
            .iter()
            .map(|path| format!("crates/a/{path}"))
            .collect();
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        check(&paths, &[]);
    }
}
