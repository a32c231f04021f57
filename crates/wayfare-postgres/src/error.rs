//! Why the engine cannot be opened, each saying what to do about it.

use std::error::Error;
use std::fmt::Write;

use crate::migrations::KNOWN;

/// What is wrong with a URL or a name.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not a URL of this sort. The text never holds the URL itself, which holds a password.
    #[error("is not `postgres://user:password@host:port/database`: {0}")]
    Url(String),
    /// An `sslmode` that there is not.
    #[error("`sslmode={0}` is not known: use disable, prefer, require or verify-full")]
    TlsMode(String),
    /// The file of `sslrootcert` is of no use.
    #[error("no certificates can be read from {path}, which `sslrootcert` names: {why}")]
    Roots {
        /// The file.
        path: String,
        /// What the system, or the parser, says.
        why: String,
    },
    /// The system trusts nobody.
    #[error("the system has no certificates of authorities: name a file with `sslrootcert=`")]
    NoRoots,
    /// A schema cannot be called so.
    #[error("`{0}` cannot be the name of a schema: use 1 to 63 of a-z, 0-9, _ and -")]
    Schema(String),
}

/// Why the engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No server that may be written answers.
    #[error("no PostgreSQL server that takes writes is reached at {at}: {why}")]
    NotReached {
        /// Hosts, user and database, without the password.
        at: String,
        /// What the last one tried said.
        why: String,
    },
    /// The server answers, and does not let us in.
    #[error("the PostgreSQL server at {at} does not let us in: {why}")]
    NotAdmitted {
        /// Hosts, user and database, without the password.
        at: String,
        /// What it says.
        why: String,
    },
    /// The server's certificate is not one to trust, or it has none.
    #[error(
        "the PostgreSQL server at {at} cannot be trusted: {why}. `sslrootcert=` names the authority that signed its certificate"
    )]
    NotTrusted {
        /// Hosts, user and database, without the password.
        at: String,
        /// What is wrong with it.
        why: String,
    },
    /// A server too old.
    #[error("the PostgreSQL server has version {found}: 13 or newer is needed")]
    TooOld {
        /// As the server counts: 120003 is 12.3.
        found: i32,
    },
    /// What is acknowledged would not be durable.
    #[error(
        "the PostgreSQL server runs with `{setting} = off`: what it acknowledges does not survive a crash. Turn it on"
    )]
    NotDurable {
        /// The setting.
        setting: &'static str,
    },
    /// A newer version has left a form that this one does not understand.
    #[error(
        "schema \"{schema}\" has version {found}, which needs a server that knows version {needed}; this one knows {KNOWN}. Start the newer version"
    )]
    Newer {
        /// Its name.
        schema: String,
        /// Its version.
        found: i32,
        /// The oldest version that can work with it.
        needed: i32,
    },
    /// The schema cannot be made, or be brought to this version.
    #[error(
        "schema \"{schema}\" cannot be made: {why}. Give the user CREATE on the database, or make the schema and give it to the user"
    )]
    NotMade {
        /// Its name.
        schema: String,
        /// What the server says.
        why: String,
    },
    /// The schema is there, and the user may not use it.
    #[error(
        "the user may not write \"{schema}\".\"{table}\": give it SELECT, INSERT, UPDATE and DELETE on all tables of the schema and USAGE on its sequences, or the schema itself"
    )]
    NoRight {
        /// The schema's name.
        schema: String,
        /// A table or sequence that it may not use.
        table: String,
    },
    /// Something else that the server says.
    #[error("the PostgreSQL server refuses to serve: {0}")]
    Refused(String),
}

impl OpenError {
    /// Whether the same config may be let in a little later, without anybody changing it.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::NotReached { .. })
    }
}

/// An error with what it came from, in one line.
pub(crate) fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text.replace('\n', ", ")
}
