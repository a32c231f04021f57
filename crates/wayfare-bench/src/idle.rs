//! `wayfare bench idle`: the memory of a silent session, before and after it has sent anything, and
//! its processor time.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;
use wayfare_protocol::limits::HEARTBEAT;
use wayfare_protocol::wire::server_frame::Body;

use crate::crowd::{Crowd, Heard};
use crate::output::{Table, print, progress};
use crate::process::raise_open_files;
use crate::server::ServerNode;
use crate::statistics::{rounded, slope};

/// The size of the one command that each session sends, and of its reply.
const TRAFFIC_BYTES: usize = 16 * 1024;
/// The number of commands in flight.
const SPEAKING_MAX: usize = 16;
/// The pause between the halves of a command: longer than a turn of the server.
const HALVES_APART: Duration = Duration::from_millis(1);
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// The number of keep-alive rounds between the last command and the measurement, at a session's
/// usual interval of ten seconds: an allocator returns memory to the system only while it is used.
const SETTLE_ROUNDS: u32 = 3;
const SETTLE_ROUND: Duration = Duration::from_secs(1);
/// The time in which the processor time of quiet sessions is measured.
const QUIET_LENGTH: Duration = Duration::from_secs(5);

/// The memory of sessions that are silent members of one room.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Idle {
    /// The number of sessions at the first measurement.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    from: u32,
    /// The number of sessions at the second one.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=19_000))]
    to: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    /// Anonymous resident memory: the slope between the two measurements.
    rss_bytes_per_connection: f64,
    rss_bytes_per_connection_after_traffic: f64,
    /// The server's processor time for a session that only keeps itself alive: the slope, too.
    cpu_us_per_connection_per_s: f64,
    connections: (u32, u32),
    rss_bytes: (u64, u64),
    rss_bytes_after_traffic: (u64, u64),
}

impl Idle {
    /// # Errors
    /// If the server or a client fails.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(
            self.from < self.to,
            "a slope needs two different numbers of sessions"
        );
        raise_open_files(u64::from(self.to) + 256)?;
        let connections = (self.from, self.to);
        let few = measure(self.from)?;
        let many = measure(self.to)?;
        let silent = (few.silent, many.silent);
        let spoken = (few.after_traffic, many.after_traffic);
        let quiet = (few.quiet_us, many.quiet_us);
        let report = Report {
            rss_bytes_per_connection: rounded(slope(connections, silent)),
            rss_bytes_per_connection_after_traffic: rounded(slope(connections, spoken)),
            cpu_us_per_connection_per_s: rounded(
                slope(connections, quiet) / QUIET_LENGTH.as_secs_f64(),
            ),
            connections,
            rss_bytes: silent,
            rss_bytes_after_traffic: spoken,
        };
        print(self.json, &report)
    }
}

/// The memory of a server in bytes, and its processor time in microseconds.
struct Weights {
    silent: u64,
    after_traffic: u64,
    /// In [`QUIET_LENGTH`].
    quiet_us: u64,
}

/// Measures this number of sessions in a new server. In a server that had fewer before, new
/// sessions would use memory freed after the earlier traffic, and look cheap.
fn measure(sessions: u32) -> Result<Weights> {
    let mut sessions = Sessions::arrive(sessions)?;
    let silent = sessions.settled_bytes("have said nothing")?;
    sessions.speak()?;
    let after_traffic = sessions.settled_bytes("have spoken")?;
    Ok(Weights {
        silent,
        after_traffic,
        quiet_us: sessions.quiet_us()?,
    })
}

struct Sessions {
    node: ServerNode,
    crowd: Crowd,
    pinged: Duration,
}

impl Sessions {
    fn arrive(sessions: u32) -> Result<Self> {
        let node = ServerNode::start()?;
        let crowd = Crowd::new(node.process().address(), Instant::now())?;
        let mut all = Self {
            node,
            crowd,
            pinged: Duration::ZERO,
        };
        // In groups, so that the sessions already connected are kept alive meanwhile.
        for first in (0..sessions).step_by(500) {
            let group = first..sessions.min(first + 500);
            let room = || Some("echo/idle".to_owned());
            let speaks = group.map(|client| all.node.speaks(client, room()));
            let speaks = speaks.collect::<Result<_>>()?;
            all.crowd.arrive(speaks)?;
            all.keep_alive()?;
        }
        Ok(all)
    }

