//! Whether the server is there, also while nobody asks it anything.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::slot::Slot;

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(2);
/// For an answer: behind what others read on the same connection.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Asks for nothing, every so often. Dropped, it ends.
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
    // Its own limits are enough, and who waits for the same connection must not lose it.
    let Ok(session) = slot.session().await else {
        return false;
    };
    let answer = timeout(ANSWER_TIME_MAX, session.client.batch_execute("")).await;
    matches!(answer, Ok(Ok(())))
}
