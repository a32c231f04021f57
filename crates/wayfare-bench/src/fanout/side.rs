//! A server with its own clients, and a leg of load on it.

use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::child::ServerProcess;
use crate::cores::Cores;
use crate::crowd::{Crowd, Heard, Speaks};
use crate::folder::Folder;
use crate::receiver::{Faults, Receiver, room_faults};
use crate::schedule::Schedule;
use crate::server::ServerNode;
use crate::stamp::Stamp;
use crate::statistics::Latencies;
use crate::usage::Usage;

use super::Against;

/// The time limit from the last command to the last delivery. Deliveries that are missing then
/// count as lost.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);
/// The pause between two legs, in which a server can finish its work.
const PAUSE: Duration = Duration::from_millis(300);

/// The numbers of rooms and members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) rooms: u32,
    pub(super) members: u32,
}

impl Shape {
    pub(super) fn clients(self) -> u32 {
        self.rooms * self.members
    }

    fn room_of(self, client: usize) -> usize {
        client % self.rooms as usize
    }

    fn place_of(self, client: usize) -> usize {
        client / self.rooms as usize
    }
}

/// A server under load, with its clients and their records.
pub(super) struct Side {
    server: ServerProcess,
    crowd: Crowd,
    shape: Shape,
    /// The receivers by room, then by the member's place in it.
    receivers: Vec<Vec<Receiver>>,
    sent: Vec<Vec<u32>>,
    received: u64,
    expected: u64,
    keeps_alive: bool,
}

/// The result of a leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) deliveries: u64,
    /// Deliveries that had not arrived at the end.
    pub(super) missing: u64,
    /// The time from the start of the schedule to its end or the last delivery, whichever is later.
    pub(super) elapsed: Duration,
    /// The processor time from before the first command to after the last delivery.
    pub(super) usage: Usage,
    pub(super) latencies: Latencies,
    /// The delay of the generator itself.
    pub(super) lateness: Latencies,
}

impl Leg {
    pub(super) fn deliveries_per_s(&self) -> f64 {
        self.deliveries as f64 / self.elapsed.as_secs_f64()
    }

    pub(super) fn server_us_per_delivery(&self) -> f64 {
        self.usage.server.as_secs_f64() * 1e6 / self.deliveries.max(1) as f64
    }
}

/// Starts Bun, whose own pub/sub is the server.
fn start_bun(folder: Rc<Folder>) -> Result<ServerProcess> {
    let script = folder.path().join("bun_server.js");
    std::fs::write(&script, include_str!("../bun_server.js"))?;
    let mut start = Command::new("bun");
    start.arg(script);
    ServerProcess::spawn(start, folder).context(
        "bun is compared with where it is: put it in PATH, such as by `npm install -g bun`",
    )
}

impl Side {
    /// Starts a node, with all clients in their rooms. Clocks begin at `epoch`.
    pub(super) fn wayfare(shape: Shape, epoch: Instant, cores: Cores) -> Result<Self> {
        cores.for_server()?;
        let node = ServerNode::start()?;
        cores.for_load()?;
        let speaks = (0..shape.clients()).map(|client| {
            let room = shape.room_of(client as usize);
            node.speaks(client, Some(format!("fanout/{room}")))
        });
        let speaks = speaks.collect::<Result<_>>()?;
        Self::start(node.into_process(), speaks, shape, epoch)
    }

    /// Starts the server for comparison, with all clients in their rooms.
    pub(super) fn other(
        against: Against,
        shape: Shape,
        epoch: Instant,
        cores: Cores,
    ) -> Result<Self> {
        let folder = Rc::new(Folder::make()?);
        cores.for_server()?;
        let process = match against {
            Against::Raw => ServerProcess::start("raw-server", folder, &[])?,
            Against::Bun => start_bun(folder)?,
        };
        cores.for_load()?;
        let rooms = (0..shape.clients()).map(|client| shape.room_of(client as usize) as u32);
        let speaks = rooms.map(|room| Speaks::Raw { room }).collect();
        Self::start(process, speaks, shape, epoch)
    }

