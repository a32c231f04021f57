//! The use of the machine's processors during a measurement, by the server, the generator and
//! others.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::{ProcessorTime, time_by_thread};

/// `USER_HZ`, which is 100 on every architecture that a node runs on.
const TICKS_PER_SECOND: u32 = 100;

/// A running measurement.
pub(crate) struct Meter {
    server: u32,
    begun: Instant,
    server_time: ProcessorTime,
    own_time: ProcessorTime,
    busy: Duration,
}

/// The processor time during a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) elapsed: Duration,
    pub(crate) server: Duration,
    pub(crate) generator: Duration,
    /// The time of all other processes, to the hundredth of a second. They may have disturbed the
    /// measurement.
    pub(crate) others: Duration,
    /// The processors of the machine, those included that this process may not use.
    pub(crate) machine: u32,
}

impl Meter {
    /// Starts a measurement. `server` is the process id.
    pub(crate) fn start(server: u32) -> Result<Self> {
        Ok(Self {
            server,
            busy: machine_busy()?,
            own_time: ProcessorTime::read(std::process::id())?,
            server_time: ProcessorTime::read(server)?,
            begun: Instant::now(),
        })
    }

    /// Returns the server's time so far, by the names of its threads.
    pub(crate) fn server_threads(&self) -> Result<BTreeMap<String, Duration>> {
        let now = ProcessorTime::read(self.server)?;
        Ok(time_by_thread(self.server, &self.server_time, &now))
    }

    /// Ends the measurement.
    pub(crate) fn stop(self) -> Result<Usage> {
        let elapsed = self.begun.elapsed();
        let server = ProcessorTime::read(self.server)?.since(&self.server_time);
        let generator = ProcessorTime::read(std::process::id())?.since(&self.own_time);
        let busy = machine_busy()?.saturating_sub(self.busy);
        Ok(Usage {
            elapsed,
            server,
            generator,
            others: busy.saturating_sub(server + generator),
            machine: processors(&fs::read_to_string("/proc/stat")?),
        })
    }
}

impl Usage {
    /// Converts a processor time to a number of processors.
    pub(crate) fn processors(&self, time: Duration) -> f64 {
        time.as_secs_f64() / self.elapsed.as_secs_f64()
    }

    /// Returns the share of its processor that the server left unused.
    pub(crate) fn server_headroom(&self) -> f64 {
        1.0 - self.processors(self.server)
    }

    /// Returns the share of its processor that the generator left unused.
    pub(crate) fn generator_headroom(&self) -> f64 {
        1.0 - self.processors(self.generator)
    }

    /// Returns the number of processors that nobody used.
    pub(crate) fn machine_headroom(&self) -> f64 {
        f64::from(self.machine) - self.processors(self.server + self.generator + self.others)
    }
}

/// Returns the time that the machine's processors were busy, added up.
fn machine_busy() -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    busy_ticks(&text).map(|ticks| Duration::from_secs(ticks) / TICKS_PER_SECOND)
}

/// Counts the lines `cpu0 …`, `cpu1 …`.
fn processors(stat: &str) -> u32 {
    let names = stat.lines().filter_map(|line| line.strip_prefix("cpu"));
    let numbered = names.filter(|name| name.starts_with(|first: char| first.is_ascii_digit()));
    u32::try_from(numbered.count()).unwrap_or(u32::MAX)
}

/// Parses `cpu user nice system idle iowait irq softirq steal …` and adds all but idle and waiting.
fn busy_ticks(stat: &str) -> Result<u64> {
    let line = stat
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("cpu "));
    let fields = line
        .context("/proc/stat does not begin with cpu")?
        .split_ascii_whitespace();
    let ticks: Vec<u64> = fields.take(8).map(str::parse).collect::<Result<_, _>>()?;
    Ok([0, 1, 2, 5, 6, 7]
        .iter()
        .filter_map(|field| ticks.get(*field))
        .sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_work() {
        let stat = "cpu  10 1 20 999 999 3 4 5 7 7\ncpu0 1 1 1 1\n";
        assert_eq!(busy_ticks(stat).unwrap(), 43);
        assert!(busy_ticks("nothing").is_err());
        assert_eq!(processors(stat), 1);
    }

    #[test]
    fn a_process_that_works_is_seen_to() {
        // A loaded machine may give no time to this test, so the work is repeated until it shows.
        let works = || {
            let meter = Meter::start(std::process::id()).unwrap();
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(50) {}
            let usage = meter.stop().unwrap();
            usage.server > Duration::from_millis(1) && usage.processors(usage.server) > 0.0
        };
        assert!((0..100).any(|_| works()));
    }
}
