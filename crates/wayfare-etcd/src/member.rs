//! A member of the service: its connection, which is kept open, and its status.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time;

use crate::connection::{Connection, Endpoint};
use crate::rpc;
use crate::status::{MemberStatus, Said};
use crate::tls;
use crate::version::{VERSION_MIN, Version};
use crate::wire::StatusRequest;

/// The shortest pause before an unavailable member is tried again.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// A member. A task must run [`Member::keep`].
pub(crate) struct Member {
    endpoint: Endpoint,
    presence: watch::Sender<Presence>,
    /// The number of the latest connection over which a request timed out.
    silent: watch::Sender<u64>,
    said: Mutex<Option<Said>>,
    /// The problem with a certificate, until the member answers. A refusal after the handshake is
    /// not reported to every attempt.
    distrust: Mutex<Option<String>>,
}

/// The availability of a member.
#[derive(Clone)]
pub(crate) enum Presence {
    /// No attempt was made yet.
    Untried,
    /// The member answered over this connection.
    Here(Here),
    /// The member does not answer.
    Away(String),
    /// A side does not trust the other's certificate.
    Untrusted(String),
    /// The member answers and must not be used.
    Unfit(Unfit),
}

/// A connection over which a member has answered.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) connection: Connection,
    /// The number of this connection of the member.
    number: u64,
}

/// Reasons why a member must not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its version is too old.
    #[error("etcd {0} is too old: {VERSION_MIN} or newer is needed")]
    TooOld(Version),
    /// Its version is unknown.
    #[error("`{0}` is no version of etcd")]
    NoVersion(String),
    /// It belongs to another cluster than the first members found. Either an address is wrong, or
    /// etcd was created again or restored from a backup, and revisions may have gone back.
    #[error("it belongs to cluster {found:x}, not to {expected:x} like those found first")]
    OtherCluster {
        /// The member's cluster.
        found: u64,
        /// The cluster of the first member.
        expected: u64,
    },
}

/// The state that the members of a service share.
pub(crate) struct SharedClientState {
    pub(crate) answer_time_max: Duration,
    pub(crate) greeting_interval: Duration,
    /// The id of the cluster, as reported by the first member.
    pub(crate) cluster: OnceLock<u64>,
    /// Notified when a member becomes available.
    pub(crate) arrivals: Notify,
}