    /// Returns the server's memory after a time with keep-alives only.
    fn settled_bytes(&mut self, who: &str) -> Result<u64> {
        for _ in 0..SETTLE_ROUNDS {
            self.crowd.ping_all()?;
            self.listen(SETTLE_ROUND)?;
        }
        let bytes = self.node.process().anonymous_bytes()?;
        let sessions = self.crowd.clients().len();
        progress(format_args!(
            "{sessions} sessions that {who}: {} KiB",
            bytes / 1024
        ));
        self.keep_alive()?;
        Ok(bytes)
    }

    /// Returns the server's processor time while each session sends a keep-alive per heartbeat, all
    /// at different times.
    fn quiet_us(&mut self) -> Result<u64> {
        let share = QUIET_LENGTH.as_secs_f64() / HEARTBEAT.as_secs_f64();
        let pings = (self.crowd.clients().len() as f64 * share) as usize;
        let meter = self.node.process().meter()?;
        let start = self.crowd.now();
        for index in 0..pings {
            let due = start + QUIET_LENGTH.mul_f64(index as f64 / pings as f64);
            while self.crowd.now() < due {
                self.crowd.turn(due, |_, _, _| Ok(()))?;
            }
            self.crowd.ping(index)?;
        }
        self.listen((start + QUIET_LENGTH).saturating_sub(self.crowd.now()))?;
        Ok(u64::try_from(meter.stop()?.server.as_micros())?)
    }

    /// Makes every session send a command and receive the reply. Each command arrives in two
    /// halves, so that the server must buffer the first.
    fn speak(&mut self) -> Result<()> {
        let payload = vec![0x5a; TRAFFIC_BYTES];
        let all: Vec<usize> = (0..self.crowd.clients().len()).collect();
        for group in all.chunks(SPEAKING_MAX) {
            let mut halves = Vec::new();
            for client in group {
                let rest = self.crowd.command_first_half(*client, &payload)?;
                halves.push((*client, rest));
            }
            self.listen(HALVES_APART)?;
            for (client, rest) in halves {
                self.crowd.send_rest(client, &rest)?;
            }
            self.hear_replies(group.len())?;
            self.keep_alive()?;
        }
        Ok(())
    }

    fn hear_replies(&mut self, wanted: usize) -> Result<()> {
        let deadline = self.crowd.now() + ANSWER_TIME_MAX;
        let mut answered = 0;
        while answered < wanted {
            ensure!(
                self.crowd.now() < deadline,
                "the server does not answer in time"
            );
            self.crowd.turn(deadline, |_, _, heard| {
                answered += usize::from(matches!(heard, Heard::Other(Body::Reply(_))));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Handles messages for this time.
    fn listen(&mut self, length: Duration) -> Result<()> {
        let until = self.crowd.now() + length;
        while self.crowd.now() < until {
            self.crowd.turn(until, |_, _, _| Ok(()))?;
        }
        Ok(())
    }

    fn keep_alive(&mut self) -> Result<()> {
        if self.crowd.now() - self.pinged > HEARTBEAT / 2 {
            self.pinged = self.crowd.now();
            self.crowd.ping_all()?;
        }
        Ok(())
    }
}

impl From<&Report> for Table {
    fn from(report: &Report) -> Self {
        let mut table = Self::default();
        let (from, to) = report.connections;
        table.heading(format_args!(
            "memory per session, the slope from {from} to {to}"
        ));
        table.row("silent, bytes", report.rss_bytes_per_connection);
        let after = report.rss_bytes_per_connection_after_traffic;
        table.row("after 16 KiB each way, bytes", after);
        let quiet = report.cpu_us_per_connection_per_s;
        table.row("silent, processor per second, us", quiet);
        table
    }
}
