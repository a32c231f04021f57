//! The builder of a client.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use wayfare_client_core::{Credential, Interruption, Settings, Ticket};
use wayfare_protocol::limits::HISTORY_EVENTS_MAX;

use crate::driver::{Driver, Told, Tuning};
use crate::endpoint::Endpoint;
use crate::{Client, ConnectError, State};

/// The capacity of the request queue to the driver. A caller waits while the queue is full.
const REQUESTS_MAX: usize = 64;

/// Settings of a client. All have defaults, except the endpoints.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    endpoints: Vec<String>,
    credential: Credential,
    resume: Option<Ticket>,
    sdk: Option<String>,
    connect_within: Duration,
    give_up_after: Option<Duration>,
    backoff_max: Option<Duration>,
    events_max: usize,
    unread_time_max: Duration,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            endpoints: Vec::new(),
            credential: Credential::guest(),
            resume: None,
            sdk: None,
            connect_within: Duration::from_secs(15),
            give_up_after: None,
            backoff_max: None,
            // A whole replay fits into the queue.
            events_max: HISTORY_EVENTS_MAX,
            // Shorter than the silence after which the server or this client closes the connection.
            unread_time_max: Duration::from_secs(10),
        }
    }

    /// Adds an endpoint like `ws://host:port`. Several endpoints are tried in rotation, starting
    /// with the last that worked.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoints.push(endpoint.into());
        self
    }

    /// Sets the credential; the default is a guest.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// Presents a signed token; its `sub` claim is the player.
    pub fn token(self, token: impl Into<String>) -> Self {
        self.credential(Credential::Token(token.into()))
    }

    /// Connects as a guest with this preferred name.
    pub fn guest(self, name: impl Into<String>) -> Self {
        self.credential(Credential::Guest { name: name.into() })
    }

    /// Resumes the session of an earlier client, which kept this [`Client::ticket`]. Joining a room
    /// that the session is in takes back its place there. If the session is over, the client starts
    /// another with its credential.
    pub fn resume(mut self, ticket: Ticket) -> Self {
        self.resume = Some(ticket);
        self
    }

    /// Sets the name and version of the game, like `game/1.2`, for the server's logs.
    pub fn sdk(mut self, sdk: impl Into<String>) -> Self {
        self.sdk = Some(sdk.into());
        self
    }

    /// Sets the time limit of [`Builder::connect`]; 15 s by default.
    pub const fn connect_within(mut self, duration: Duration) -> Self {
        self.connect_within = duration;
        self
    }

    /// Ends the client after this time without a connection. By default it retries without limit.
    pub const fn give_up_after(mut self, duration: Duration) -> Self {
        self.give_up_after = Some(duration);
        self
    }

    /// Sets the longest delay between two connection attempts; 10 s by default. Delays double up to
    /// it with each failed round of attempts.
    pub const fn backoff_max(mut self, duration: Duration) -> Self {
        self.backoff_max = Some(duration);
        self
    }

    /// Sets how many events of one room may wait for the application; 1024 by default.
    ///
    /// When the queue is full, the client reads nothing more from the server, for any room, until
    /// the application takes an event. So a slow application slows the server down instead of using
    /// more and more memory. [`Builder::unread_time_max`] limits how long.
    pub const fn events_max(mut self, events: NonZeroUsize) -> Self {
        self.events_max = events.get();
        self
    }

    /// Sets how long one room may block reading; 10 s by default. After that the client leaves the
    /// room, and [`crate::RoomEvent::Unread`] is its last event. So a room whose events nobody
    /// takes cannot block other rooms, or a task that waits for a reply.
    pub const fn unread_time_max(mut self, duration: Duration) -> Self {
        self.unread_time_max = duration;
        self
    }

    /// Connects. Must be called within a tokio runtime. If the future is dropped, the client
    /// closes.
    ///
    /// # Errors
    /// If an endpoint is invalid, the server refuses permanently, or no endpoint answers in time.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        let endpoints: Vec<Endpoint> = self
            .endpoints
            .iter()
            .map(|endpoint| Endpoint::parse(endpoint))
            .collect::<Result<_, _>>()?;
        let count = NonZeroUsize::new(endpoints.len()).ok_or(ConnectError::NoEndpoint)?;
        let mut settings = Settings::new(count, self.credential);
        settings.resume = self.resume;
        settings.give_up_after = self.give_up_after;
        if let Some(longest) = self.backoff_max {
            settings.backoff_max = longest;
            settings.backoff_min = settings.backoff_min.min(longest);
        }
        if let Some(sdk) = self.sdk {
            settings.sdk = sdk;
        }
        let tuning = Tuning {
            events_max: self.events_max,
            unread_time_max: self.unread_time_max,
        };
        let (requests, requested) = mpsc::channel(REQUESTS_MAX);
        let (told_states, states) = watch::channel(State::Connecting);
        let (told_tickets, tickets) = watch::channel(None);
        let (told_clock, clock) = watch::channel(None);
        let told = Told {
            states: told_states,
            tickets: told_tickets,
            clock: told_clock,
        };
        let driver = Driver::new(settings, tuning, endpoints, requests.downgrade(), told);
        tokio::spawn(driver.run(requested));
        let client = Client::new(requests, states, tickets, clock);
        welcomed(&client, self.connect_within).await?;
        Ok(client)
    }
}

/// Waits for the first session.
async fn welcomed(client: &Client, within: Duration) -> Result<(), ConnectError> {
    let mut states = client.states();
    let decided = |state: &State| matches!(state, State::Connected { .. } | State::Ended(_));
    // After a timeout the latest state states the cause.
    let _ = timeout(within, states.wait_for(decided)).await.is_ok();
    let state = states.borrow().clone();
    match state {
        State::Connected { .. } => Ok(()),
        State::Ended(end) => Err(ConnectError::Ended(end)),
        State::Interrupted { cause, detail, .. } => Err(ConnectError::NotInTime {
            after: within,
            cause,
            detail,
        }),
        State::Connecting => Err(ConnectError::NotInTime {
            after: within,
            cause: Interruption::HandshakeTimeout,
            detail: None,
        }),
    }
}
