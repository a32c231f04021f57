//! A shared connection that is opened on demand and reopened after a loss.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::OpenError;
use crate::session::{Connector, Duty, Session};

/// A connection shared by all readers. Requests are pipelined.
pub(crate) struct Slot {
    connector: Connector,
    duty: Duty,
    session: Mutex<Option<Arc<Session>>>,
    /// Held while a connection is opened. Other callers wait for the result.
    making: tokio::sync::Mutex<()>,
}

impl Slot {
    pub(crate) fn new(connector: Connector, duty: Duty) -> Self {
        Self {
            connector,
            duty,
            session: Mutex::new(None),
            making: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) async fn session(&self) -> Result<Arc<Session>, OpenError> {
        if let Some(session) = self.alive() {
            return Ok(session);
        }
        let _making = self.making.lock().await;
        if let Some(session) = self.alive() {
            return Ok(session);
        }
        let session = Arc::new(self.connector.session(self.duty).await?);
        *self.lock() = Some(session.clone());
        Ok(session)
    }

    /// Discards a broken session. The next caller opens another.
    pub(crate) fn discard(&self, session: &Arc<Session>) {
        let mut slot = self.lock();
        if slot.as_ref().is_some_and(|it| Arc::ptr_eq(it, session)) {
            *slot = None;
            self.connector.counters.lost.add(1);
        }
    }

    pub(crate) fn note(&self, is_away: bool) {
        let is_away_now = &self.connector.counters.is_away;
        is_away_now.store(is_away, Ordering::Relaxed);
    }

    pub(crate) fn count_chunks(&self, count: usize) {
        self.connector.counters.chunks.add(count);
    }

    fn alive(&self) -> Option<Arc<Session>> {
        self.lock().clone().filter(|it| !it.client.is_closed())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Session>>> {
        // No code under this lock can panic between two changes.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
