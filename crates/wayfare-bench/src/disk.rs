//! The disk under a folder: its identity, and the number of syncs per second that a bare program
//! reaches.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::statistics::rounded;

/// File systems that lose everything with the power.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// The file system of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FileSystem {
    pub(crate) folder: String,
    pub(crate) mounted_at: String,
    pub(crate) device: String,
    pub(crate) kind: String,
}

impl FileSystem {
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let folder = folder.canonicalize()?;
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        Self::among(&mounts, &folder).with_context(|| format!("{} lies nowhere", folder.display()))
    }

    /// Finds the innermost mount, and the last one of several at the same place.
    fn among(mounts: &str, folder: &Path) -> Option<Self> {
        let fields = mounts.lines().filter_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            Some((fields.next()?, fields.next()?, fields.next()?))
        });
        let above = fields.filter(|(_, place, _)| folder.starts_with(place));
        let (device, place, kind) = above.max_by_key(|(_, place, _)| place.len())?;
        Some(Self {
            folder: folder.display().to_string(),
            mounted_at: place.to_owned(),
            device: device.to_owned(),
            kind: kind.to_owned(),
        })
    }

    /// Returns true if the file system is in memory, where a sync costs nothing and protects
    /// nothing.
    pub(crate) fn is_memory(&self) -> bool {
        IN_MEMORY.contains(&self.kind.as_str())
    }
}

/// The performance of the disk without an engine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct BareSyncs {
    /// The number of bytes appended before each sync.
    pub(crate) write_bytes: u64,
    pub(crate) syncs_per_s: f64,
}

impl BareSyncs {
    /// Appends and syncs (`fdatasync`), one after the other, for this time.
    pub(crate) fn measure(folder: &Path, write_bytes: u64, length: Duration) -> Result<Self> {
        let path = folder.join("bare-syncs");
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .open(&path)?;
        let block = vec![0x5a; usize::try_from(write_bytes)?];
        let begun = Instant::now();
        let mut syncs = 0_u32;
        while begun.elapsed() < length {
            file.write_all(&block)?;
            file.sync_data()?;
            syncs += 1;
        }
        let elapsed = begun.elapsed().as_secs_f64();
        drop(file);
        fs::remove_file(path)?;
        Ok(Self {
            write_bytes,
            syncs_per_s: rounded(f64::from(syncs) / elapsed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_and_last_mount_counts() {
        let mounts =
            "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/disk xfs rw 0 0\n";
        let check = |folder: &str, place: &str, in_memory: bool| {
            let found = FileSystem::among(mounts, Path::new(folder)).unwrap();
            assert_eq!((&*found.mounted_at, found.is_memory()), (place, in_memory));
        };
        check("/home/ada", "/", false);
        check("/tmp/x", "/tmp", true);
        check("/tmp/disk/x", "/tmp/disk", false);
    }
}
