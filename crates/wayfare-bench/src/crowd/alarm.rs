//! A timer with a precision of microseconds; `epoll_wait` itself has only milliseconds.

use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use anyhow::Result;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// A timer of the system, registered with a poll.
#[derive(Debug)]
pub(super) struct Alarm {
    timer: OwnedFd,
    /// The time it was set for, unless it has rung since.
    set_for: Option<Duration>,
}

impl Alarm {
    pub(super) fn new(registry: &Registry, token: Token) -> Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self {
            timer,
            set_for: None,
        })
    }

    /// Sets the timer to ring once, at `time`, which is `delay` from now. An earlier setting is
    /// void. It need not be read: readiness is edge-triggered, and each setting causes a new edge.
    pub(super) fn set(&mut self, time: Duration, delay: Duration) -> Result<()> {
        if self.set_for == Some(time) {
            return Ok(());
        }
        let delay = delay.max(Duration::from_nanos(1));
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: delay.try_into()?,
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        self.set_for = Some(time);
        Ok(())
    }

    /// Records that it rang. The next setting counts, even if the ring belongs to an earlier one.
    pub(super) fn rang(&mut self) {
        self.set_for = None;
    }
}
