//! Errors in a configuration, each with the way to correct it.

use std::fmt;
use std::path::PathBuf;

use super::source::Source;

/// A mistake in the configuration.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The file cannot be read.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// The file is not TOML.
    #[error("{} line {line} is not TOML: {reason}", path.display())]
    Syntax {
        path: PathBuf,
        line: usize,
        reason: String,
    },
    /// The setting does not exist.
    #[error("`{key}` ({place}) is not a setting{}", hint(.nearest.as_deref(), .known))]
    UnknownKey {
        key: String,
        place: Source,
        nearest: Option<String>,
        known: String,
    },
    /// The game does not have this kind of room.
    #[error("`{kind}` ({place}) is not a kind of room of this game; it has: {known}")]
    UnknownKind {
        kind: String,
        place: Source,
        known: String,
    },
    /// The value is not valid for its setting.
    #[error("{key} = {value} ({place}) is not {expected}{}", behind(.wrong.as_deref()))]
    BadValue {
        key: String,
        value: String,
        place: Source,
        expected: &'static str,
        wrong: Option<String>,
    },
    /// A `--kind` flag has the wrong form.
    #[error("--kind {text:?} is not of the form KIND.KEY=VALUE, such as plaza.tick_hz=20")]
    BadKindFlag { text: String },
    /// Two settings contradict each other.
    #[error("{0}")]
    Relation(String),
}

fn behind(wrong: Option<&str>) -> String {
    wrong.map_or_else(String::new, |wrong| format!(": {wrong}"))
}

fn hint(nearest: Option<&str>, known: &str) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => format!("; there are: {known}"),
    }
}

/// All mistakes, so that they can be corrected in one go.
#[derive(Clone, Debug)]
pub(crate) struct Refused(pub(crate) Vec<Problem>);

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "the configuration is refused: {only}"),
            several => {
                write!(f, "the configuration is refused:")?;
                several
                    .iter()
                    .try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}
