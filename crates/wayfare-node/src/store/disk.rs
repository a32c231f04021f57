//! File-system operations beside reading and writing.

use std::fs::File;
use std::io;
use std::path::Path;

/// Syncs the folder of `path`, so that the names in it survive a power failure.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// Adds up the sizes of the files in a folder, as far as they can be read.
pub(super) fn bytes_in(folder: Option<&Path>) -> u64 {
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let sizes = entries.into_iter().flatten().flatten();
    sizes
        .filter_map(|entry| entry.metadata().ok())
        .map(|file| file.len())
        .sum()
}
