//! Connections, and the checks of a server before it is used.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};
use tracing::{debug, warn};

use crate::config::Config;
use crate::counters::Counters;
use crate::error::{OpenError, describe};
use crate::failure::{Verdict, judge};
use crate::statements::Statements;
use crate::tls;

const VERSION_MIN: i32 = 130_000;
/// The lock timeout of a group. Groups hold locks for milliseconds. It is below the server's
/// deadlock timeout.
const LOCK_TIME_MAX: Duration = Duration::from_millis(500);
/// The time limit of login, checks and preparation of statements, after the connection is made.
const SET_UP_TIME_MAX: Duration = Duration::from_secs(5);

/// A factory of sessions.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) config: Arc<Config>,
    pub(crate) counters: Arc<Counters>,
}

/// A connection that is ready for use. It is closed at once when dropped.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) statements: Statements,
    _speaker: Speaker,
}

/// The task that transfers the connection's bytes.
struct Speaker(JoinHandle<()>);

impl Drop for Speaker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The duty of a session, which determines its time limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    Write,
    /// A session without a statement timeout: a read may be large, and its reader slow.
    Read,
}

impl Connector {
    pub(crate) async fn session(&self, duty: Duty) -> Result<Session, OpenError> {
        let made = self.try_session(duty).await;
        self.counters
            .is_away
            .store(made.is_err(), Ordering::Relaxed);
        match &made {
            Ok(_) => self.counters.connected.add(1),
            Err(error) => {
                self.counters.lost.add(1);
                debug!(%error, "storage: no connection");
            }
        }
        made
    }

    async fn try_session(&self, duty: Duty) -> Result<Session, OpenError> {
        let (client, speaker) = self.connect().await?;
        let set_up = async {
            self.set_up(&client, duty).await?;
            Statements::prepare(&client)
                .await
                .map_err(|error| self.refused(&error))
        };
        let statements = tokio::time::timeout(SET_UP_TIME_MAX, set_up).await;
        let statements = statements.map_err(|_| {
            self.not_reached("it accepts a connection and then says nothing".into())
        })??;
        Ok(Session {
            client,
            statements,
            _speaker: speaker,
        })
    }

    /// Opens a bare connection to a server that accepts writes.
    pub(crate) async fn client(&self) -> Result<(Client, impl Drop + use<>), OpenError> {
        let (client, speaker) = self.connect().await?;
        self.examine(&client).await?;
        Ok((client, speaker))
    }