    fn start(
        server: ServerProcess,
        speaks: Vec<Speaks>,
        shape: Shape,
        epoch: Instant,
    ) -> Result<Self> {
        let mut crowd = Crowd::new(server.address(), epoch)?;
        let keeps_alive = matches!(speaks.first(), Some(Speaks::Wayfare { .. }));
        crowd.arrive(speaks)?;
        let (rooms, members) = (shape.rooms as usize, shape.members as usize);
        let mut receivers = vec![Vec::with_capacity(members); rooms];
        for (index, client) in crowd.clients().iter().enumerate() {
            let position = client.membership().map_or(0, |stay| stay.position);
            receivers[shape.room_of(index)].push(Receiver::new(members, position));
        }
        Ok(Self {
            server,
            crowd,
            shape,
            receivers,
            sent: vec![vec![0; members]; rooms],
            received: 0,
            expected: 0,
            keeps_alive,
        })
    }

    pub(super) const fn shape(&self) -> Shape {
        self.shape
    }

    /// Loads the server by this schedule and waits for all deliveries.
    pub(super) fn leg(&mut self, mut schedule: Schedule) -> Result<Leg> {
        let mut latencies = Latencies::new()?;
        let mut lateness = Latencies::new()?;
        self.expected += schedule.len() * u64::from(self.shape.members);
        let received_before = self.received;
        let meter = self.server.meter()?;
        let start = self.crowd.now();
        let mut drain_until = None;
        while self.received < self.expected {
            let now = self.crowd.now();
            while let Some(due) = schedule.pop(now - start) {
                let sent_at = self.crowd.now();
                lateness.record_ns((sent_at - start - due.at).as_nanos() as u64);
                self.send(due.client as usize, start + due.at)?;
            }
            let wake_at = match schedule.peek() {
                Some(due) => start + due.at,
                None => *drain_until.get_or_insert(now + DRAIN_TIME_MAX),
            };
            if drain_until.is_some_and(|until| now >= until) {
                break;
            }
            self.listen(wake_at, &mut latencies)?;
        }
        Ok(Leg {
            deliveries: self.received - received_before,
            missing: self.expected - self.received,
            elapsed: (self.crowd.now() - start).max(schedule.length()),
            usage: meter.stop()?,
            latencies,
            lateness,
        })
    }

    fn send(&mut self, client: usize, due: Duration) -> Result<()> {
        let (room, place) = (self.shape.room_of(client), self.shape.place_of(client));
        let number = &mut self.sent[room][place];
        let stamp = Stamp {
            sender: place as u32,
            number: *number,
            due_ns: due.as_nanos() as u64,
        };
        *number += 1;
        self.crowd.command(client, &stamp.encode())
    }

    fn listen(&mut self, wake_at: Duration, latencies: &mut Latencies) -> Result<()> {
        let (shape, receivers, received) = (self.shape, &mut self.receivers, &mut self.received);
        self.crowd.turn(wake_at, |client, now, heard| {
            let Heard::Event(event) = heard else {
                return Ok(());
            };
            let receiver = &mut receivers[shape.room_of(client)][shape.place_of(client)];
            match Stamp::decode(event.payload) {
                Some(stamp) if receiver.hear(event.sequence, stamp) => {
                    latencies.record_ns((now.as_nanos() as u64).saturating_sub(stamp.due_ns));
                    *received += 1;
                    Ok(())
                }
                _ => bail!("an event that no client of the room has sent: {event:?}"),
            }
        })
    }

    /// Lets the server finish, accepts late messages, and keeps the sessions alive.
    pub(super) fn pause(&mut self) -> Result<()> {
        if self.keeps_alive {
            self.crowd.ping_all()?;
        }
        let until = self.crowd.now() + PAUSE;
        let mut late = Latencies::new()?;
        while self.crowd.now() < until {
            self.listen(until, &mut late)?;
        }
        Ok(())
    }

    /// Returns the faults so far, including the warm-up.
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        for (receivers, sent) in self.receivers.iter().zip(&self.sent) {
            faults.add(room_faults(receivers, sent));
        }
        faults
    }
}
