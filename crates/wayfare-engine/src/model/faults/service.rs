//! The interface of a service for fault injection.

use std::fmt::Debug;

use wayfare_protocol::coordination::{self, Commit, Revision};

use crate::model::{ModelCoordination, ModelStorage};
use crate::storage;

/// A model, and the answers that represent each fault.
pub trait Service: Clone + Debug {
    /// The type of its requests.
    type Request: Clone + Debug;
    /// The type of their outcomes.
    type Outcome: Clone + Debug;

    /// Executes a request.
    fn execute(&mut self, request: Self::Request) -> Self::Outcome;
    /// Returns true if the request may change something.
    fn is_change(request: &Self::Request) -> bool;
    /// Returns true if the request's effect may be lost after it was acknowledged.
    fn is_lazy(request: &Self::Request) -> bool;
    /// The outcome of a request that certainly did not happen.
    fn not_done(why: &str) -> Self::Outcome;
    /// The unknown outcome.
    fn unknown(request: &Self::Request) -> Self::Outcome;
    /// The outcome of a request that was refused without a cause.
    fn refused(request: &Self::Request) -> Self::Outcome;
    /// Continues after a power cut, without issuing anything again that `before` may have issued.
    fn resume_behind(&mut self, before: &Self);
}

impl Service for ModelCoordination {
    type Request = coordination::Request;
    type Outcome = coordination::Outcome;

    fn execute(&mut self, request: Self::Request) -> Self::Outcome {
        self.apply(request)
    }

    fn is_change(request: &Self::Request) -> bool {
        use coordination::Request::{Batch, Commit, CommitLazily, Get, List};
        match request {
            Commit(_) | CommitLazily(_) | Batch(_) => true,
            Get(_) | List(_) => false,
        }
    }

    fn is_lazy(request: &Self::Request) -> bool {
        matches!(request, coordination::Request::CommitLazily(_))
    }

    fn not_done(why: &str) -> Self::Outcome {
        Err(coordination::Failure::NotDone(why.into()))
    }

    fn unknown(request: &Self::Request) -> Self::Outcome {
        let unknown = || coordination::Failure::Unknown("no answer".into());
        if let coordination::Request::Batch(commits) = request {
            let outcomes = commits.iter().map(|_| Err(unknown()));
            return Ok(coordination::Reply::Batched(outcomes.collect()));
        }
        Err(unknown())
    }

    fn refused(request: &Self::Request) -> Self::Outcome {
        use coordination::Reply::{Batched, Committed};
        use coordination::Request::{Batch, Commit as One, CommitLazily};
        match request {
            One(_) | CommitLazily(_) => Ok(Committed(Commit::Refused)),
            Batch(commits) => Ok(Batched(vec![Ok(Commit::Refused); commits.len()])),
            _ => Self::not_done("refused"),
        }
    }

    fn resume_behind(&mut self, before: &Self) {
        let revision = Revision(before.revision().0 + 1);
        let records = self.list("").records;
        *self = Self::restored(records, revision);
    }
}

impl Service for ModelStorage {
    type Request = storage::Request;
    type Outcome = storage::Outcome;

    fn execute(&mut self, request: Self::Request) -> Self::Outcome {
        self.apply(request)
    }

    fn is_change(request: &Self::Request) -> bool {
        use storage::Request::{Document, Documents, Read, ReadPart};
        let is_read = matches!(
            request,
            Document(_) | Documents { .. } | Read { .. } | ReadPart { .. }
        );
        !is_read
    }

    fn is_lazy(_: &Self::Request) -> bool {
        false
    }

    fn not_done(why: &str) -> Self::Outcome {
        Err(storage::Failure::NotDone(why.into()))
    }

    fn unknown(_: &Self::Request) -> Self::Outcome {
        Err(storage::Failure::Unknown("no answer".into()))
    }

    fn refused(request: &Self::Request) -> Self::Outcome {
        use storage::Request::{DeleteDocument, PutDocument};
        match request {
            PutDocument { .. } | DeleteDocument { .. } => {
                Ok(storage::Reply::Committed(Commit::Refused))
            }
            _ => Self::not_done("refused"),
        }
    }

    fn resume_behind(&mut self, _: &Self) {}
}
