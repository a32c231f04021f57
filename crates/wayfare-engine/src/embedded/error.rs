//! Errors of opening, copying and restoring a file, each with advice.

use std::io;
use std::path::{Path, PathBuf};

use redb::Error;

use super::checked::Damage;
use super::layout::FORMAT;

/// Reasons why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder does not exist.
    #[error("there is no folder {}: create it, or set another path", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The path is a folder.
    #[error("{} is a folder: set the path of a file", path.display())]
    IsFolder {
        /// The path.
        path: PathBuf,
    },
    /// The system denies access.
    #[error("{} may not be read and written by this user: change its owner, or the server's", path.display())]
    NotAllowed {
        /// The path.
        path: PathBuf,
    },
    /// Another process has it open.
    #[error("{} is in use by another server: stop that one, or set another path", path.display())]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// The file is empty or something else.
    #[error("{} is not a store of this server: move it away to start with nothing, or restore a backup with `wayfare restore`", path.display())]
    NotAStore {
        /// The path.
        path: PathBuf,
    },
    /// A newer server wrote it.
    #[error("{} has format {found}, and this server reads up to {FORMAT}: start the newer server again", path.display())]
    Newer {
        /// The path.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The file is damaged beyond single entities.
    #[error("{} is damaged ({what}): restore a backup with `wayfare restore`, or move it away to start with nothing", path.display())]
    Corrupt {
        /// The path.
        path: PathBuf,
        /// The damage found.
        what: String,
    },
    /// The system failed to read or write the file.
    #[error("{} cannot be read and written: check the disk", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

/// Reasons why a backup was not written or restored. The store itself is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store or the backup cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy could not be written.
    #[error("{} could not be written", path.display())]
    Write {
        /// The path of the copy.
        path: PathBuf,
        /// The cause.
        source: Box<Error>,
    },
    /// Something exists at that path already.
    #[error("{} is there already: set another path", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
}

impl OpenError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotAllowed { path }
            }
            io::ErrorKind::IsADirectory => Self::IsFolder { path },
            // redb reports a file of the wrong length or form with these kinds.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Corrupt {
                path,
                what: source.to_string(),
            },
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn redb(path: &Path, error: Error) -> Self {
        match error {
            Error::DatabaseAlreadyOpen => Self::InUse {
                path: path.to_owned(),
            },
            Error::Io(source) => Self::io(path, source),
            error => Self::corrupt(path, error.to_string()),
        }
    }

    pub(super) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            what: what.into(),
        }
    }

    pub(super) fn damage(path: &Path, damage: &Damage) -> Self {
        Self::corrupt(path, damage.to_string())
    }
}

impl BackupError {
    pub(super) fn write(path: &Path, error: impl Into<Error>) -> Self {
        Self::Write {
            path: path.to_owned(),
            source: Box::new(error.into()),
        }
    }
}

/// A failed step of opening, before the path is added to the error.
#[derive(Debug)]
pub(super) enum Unopened {
    File(Error),
    Damaged(Damage),
    Newer(u32),
}

impl Unopened {
    pub(super) fn at(self, path: &Path) -> OpenError {
        match self {
            Self::File(error) => OpenError::redb(path, error),
            Self::Damaged(damage) => OpenError::damage(path, &damage),
            Self::Newer(found) => OpenError::Newer {
                path: path.to_owned(),
                found,
            },
        }
    }
}

impl<E: Into<Error>> From<E> for Unopened {
    fn from(error: E) -> Self {
        Self::File(error.into())
    }
}

impl From<Damage> for Unopened {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}
