//! How a client is made.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use wayfare_client_core::{Credential, Interruption, Settings};
use wayfare_protocol::limits::HISTORY_EVENTS_MAX;

use crate::driver::{Driver, Tuning};
use crate::endpoint::Endpoint;
use crate::{Client, ConnectError, State};

/// Requests that wait for the driver; whoever asks for more waits too.
const REQUESTS_MAX: usize = 64;

/// Settings of a client, all but the endpoint with a default.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    endpoints: Vec<String>,
    credential: Credential,
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
            sdk: None,
            connect_within: Duration::from_secs(15),
            give_up_after: None,
            backoff_max: None,
            // A whole replay fits.
            events_max: HISTORY_EVENTS_MAX,
            // Below the silence after which the server, or this client, gives the connection up.
            unread_time_max: Duration::from_secs(10),
        }
    }

    /// Adds an address like `ws://host:port`. Several are tried in rotation, the last good one
    /// first.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoints.push(endpoint.into());
        self
    }

    /// Presents this; a guest by default.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// Presents a signed token; its `sub` is the player.
    pub fn token(self, token: impl Into<String>) -> Self {
        self.credential(Credential::Token(token.into()))
    }

    /// Comes as a guest who wishes for this name.
    pub fn guest(self, name: impl Into<String>) -> Self {
        self.credential(Credential::Guest { name: name.into() })
    }

    /// Says who the client is, for the server's logs: `game/1.2`.
    pub fn sdk(mut self, sdk: impl Into<String>) -> Self {
        self.sdk = Some(sdk.into());
        self
    }

    /// How long [`Builder::connect`] tries; 15 s by default.
    pub const fn connect_within(mut self, duration: Duration) -> Self {
        self.connect_within = duration;
        self
    }

    /// Ends a client that has been without a connection for this long. By default it tries for as
    /// long as it lives.
    pub const fn give_up_after(mut self, duration: Duration) -> Self {
        self.give_up_after = Some(duration);
        self
    }

    /// The longest wait between two attempts to connect; 10 s by default. Waits double up to it
    /// as attempts fail one after another.
    pub const fn backoff_max(mut self, duration: Duration) -> Self {
        self.backoff_max = Some(duration);
        self
    }

    /// Events of one room that wait for the application; 1024 by default.
    ///
    /// Beyond it nothing more is read from the server, for any room, until the application has
    /// taken some: a slow application slows its server's sending down instead of growing. For how
    /// long, [`Builder::unread_time_max`] says.
    pub const fn events_max(mut self, events: NonZeroUsize) -> Self {
        self.events_max = events.get();
        self
    }

    /// How long reading may stand still for one room before that room is left, with
    /// [`crate::RoomEvent::Unread`] as its last event; 10 s by default. So a room whose events
    /// nobody takes cannot hold up the others, nor a task that waits for a reply itself.
    pub const fn unread_time_max(mut self, duration: Duration) -> Self {
        self.unread_time_max = duration;
        self
    }

    /// Connects; must be called within a tokio runtime. Cancelled, it leaves nothing behind.
    ///
    /// # Errors
    /// If an endpoint is none, the server refuses for good, or no endpoint answers in time.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        let endpoints: Vec<Endpoint> = self
            .endpoints
            .iter()
            .map(|endpoint| Endpoint::parse(endpoint))
            .collect::<Result<_, _>>()?;
        let count = NonZeroUsize::new(endpoints.len()).ok_or(ConnectError::NoEndpoint)?;
        let mut settings = Settings::new(count, self.credential);
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
        let (told, states) = watch::channel(State::Connecting);
        let driver = Driver::new(settings, tuning, endpoints, requests.downgrade(), told);
        tokio::spawn(driver.run(requested));
        let client = Client::new(requests, states);
        welcomed(&client, self.connect_within).await?;
        Ok(client)
    }
}

/// Waits for the first session.
async fn welcomed(client: &Client, within: Duration) -> Result<(), ConnectError> {
    let mut states = client.states();
    let decided = |state: &State| matches!(state, State::Connected { .. } | State::Ended(_));
    // Decided or not, the latest state tells.
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
