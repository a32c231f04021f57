//! A disk in memory with simulated power failures: unsynced data may survive, fully, partly, or
//! not.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use redb::StorageBackend;

/// The unit that a disk writes atomically.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
pub(super) struct SimDisk(Arc<Mutex<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    synced: Vec<u8>,
    /// The content as the running process sees it.
    seen: Vec<u8>,
    unsynced: Vec<Change>,
    /// The number of changes and syncs before the power is cut.
    left: Option<u64>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl SimDisk {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let platter = Platter {
            seen: bytes.clone(),
            synced: bytes,
            ..Platter::default()
        };
        Self(Arc::new(Mutex::new(platter)))
    }

    /// Cuts the power after this many more changes and syncs.
    pub(super) fn cut_after(&self, changes: u64) {
        self.lock().left = Some(changes);
    }

    /// Cancels a planned cut.
    pub(super) fn keep_on(&self) {
        self.lock().left = None;
    }

    pub(super) fn is_cut(&self) -> bool {
        self.lock().left == Some(0)
    }

    /// Cuts the power now, if it was not cut already, and returns the surviving content.
    pub(super) fn remains(&self, random: &mut ChaCha8Rng) -> Vec<u8> {
        let mut platter = self.lock();
        platter.left = Some(0);
        let mut bytes = std::mem::take(&mut platter.synced);
        // The kind of cut: nothing survives, everything does, or each change independently.
        let odds = [0.0, 0.2, 0.5, 0.8, 1.0][random.random_range(0..5)];
        for change in std::mem::take(&mut platter.unsynced) {
            match change {
                Change::Length(length) if random.random_bool(odds) => bytes.resize(length, 0),
                Change::Length(_) => {}
                Change::Write { offset, bytes: all } => {
                    let is_torn = random.random_bool(0.2);
                    let is_kept = random.random_bool(odds);
                    for (at, sector) in all.chunks(SECTOR).enumerate() {
                        let keep = if is_torn {
                            random.random_bool(odds)
                        } else {
                            is_kept
                        };
                        if keep {
                            write(&mut bytes, offset + at * SECTOR, sector);
                        }
                    }
                }
            }
        }
        bytes
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platter {
    fn step(&mut self) -> io::Result<()> {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return Err(io::Error::other("the power is cut"));
            }
        }
        Ok(())
    }
}

fn write(to: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    to[offset..end].copy_from_slice(bytes);
}

impl StorageBackend for SimDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.lock();
        let start = offset as usize;
        let Some(bytes) = platter.seen.get(start..start + out.len()) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut platter = self.lock();
        // A request that was in flight at the cut may still take effect.
        platter.unsynced.push(Change::Length(len as usize));
        platter.step()?;
        platter.seen.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.lock();
        platter.step()?;
        let Platter {
            synced, unsynced, ..
        } = &mut *platter;
        for change in unsynced.drain(..) {
            match change {
                Change::Length(length) => synced.resize(length, 0),
                Change::Write { offset, bytes } => write(synced, offset, &bytes),
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.lock();
        if platter.left == Some(0) {
            return Err(io::Error::other("the power is cut"));
        }
        let offset = offset as usize;
        let bytes = data.to_vec();
        platter.unsynced.push(Change::Write { offset, bytes });
        platter.step()?;
        write(&mut platter.seen, offset, data);
        Ok(())
    }
}
