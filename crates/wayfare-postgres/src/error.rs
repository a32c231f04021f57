//! Errors of opening the engine, each with advice.

use std::error::Error;
use std::fmt::Write;

use crate::migrations::KNOWN;

/// Mistakes in a URL or a name.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The URL is invalid. The text never contains the URL, which may contain a password.
    #[error("is not `postgres://user:password@host:port/database`: {0}")]
    Url(String),
    /// The `sslmode` is unknown.
    #[error("`sslmode={0}` is not known: use disable, prefer, require or verify-full")]
    TlsMode(String),
    /// The file of `sslrootcert` cannot be used.
    #[error("no certificates can be read from {path}, which `sslrootcert` names: {why}")]
    Roots {
        /// The file.
        path: String,
        /// The error of the system or the parser.
        why: String,
    },
    /// The system has no trusted authorities.
    #[error("the system has no certificates of authorities: name a file with `sslrootcert=`")]
    NoRoots,
    /// The schema's name is invalid.
    #[error("`{0}` cannot be the name of a schema: use 1 to 63 of a-z, 0-9, _ and -")]
    Schema(String),
}

/// Reasons why the engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No server that accepts writes answers.
    #[error("no PostgreSQL server that takes writes is reached at {at}: {why}")]
    NotReached {
        /// Hosts, user and database, without the password.
        at: String,
        /// The error of the last server tried.
        why: String,
    },
    /// The server answers and refuses the login.
    #[error("the PostgreSQL server at {at} does not let us in: {why}")]
    NotAdmitted {
        /// Hosts, user and database, without the password.
        at: String,
        /// The server's error.
        why: String,
    },
    /// The server's certificate is not trusted, or missing.
    #[error(
        "the PostgreSQL server at {at} cannot be trusted: {why}. `sslrootcert=` names the authority that signed its certificate"
    )]
    NotTrusted {
        /// Hosts, user and database, without the password.
        at: String,
        /// The problem.
        why: String,
    },
    /// The server is too old.
    #[error("the PostgreSQL server has version {found}: 13 or newer is needed")]
    TooOld {
        /// The server's version number: 120003 is 12.3.
        found: i32,
    },
    /// The server's acknowledged writes would not be durable.
    #[error(
        "the PostgreSQL server runs with `{setting} = off`: what it acknowledges does not survive a crash. Turn it on"
    )]
    NotDurable {
        /// The setting.
        setting: &'static str,
    },
    /// A newer version of this program has left a schema that this one cannot use.
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
    /// The schema cannot be created or migrated.
    #[error(
        "schema \"{schema}\" cannot be made: {why}. Give the user CREATE on the database, or make the schema and give it to the user"
    )]
    NotMade {
        /// Its name.
        schema: String,
        /// The server's error.
        why: String,
    },
    /// The schema exists, but the user may not use it.
    #[error(
        "the user may not write \"{schema}\".\"{table}\": give it SELECT, INSERT, UPDATE and DELETE on all tables of the schema and USAGE on its sequences, or the schema itself"
    )]
    NoRight {
        /// The schema's name.
        schema: String,
        /// A table or sequence that the user may not use.
        table: String,
    },
    /// Another error of the server.
    #[error("the PostgreSQL server refuses to serve: {0}")]
    Refused(String),
}

impl OpenError {
    /// Returns true if the same configuration may succeed later without a change.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::NotReached { .. })
    }
}

/// Formats an error and its causes in one line.
pub(crate) fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text.replace('\n', ", ")
}
