//! The begin and end of a snapshot, found by the engine's counter of bytes written.

use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::counters::{Counters, Engine};

/// The interval of readings of the counter.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The number of bytes that are written without a snapshot, before it and in this many readings
/// after it.
const QUIET_BYTES: u64 = 256 * 1024;
const QUIET_LOOKS: usize = 5;

/// Readings: time and number of bytes written.
pub(super) type Samples = Vec<(Duration, u64)>;

/// A period in which much was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Burst {
    pub(super) from: Duration,
    pub(super) to: Duration,
    pub(super) written_bytes: u64,
}

/// Readings on a separate thread.
pub(super) struct Watch {
    /// The thread ends when this closes.
    running: SyncSender<()>,
    thread: JoinHandle<Result<Samples>>,
}

impl Watch {
    pub(super) fn start(admin: SocketAddr, epoch: Instant) -> Self {
        let (running, runs) = mpsc::sync_channel(0);
        let thread = thread::spawn(move || {
            let mut samples = Samples::new();
            loop {
                let written = Counters::read(admin, Engine::File)?.written_bytes;
                samples.push((epoch.elapsed(), written));
                if runs.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
                    return Ok(samples);
                }
            }
        });
        Self { running, thread }
    }

    pub(super) fn stop(self) -> Result<Samples> {
        drop(self.running);
        let samples = self.thread.join();
        samples.map_err(|_| anyhow!("the watch panicked"))?
    }
}

/// Finds the first period in which at least this much was written, up to a quiet time.
pub(super) fn first_burst(samples: &Samples, bytes: u64) -> Option<Burst> {
    let begin = samples.first()?.1;
    let started = samples.iter().position(|it| it.1 > begin + QUIET_BYTES)?;
    let full = samples.iter().position(|it| it.1 >= begin + bytes)?;
    let ended = (full..samples.len()).find(|at| {
        let later = samples.get(at + QUIET_LOOKS);
        later.is_some_and(|later| later.1 - samples[*at].1 < QUIET_BYTES)
    })?;
    Some(Burst {
        from: samples[started.saturating_sub(1)].0,
        to: samples[ended].0,
        written_bytes: samples[ended].1 - begin,
    })
}

/// Returns the period from the beginning until `end`.
pub(super) fn until(samples: &Samples, end: Duration) -> Option<Burst> {
    let (from, begin) = *samples.first()?;
    let (_, last) = samples.iter().find(|it| it.0 >= end)?;
    Some(Burst {
        from,
        to: end,
        written_bytes: last - begin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(mebibytes: &[u64]) -> Samples {
        let each = mebibytes.iter().enumerate();
        each.map(|(at, it)| (Duration::from_millis(at as u64), it << 20))
            .collect()
    }

    #[test]
    fn a_burst_lasts_from_the_first_write_to_the_last() {
        let samples = samples(&[1, 1, 1, 40, 80, 101, 102, 102, 102, 102, 102, 102, 140]);
        let burst = Burst {
            from: Duration::from_millis(2),
            to: Duration::from_millis(6),
            written_bytes: 101 << 20,
        };
        assert_eq!(first_burst(&samples, 100 << 20), Some(burst));
        assert_eq!(first_burst(&samples, 200 << 20), None);
        assert_eq!(first_burst(&samples[..8].to_vec(), 100 << 20), None);
    }
}
