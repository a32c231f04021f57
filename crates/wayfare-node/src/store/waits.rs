//! Waiting at the start for a service that is not there yet, and saying so.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How soon, and at last how seldom, a service is tried again.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The same reason is told again.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// An attempt that takes longer is told of before it ends.
const ATTEMPT_TIME_TOLD: Duration = Duration::from_secs(2);

/// Why an attempt came to nothing.
pub(crate) enum Trouble<E> {
    /// It may be over by itself.
    Passing(String),
    /// Somebody has to do something.
    Lasting(E),
}

/// What a start waits for, for the probes of its door. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Waits(Arc<Mutex<BTreeMap<String, String>>>);

impl Waits {
    /// Tries until it works or never will. What keeps it from working is told to the log: at once,
    /// when it changes, and every so often.
    pub(crate) async fn until<T, E, F>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, Trouble<E>>>,
    {
        let mut pause = PAUSE_MIN;
        let mut told: Option<(String, Instant)> = None;
        let began = Instant::now();
        loop {
            let mut attempt = pin!(attempt());
            let attempted = match timeout(ATTEMPT_TIME_TOLD, attempt.as_mut()).await {
                Ok(attempted) => attempted,
                Err(_) => {
                    if told.is_none() {
                        let why = "no answer yet".to_owned();
                        told = Some(self.tell(what, why));
                    }
                    attempt.await
                }
            };
            let why = match attempted {
                Ok(done) => {
                    if told.is_some() {
                        let waited = began.elapsed();
                        tracing::warn!(?waited, "{what} is there: the start goes on");
                    }
                    self.entries().remove(what);
                    return Ok(done);
                }
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing(why)) => why,
            };
            let is_news = told
                .as_ref()
                .is_none_or(|(before, at)| *before != why || at.elapsed() >= TELL_EVERY);
            if is_news {
                told = Some(self.tell(what, why));
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn tell(&self, what: &str, why: String) -> (String, Instant) {
        tracing::warn!("waiting for {what}: {why}");
        self.entries().insert(what.to_owned(), why.clone());
        (why, Instant::now())
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line for each service that is waited for.
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
    async fn it_is_tried_until_it_works_and_probes_see_why_not() {
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
    async fn an_attempt_that_takes_long_is_seen_before_it_ends() {
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
    async fn what_never_will_work_ends_it() {
        let attempt = || ready(Err::<(), _>(Trouble::Lasting("a wrong password")));
        let ended = Waits::default().until("it", attempt).await;
        assert_eq!(ended, Err("a wrong password"));
    }
}
