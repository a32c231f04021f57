//! The measured time, and the work of the machine in it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::child::ServerProcess;
use crate::counters::{Counters, Engine};
use crate::process::disk_bytes_written;
use crate::usage::{Meter, Usage};

/// The measurement window. It opens after the warm-up and closes by itself.
pub(super) struct Window<'a> {
    server: &'a ServerProcess,
    engine: Engine,
    from: Duration,
    to: Duration,
    opened: Option<Opened>,
    closed: Option<Closed>,
}

/// Reads counters on a separate thread, so that the reading adds to no latency.
type Reading = JoinHandle<Result<Counters>>;

struct Opened {
    meter: Meter,
    counters: Reading,
    disk_bytes: u64,
}

struct Closed {
    usage: Usage,
    server_threads: BTreeMap<String, Duration>,
    counters: (Reading, Reading),
    disk_bytes: u64,
}

/// The work of the machine in the window.
pub(super) struct Measured {
    pub(super) usage: Usage,
    pub(super) server_threads: BTreeMap<String, Duration>,
    pub(super) counters: Counters,
    pub(super) disk_bytes: u64,
}

impl<'a> Window<'a> {
    pub(super) fn new(
        server: &'a ServerProcess,
        engine: Engine,
        from: Duration,
        length: Duration,
    ) -> Self {
        Self {
            server,
            engine,
            from,
            to: from + length,
            opened: None,
            closed: None,
        }
    }

    pub(super) fn ends_at(&self) -> Duration {
        self.to
    }

    pub(super) fn is_over(&self) -> bool {
        self.closed.is_some()
    }

    pub(super) fn holds(&self, time: Duration) -> bool {
        (self.from..self.to).contains(&time)
    }

    /// Returns the time at which [`Window::look`] must be called.
    pub(super) fn next_look(&self) -> Option<Duration> {
        match (&self.opened, &self.closed) {
            (_, Some(_)) => None,
            (Some(_), None) => Some(self.to),
            (None, None) => Some(self.from),
        }
    }

    /// Opens or closes the window, if it is time.
    pub(super) fn look(&mut self, now: Duration) -> Result<()> {
        if self.next_look().is_none_or(|at| now < at) {
            return Ok(());
        }
        let admin = self.server.admin()?;
        let disk_bytes = disk_bytes_written(self.server.id())?;
        let Some(opened) = self.opened.take() else {
            self.opened = Some(Opened {
                meter: self.server.meter()?,
                counters: read(admin, self.engine),
                disk_bytes,
            });
            return Ok(());
        };
        self.closed = Some(Closed {
            server_threads: opened.meter.server_threads()?,
            usage: opened.meter.stop()?,
            counters: (opened.counters, read(admin, self.engine)),
            disk_bytes: disk_bytes - opened.disk_bytes,
        });
        Ok(())
    }

    pub(super) fn measured(self) -> Result<Measured> {
        let closed = self.closed.context("the window is still open")?;
        let (before, after) = closed.counters;
        let before = before.join().map_err(|_| anyhow!("a reader panicked"))??;
        let after = after.join().map_err(|_| anyhow!("a reader panicked"))??;
        Ok(Measured {
            usage: closed.usage,
            server_threads: closed.server_threads,
            counters: after.since(&before),
            disk_bytes: closed.disk_bytes,
        })
    }
}

fn read(admin: SocketAddr, engine: Engine) -> Reading {
    thread::spawn(move || Counters::read(admin, engine))
}
