//! The data folder, which one process at a time may use, and the operator's socket in it.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::net::UnixListener;

/// The socket's name in the data folder.
const SOCKET: &str = "admin.sock";
/// The lock file, held while the node runs. The system releases the lock when the process ends,
/// even after a crash. The file is never deleted: the next node might then lock another file than a
/// node that still runs.
const LOCK: &str = "node.lock";

/// The path of the operator's socket for this data folder.
pub(crate) fn path_in(data: &Path) -> PathBuf {
    data.join(SOCKET)
}

/// A data folder that this process has locked.
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if it does not exist, and locks it.
    ///
    /// # Errors
    /// If another node has locked it, or a system call fails.
    pub(crate) fn take(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let is_new = !path.exists();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| {
                format!("the data folder {shown} cannot be created; choose another with --data")
            })?;
        if is_new {
            // The default folder is often within a repository.
            let written = std::fs::write(path.join(".gitignore"), "*\n");
            written.with_context(|| format!("the data folder {shown} cannot be written to"))?;
        }
        match Self::lock(path)? {
            Ok(folder) => Ok(folder),
            Err(process) => bail!(
                "another node (process {process}) runs on the data folder {shown}: stop it, or choose \
                 another folder with --data"
            ),
        }
    }

    /// Locks an existing folder, unless a node runs on it.
    ///
    /// # Errors
    /// If the folder does not exist, or a system call fails.
    pub(crate) fn take_idle(path: &Path) -> anyhow::Result<Option<Self>> {
        if !path.is_dir() {
            bail!(
                "there is no data folder {}: name it with --data",
                path.display()
            );
        }
        Ok(Self::lock(path)?.ok())
    }

    /// Returns the locked folder, or the id of the process that has it locked.
    fn lock(path: &Path) -> anyhow::Result<Result<Self, String>> {
        let lock_path = path.join(LOCK);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| {
                format!(
                    "{} cannot be opened; choose another folder with --data",
                    lock_path.display()
                )
            })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _ = lock.take(20).read_to_string(&mut process);
                return Ok(Err(process.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be locked", lock_path.display()));
            }
        }
        // The process id is only for messages. The lock decides.
        lock.set_len(0)?;
        lock.rewind()?;
        writeln!(lock, "{}", std::process::id())?;
        Ok(Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        }))
    }

    /// Listens on the operator's socket, and replaces a socket that a crashed node left.
    ///
    /// # Errors
    /// If a system call fails.
    pub(crate) fn listen(&self) -> anyhow::Result<UnixListener> {
        let socket = path_in(&self.path);
        self.bind(&socket).with_context(|| {
            format!(
                "the operator's socket {} cannot be created",
                socket.display()
            )
        })
    }

    /// Binds the socket inside a folder that is closed to others, sets its permissions and moves it
    /// to its place. Nobody but the owner can connect at any time.
    fn bind(&self, socket: &Path) -> anyhow::Result<UnixListener> {
        let closed = self.path.join(".new");
        remove(std::fs::remove_dir_all(&closed))?;
        DirBuilder::new().mode(0o700).create(&closed)?;
        let made = closed.join("s");
        let listener = UnixListener::bind(&made).map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => {
                anyhow::anyhow!("{error}: choose a folder with a shorter name with --data")
            }
            _ => error.into(),
        })?;
        std::fs::set_permissions(&made, Permissions::from_mode(0o600))?;
        std::fs::rename(&made, socket)?;
        std::fs::remove_dir(&closed)?;
        Ok(listener)
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if let Err(error) = remove(std::fs::remove_file(path_in(&self.path))) {
            tracing::warn!(%error, "the operator's socket could not be removed");
        }
    }
}

fn remove(outcome: std::io::Result<()>) -> std::io::Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
