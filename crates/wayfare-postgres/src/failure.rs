//! What an error of the server or of the connection says about the writes that were sent.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};
use wayfare_engine::storage::Failure;

use crate::error::describe;

/// What to do about a group that was not answered.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The connection is of no use any more; each may have happened.
    Lost(String),
    /// Certainly nothing happened; this server takes no writes, another may.
    Elsewhere(String),
    /// Certainly nothing happened, for the group as a whole; the same may be sent again, in smaller groups.
    Again(String),
    /// Certainly nothing happened, because of one of them.
    Apart(Failure),
    /// Certainly nothing happened, and the others would fare no better.
    Refused(Failure),
}

pub(crate) fn judge(error: &Error) -> Verdict {
    let Some(said) = error.as_db_error() else {
        return Verdict::Lost(describe(error));
    };
    let text = in_words(said);
    // A session that ends may have committed before it said so.
    let is_last = matches!(
        said.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic) | None
    );
    let code = said.code();
    if is_last || *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN {
        return Verdict::Lost(text);
    }
    match *code {
        SqlState::READ_ONLY_SQL_TRANSACTION => Verdict::Elsewhere(text),
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE
        | SqlState::QUERY_CANCELED => Verdict::Again(text),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => {
            Verdict::Apart(Failure::Corrupt(text))
        }
        _ => match &code.code()[..2] {
            // Resources, an operator's doing, the system.
            "53" | "57" | "58" => Verdict::Refused(Failure::NotDone(text)),
            "08" => Verdict::Lost(text),
            _ => Verdict::Apart(Failure::NotDone(text)),
        },
    }
}

/// Of a read, which changes nothing.
pub(crate) fn of_read(error: &Error) -> Failure {
    match judge(error) {
        Verdict::Apart(failure) | Verdict::Refused(failure) => failure,
        Verdict::Lost(why) | Verdict::Elsewhere(why) | Verdict::Again(why) => Failure::NotDone(why),
    }
}

fn in_words(said: &DbError) -> String {
    format!("{} ({})", said.message(), said.code().code())
}
