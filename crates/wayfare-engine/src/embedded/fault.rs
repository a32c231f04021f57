//! Reasons why a request was not executed on the tables.

use redb::{Error, StorageError, TableError};

use super::checked::Damage;
use crate::storage::Failure;

/// A failure of either the request or the file.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing was changed; other requests are not affected.
    Refused(Failure),
    /// Nothing of this group commit may be stored.
    File(Error),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl From<Damage> for Fault {
    fn from(damage: Damage) -> Self {
        Self::Refused(Failure::Corrupt(damage.to_string()))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::File(error)
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::File(error.into())
    }
}

impl From<TableError> for Fault {
    fn from(error: TableError) -> Self {
        Self::File(error.into())
    }
}
