//! A periodic check that the server answers, even without requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::slot::Slot;

/// The interval of checks.
const PAUSE: Duration = Duration::from_secs(2);
/// The time limit of a check, which waits behind other reads on the same connection.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// A task that checks the server periodically. It ends when dropped.
pub(crate) struct Lookout(JoinHandle<()>);

impl Lookout {
    pub(crate) fn start(slot: Arc<Slot>) -> Self {
        Self(tokio::spawn(look_out(slot)))
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn look_out(slot: Arc<Slot>) {
    let mut was_away = false;
    loop {
        sleep(PAUSE).await;
        let is_away = !answers(&slot).await;
        slot.note(is_away);
        match (was_away, is_away) {
            (false, true) => warn!("storage: the server does not answer"),
            (true, false) => info!("storage: the server answers again"),
            _ => {}
        }
        was_away = is_away;
    }
}

async fn answers(slot: &Slot) -> bool {
    // The session has its own time limits, and other requests on the connection must not lose it.
    let Ok(session) = slot.session().await else {
        return false;
    };
    let answer = timeout(ANSWER_TIME_MAX, session.client.batch_execute("")).await;
    matches!(answer, Ok(Ok(())))
}
