//! What files and folders are asked beside their bytes.

use std::fs::File;
use std::io;
use std::path::Path;

/// The names in the folder of `path` survive a loss of power from now on.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// How much the files of a folder hold together, as far as can be seen.
pub(super) fn bytes_in(folder: Option<&Path>) -> u64 {
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let sizes = entries.into_iter().flatten().flatten();
    sizes
        .filter_map(|entry| entry.metadata().ok())
        .map(|file| file.len())
        .sum()
}
