//! The load generator: thousands of clients on one thread.

mod alarm;
mod client;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token};

use wayfare_protocol::wire::server_frame;

use crate::wire::Event;

use alarm::Alarm;

pub(crate) use client::{Client, Speaks};

/// The number of clients that connect at the same time: below the backlog of any listener.
const ARRIVING_MAX: usize = 64;
/// The time limit from the first connection to the last member.
const ARRIVAL_TIME_MAX: Duration = Duration::from_secs(60);
/// The number of clients that are read before the schedule is checked again.
const EVENTS_MAX: usize = 64;
/// The size of a read: the largest view and its header fit.
const SCRATCH_BYTES: usize = 1024 * 1024 + 4096;

const ALARM: Token = Token(usize::MAX);

/// All clients of a server.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    alarm: Alarm,
    scratch: Vec<u8>,
    address: SocketAddr,
    clients: Vec<Client>,
    epoch: Instant,
}

/// A message that a client received.
#[derive(Clone, Debug)]
pub(crate) enum Heard<'a> {
    /// An event of its room.
    Event(Event<'a>),
    /// Any other frame of the protocol except `Applied`.
    Other(server_frame::Body),
}

impl Crowd {
    /// Makes a crowd without clients. `epoch` is the origin of its clock.
    pub(crate) fn new(address: SocketAddr, epoch: Instant) -> Result<Self> {
        let poll = Poll::new()?;
        Ok(Self {
            alarm: Alarm::new(poll.registry(), ALARM)?,
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            scratch: vec![0; SCRATCH_BYTES],
            address,
            clients: Vec::new(),
            epoch,
        })
    }

    /// Returns the time on this crowd's clock.
    pub(crate) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// Connects a client for each of the targets, and waits until all have arrived.
    pub(crate) fn arrive(&mut self, rooms: Vec<Speaks>) -> Result<()> {
        let deadline = self.now() + ARRIVAL_TIME_MAX;
        let wanted = self.clients.len() + rooms.len();
        let mut rooms = rooms.into_iter();
        let mut arrived = self.clients.len();
        while arrived < wanted {
            ensure!(
                self.now() < deadline,
                "only {arrived} of {wanted} clients came in within {ARRIVAL_TIME_MAX:?}"
            );
            while self.clients.len() < arrived + ARRIVING_MAX
                && let Some(speaks) = rooms.next()
            {
                self.connect(speaks)?;
            }
            let soon = self.now() + Duration::from_millis(100);
            self.turn(soon, |_, _, _| Ok(()))?;
            // Clients arrive nearly in the order of their numbers, so checking the first missing
            // one is enough.
            while self.clients.get(arrived).is_some_and(Client::is_there) {
                arrived += 1;
            }
        }
        Ok(())
    }

    fn connect(&mut self, speaks: Speaks) -> Result<()> {
        let mut stream = mio::net::TcpStream::connect(self.address)?;
        let token = Token(self.clients.len());
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token, both)?;
        let host = self.address;
        self.clients.push(Client::new(stream, speaks, host));
        Ok(())
    }

    /// Waits for readable sockets, until `wake_at` at the latest, and reads from each. `heard` gets
    /// the client's number and the time of the read.
    pub(crate) fn turn(
        &mut self,
        wake_at: Duration,
        mut heard: impl FnMut(usize, Duration, Heard<'_>) -> Result<()>,
    ) -> Result<()> {
        let timeout = match wake_at.checked_sub(self.epoch.elapsed()) {
            None | Some(Duration::ZERO) => Some(Duration::ZERO),
            Some(delay) => {
                self.alarm.set(wake_at, delay)?;
                None
            }
        };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        for event in &self.events {
            if event.token() == ALARM {
                self.alarm.rang();
                continue;
            }
            let Token(index) = event.token();
            let Some(client) = self.clients.get_mut(index) else {
                bail!("an event for client {index}, which does not exist");
            };
            let mut each = || -> Result<()> {
                if event.is_writable() {
                    client.writable()?;
                }
                if event.is_readable() {
                    let mut heard = |now, what: Heard<'_>| heard(index, now, what);
                    client.read(&mut self.scratch, self.epoch, &mut heard)?;
                }
                ensure!(
                    !event.is_read_closed(),
                    "the server has closed the connection"
                );
                Ok(())
            };
            each().with_context(|| format!("client {index}"))?;
        }
        Ok(())
    }

    /// Sends a command of a member.
    pub(crate) fn command(&mut self, client: usize, payload: &[u8]) -> Result<()> {
        self.client(client)?.command(payload)
    }

    /// Sends several commands of a member in one write.
    pub(crate) fn commands<'a>(
        &mut self,
        client: usize,
        payloads: impl Iterator<Item = &'a [u8]>,
    ) -> Result<()> {
        self.client(client)?.commands(payloads)
    }

    /// Sends the first half of a command, as a network that splits it would, and returns the rest.
    pub(crate) fn command_first_half(&mut self, client: usize, payload: &[u8]) -> Result<Vec<u8>> {
        self.client(client)?.command_first_half(payload)
    }

    /// Sends the rest of a split command. The client must send nothing else in between.
    pub(crate) fn send_rest(&mut self, client: usize, rest: &[u8]) -> Result<()> {
        self.client(client)?.send_framed(rest)
    }

    /// Sends a ping of every client, which keeps the sessions alive.
    pub(crate) fn ping_all(&mut self) -> Result<()> {
        for client in &mut self.clients {
            client.ping()?;
        }
        Ok(())
    }

    /// Sends a ping of a client.
    pub(crate) fn ping(&mut self, client: usize) -> Result<()> {
        self.client(client)?.ping()
    }

    /// Makes a client leave its room.
    pub(crate) fn leave(&mut self, client: usize) -> Result<()> {
        self.client(client)?.leave()
    }

    /// Makes a client that has left join another room.
    pub(crate) fn join(&mut self, client: usize, room: String) -> Result<()> {
        self.client(client)?.join(room)
    }

    fn client(&mut self, client: usize) -> Result<&mut Client> {
        self.clients
            .get_mut(client)
            .with_context(|| format!("there is no client {client}"))
    }
}
