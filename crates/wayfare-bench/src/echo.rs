//! `wayfare bench echo`: the time from a command to its reply, over WebSocket, at a fixed rate.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use wayfare_protocol::wire::reply;
use wayfare_protocol::wire::server_frame::Body;

use crate::crowd::{Crowd, Heard};
use crate::output::{Table, print, progress};
use crate::process::raise_open_files;
use crate::receiver::{Faults, Receiver};
use crate::schedule::Schedule;
use crate::server::ServerNode;
use crate::stamp::Stamp;
use crate::statistics::{Latencies, Latency};

const WARM_UP: Duration = Duration::from_secs(1);
/// The time limit from the last command to the last reply. Replies that are missing then count as
/// lost.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// Round trips of sessions that are each alone in a room, measured from the due time.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Echo {
    /// The number of sessions.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// The number of commands per second of each session.
    #[arg(long, value_name = "HZ", default_value_t = 20.0)]
    rate: f64,
    /// The measured time in seconds, without the warm-up.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    rtt_us: Latency,
    replies: u64,
    lost: u64,
    duplicated: u64,
    reordered: u64,
    /// The delay of the generator itself, which is part of the times above.
    generator_late_us: Latency,
}

impl Echo {
    /// # Errors
    /// If the server or a client fails, or a reply was lost, duplicated or reordered.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(
            (0.2..=90.0).contains(&self.rate) && (0.1..=600.0).contains(&self.seconds),
            "0.2 to 90 commands per second of each session, for 0.1 to 600 seconds"
        );
        raise_open_files(u64::from(self.connections) + 256)?;
        let node = ServerNode::start()?;
        let mut crowd = Crowd::new(node.process().address(), Instant::now())?;
        let clients = 0..self.connections;
        let speaks = clients.map(|client| node.speaks(client, Some(format!("echo/{client}"))));
        crowd.arrive(speaks.collect::<Result<_>>()?)?;
        let mut receivers = vec![Receiver::new(1, 0); self.connections as usize];
        let mut sent = vec![0; receivers.len()];
        let mut load = Load {
            crowd: &mut crowd,
            receivers: &mut receivers,
            sent: &mut sent,
        };
        load.run(self.schedule(WARM_UP))?;
        progress(format_args!(
            "{} sessions for {} s",
            self.connections, self.seconds
        ));
        let (rtt, late) = load.run(self.schedule(Duration::from_secs_f64(self.seconds)))?;
        let mut faults = Faults::default();
        for (receiver, sent) in receivers.iter().zip(&sent) {
            faults.add(receiver.faults(&[*sent]));
        }
        let microsecond = Duration::from_micros(1);
        let report = Report {
            rtt_us: rtt.summary(microsecond),
            replies: rtt.len(),
            lost: faults.lost,
            duplicated: faults.duplicated,
            reordered: faults.reordered,
            generator_late_us: late.summary(microsecond),
        };
        print(self.json, &report)?;
        ensure!(!faults.any(), "replies were lost, doubled or out of order");
        Ok(())
    }

    fn schedule(&self, length: Duration) -> Schedule {
        Schedule::new(self.connections, self.rate, length)
    }
}

struct Load<'a> {
    crowd: &'a mut Crowd,
    receivers: &'a mut [Receiver],
    sent: &'a mut [u32],
}

impl Load<'_> {
    /// Sends by the schedule. Returns the round trips and the generator's own delay.
    fn run(&mut self, mut schedule: Schedule) -> Result<(Latencies, Latencies)> {
        let mut rtt = Latencies::new()?;
        let mut lateness = Latencies::new()?;
        let start = self.crowd.now();
        let mut drain_until = None;
        while rtt.len() < schedule.len() {
            let now = self.crowd.now();
            while let Some(due) = schedule.pop(now - start) {
                let sent_at = self.crowd.now();
                lateness.record_ns((sent_at - start - due.at).as_nanos() as u64);
                let client = due.client as usize;
                let stamp = Stamp {
                    sender: 0,
                    number: self.sent[client],
                    due_ns: (start + due.at).as_nanos() as u64,
                };
                self.sent[client] += 1;
                self.crowd.command(client, &stamp.encode())?;
            }
            let wake_at = match schedule.peek() {
                Some(due) => start + due.at,
                None => *drain_until.get_or_insert(now + DRAIN_TIME_MAX),
            };
            if drain_until.is_some_and(|until| now >= until) {
                break;
            }
            let receivers = &mut *self.receivers;
            self.crowd.turn(wake_at, |client, now, heard| {
                if let Heard::Other(Body::Reply(reply)) = heard {
                    let Some(reply::Result::Payload(payload)) = reply.result else {
                        bail!("the room refuses a command: {reply:?}");
                    };
                    let stamp = Stamp::decode(&payload).context("a reply nobody waits for")?;
                    receivers[client].hear(reply.sequence, stamp);
                    rtt.record_ns((now.as_nanos() as u64).saturating_sub(stamp.due_ns));
                }
                Ok(())
            })?;
        }
        Ok((rtt, lateness))
    }
}

impl From<&Report> for Table {
    fn from(report: &Report) -> Self {
        let mut table = Self::default();
        let three = |Latency { p50, p99, max, .. }| format!("{p50}, {p99}, {max}");
        table.heading(format_args!("echo, {} replies", report.replies));
        table.row("round trip, us (p50, p99, max)", three(report.rtt_us));
        let faults = format!(
            "{}, {}, {}",
            report.lost, report.duplicated, report.reordered
        );
        table.row("lost, duplicated, reordered", faults);
        table.row(
            "generator late, us (p50, p99, max)",
            three(report.generator_late_us),
        );
        table
    }
}
