//! What a request came to that was not answered as asked: above all, whether it may have happened.
//!
//! What is certain is certain by where etcd decides it (read in its `v3rpc/interceptor.go`,
//! `v3rpc/key.go`, `v3_server.go` and `apply.go`, 3.4 to 3.6). Whatever is not in the table is not.

use std::error::Error;

use tonic::Status;

use crate::connection::Lost;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Certainly not carried out; another member may take it, or the same one a little later.
    NotTaken(String),
    /// Certainly not carried out, because etcd does not know the token (any more).
    LoggedOut(String),
    /// Certainly not carried out, and would not be elsewhere either.
    Rejected(String),
    /// A read of what is compacted.
    Compacted,
    /// A read whose answer is larger than what is taken.
    TooLarge,
    /// It may have been carried out, or may still be.
    Unanswered(String),
}

/// Turned away before it was proposed, for a reason that passes.
const NOT_TAKEN: &[&str] = &[
    // Asked for by `hasleader`; the interceptor says so before anything else is done.
    "etcdserver: no leader",
    "etcdserver: not capable",
    "etcdserver: rpc not supported for learner",
    // Before proposing: too much is waiting to be applied.
    "etcdserver: too many requests",
    // raft had no leader to give it to, and said so instead of keeping it.
    "raft proposal dropped",
];

/// The token is checked before proposing, and once more, by revision, before applying.
const LOGGED_OUT: &[&str] = &[
    "etcdserver: invalid auth token",
    "etcdserver: revision of auth store is old",
    "auth: revision in header is old",
];

/// Turned away before it was proposed, or by every member alike instead of applying it.
///
/// Not here: "database space exceeded". The change by which the space was used up is applied, and
/// then answered with just that (`quotaApplierV3`); later ones are not, and answered alike.
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

/// gRPC itself, before etcd sees it.
const TOO_LARGE_TO_SEND: &str = "grpc: received message larger than max";

impl Trouble {
    pub(crate) fn of(status: &Status) -> Self {
        if let Some(lost) = find::<Lost>(status) {
            return match lost {
                Lost::BeforeSending => Self::NotTaken(lost.to_string()),
                Lost::AfterSending(_) => Self::Unanswered(lost.to_string()),
            };
        }
        // Only what the member itself said proves anything; what this side made up has a source.
        if status.source().is_none() {
            Self::said(status.message())
        } else {
            Self::Unanswered(status.to_string())
        }
    }

    /// Of what the member said.
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
        // The words of our own decoder, which has the answer's length before the answer.
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
    fn what_was_refused_before_it_was_proposed_did_not_happen() {
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
    fn what_may_have_been_proposed_may_have_happened() {
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
    fn what_this_side_made_up_proves_nothing() {
        let made_up = std::io::Error::other("etcdserver: no leader");
        let status = Status::from_error(Box::new(made_up));
        assert!(matches!(Trouble::of(&status), Trouble::Unanswered(_)));
    }

    #[test]
    fn what_never_left_did_not_happen() {
        let status = Status::from_error(Box::new(Lost::BeforeSending));
        assert!(matches!(Trouble::of(&status), Trouble::NotTaken(_)));
    }
}
