//! The meaning of failed requests: above all, whether the request may have been executed.
//!
//! A failure counts as certain only if etcd's source shows where it is decided
//! (`v3rpc/interceptor.go`, `v3rpc/key.go`, `v3_server.go` and `apply.go`, 3.4 to 3.6). Everything
//! that is not in these tables counts as unknown.

use std::error::Error;

use tonic::Status;

use crate::connection::Lost;

/// Reasons why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Certainly not executed. Another member may accept it, or the same one later.
    NotTaken(String),
    /// Certainly not executed, because etcd does not accept the token (any more).
    LoggedOut(String),
    /// Certainly not executed, and other members would refuse it, too.
    Rejected(String),
    /// A read of compacted data.
    Compacted,
    /// A read whose answer exceeds the size limit.
    TooLarge,
    /// It may have been executed, or may still be.
    Unanswered(String),
}

/// Temporary refusals before the proposal.
const NOT_TAKEN: &[&str] = &[
    // Requested by `hasleader`. The interceptor returns it before anything else happens.
    "etcdserver: no leader",
    "etcdserver: not capable",
    "etcdserver: rpc not supported for learner",
    // Checked before the proposal: too many changes wait to be applied.
    "etcdserver: too many requests",
    // raft had no leader for the proposal and returned it.
    "raft proposal dropped",
];

/// Refusals of the token. It is checked before the proposal, and once more by revision before the
/// change is applied.
const LOGGED_OUT: &[&str] = &[
    "etcdserver: invalid auth token",
    "etcdserver: revision of auth store is old",
    "auth: revision in header is old",
];

/// Refusals before the proposal, or by every member alike instead of applying it.
///
/// "database space exceeded" is not in this list. The change that exceeds the space is applied, and
/// then answered with this error (`quotaApplierV3`); later ones are not applied, but get the same
/// answer.
const REJECTED: &[&str] = &[
    "etcdserver: corrupt cluster",
    "etcdserver: key is not provided",
    "etcdserver: too many operations in txn request",
    "etcdserver: duplicate key given in txn request",
    "etcdserver: request is too large",
    "etcdserver: permission denied",
    "etcdserver: user name is empty",
    "etcdserver: user name not found",
    "etcdserver: authentication failed, invalid user ID or password",
    "etcdserver: authentication is not enabled",
    "etcdserver: mvcc: required revision is a future revision",
];

const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";

/// An error of gRPC itself, before etcd sees the request.
const TOO_LARGE_TO_SEND: &str = "grpc: received message larger than max";

impl Trouble {
    pub(crate) fn of(status: &Status) -> Self {
        if let Some(lost) = find::<Lost>(status) {
            return match lost {
                Lost::BeforeSending => Self::NotTaken(lost.to_string()),
                Lost::AfterSending(_) => Self::Unanswered(lost.to_string()),
            };
        }
        // Only errors from the member itself prove anything. Errors made on this side have a
        // source.
        if status.source().is_none() {
            Self::said(status.message())
        } else {
            Self::Unanswered(status.to_string())
        }
    }

    /// Interprets a member's error.
    fn said(message: &str) -> Self {
        let why = || message.to_owned();
        if NOT_TAKEN.contains(&message) {
            return Self::NotTaken(why());
        }
        if LOGGED_OUT.contains(&message) {
            return Self::LoggedOut(why());
        }
        if REJECTED.contains(&message) || message.starts_with(TOO_LARGE_TO_SEND) {
            return Self::Rejected(why());
        }
        if message == COMPACTED {
            return Self::Compacted;
        }
        // The text of this client's decoder, which sees the length before the answer.
        if message.contains("decoded message length too large") {
            return Self::TooLarge;
        }
        Self::Unanswered(why())
    }
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn check(code: Code, message: &str, expected: fn(String) -> Trouble) {
        let trouble = Trouble::of(&Status::new(code, message));
        assert_eq!(trouble, expected(message.to_owned()), "{message}");
    }

    #[test]
    fn refusals_before_the_proposal_are_certain() {
        check(
            Code::Unavailable,
            "etcdserver: no leader",
            Trouble::NotTaken,
        );
        check(Code::Unknown, "raft proposal dropped", Trouble::NotTaken);
        check(
            Code::Unauthenticated,
            "etcdserver: invalid auth token",
            Trouble::LoggedOut,
        );
        check(
            Code::PermissionDenied,
            "etcdserver: permission denied",
            Trouble::Rejected,
        );
    }

    #[test]
    fn failures_after_the_proposal_are_unknown() {
        for message in [
            "etcdserver: request timed out",
            "etcdserver: request timed out, possibly due to previous leader failure",
            "etcdserver: request timed out, possibly due to connection lost",
            "etcdserver: leader changed",
            "etcdserver: server stopped",
            "etcdserver: mvcc: database space exceeded",
            "etcdserver: something that a later version says",
        ] {
            check(Code::Unavailable, message, Trouble::Unanswered);
        }
    }

    #[test]
    fn errors_of_this_side_prove_nothing() {
        let made_up = std::io::Error::other("etcdserver: no leader");
        let status = Status::from_error(Box::new(made_up));
        assert!(matches!(Trouble::of(&status), Trouble::Unanswered(_)));
    }

    #[test]
    fn a_request_that_was_not_sent_did_not_happen() {
        let status = Status::from_error(Box::new(Lost::BeforeSending));
        assert!(matches!(Trouble::of(&status), Trouble::NotTaken(_)));
    }
}
