//! A wake-up to the microsecond: `epoll_wait` itself only knows milliseconds.

use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use anyhow::Result;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// One timer of the system, registered with a poll.
#[derive(Debug)]
pub(super) struct Alarm {
    timer: OwnedFd,
    /// What it was set for, unless it has rung since.
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

    /// Rings once, at `time`, which is `delay` from now; the time set before is void. It need not
    /// be read: readiness is edge-triggered, and each setting is another edge.
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

    /// It rang, now or before it was set anew: the next setting counts in any case.
    pub(super) fn rang(&mut self) {
        self.set_for = None;
    }
}
