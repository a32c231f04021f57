//! Waiting at the start for services that do not answer yet, with log lines about it.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::logs::millis;

/// The shortest pause between two attempts.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The interval at which an unchanged reason is logged again.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The time after which an unfinished attempt is logged.
const ATTEMPT_TIME_TOLD: Duration = Duration::from_secs(2);

/// The reason why an attempt failed.
pub(crate) enum Trouble<E> {
    /// A problem that may go away by itself.
    Passing(String),
    /// A problem that somebody must solve.
    Lasting(E),
}

/// The services that a start is waiting for, shown by the probes. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Waits(Arc<Mutex<BTreeMap<String, String>>>);

impl Waits {
    /// Tries until it succeeds or cannot succeed. Logs the reason of a failure at once, when it
    /// changes, and at intervals.
    pub(crate) async fn until<T, E, F>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, Trouble<E>>>,
    {
        let mut pause = PAUSE_MIN;
        let mut wait = self.wait_for(what);
        loop {
            match wait.attempt(attempt()).await {
                Ok(done) => {
                    wait.succeeded();
                    return Ok(done);
                }
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing(why)) => wait.failed(why),
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Begins a wait for `what`, whose attempts the caller makes.
    pub(crate) fn wait_for<'a>(&'a self, what: &'a str) -> Wait<'a> {
        Wait {
            waits: self,
            what,
            told: None,
            began: Instant::now(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait for one service; see [`Waits::wait_for`].
pub(crate) struct Wait<'a> {
    waits: &'a Waits,
    what: &'a str,
    /// The reason that was logged last, and when.
    told: Option<(String, Instant)>,
    began: Instant,
}

impl Wait<'_> {
    /// Makes an attempt. If it takes long, that is logged before it ends.
    pub(crate) async fn attempt<T>(&mut self, attempt: impl Future<Output = T>) -> T {
        let mut attempt = pin!(attempt);
        match timeout(ATTEMPT_TIME_TOLD, attempt.as_mut()).await {
            Ok(attempted) => attempted,
            Err(_) => {
                if self.told.is_none() {
                    self.tell("no answer yet".to_owned());
                }
                attempt.await
            }
        }
    }

    /// Records that an attempt failed and another will follow.
    pub(crate) fn failed(&mut self, why: String) {
        let told = self.told.as_ref();
        if told.is_none_or(|(before, at)| *before != why || at.elapsed() >= TELL_EVERY) {
            self.tell(why);
        }
    }

    /// Records that the last attempt succeeded.
    pub(crate) fn succeeded(self) {
        if self.told.is_some() {
            let waited_ms = millis(self.began.elapsed());
            tracing::warn!(waited_ms, "{} is there: the start continues", self.what);
        }
        self.waits.entries().remove(self.what);
    }

    fn tell(&mut self, why: String) {
        tracing::warn!("waiting for {}: {why}", self.what);
        let entry = (self.what.to_owned(), why.clone());
        self.waits.entries().extend([entry]);
        self.told = Some((why, Instant::now()));
    }
}

/// Shows a line for each service that is waited for.
impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries();
        entries
            .iter()
            .try_for_each(|(what, why)| writeln!(f, "waiting for {what}: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn attempts_repeat_and_probes_see_the_reason() {
        let waits = Waits::default();
        let tried = Cell::new(0);
        let began = Instant::now();
        let attempt = || {
            tried.set(tried.get() + 1);
            let seen = waits.to_string();
            ready(match tried.get() {
                1 => {
                    assert_eq!(seen, "");
                    Err(Trouble::Passing("first".to_owned()))
                }
                100 => Ok(()),
                2 => {
                    assert_eq!(seen, "waiting for it: first\n");
                    Err(Trouble::Passing("then".to_owned()))
                }
                _ => Err(Trouble::Passing("then".to_owned())),
            })
        };
        waits.until::<(), (), _>("it", attempt).await.unwrap();
        assert_eq!((tried.get(), waits.to_string().as_str()), (100, ""));
        assert!(began.elapsed() < PAUSE_MAX * 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_attempt_is_reported_before_it_ends() {
        let waits = Waits::default();
        let attempt = || async {
            sleep(ATTEMPT_TIME_TOLD * 2).await;
            assert_eq!(waits.to_string(), "waiting for it: no answer yet\n");
            Ok(())
        };
        waits.until::<(), (), _>("it", attempt).await.unwrap();
        assert_eq!(waits.to_string(), "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_problem_ends_the_wait() {
        let attempt = || ready(Err::<(), _>(Trouble::Lasting("a wrong password")));
        let ended = Waits::default().until("it", attempt).await;
        assert_eq!(ended, Err("a wrong password"));
    }
}
