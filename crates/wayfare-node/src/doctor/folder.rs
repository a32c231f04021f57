//! Checks of the data folder: write permission, free space, and the store in it.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use super::Finding;
use crate::admin::socket::DataFolder;
use crate::config::{CoordinationChoice, Settings, StorageChoice};
use crate::store::store_file::{self, StoreFile};

/// The least free space. A busy store fills less than this within an hour.
const FREE_BYTES_MIN: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

pub(super) fn examine(settings: &Settings, running: Option<&str>) -> Vec<Finding> {
    let data = settings.data.as_path();
    let mut findings = vec![writable(data), room(data)];
    let uses_file = settings.coordination == CoordinationChoice::Embedded
        || settings.storage == StorageChoice::Embedded;
    if let Some(says) = running {
        findings.push(Finding::ok(
            "running node",
            format!("a node runs on {}, and says: {says}", data.display()),
        ));
    }
    if uses_file {
        findings.push(store(data, running.is_some()));
    }
    findings
}

fn writable(data: &Path) -> Finding {
    let check = "data folder";
    let shown = data.display();
    let place = there(data);
    match try_writing(place) {
        Ok(()) if place == data => Finding::ok(check, format!("{shown} may be written")),
        Ok(()) => Finding::ok(check, format!("{shown} is not there; a start makes it")),
        Err(error) => Finding::fail(
            check,
            format!("nothing can be written in {}: {error}", place.display()),
            "give it to the user that runs the node (chown), or name another folder with --data",
        ),
    }
}

/// Returns the folder, or its innermost parent that exists.
fn there(data: &Path) -> &Path {
    let above = data.ancestors().find(|it| it.is_dir());
    above.unwrap_or(Path::new("."))
}

fn try_writing(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".wayfare-doctor-{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(&path)
}

fn room(data: &Path) -> Finding {
    let check = "disk";
    let place = there(data);
    let free = match rustix::fs::statvfs(place) {
        Ok(disk) => disk.f_bavail * disk.f_frsize,
        Err(error) => {
            let found = format!(
                "the room on the disk of {} is not known: {error}",
                place.display()
            );
            return Finding::warn(check, found, "");
        }
    };
    let found = format!("{} MiB are free for {}", free / MIB, data.display());
    match free < FREE_BYTES_MIN {
        true => Finding::warn(
            check,
            found,
            "make room: a store that cannot grow keeps nothing more",
        ),
        false => Finding::ok(check, found),
    }
}

fn store(data: &Path, is_running: bool) -> Finding {
    let check = "store";
    let path = store_file::path_in(data);
    let shown = path.display();
    let bytes = match std::fs::metadata(&path) {
        Ok(file) => file.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Finding::ok(check, format!("{shown} is not there; a start makes it"));
        }
        Err(error) => {
            return Finding::fail(check, format!("{shown} cannot be looked at: {error}"), "");
        }
    };
    if is_running {
        let found = format!(
            "{shown} ({} MiB) is in use by the running node",
            bytes / MIB
        );
        return Finding::ok(check, found);
    }
    // Nobody else may open the store during the check.
    let held = match DataFolder::take_idle(data) {
        Ok(Some(held)) => held,
        Ok(None) => {
            let found = format!("{shown} is in use by a node that just starts or stops");
            return Finding::warn(check, found, "look again in a moment");
        }
        Err(error) => return Finding::fail(check, format!("{error:#}"), ""),
    };
    let opened = StoreFile::open(&path);
    let finding = match opened {
        Ok(store) => {
            store.close();
            Finding::ok(check, format!("{shown} is whole ({} MiB)", bytes / MIB))
        }
        // The error itself says what to do.
        Err(error) => Finding::fail(check, error.to_string(), "see docs/operations/storage.md"),
    };
    drop(held);
    finding
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_check_does_not_change_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = store_file::path_in(folder.path());
        let check = |is_running: bool, verdict: Verdict, says: &str| {
            let finding = store(folder.path(), is_running);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        };
        check(false, Verdict::Ok, "is not there");
        StoreFile::open(&path).unwrap().close();
        check(false, Verdict::Ok, "is whole");
        let _held = DataFolder::take_idle(folder.path()).unwrap();
        check(false, Verdict::Warn, "starts or stops");
        check(true, Verdict::Ok, "in use by the running node");
        drop(_held);
        std::fs::write(&path, "something else").unwrap();
        check(false, Verdict::Fail, "is not a store");
        assert_eq!(std::fs::read(&path).unwrap(), b"something else");
    }

    #[test]
    fn a_missing_folder_is_checked_by_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path, says: &str| {
            let finding = writable(path);
            assert_eq!(finding.verdict, Verdict::Ok, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        };
        check(folder.path(), "may be written");
        check(&folder.path().join("a/b"), "a start makes it");
        assert_ne!(room(&folder.path().join("a/b")).found, "");
    }
}