impl Member {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            presence: watch::Sender::new(Presence::Untried),
            silent: watch::Sender::new(0),
            said: Mutex::default(),
            distrust: Mutex::default(),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.endpoint.address
    }

    /// Returns the problem with its certificate, or with this client's.
    pub(crate) fn distrust(&self) -> Option<String> {
        locked(&self.distrust).clone()
    }

    /// Returns the connection for requests, if the member is available.
    pub(crate) fn here(&self) -> Option<Here> {
        match &*self.presence.borrow() {
            Presence::Here(here) => Some(here.clone()),
            _ => None,
        }
    }

    /// Waits for the first attempt and returns its result.
    pub(crate) async fn tried(&self) -> Presence {
        let mut presence = self.presence.subscribe();
        let tried = presence
            .wait_for(|it| !matches!(it, Presence::Untried))
            .await;
        // The sender lives in `self`.
        tried.map_or(Presence::Untried, |it| it.clone())
    }

    /// Reports that a request timed out over this connection. It is not used again before the
    /// member has answered over a new one.
    pub(crate) fn report_silent(&self, here: &Here) {
        self.silent.send_if_modified(|latest| {
            let is_news = here.number > *latest;
            *latest = here.number.max(*latest);
            is_news
        });
        self.presence.send_if_modified(|presence| {
            let is_it = matches!(presence, Presence::Here(it) if it.number == here.number);
            if is_it {
                *presence = Presence::Away("gave no answer in time".to_owned());
            }
            is_it
        });
    }

    pub(crate) fn status(&self) -> MemberStatus {
        let away = match &*self.presence.borrow() {
            Presence::Here(_) => None,
            Presence::Untried => Some("was not tried yet".to_owned()),
            Presence::Away(why) | Presence::Untrusted(why) => Some(why.clone()),
            Presence::Unfit(why) => Some(why.to_string()),
        };
        MemberStatus {
            endpoint: self.address().to_owned(),
            away,
            said: self.said().clone(),
        }
    }

    /// Keeps a connection open, without an end: connects, checks the member and repeats the check
    /// at intervals. Reconnects when the connection is lost or times out.
    pub(crate) async fn keep(&self, shared: &SharedClientState) {
        let mut pause = PAUSE_MIN;
        for number in 1.. {
            match self.greet_anew(shared).await {
                Ok((connection, lost)) => {
                    pause = PAUSE_MIN;
                    let here = Here { connection, number };
                    self.show(Presence::Here(here.clone()), shared);
                    let why = self.stay(&here, lost, shared).await;
                    tracing::info!(member = self.address(), why, "etcd member away");
                    self.show(Presence::Away(why), shared);
                }
                Err(presence) => {
                    self.show(presence, shared);
                    time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Connects and waits for an answer, because the system also accepts connections for a stopped
    /// process.
    async fn greet_anew(
        &self,
        shared: &SharedClientState,
    ) -> Result<(Connection, JoinHandle<()>), Presence> {
        let opening = time::timeout(shared.answer_time_max, self.endpoint.open());
        let opened = opening
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        let (connection, driver) = opened.map_err(|error| match tls::is_of_trust(&error) {
            true => Presence::Untrusted(error.to_string()),
            false => Presence::Away(error.to_string()),
        })?;
        let lost = tokio::spawn(driver);
        self.greet(&connection, shared).await?;
        Ok((connection, lost))
    }

    async fn greet(
        &self,
        connection: &Connection,
        shared: &SharedClientState,
    ) -> Result<(), Presence> {
        let away = |why: String| Presence::Away(why);
        let asking = rpc::ask(connection, StatusRequest {}, None);
        let status = time::timeout(shared.answer_time_max, asking)
            .await
            .map_err(|_| away("gave no answer in time".to_owned()))?
            .map_err(|status| match tls::is_of_trust(&status) {
                true => Presence::Untrusted(described(&status)),
                false => away(status.to_string()),
            })?;
        if status.is_learner {
            return Err(away("is a learner still".to_owned()));
        }
        let version = Version::parse(&status.version)
            .ok_or_else(|| Presence::Unfit(Unfit::NoVersion(status.version.clone())))?;
        if version < VERSION_MIN {
            return Err(Presence::Unfit(Unfit::TooOld(version)));
        }
        let found = status.header.as_ref().map_or(0, |it| it.cluster_id);
        let expected = *shared.cluster.get_or_init(|| found);
        if found != expected {
            return Err(Presence::Unfit(Unfit::OtherCluster { found, expected }));
        }
        self.remember(Said::new(version, Instant::now(), status));
        Ok(())
    }

    /// Waits until the connection cannot be used any more, and returns the reason.
    async fn stay(
        &self,
        here: &Here,
        mut lost: JoinHandle<()>,
        shared: &SharedClientState,
    ) -> String {
        let mut greetings = time::interval(shared.greeting_interval);
        greetings.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        greetings.reset();
        loop {
            tokio::select! {
                _ = &mut lost => return "the connection was lost".to_owned(),
                () = self.silent(here.number) => return "gave no answer in time".to_owned(),
                _ = greetings.tick() => match self.greet(&here.connection, shared).await {
                    Ok(()) => {}
                    Err(Presence::Away(why) | Presence::Untrusted(why)) => return why,
                    Err(_) => return "is not what it was".to_owned(),
                },
            }
        }
    }

    /// Waits until a request timed out over this connection, or a later one.
    async fn silent(&self, number: u64) {
        let mut silent = self.silent.subscribe();
        // The sender lives in `self`.
        let _ = silent.wait_for(|it| *it >= number).await;
    }

    fn show(&self, presence: Presence, shared: &SharedClientState) {
        let is_here = matches!(presence, Presence::Here(_));
        match &presence {
            Presence::Here(_) => *locked(&self.distrust) = None,
            Presence::Untrusted(why) => *locked(&self.distrust) = Some(why.clone()),
            Presence::Untried | Presence::Away(_) | Presence::Unfit(_) => {}
        }
        self.presence.send_replace(presence);
        if is_here {
            shared.arrivals.notify_waiters();
        }
    }

    fn remember(&self, said: Said) {
        let mut latest = self.said();
        let before = latest.as_ref().map_or(&[][..], |it| &it.errors);
        if !said.errors.is_empty() && before != said.errors {
            let errors = said.errors.join("; ");
            tracing::warn!(member = self.address(), errors, "etcd member in trouble");
        }
        *latest = Some(said);
    }

    fn said(&self) -> MutexGuard<'_, Option<Said>> {
        locked(&self.said)
    }
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code under these locks can panic between two changes.
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the connection to `member` open until the other end of `life` is dropped.
pub(crate) async fn keep(
    member: Arc<Member>,
    shared: Arc<SharedClientState>,
    mut life: watch::Receiver<()>,
) {
    tokio::select! {
        _ = life.changed() => {}
        () = member.keep(&shared) => {}
    }
}

/// Formats an error and its causes in one line.
fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
