//! The engine: coordination on etcd.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time;
use wayfare_engine::coordination::Listing;
use wayfare_engine::{Coordination, Pending, Watch};
use wayfare_protocol::coordination::{
    Commit, Failure, Key, Outcome, Record, Reply, Request, Revision, Write,
};

use crate::calls::{CallError, Core, Kind};
use crate::config::Config;
use crate::connection::Endpoint;
use crate::follower::Follower;
use crate::listing;
use crate::member::{self, Member, Presence, SharedClientState, Unfit};
use crate::members::{Members, Preference};
use crate::status::MemberStatus;
use crate::tls::{self, TlsError};
use crate::transaction::Transaction;
use crate::wire::{KeyValue, RangeRequest};

/// Coordination on etcd. Cheap to clone. The connections close with the last clone, and all watches
/// end.
///
/// Requests run on the tokio runtime in which it was connected. Their answers can be awaited on any
/// other runtime, or without one.
#[derive(Clone)]
pub struct Etcd {
    core: Arc<Core>,
    preference: Preference,
    /// Dropped with the last clone, which its receivers notice.
    life: Arc<watch::Sender<()>>,
    runtime: Handle,
}

/// Reasons why etcd cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The configuration names no member.
    #[error("no member of etcd is named")]
    NoEndpoint,
    /// The configuration has no prefix for keys.
    #[error("`{0}` is no prefix: name the cluster")]
    Prefix(String),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A member answers, but must not be used.
    #[error("etcd at {endpoint} cannot be used: {why}")]
    Unfit {
        /// The member.
        endpoint: String,
        /// The reason.
        why: Unfit,
    },
    /// The server does not accept the login, or not for this prefix.
    #[error("etcd refuses: {0}")]
    Refused(String),
    /// The configuration trusts no member's certificate, or a member does not trust this client's
    /// certificate.
    #[error("etcd is not trusted: {0}")]
    NotTrusted(String),
    /// No member executed a first read.
    #[error("etcd does not answer: {}", reason(.0))]
    NoAnswer(Failure),
}

/// Returns the reason. For a read it makes no difference whether it was executed.
fn reason(failure: &Failure) -> &str {
    match failure {
        Failure::NotDone(why) | Failure::Unknown(why) => why,
    }
}

impl ConnectError {
    /// Returns true if the same configuration may succeed later without a change.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::NoAnswer(_))
    }
}

impl Etcd {
    /// Connects to all members and reads once. Members that do not answer are retried without a
    /// limit, as long as others answer.
    ///
    /// # Errors
    /// If the configuration is invalid, a member answers and is too old or belongs to another
    /// cluster, or no member answers within `connect_time_max`.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(config: Config) -> Result<Self, ConnectError> {
        let prefix = config.prefix.trim_matches('/');
        if prefix.is_empty() {
            return Err(ConnectError::Prefix(config.prefix));
        }
        let life = Arc::new(watch::Sender::new(()));
        let members = start_members(&config, &life)?;
        let core = Arc::new(Core::new(members, config));
        for member in core.members.iter() {
            if let Presence::Unfit(why) = member.tried().await {
                let endpoint = member.address().to_owned();
                return Err(ConnectError::Unfit { endpoint, why });
            }
        }
        if let Some(why) = core.members.distrust() {
            return Err(ConnectError::NotTrusted(why));
        }
        // Clients begin with different members.
        let first = RandomState::new().hash_one(0) as usize % core.members.len();
        let preference = Preference::new(first);
        let reading = core.store_revision(&preference);
        let read = time::timeout(core.config.connect_time_max, reading).await;
        read.unwrap_or_else(|_| Err(CallError::Failure(Failure::NotDone(core.members.away()))))
            .map_err(|error| match (error, core.members.distrust()) {
                (CallError::Rejected(why), _) => ConnectError::Refused(why),
                (_, Some(why)) => ConnectError::NotTrusted(why),
                (other, None) => ConnectError::NoAnswer(other.into()),
            })?;
        Ok(Self {
            core,
            preference,
            life,
            runtime: Handle::current(),
        })
    }

    /// Returns the same service with its own preferred member, beginning with the one at this index
    /// of the configuration (modulo their number).
    #[must_use]
    pub fn through(&self, index: usize) -> Self {
        Self {
            preference: Preference::new(index % self.core.members.len()),
            ..self.clone()
        }
    }

    /// Returns the last known status of each member, in the order of the configuration. Sends no
    /// request.
    #[must_use]
    pub fn members(&self) -> Vec<MemberStatus> {
        self.core.members.iter().map(|it| it.status()).collect()
    }

    /// Runs a request on the engine's runtime.
    fn run<T: Send + 'static, O>(
        &self,
        operation: impl FnOnce(Arc<Core>, Preference) -> O,
    ) -> Pending<'static, Result<T, Failure>>
    where
        O: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let operation = operation(Arc::clone(&self.core), self.preference.clone());
        let task = self.runtime.spawn(operation);
        Box::pin(async move {
            let unknown = |e| Err(Failure::Unknown(format!("gave up: {e}")));
            task.await.unwrap_or_else(unknown)
        })
    }

    fn commit_now(&self, writes: Vec<Write>) -> Pending<'static, Result<Commit, Failure>> {
        self.run(|core, preference| async move { commit(&core, &preference, writes).await })
    }
}

