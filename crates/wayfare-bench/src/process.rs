//! The processor time and memory of a process, as the system reports them.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The processor time of each thread of a process, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessorTime(BTreeMap<u32, u64>);

impl ProcessorTime {
    /// Reads the time of all threads alive now (`/proc/PID/task/TID/schedstat`).
    pub(crate) fn read(process: u32) -> Result<Self> {
        let mut times = BTreeMap::new();
        let folder = format!("/proc/{process}/task");
        for entry in fs::read_dir(&folder).with_context(|| folder.clone())? {
            let entry = entry?;
            let Some(thread) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            match fs::read_to_string(entry.path().join("schedstat")) {
                Ok(text) => times.insert(thread, on_processor(&text)?),
                // The thread has ended meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
        }
        ensure!(!times.is_empty(), "process {process} has no threads");
        Ok(Self(times))
    }

    /// Returns the time since `earlier`, of the threads that still exist.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let passed = |(thread, now): (&u32, &u64)| {
            now.saturating_sub(earlier.0.get(thread).copied().unwrap_or(0))
        };
        Duration::from_nanos(self.0.iter().map(passed).sum())
    }
}

/// Returns the time of each thread since `earlier`, by name; threads with the same name are added
/// up.
pub(crate) fn time_by_thread(
    process: u32,
    earlier: &ProcessorTime,
    later: &ProcessorTime,
) -> BTreeMap<String, Duration> {
    let mut times = BTreeMap::<String, Duration>::new();
    for (thread, now) in &later.0 {
        let name = fs::read_to_string(format!("/proc/{process}/task/{thread}/comm"));
        // The thread has ended, so its time is small.
        let Ok(name) = name else { continue };
        let passed = now.saturating_sub(earlier.0.get(thread).copied().unwrap_or(0));
        *times.entry(name.trim().to_owned()).or_default() += Duration::from_nanos(passed);
    }
    times
}

/// Returns the bytes that the process caused to be written to disks (`write_bytes`, in whole
/// pages).
pub(crate) fn disk_bytes_written(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/io");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes:"));
    Ok(line.context("no line write_bytes")?.trim().parse()?)
}

/// Parses the first of three numbers: nanoseconds on a processor.
fn on_processor(schedstat: &str) -> Result<u64> {
    let first = schedstat.split_ascii_whitespace().next();
    first
        .and_then(|text| text.parse().ok())
        .context("schedstat does not begin with a number")
}

/// Returns the resident anonymous memory in bytes. The system counts it at this moment, so it is
/// exact; the counters in `status` lag by some pages per processor.
pub(crate) fn anonymous_bytes(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    kibibytes(&text, "Anonymous:")
}

fn kibibytes(text: &str, name: &str) -> Result<u64> {
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix(name) {
            let number = rest.trim().trim_end_matches("kB").trim();
            return Ok(number.parse::<u64>()? * 1024);
        }
    }
    bail!("no line {name}");
}

/// Raises the limit of open files of this process and its children as far as the system allows.
///
/// # Errors
/// If the limit is below `wanted`.
pub(crate) fn raise_open_files(wanted: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised)?;
    let allowed = limit.maximum.unwrap_or(u64::MAX);
    ensure!(
        allowed >= wanted,
        "this needs {wanted} open files, the system allows {allowed} (ulimit -Hn)"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_in_threads_old_and_new() {
        let earlier = ProcessorTime(BTreeMap::from([(1, 100), (2, 50), (9, 7)]));
        let later = ProcessorTime(BTreeMap::from([(1, 150), (2, 50), (3, 30)]));
        assert_eq!(later.since(&earlier), Duration::from_nanos(80));
    }

    #[test]
    fn this_process_has_time_and_memory() {
        let process = std::process::id();
        let before = ProcessorTime::read(process).unwrap();
        let after = ProcessorTime::read(process).unwrap();
        assert!(after.since(&before) < Duration::from_secs(60));
        assert!(anonymous_bytes(process).unwrap() > 0);
    }

    #[test]
    fn lines_of_the_system_are_read() {
        let text = "Rss:  7 kB\nAnonymous:           116 kB\n";
        assert_eq!(kibibytes(text, "Anonymous:").unwrap(), 116 * 1024);
        assert!(kibibytes(text, "Swap:").is_err());
        assert_eq!(
            on_processor("585668745 208046721 87\n").unwrap(),
            585_668_745
        );
        assert!(on_processor("").is_err());
    }
}
