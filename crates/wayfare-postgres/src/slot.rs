//! One connection that is made when it is needed, and again when it was lost.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::OpenError;
use crate::session::{Connector, Duty, Session};

/// Shared by everybody who reads: requests are sent one behind the other, without waiting for answers.
pub(crate) struct Slot {
    connector: Connector,
    duty: Duty,
    session: Mutex<Option<Arc<Session>>>,
    /// One at a time makes it; the others wait for that one.
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

    /// This one is of no use: whoever comes next makes another.
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
        // Nothing under this lock can panic half-way.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
