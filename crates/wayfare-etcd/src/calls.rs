//! Calls to etcd: the choice of the member, the deadlines, and what an answer or its absence
//! proves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{self, Instant};
use wayfare_protocol::coordination::{Failure, Revision};

use crate::config::Config;
use crate::credentials::Credentials;
use crate::keys::Prefix;
use crate::members::{Members, Preference, Turn};
use crate::rpc;
use crate::trouble::Trouble;
use crate::wire::{Answer, Ask, RangeRequest, ResponseHeader};

/// The state that all requests share.
pub(crate) struct Core {
    pub(crate) members: Members,
    pub(crate) credentials: Credentials,
    pub(crate) prefix: Prefix,
    pub(crate) config: Config,
    slots: Semaphore,
    /// The highest revision of any member.
    seen: AtomicU64,
    /// True if an answer was ever behind a revision that had been seen when the request was sent.
    /// Revisions are then issued twice, and an expected one may match another record, so no request
    /// is sent any more.
    went_back: AtomicBool,
}

const WENT_BACK: &str =
    "the store's revision went back, as by restoring a backup: restart the nodes";

/// The repeatability of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request changes nothing, so it may be repeated.
    Read,
    /// A repeat might be refused because of the first attempt, so the request is repeated only if
    /// the first was certainly not executed.
    Change,
}

/// Reasons why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// The requested data is compacted.
    Compacted,
    /// The answer would exceed the size limit.
    TooLarge,
    /// The request was certainly not executed, and would fail at other members and later, too.
    Rejected(String),
    /// A failure to pass on to the caller.
    Failure(Failure),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Compacted => Self::NotDone("what was asked for is compacted".to_owned()),
            CallError::TooLarge => Self::NotDone("the answer is too large".to_owned()),
            CallError::Rejected(why) => Self::NotDone(why),
            CallError::Failure(failure) => failure,
        }
    }
}

impl Core {
    pub(crate) fn new(members: Members, config: Config) -> Self {
        Self {
            members,
            credentials: Credentials::new(config.login.clone()),
            prefix: Prefix::new(&config.prefix),
            slots: Semaphore::new(config.calls_max),
            seen: AtomicU64::new(0),
            went_back: AtomicBool::new(false),
            config,
        }
    }

    /// Asks one member after the other until one answers, beginning with the one that answered
    /// last. A change goes to another member only if it was certainly not executed.
    pub(crate) async fn call<A: Ask>(
        &self,
        preference: &Preference,
        kind: Kind,
        question: &A,
    ) -> Result<A::Answer, CallError> {
        let deadline = Instant::now() + self.config.call_time_max;
        let slot = time::timeout_at(deadline, self.slots.acquire()).await;
        if slot.is_err() {
            return Err(not_done("too many requests under way".to_owned()));
        }
        if self.went_back() {
            return Err(not_done(WENT_BACK.to_owned()));
        }
        let floor = self.seen();
        let mut round = self.members.round();
        let mut latest = None;
        while let Some(turn) = self.members.next(preference, &mut round, deadline).await {
            let trouble = match self.ask(&turn, kind, question).await {
                Ok(answer) => {
                    preference.prefer(&turn);
                    return self.checked(kind, floor, answer);
                }
                Err(trouble) => trouble,
            };
            let at = turn.member.address();
            match trouble {
                Trouble::Compacted => return Err(CallError::Compacted),
                Trouble::TooLarge => return Err(CallError::TooLarge),
                Trouble::Rejected(why) => {
                    return Err(CallError::Rejected(format!("{at}: {why}")));
                }
                Trouble::Unanswered(why) if kind == Kind::Change => {
                    preference.avoid(&turn);
                    return Err(CallError::Failure(Failure::Unknown(format!("{at}: {why}"))));
                }
                Trouble::NotTaken(why) | Trouble::LoggedOut(why) | Trouble::Unanswered(why) => {
                    preference.avoid(&turn);
                    latest = Some(format!("{at}: {why}"));
                }
            }
        }
        Err(not_done(latest.unwrap_or_else(|| self.members.away())))
    }

    /// Returns true if the store was seen to have gone back. This is never reset.
    pub(crate) fn went_back(&self) -> bool {
        self.went_back.load(Ordering::Relaxed)
    }

    /// Checks that an answer is not from before what was seen earlier. Reads and changes are
    /// linearizable.
    fn checked<T: Answer>(&self, kind: Kind, floor: Revision, answer: T) -> Result<T, CallError> {
        let found = self.revision_of(answer.header());
        if found >= floor {
            return Ok(answer);
        }
        self.went_back.store(true, Ordering::Relaxed);
        let (found, seen) = (found.0, floor.0);
        tracing::error!(found, seen, "etcd's revision went back: restart the nodes");
        Err(match kind {
            Kind::Read => not_done(WENT_BACK.to_owned()),
            Kind::Change => CallError::Failure(Failure::Unknown(WENT_BACK.to_owned())),
        })
    }

    /// Reads the store's revision, linearizably.
    pub(crate) async fn store_revision(
        &self,
        preference: &Preference,
    ) -> Result<Revision, CallError> {
        let question = RangeRequest {
            key: self.prefix.full("").into(),
            count_only: true,
            ..RangeRequest::default()
        };
        let answer = self.call(preference, Kind::Read, &question).await?;
        Ok(self.revision_of(answer.header.as_ref()))
    }

    /// Returns the revision in an answer's header.
    pub(crate) fn revision_of(&self, header: Option<&ResponseHeader>) -> Revision {
        let revision = header.map_or(0, |it| u64::try_from(it.revision).unwrap_or(0));
        self.seen.fetch_max(revision, Ordering::Relaxed);
        Revision(revision)
    }

    /// Returns the highest revision in any answer.
    pub(crate) fn seen(&self) -> Revision {
        Revision(self.seen.load(Ordering::Relaxed))
    }

    /// Asks one member once.
    async fn ask<A: Ask>(
        &self,
        turn: &Turn,
        kind: Kind,
        question: &A,
    ) -> Result<A::Answer, Trouble> {
        let connection = &turn.here.connection;
        let login_time_max = self.config.answer_time_max;
        let token = time::timeout(login_time_max, self.credentials.token(connection)).await;
        let token = token.unwrap_or_else(|_| {
            turn.member.report_silent(&turn.here);
            Err(Trouble::NotTaken(format!(
                "no login within {login_time_max:?}"
            )))
        })?;
        let time_max = match kind {
            Kind::Read => self.config.read_time_max,
            Kind::Change => self.config.answer_time_max,
        };
        let asking = rpc::ask(connection, question.clone(), token.as_ref());
        let Ok(answer) = time::timeout(time_max, asking).await else {
            turn.member.report_silent(&turn.here);
            return Err(unanswered(time_max));
        };
        let trouble = match answer {
            Ok(answer) => return Ok(answer),
            Err(status) => Trouble::of(&status),
        };
        if matches!(trouble, Trouble::LoggedOut(_)) {
            self.credentials.forget(token.as_ref()).await;
        }
        Err(trouble)
    }
}

fn unanswered(time_max: Duration) -> Trouble {
    Trouble::Unanswered(format!("no answer within {time_max:?}"))
}

fn not_done(why: String) -> CallError {
    CallError::Failure(Failure::NotDone(why))
}
