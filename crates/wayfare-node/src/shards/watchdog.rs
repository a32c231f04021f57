//! The present work of each shard, and the thread that notices when one of them does not go on.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wayfare_protocol::EntityId;

use crate::logs::millis;

/// The time between two looks. A hang is measured in looks, not by a clock: a process that was
/// stopped, or is in a debugger, has not looked either.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The least time after which a shard counts as hung: clients notice a pause of this length.
const HUNG_AFTER_MIN: Duration = Duration::from_secs(1);
/// The time between two log lines about the same hang.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// A room, and a handler of it.
pub(crate) type Call = (EntityId, &'static str);

/// The present work of one shard. The shard writes it; others look.
#[derive(Debug, Default)]
pub(crate) struct ShardWatch {
    /// Odd while the shard is in a turn.
    turns: AtomicU64,
    /// Handlers begun and ended.
    calls: AtomicU64,
    handler: Mutex<Option<Call>>,
    is_hung: AtomicBool,
}

impl ShardWatch {
    /// Marks the beginning or the end of a turn. It begins asleep.
    pub(crate) fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// Marks the call of a handler, or its end, and returns the handler that was running.
    pub(crate) fn handler(&self, call: Option<Call>) -> Option<Call> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut running = self.handler.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut running, call)
    }

    /// Returns what the shard hangs in, once it counts as hung.
    pub(crate) fn hung(&self) -> Option<Hung> {
        self.is_hung.load(Ordering::Relaxed).then(|| self.work())
    }

    fn work(&self) -> Hung {
        let handler = self.handler.lock().unwrap_or_else(PoisonError::into_inner);
        Hung(handler.clone())
    }

    fn tell(&self, stuck: Duration) {
        let hung_ms = millis(stuck);
        let work = self.work();
        let (room, handler) = match &work.0 {
            Some((room, handler)) => (Some(room.as_str()), Some(*handler)),
            None => (None, None),
        };
        tracing::error!(room, handler, hung_ms, "{work}");
    }

    fn progress(&self) -> (u64, u64) {
        let turns = self.turns.load(Ordering::Relaxed);
        (turns, self.calls.load(Ordering::Relaxed))
    }
}

/// The room and the handler in which a shard hangs; nothing if it hangs outside of the game's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hung(Option<Call>);

impl fmt::Display for Hung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((room, handler)) => write!(f, "the handler `{handler}` of {room} does not return"),
            None => f.write_str("a shard does not end its turn"),
        }
    }
}

/// The limits of a watchdog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A hang is named in the log, and the node is not ready, after this time.
    pub(crate) hung_after: Duration,
    /// The process ends after this time, if there is a bound.
    pub(crate) abort_after: Option<Duration>,
}

impl Limits {
    /// Returns the limits for these settings.
    pub(crate) fn new(slow_handler: Duration, hung_handler: Option<Duration>) -> Self {
        Self {
            hung_after: slow_handler.max(HUNG_AFTER_MIN),
            abort_after: hung_handler,
        }
    }
}

/// The time for which one shard has made no progress.
#[derive(Debug, Default)]
struct Stuck {
    seen: (u64, u64),
    time: Duration,
    /// Lines written about this hang.
    told: u32,
}

/// The result of a look at a shard.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It works, or sleeps.
    Well,
    /// It may hang, or the log has said so.
    Wait,
    /// It hangs, and the log should say so.
    Tell,
    /// It hangs for longer than the bound.
    Dead,
}

impl Stuck {
    fn look(&mut self, progress: (u64, u64), limits: Limits) -> Verdict {
        let (turns, _) = progress;
        if turns.is_multiple_of(2) || progress != self.seen {
            *self = Self {
                seen: progress,
                ..Self::default()
            };
            return Verdict::Well;
        }
        self.time += LOOK_EVERY;
        if limits.abort_after.is_some_and(|bound| self.time >= bound) {
            return Verdict::Dead;
        }
        if self.time < limits.hung_after + TELL_EVERY * self.told {
            return Verdict::Wait;
        }
        self.told += 1;
        Verdict::Tell
    }
}

/// The thread that looks at all shards of a node. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watchdog {
    _stop: SyncSender<()>,
}

impl Watchdog {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(crate) fn start(shards: Vec<Arc<ShardWatch>>, limits: Limits) -> std::io::Result<Self> {
        let (stop, stopped) = sync_channel::<()>(0);
        thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || {
                let mut all: Vec<Stuck> = shards.iter().map(|_| Stuck::default()).collect();
                while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                    for (shard, stuck) in shards.iter().zip(&mut all) {
                        let verdict = stuck.look(shard.progress(), limits);
                        act(shard, &verdict, stuck.time);
                    }
                }
            })?;
        Ok(Self { _stop: stop })
    }
}

fn act(shard: &ShardWatch, verdict: &Verdict, stuck: Duration) {
    match verdict {
        Verdict::Well => shard.is_hung.store(false, Ordering::Relaxed),
        Verdict::Wait => {}
        Verdict::Tell => {
            shard.is_hung.store(true, Ordering::Relaxed);
            shard.tell(stuck);
        }
        Verdict::Dead => {
            shard.tell(stuck);
            tracing::error!(
                "the process ends, so that its supervisor starts it again (hung_handler)"
            );
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        hung_after: Duration::from_secs(1),
        abort_after: Some(Duration::from_secs(30)),
    };

    /// Looks at the same progress until the verdict, and returns the time that it took.
    fn time_until(stuck: &mut Stuck, expect: &Verdict) -> Duration {
        while stuck.look((1, 1), LIMITS) != *expect {
            assert!(stuck.time < Duration::from_secs(60), "{stuck:?}");
        }
        stuck.time
    }

    #[test]
    fn a_hang_is_told_again_and_again_until_its_end() {
        let mut stuck = Stuck::default();
        for seconds in [1, 11, 21] {
            let time = time_until(&mut stuck, &Verdict::Tell);
            assert_eq!(time, Duration::from_secs(seconds));
        }
        let time = time_until(&mut stuck, &Verdict::Dead);
        assert_eq!(time, Duration::from_secs(30));
    }

    #[test]
    fn a_shard_that_sleeps_or_goes_on_does_not_hang() {
        for step in [(0, 0), (2, 0), (0, 1)] {
            let (mut stuck, mut progress) = (Stuck::default(), (1, 1));
            // Asleep at one progress, or in a turn with another one at each look.
            progress.0 += u64::from(step == (0, 0));
            for _ in 0..1000 {
                assert_eq!(stuck.look(progress, LIMITS), Verdict::Well);
                progress = (progress.0 + step.0, progress.1 + step.1);
            }
        }
    }

    #[test]
    fn a_hang_without_a_bound_is_only_told() {
        let limits = Limits::new(Duration::from_secs(5), None);
        let mut stuck = Stuck::default();
        let dead = (0..10_000).find(|_| stuck.look((1, 1), limits) == Verdict::Dead);
        assert_eq!(dead, None);
        assert_eq!(limits.hung_after, Duration::from_secs(5));
    }
}