    async fn connect(&self) -> Result<(Client, Speaker), OpenError> {
        let server = &self.config.server;
        let hosts = server.get_hosts().len() as u32;
        let each = server.get_connect_timeout().copied().unwrap_or_default();
        // The library's own limit covers only the connection, not the server's answers.
        let limit = each * hosts + SET_UP_TIME_MAX;
        let made = tokio::time::timeout(limit, server.connect(self.config.tls.clone())).await;
        let (client, connection) = made
            .map_err(|_| self.not_reached("it accepts a connection and then says nothing".into()))?
            .map_err(|error| self.not_connected(&error))?;
        let speaker = tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(error = %describe(&error), "storage: a connection ended");
            }
        });
        Ok((client, Speaker(speaker)))
    }

    /// Limits the time of a request outside a session. A frozen server counts as unavailable.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        asking: impl Future<Output = Result<T, OpenError>>,
    ) -> Result<T, OpenError> {
        let asked = tokio::time::timeout(limit, asking).await;
        asked.unwrap_or_else(|_| {
            Err(self.not_reached(format!(
                "it answers, and did not finish what it was asked within {limit:?}: it stands still, \
                 somebody holds a lock there, or a commit waits for a standby that is away"
            )))
        })
    }

    fn not_reached(&self, why: String) -> OpenError {
        let at = self.config.to_string();
        OpenError::NotReached { at, why }
    }

    /// Converts the error of a connection attempt.
    fn not_connected(&self, error: &Error) -> OpenError {
        let (at, why) = (self.config.to_string(), describe(error));
        let code = error.code().map_or("", SqlState::code);
        // An unknown user or database stays unknown until somebody changes the configuration.
        let is_not_admitted = code.starts_with("28")
            || code.starts_with("3D")
            || error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
            // The library's texts for a missing password, and for an unknown authentication method.
            || why.starts_with("invalid configuration")
            || why.starts_with("authentication error");
        if is_not_admitted {
            return OpenError::NotAdmitted { at, why };
        }
        if tls::is_of_trust(error) {
            return OpenError::NotTrusted { at, why };
        }
        OpenError::NotReached { at, why }
    }

    /// Converts the error of a check.
    pub(crate) fn refused(&self, error: &Error) -> OpenError {
        match judge(error) {
            Verdict::Lost(why) | Verdict::Elsewhere(why) | Verdict::Again(why) => {
                self.not_reached(why)
            }
            Verdict::Apart(_) | Verdict::Refused(_) => OpenError::Refused(describe(error)),
        }
    }

    async fn set_up(&self, client: &Client, duty: Duty) -> Result<(), OpenError> {
        let commit = self.examine(client).await?;
        let deadline = self.config.deadline;
        // Below the deadline, so that a statement that takes too long is certainly not done.
        let statement = match duty {
            Duty::Write => deadline * 4 / 5,
            Duty::Read => Duration::ZERO,
        };
        let settings = format!(
            "SET search_path TO \"{schema}\"; SET synchronous_commit TO {commit}; \
             SET default_transaction_isolation TO 'read committed'; \
             SET statement_timeout TO {statement}; SET lock_timeout TO {lock}; \
             SET idle_in_transaction_session_timeout TO {deadline}; \
             SET tcp_keepalives_idle TO 5; SET tcp_keepalives_interval TO 2; \
             SET tcp_keepalives_count TO 3; SET client_min_messages TO warning; \
             SET bytea_output TO hex; SET work_mem TO '64MB'; {plans}",
            schema = self.config.schema,
            statement = statement.as_millis(),
            lock = LOCK_TIME_MAX.as_millis(),
            deadline = deadline.as_millis(),
            plans = PLANS,
        );
        client
            .batch_execute(&settings)
            .await
            .map_err(|error| self.refused(&error))
    }

    /// Checks that the server can be trusted. Returns the commit mode to use.
    async fn examine(&self, client: &Client) -> Result<&'static str, OpenError> {
        let row = client
            .query_one(EXAMINE, &[])
            .await
            .map_err(|error| self.refused(&error))?;
        let version: i32 = row.try_get(0).map_err(|error| self.refused(&error))?;
        if version < VERSION_MIN {
            return Err(OpenError::TooOld { found: version });
        }
        for (column, setting) in [(1, "fsync"), (2, "full_page_writes")] {
            if row
                .try_get::<_, &str>(column)
                .map_err(|error| self.refused(&error))?
                != "off"
            {
                continue;
            }
            if !self.config.is_unsafe_allowed {
                return Err(OpenError::NotDurable { setting });
            }
            warn!(
                setting,
                "storage: what this server acknowledges does not survive a crash"
            );
        }
        // A stronger mode than required is somebody's choice, and is kept.
        let commit: &str = row.try_get(3).map_err(|error| self.refused(&error))?;
        Ok(if commit == "remote_apply" {
            "remote_apply"
        } else {
            "on"
        })
    }
}

const EXAMINE: &str = "SELECT current_setting('server_version_num')::int, current_setting('fsync'), \
    current_setting('full_page_writes'), current_setting('synchronous_commit')";

/// Forces index scans in the given order, even for tables that were empty at planning time, so that
/// two groups never lock the same rows in different orders.
const PLANS: &str = "SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off; \
    SET enable_hashjoin TO off; SET enable_mergejoin TO off; SET jit TO off; \
    SET max_parallel_workers_per_gather TO 0";
