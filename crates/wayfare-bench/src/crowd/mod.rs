//! Thousands of clients on one thread: the load generator.

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

/// Clients that are on their way in at once: below any listener's backlog.
const ARRIVING_MAX: usize = 64;
/// From the first connection to the last member.
const ARRIVAL_TIME_MAX: Duration = Duration::from_secs(60);
/// Clients read from before the schedule is looked at again.
const EVENTS_MAX: usize = 64;
/// One read: the largest view and its header fit.
const SCRATCH_BYTES: usize = 1024 * 1024 + 4096;

const ALARM: Token = Token(usize::MAX);

/// All clients of one server.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    alarm: Alarm,
    scratch: Vec<u8>,
    address: SocketAddr,
    clients: Vec<Client>,
    epoch: Instant,
}

/// Something that came for one client.
#[derive(Clone, Debug)]
pub(crate) enum Heard<'a> {
    /// An event of its room.
    Event(Event<'a>),
    /// Any other frame of the protocol, but for `Applied`.
    Other(server_frame::Body),
}

impl Crowd {
    /// Nobody yet. `epoch` is where the clock begins.
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

    /// Time on this crowd's clock.
    pub(crate) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// Brings clients in, one for each room named, and waits until all are members.
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
            // In the order of their numbers, nearly: the first that is not there yet is enough.
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

    /// Waits for something to read, until `wake_at` at the latest, and reads from each client that
    /// has something. `heard` gets the client's number and the time it was read at.
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

    /// Sends several commands of a member at once.
    pub(crate) fn commands<'a>(
        &mut self,
        client: usize,
        payloads: impl Iterator<Item = &'a [u8]>,
    ) -> Result<()> {
        self.client(client)?.commands(payloads)
    }

    /// Sends the first half of the bytes of a command, as a network would that has cut it, and
    /// gives the rest back.
    pub(crate) fn command_first_half(&mut self, client: usize, payload: &[u8]) -> Result<Vec<u8>> {
        self.client(client)?.command_first_half(payload)
    }

    /// Sends the rest of a command that was cut; nothing else of this client may come between.
    pub(crate) fn send_rest(&mut self, client: usize, rest: &[u8]) -> Result<()> {
        self.client(client)?.send_framed(rest)
    }

    /// Keeps all sessions alive.
    pub(crate) fn ping_all(&mut self) -> Result<()> {
        for client in &mut self.clients {
            client.ping()?;
        }
        Ok(())
    }

    /// One client leaves its room.
    pub(crate) fn leave(&mut self, client: usize) -> Result<()> {
        self.client(client)?.leave()
    }

    /// One client, a member no more, joins another room.
    pub(crate) fn join(&mut self, client: usize, room: String) -> Result<()> {
        self.client(client)?.join(room)
    }

    fn client(&mut self, client: usize) -> Result<&mut Client> {
        self.clients
            .get_mut(client)
            .with_context(|| format!("there is no client {client}"))
    }
}
