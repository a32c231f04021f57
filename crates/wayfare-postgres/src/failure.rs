//! The meaning of errors of the server or the connection for the writes that were sent.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};
use wayfare_engine::storage::Failure;

use crate::error::describe;

/// The consequence for a group that was not answered.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The connection is lost. Each write may have been executed.
    Lost(String),
    /// Certainly nothing was executed. This server accepts no writes, but another may.
    Elsewhere(String),
    /// Certainly nothing was executed. The writes may be sent again, in smaller groups.
    Again(String),
    /// Certainly nothing was executed, because of one of the writes.
    Apart(Failure),
    /// Certainly nothing was executed, and a repeat would fail as well.
    Refused(Failure),
}

pub(crate) fn judge(error: &Error) -> Verdict {
    let Some(said) = error.as_db_error() else {
        return Verdict::Lost(describe(error));
    };
    let text = in_words(said);
    // A session that ends may have committed before its error was sent.
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
            // Resource limits, operator intervention, system errors.
            "53" | "57" | "58" => Verdict::Refused(Failure::NotDone(text)),
            "08" => Verdict::Lost(text),
            _ => Verdict::Apart(Failure::NotDone(text)),
        },
    }
}

/// Returns the failure of a read, which changes nothing.
pub(crate) fn of_read(error: &Error) -> Failure {
    match judge(error) {
        Verdict::Apart(failure) | Verdict::Refused(failure) => failure,
        Verdict::Lost(why) | Verdict::Elsewhere(why) | Verdict::Again(why) => Failure::NotDone(why),
    }
}

fn in_words(said: &DbError) -> String {
    format!("{} ({})", said.message(), said.code().code())
}
