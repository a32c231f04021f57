//! What outlives rooms: documents by name, and the game's logs, read by futures of rooms.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wayfare_core::game;
use wayfare_protocol::coordination::{self, Commit, Record};
use wayfare_protocol::storage::{Failure, LogRecord, Position, Reply, Request};

use crate::codec::{read_named, write_named};
use crate::document_error::DocumentError;

/// How often [`Documents::update`] begins again: two that write at once need one more attempt, so
/// that this many are a document that is always being written.
const UPDATE_ATTEMPTS_MAX: u32 = 100;

/// Documents: accounts, saved games, whatever is kept under a name and outlives rooms. Cheap to
/// clone.
///
/// From [`cx.documents()`](crate::Surroundings::documents), for use in a future of
/// [`cx.run`](crate::Surroundings::run): a handler cannot wait. Nothing is asked of storage before
/// a future is first polled, and each says in its error whether its operation certainly was not
/// done.
///
/// A document is MessagePack with field names, as states are. Each has a revision, which changes
/// with every write, and by which one writes only over what one has read. Documents belong to the
/// game as a whole: give names a beginning of their own, such as `account/ada`.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use wayfare::{DocumentError, Documents, Refusal};
/// #[derive(Default, Serialize, Deserialize)]
/// struct Account {
///     coins: u64,
/// }
///
/// async fn spend(documents: Documents, coins: u64) -> Result<u64, DocumentError> {
///     let account = documents
///         .update("account/ada", |account: Option<Account>| {
///             let mut account = account.unwrap_or_default();
///             let Some(left) = account.coins.checked_sub(coins) else {
///                 return Err(Refusal::new("not enough coins"));
///             };
///             account.coins = left;
///             Ok(account)
///         })
///         .await?;
///     Ok(account.value.coins)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Documents(game::Documents);

/// When a document was last written: another one after each write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision(u64);

/// A document as it was read. It may be brought back in a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document<T> {
    /// What it says.
    pub value: T,
    /// When it was last written.
    pub revision: Revision,
}

/// What must hold of a document for a [`put`](Documents::put) to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// There is none of this name.
    Absent,
    /// Nobody has written it since this.
    Revision(Revision),
}

/// A record of a game log, as [`Documents::read_log`] reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged<T> {
    /// Its place in the log: from 1, without gaps.
    pub position: u64,
    /// What was logged.
    pub record: T,
}

impl Documents {
    pub(crate) fn new(documents: game::Documents) -> Self {
        Self(documents)
    }

    /// Reads a document; `None` if there is none of this name.
    ///
    /// # Errors
    /// [`DocumentError::Codec`] if it is no `T`, or storage's.
    pub fn get<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<Document<T>>, DocumentError>> + Send + use<T> {
        let (this, name) = (self.clone(), name.to_owned());
        async move {
            match this.call(Request::Document(name.into())).await? {
                Reply::Document(record) => record.as_ref().map(read).transpose(),
                other => Err(misfit(&other)),
            }
        }
    }

