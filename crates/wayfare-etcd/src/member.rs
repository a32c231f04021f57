//! One member of the service: a connection that is kept up, and what the member says of itself.

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

/// How soon, and at last how seldom, a member that is away is tried again.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// A member. Somebody runs [`Member::keep`].
pub(crate) struct Member {
    endpoint: Endpoint,
    presence: watch::Sender<Presence>,
    /// The number of the latest connection over which somebody waited in vain.
    silent: watch::Sender<u64>,
    said: Mutex<Option<Said>>,
    /// What was wrong with a certificate, until the member answers. Of a refusal that comes behind the
    /// handshake not every attempt hears the reason.
    distrust: Mutex<Option<String>>,
}

/// Whether a member can be asked.
#[derive(Clone)]
pub(crate) enum Presence {
    /// It was not tried yet.
    Untried,
    /// It answered over this connection.
    Here(Here),
    /// It does not answer.
    Away(String),
    /// One of us does not trust the other's certificate.
    Untrusted(String),
    /// It answers and must not be asked.
    Unfit(Unfit),
}

/// A connection over which a member answered.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) connection: Connection,
    /// Which of this member's connections it is.
    number: u64,
}

/// Why a member must not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is too old.
    #[error("etcd {0} is too old: {VERSION_MIN} or newer is needed")]
    TooOld(Version),
    /// It does not say how old it is.
    #[error("`{0}` is no version of etcd")]
    NoVersion(String),
    /// It belongs to other members than those who were found first: a wrong address, or etcd was
    /// made anew or restored from a backup, and revisions may have gone back.
    #[error("it belongs to cluster {found:x}, not to {expected:x} like those found first")]
    OtherCluster {
        /// Where it belongs.
        found: u64,
        /// Where the first belonged.
        expected: u64,
    },
}

/// What the members of one service share.
pub(crate) struct Surroundings {
    pub(crate) answer_time_max: Duration,
    pub(crate) greeting_interval: Duration,
    /// The service's own number of its cluster, as the first member said it.
    pub(crate) cluster: OnceLock<u64>,
    /// Told whenever a member can be asked.
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

    /// What is wrong with its certificate, or with ours.
    pub(crate) fn distrust(&self) -> Option<String> {
        locked(&self.distrust).clone()
    }

    /// The connection to ask over, if the member is there.
    pub(crate) fn here(&self) -> Option<Here> {
        match &*self.presence.borrow() {
            Presence::Here(here) => Some(here.clone()),
            _ => None,
        }
    }

    /// What the member is once it was tried.
    pub(crate) async fn tried(&self) -> Presence {
        let mut presence = self.presence.subscribe();
        let tried = presence
            .wait_for(|it| !matches!(it, Presence::Untried))
            .await;
        // The sender lives in `self`.
        tried.map_or(Presence::Untried, |it| it.clone())
    }

    /// Somebody waited in vain over this connection: it is not used again before the member has
    /// answered over a new one.
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

    /// Keeps a connection up for ever: connects, asks the member who it is, and again from time to
    /// time, and connects anew when it is lost or falls silent.
    pub(crate) async fn keep(&self, surroundings: &Surroundings) {
        let mut pause = PAUSE_MIN;
        for number in 1.. {
            match self.greet_anew(surroundings).await {
                Ok((connection, lost)) => {
                    pause = PAUSE_MIN;
                    let here = Here { connection, number };
                    self.show(Presence::Here(here.clone()), surroundings);
                    let why = self.stay(&here, lost, surroundings).await;
                    tracing::info!(member = self.address(), why, "etcd member away");
                    self.show(Presence::Away(why), surroundings);
                }
                Err(presence) => {
                    self.show(presence, surroundings);
                    time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Connects, and lets the member prove that it is alive: the system accepts for a process that
    /// was stopped.
    async fn greet_anew(
        &self,
        surroundings: &Surroundings,
    ) -> Result<(Connection, JoinHandle<()>), Presence> {
        let opening = time::timeout(surroundings.answer_time_max, self.endpoint.open());
        let opened = opening
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        let (connection, driver) = opened.map_err(|error| match tls::is_of_trust(&error) {
            true => Presence::Untrusted(error.to_string()),
            false => Presence::Away(error.to_string()),
        })?;
        let lost = tokio::spawn(driver);
        self.greet(&connection, surroundings).await?;
        Ok((connection, lost))
    }

    async fn greet(
        &self,
        connection: &Connection,
        surroundings: &Surroundings,
    ) -> Result<(), Presence> {
        let away = |why: String| Presence::Away(why);
        let asking = rpc::ask(connection, StatusRequest {}, None);
        let status = time::timeout(surroundings.answer_time_max, asking)
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
        let expected = *surroundings.cluster.get_or_init(|| found);
        if found != expected {
            return Err(Presence::Unfit(Unfit::OtherCluster { found, expected }));
        }
        self.remember(Said::new(version, Instant::now(), status));
        Ok(())
    }

    /// Returns why the member can no longer be asked over this connection.
    async fn stay(
        &self,
        here: &Here,
        mut lost: JoinHandle<()>,
        surroundings: &Surroundings,
    ) -> String {
        let mut greetings = time::interval(surroundings.greeting_interval);
        greetings.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        greetings.reset();
        loop {
            tokio::select! {
                _ = &mut lost => return "the connection was lost".to_owned(),
                () = self.silent(here.number) => return "gave no answer in time".to_owned(),
                _ = greetings.tick() => match self.greet(&here.connection, surroundings).await {
                    Ok(()) => {}
                    Err(Presence::Away(why) | Presence::Untrusted(why)) => return why,
                    Err(_) => return "is not what it was".to_owned(),
                },
            }
        }
    }

    /// Waits until somebody waited in vain over this connection, or a later one.
    async fn silent(&self, number: u64) {
        let mut silent = self.silent.subscribe();
        // The sender lives in `self`.
        let _ = silent.wait_for(|it| *it >= number).await;
    }

    fn show(&self, presence: Presence, surroundings: &Surroundings) {
        let is_here = matches!(presence, Presence::Here(_));
        match &presence {
            Presence::Here(_) => *locked(&self.distrust) = None,
            Presence::Untrusted(why) => *locked(&self.distrust) = Some(why.clone()),
            Presence::Untried | Presence::Away(_) | Presence::Unfit(_) => {}
        }
        self.presence.send_replace(presence);
        if is_here {
            surroundings.arrivals.notify_waiters();
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
    // Nothing under these locks can panic half-way.
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps `member` up until whoever holds the other end of `life` is gone.
pub(crate) async fn keep(
    member: Arc<Member>,
    surroundings: Arc<Surroundings>,
    mut life: watch::Receiver<()>,
) {
    tokio::select! {
        _ = life.changed() => {}
        () = member.keep(&surroundings) => {}
    }
}

/// An error with what it came from, in one line.
fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
