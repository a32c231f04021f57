//! Data that outlives rooms: documents by name, and the game's logs, read by futures of rooms.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wayfare_core::game;
use wayfare_protocol::coordination::{self, Commit, Record};
use wayfare_protocol::storage::{Failure, LogRecord, Position, Reply, Request};

use crate::codec::{read_named, write_named};
use crate::document_error::DocumentError;

/// The maximum number of attempts of [`Documents::update`]. Two concurrent writers need one more
/// attempt, so this many mean a document that is written all the time.
const UPDATE_ATTEMPTS_MAX: u32 = 100;

/// Documents: named values, such as accounts and saved games, that outlive rooms. Cheap to clone.
///
/// It is returned by [`cx.documents()`](crate::HandlerApi::documents), for use in a future of
/// [`cx.run`](crate::HandlerApi::run), because a handler cannot wait. A request is sent when its
/// future is first polled. Each error says if the operation certainly was not done.
///
/// A document is MessagePack with field names, like a state. It has a revision, which changes with
/// every write, so that a writer can make sure that it only replaces the version it has read.
/// Documents belong to the whole game: use names with a prefix, such as `account/ada`.
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

/// The revision of a document, which changes with each write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision(u64);

/// A document that was read. It can be put into a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document<T> {
    /// The content.
    pub value: T,
    /// The revision at which it was last written.
    pub revision: Revision,
}

/// The condition for a [`put`](Documents::put).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The document does not exist.
    Absent,
    /// The document was last written at this revision.
    Revision(Revision),
}

/// A record of a game log, returned by [`Documents::read_log`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged<T> {
    /// The position in the log, from 1 without gaps.
    pub position: u64,
    /// The content.
    pub record: T,
}

impl Documents {
    pub(crate) fn new(documents: game::Documents) -> Self {
        Self(documents)
    }

    /// Reads a document; `None` if it does not exist.
    ///
    /// # Errors
    /// [`DocumentError::Codec`] if it is not a `T`, or an error of storage.
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

    /// Writes a document if `expect` holds, and returns its new revision.
    ///
    /// # Errors
    /// [`DocumentError::Conflict`] if `expect` does not hold, [`DocumentError::Codec`] if the value
    /// cannot be encoded, or an error of storage. After [`DocumentError::Unknown`] only a read
    /// tells the outcome.
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

    /// Writes a new document.
    ///
    /// # Errors
    /// Those of [`Documents::put`]: a [`DocumentError::Conflict`] if the document exists.
    pub fn create<T: Serialize>(
        &self,
        name: &str,
        value: &T,
    ) -> impl Future<Output = Result<Revision, DocumentError>> + Send + use<T> {
        self.put(name, value, Expect::Absent)
    }

    /// Reads a document, changes it and writes it. Repeats this if another writer was faster.
    /// `change` gets the present content and returns the new one. It may be called several times.
    ///
    /// # Errors
    /// [`DocumentError::Refused`] if `change` refuses, and nothing was written. Otherwise those of
    /// [`Documents::get`] and [`Documents::put`]; [`DocumentError::Conflict`] only after a hundred
    /// attempts.
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

    /// Deletes a document if its revision is `revision`.
    ///
    /// # Errors
    /// Those of [`Documents::put`].
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

    /// Reads up to a hundred documents whose names begin with `prefix`, in the order of their
    /// names, behind the name `after` (empty for the first page). Pass the last name as the next
    /// `after`. An empty page is the end.
    ///
    /// # Errors
    /// Those of [`Documents::get`].
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

    /// Reads up to a thousand records of a log that rooms and entities write with
    /// [`cx.log`](crate::HandlerApi::log), from this position; the first one is 1. Continue
    /// behind the last record. An empty page is the present end.
    ///
    /// # Errors
    /// Those of [`Documents::get`].
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

/// Makes the error for a reply to another request, which is a defect of the caller's connection to
/// storage. The operation may have been done.
fn misfit(reply: &Reply) -> DocumentError {
    DocumentError::Unknown(format!("storage answered something else: {reply:?}"))
}