    /// Writes a document if `expect` holds, and gives its new revision.
    ///
    /// # Errors
    /// [`DocumentError::Conflict`] if it does not hold, [`DocumentError::Codec`] if the value does
    /// not encode, or storage's. After [`DocumentError::Unknown`] only reading tells.
    pub fn put<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        expect: Expect,
    ) -> impl Future<Output = Result<Revision, DocumentError>> + Send + use<T> {
        let (this, name) = (self.clone(), name.to_owned());
        let value = write(value);
        async move {
            let put = Request::PutDocument {
                name: name.into(),
                value: value?,
                expect: expect.into(),
            };
            this.commit(put).await
        }
    }

    /// Writes a document of a new name.
    ///
    /// # Errors
    /// As [`Documents::put`]: a [`DocumentError::Conflict`] if the name is taken.
    pub fn create<T: Serialize>(
        &self,
        name: &str,
        value: &T,
    ) -> impl Future<Output = Result<Revision, DocumentError>> + Send + use<T> {
        self.put(name, value, Expect::Absent)
    }

    /// Reads a document, changes it and writes it, and begins again if somebody else wrote it
    /// meanwhile. `change` gets what is there, and may be called several times; it gives what shall
    /// be there.
    ///
    /// # Errors
    /// [`DocumentError::Refused`] if `change` refuses: nothing was written. Otherwise as
    /// [`Documents::get`] and [`Documents::put`]; a [`DocumentError::Conflict`] only after a
    /// hundred attempts.
    pub fn update<T, C>(
        &self,
        name: &str,
        mut change: C,
    ) -> impl Future<Output = Result<Document<T>, DocumentError>> + Send + use<T, C>
    where
        T: Serialize + DeserializeOwned + Send,
        C: FnMut(Option<T>) -> Result<T, game::Refusal> + Send,
    {
        let (this, name) = (self.clone(), name.to_owned());
        async move {
            for _ in 0..UPDATE_ATTEMPTS_MAX {
                let (former, expect) = match this.get::<T>(&name).await? {
                    Some(found) => (Some(found.value), Expect::Revision(found.revision)),
                    None => (None, Expect::Absent),
                };
                let value = change(former)?;
                match this.put(&name, &value, expect).await {
                    Ok(revision) => return Ok(Document { value, revision }),
                    Err(DocumentError::Conflict) => {}
                    Err(error) => return Err(error),
                }
            }
            Err(DocumentError::Conflict)
        }
    }

    /// Removes a document that nobody has written since `revision`.
    ///
    /// # Errors
    /// As [`Documents::put`].
    pub fn delete(
        &self,
        name: &str,
        revision: Revision,
    ) -> impl Future<Output = Result<(), DocumentError>> + Send + use<> {
        let (this, name) = (self.clone(), name.to_owned());
        async move {
            let delete = Request::DeleteDocument {
                name: name.into(),
                expect: coordination::Revision(revision.0),
            };
            this.commit(delete).await.map(|_| ())
        }
    }

    /// Reads the documents whose names begin with `prefix`, in the order of their names: those
    /// behind the name `after`, from the first if it is empty. At most a hundred at once; the last
    /// name is the `after` of the next page, and a page of nothing is the end.
    ///
    /// # Errors
    /// As [`Documents::get`].
    pub fn list<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: &str,
    ) -> impl Future<Output = Result<Vec<(String, Document<T>)>, DocumentError>> + Send + use<T>
    {
        let this = self.clone();
        let list = Request::Documents {
            prefix: prefix.into(),
            after: after.into(),
        };
        async move {
            match this.call(list).await? {
                Reply::Documents(found) => {
                    let entry = |(name, record): &(Arc<str>, Record)| {
                        Ok((name.as_ref().to_owned(), read(record)?))
                    };
                    found.iter().map(entry).collect()
                }
                other => Err(misfit(&other)),
            }
        }
    }

    /// Reads a log that rooms and entities write with [`cx.log`](crate::Surroundings::log), from
    /// this position on; the first one is 1. At most a thousand records at once; go on behind the
    /// last one, and a page of nothing is the end so far.
    ///
    /// # Errors
    /// As [`Documents::get`].
    pub fn read_log<T: DeserializeOwned>(
        &self,
        log: &str,
        from: u64,
    ) -> impl Future<Output = Result<Vec<Logged<T>>, DocumentError>> + Send + use<T> {
        let this = self.clone();
        let page = Request::Read {
            log: log.into(),
            from: Position(from),
        };
        async move {
            match this.call(page).await? {
                Reply::Read(records) => records.iter().map(read_logged).collect(),
                other => Err(misfit(&other)),
            }
        }
    }

    async fn commit(&self, request: Request) -> Result<Revision, DocumentError> {
        match self.call(request).await? {
            Reply::Committed(Commit::Done(revision)) => Ok(Revision(revision.0)),
            Reply::Committed(Commit::Refused) => Err(DocumentError::Conflict),
            other => Err(misfit(&other)),
        }
    }

    async fn call(&self, request: Request) -> Result<Reply, Failure> {
        self.0.0.call(request).await
    }
}

impl From<Expect> for coordination::Expect {
    fn from(expect: Expect) -> Self {
        match expect {
            Expect::Absent => Self::Absent,
            Expect::Revision(Revision(revision)) => {
                Self::Revision(coordination::Revision(revision))
            }
        }
    }
}

fn read<T: DeserializeOwned>(record: &Record) -> Result<Document<T>, DocumentError> {
    Ok(Document {
        value: read_named(&record.value)?,
        revision: Revision(record.revision.0),
    })
}

fn read_logged<T: DeserializeOwned>(logged: &LogRecord) -> Result<Logged<T>, DocumentError> {
    Ok(Logged {
        position: logged.position.0,
        record: read_named(&logged.bytes)?,
    })
}

fn write<T: Serialize>(value: &T) -> Result<Bytes, DocumentError> {
    let mut bytes = Vec::new();
    write_named(value, &mut bytes)?;
    Ok(bytes.into())
}

/// Storage answered another question: a defect of whoever carries requests to it. What was asked
/// may have been done.
fn misfit(reply: &Reply) -> DocumentError {
    DocumentError::Unknown(format!("storage answered something else: {reply:?}"))
}