impl Coordination for Etcd {
    fn call(&self, request: Request) -> Pending<'_, Outcome> {
        match request {
            Request::Get(key) => {
                self.run(|core, preference| async move { get(&core, &preference, &key).await })
            }
            Request::Commit(writes) | Request::CommitLazily(writes) => {
                let pending = self.commit_now(writes);
                Box::pin(async { pending.await.map(Reply::Committed) })
            }
            Request::Batch(commits) => {
                // All commits are sent at once. etcd syncs together those that arrive together.
                let commits = commits.into_iter().map(|writes| self.commit_now(writes));
                let pending: Vec<_> = commits.collect();
                Box::pin(async move {
                    let mut outcomes = Vec::with_capacity(pending.len());
                    for commit in pending {
                        outcomes.push(commit.await);
                    }
                    Ok(Reply::Batched(outcomes))
                })
            }
            Request::List(prefix) => self.run(|core, preference| async move {
                let listing = listing::list(&core, &preference, &prefix).await;
                listing.map(|Listing { records, store }| Reply::Listed { records, store })
            }),
        }
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        let (feed, watch) = wayfare_engine::watch::channel(self.core.config.watch_changes_max);
        let core = Arc::clone(&self.core);
        let follower = Follower::new(core, self.preference.fork(), &prefix, after, feed);
        self.runtime.spawn(follower.run(self.life.subscribe()));
        watch
    }
}

fn start_members(config: &Config, life: &watch::Sender<()>) -> Result<Members, ConnectError> {
    if config.endpoints.is_empty() {
        return Err(ConnectError::NoEndpoint);
    }
    let connector = config.tls.as_ref().map(tls::connector).transpose()?;
    let domain = config.tls.as_ref().and_then(|it| it.domain.as_deref());
    let endpoints = config.endpoints.iter();
    let endpoints = endpoints.map(|it| Endpoint::new(it, connector.as_ref(), domain));
    let endpoints: Vec<_> = endpoints.collect::<Result<_, _>>()?;

    let shared = Arc::new(SharedClientState {
        answer_time_max: config.answer_time_max,
        greeting_interval: config.greeting_interval,
        cluster: OnceLock::new(),
        arrivals: Notify::new(),
    });
    let start = |endpoint| {
        let member = Arc::new(Member::new(endpoint));
        let keeping = member::keep(Arc::clone(&member), Arc::clone(&shared), life.subscribe());
        tokio::spawn(keeping);
        member
    };
    let members = endpoints.into_iter().map(start).collect();
    Ok(Members::new(members, shared))
}

async fn get(core: &Core, preference: &Preference, key: &str) -> Outcome {
    let question = RangeRequest {
        key: core.prefix.full(key).into(),
        ..RangeRequest::default()
    };
    let answer = core.call(preference, Kind::Read, &question).await?;
    Ok(Reply::Got {
        record: answer.kvs.first().map(record),
        store: core.revision_of(answer.header.as_ref()),
    })
}

async fn commit(
    core: &Core,
    preference: &Preference,
    writes: Vec<Write>,
) -> Result<Commit, Failure> {
    let (question, kind) = match Transaction::new(&core.prefix, writes)? {
        Transaction::Ask(question, kind) => (question, kind),
        Transaction::Settled(commit) => return Ok(commit),
    };
    let answer = core.call(preference, kind, &question).await?;
    let revision = core.revision_of(answer.header.as_ref());
    Ok(if answer.succeeded {
        Commit::Done(revision)
    } else {
        Commit::Refused
    })
}

/// Makes a record of etcd's answer. Its bytes are copied, so that they do not keep the whole answer
/// alive.
pub(crate) fn record(found: &KeyValue) -> Record {
    Record {
        value: Bytes::copy_from_slice(&found.value),
        revision: Revision(u64::try_from(found.mod_revision).unwrap_or(0)),
    }
}
