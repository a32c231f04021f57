//! The models with faults: lost and late requests and answers, refusals without a cause, and power
//! failures.
//!
//! It is a state machine like those of the core. Requests go in with the time, outcomes come out
//! when they are due, and the same seed gives the same faults. It uses no other randomness, so a
//! simulator can drive it. [`Rates::NONE`] switches the faults off when everything must converge.

mod service;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wayfare_protocol::Instant;
use wayfare_protocol::coordination::{Key, Revision};

use super::{ModelCoordination, ModelStorage};
use crate::watch::{Changes, Compacted};

pub use service::Service;

/// Coordination with faults.
pub type FaultyCoordination = Faulty<ModelCoordination>;
/// Storage with faults.
pub type FaultyStorage = Faulty<ModelStorage>;

/// The probability of each fault per request, between 0 and 1. The rest succeed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// The service cannot be reached: not done.
    pub unavailable: f64,
    /// The request is lost: unknown, and not applied.
    pub lost: f64,
    /// The answer is lost: unknown, and applied.
    pub unanswered: f64,
    /// It is applied long after the deadline: unknown, and applied behind others.
    pub late: f64,
    /// A commit is refused, or a write is not done, without a reason.
    pub refused: f64,
    /// It succeeds, but takes long.
    pub slow: f64,
    /// A watch does not report all changes yet.
    pub watch_lag: f64,
    /// A watch has forgotten the requested changes.
    pub watch_compacted: f64,
}

impl Rates {
    /// No faults.
    pub const NONE: Self = Self {
        unavailable: 0.0,
        lost: 0.0,
        unanswered: 0.0,
        late: 0.0,
        refused: 0.0,
        slow: 0.0,
        watch_lag: 0.0,
        watch_compacted: 0.0,
    };
}

/// The delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// The longest time of one way.
    pub way: Duration,
    /// The longest time of one way of a slow request.
    pub slow: Duration,
    /// The time after which a missing outcome is unknown.
    pub deadline: Duration,
    /// The time behind that in which a request may still be applied.
    pub late: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            way: Duration::from_millis(2),
            slow: Duration::from_millis(150),
            deadline: Duration::from_millis(400),
            late: Duration::from_secs(5),
        }
    }
}

/// The number of occurrences of each fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the rates")]
pub struct Happened {
    pub well: u64,
    pub unavailable: u64,
    pub lost: u64,
    pub unanswered: u64,
    pub late: u64,
    pub refused: u64,
    pub slow: u64,
    pub watch_lag: u64,
    pub watch_compacted: u64,
    pub power_cuts: u64,
    /// Applied changes that a power cut has undone: lazy ones, or unacknowledged ones.
    pub undone: u64,
}

/// The caller's name for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A model behind faults.
#[derive(Debug)]
pub struct Faulty<S: Service> {
    service: S,
    /// The state after a power cut at this moment, without what may survive of `tail`.
    durable: S,
    /// Requests that were applied in this order and are not durable yet.
    tail: VecDeque<(Ticket, S::Request)>,
    random: ChaCha8Rng,
    rates: Rates,
    delays: Delays,
    events: BTreeMap<(Instant, u64), Event<S>>,
    events_made: u64,
    outputs: VecDeque<(Ticket, S::Outcome)>,
    happened: Happened,
}

#[derive(Debug)]
enum Event<S: Service> {
    Apply {
        ticket: Ticket,
        request: S::Request,
        answer_at: Option<Instant>,
    },
    Answer {
        ticket: Ticket,
        outcome: S::Outcome,
        /// True if the caller may rely on it from now on.
        is_durable: bool,
    },
}

impl<S: Service> Faulty<S> {
    /// Makes a service with faults that continues from `service`.
    #[must_use]
    pub fn new(service: S, seed: u64, rates: Rates, delays: Delays) -> Self {
        Self {
            durable: service.clone(),
            service,
            tail: VecDeque::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            rates,
            delays,
            events: BTreeMap::new(),
            events_made: 0,
            outputs: VecDeque::new(),
            happened: Happened::default(),
        }
    }

    /// Sets the rates of future requests. Requests in flight keep their fate.
    pub const fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
    }

    /// Returns the number of occurrences of each fault.
    #[must_use]
    pub const fn happened(&self) -> Happened {
        self.happened
    }

    /// Returns the state of the service, for checks. No request sees it like this.
    #[must_use]
    pub const fn service(&self) -> &S {
        &self.service
    }

    /// Changes the state by other means than a request, for example to corrupt it.
    pub fn alter(&mut self, alter: impl Fn(&mut S)) {
        alter(&mut self.service);
        alter(&mut self.durable);
    }

    /// Accepts a request. Its outcome is returned by [`Self::poll_output`], with the same ticket.
    pub fn handle_request(&mut self, ticket: Ticket, request: S::Request, now: Instant) {
        let gone = now + self.delays.deadline;
        let arrival = now + self.way();
        match self.fate() {
            Fate::Well => self.apply_at(arrival, ticket, request, true),
            Fate::Slow => {
                let arrival = now + self.up_to(self.delays.slow);
                self.apply_at(arrival, ticket, request, true);
            }
            Fate::Unavailable => self.answer_at(arrival, ticket, S::not_done("unavailable")),
            Fate::Refused => {
                let outcome = S::refused(&request);
                let back = arrival + self.way();
                self.answer_at(back, ticket, outcome);
            }
            Fate::Lost => self.answer_at(gone, ticket, S::unknown(&request)),
            Fate::Unanswered => {
                self.answer_at(gone, ticket, S::unknown(&request));
                self.apply_at(arrival, ticket, request, false);
            }
            Fate::Late => {
                self.answer_at(gone, ticket, S::unknown(&request));
                let late = gone + self.up_to(self.delays.late);
                self.apply_at(late, ticket, request, false);
            }
        }
    }

    /// Executes everything due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(entry) = self.events.first_entry()
            && entry.key().0 <= now
        {
            match entry.remove() {
                Event::Apply {
                    ticket,
                    request,
                    answer_at,
                } => self.apply(ticket, request, answer_at),
                Event::Answer {
                    ticket,
                    outcome,
                    is_durable,
                } => {
                    if is_durable {
                        self.make_durable(ticket);
                    }
                    self.outputs.push_back((ticket, outcome));
                }
            }
        }
    }

    /// Returns the time of the next event, and its reason.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let ((next, _), event) = self.events.first_key_value()?;
        Some(match event {
            Event::Apply { .. } => (*next, "a request arrives at the service"),
            Event::Answer { .. } => (*next, "an answer arrives"),
        })
    }

    /// Returns an outcome that is due.
    pub fn poll_output(&mut self) -> Option<(Ticket, S::Outcome)> {
        self.outputs.pop_front()
    }

    /// Cuts the power of the service and of the node that runs it. Requests in flight are lost,
    /// nobody is answered, and the remaining state is all acknowledged changes and perhaps some of
    /// the applied changes behind them, in order.
    pub fn cut_power(&mut self) {
        self.happened.power_cuts += 1;
        self.events.clear();
        self.outputs.clear();
        let survivors = self.random.random_range(0..=self.tail.len());
        self.happened.undone += (self.tail.len() - survivors) as u64;
        for (_, request) in self.tail.drain(..).take(survivors) {
            self.durable.execute(request);
        }
        self.durable.resume_behind(&self.service);
        self.service = self.durable.clone();
    }

    fn fate(&mut self) -> Fate {
        let Rates {
            unavailable,
            lost,
            unanswered,
            late,
            refused,
            slow,
            ..
        } = self.rates;
        let happened = &mut self.happened;
        let fates = [
            (unavailable, Fate::Unavailable, &mut happened.unavailable),
            (lost, Fate::Lost, &mut happened.lost),
            (unanswered, Fate::Unanswered, &mut happened.unanswered),
            (late, Fate::Late, &mut happened.late),
            (refused, Fate::Refused, &mut happened.refused),
            (slow, Fate::Slow, &mut happened.slow),
        ];
        let mut drawn: f64 = self.random.random();
        for (rate, fate, count) in fates {
            if drawn < rate {
                *count += 1;
                return fate;
            }
            drawn -= rate;
        }
        happened.well += 1;
        Fate::Well
    }

    fn apply(&mut self, ticket: Ticket, request: S::Request, answer_at: Option<Instant>) {
        let is_change = S::is_change(&request);
        let is_durable = is_change && !S::is_lazy(&request);
        if is_change {
            self.tail.push_back((ticket, request.clone()));
        } else {
            self.make_seen_durable();
        }
        let outcome = self.service.execute(request);
        if let Some(at) = answer_at {
            let answer = Event::Answer {
                ticket,
                outcome,
                is_durable,
            };
            self.schedule(at, answer);
        }
    }

    /// Makes durable everything applied up to the request that is now acknowledged.
    fn make_durable(&mut self, ticket: Ticket) {
        let Some(at) = self.tail.iter().position(|(it, _)| *it == ticket) else {
            return;
        };
        for (_, request) in self.tail.drain(..=at) {
            self.durable.execute(request);
        }
    }

    /// Makes durable everything that a read may see, except lazy commits, so that nobody sees a
    /// change that is lost later.
    fn make_seen_durable(&mut self) {
        let is_seen = |(_, request): &(Ticket, S::Request)| !S::is_lazy(request);
        let last = self.tail.iter().rfind(|it| is_seen(it));
        if let Some(ticket) = last.map(|(ticket, _)| *ticket) {
            self.make_durable(ticket);
        }
    }

    fn apply_at(&mut self, at: Instant, ticket: Ticket, request: S::Request, is_answered: bool) {
        let answer_at = is_answered.then(|| at + self.way());
        let apply = Event::Apply {
            ticket,
            request,
            answer_at,
        };
        self.schedule(at, apply);
    }

    fn answer_at(&mut self, at: Instant, ticket: Ticket, outcome: S::Outcome) {
        let is_durable = false;
        let answer = Event::Answer {
            ticket,
            outcome,
            is_durable,
        };
        self.schedule(at, answer);
    }

    fn schedule(&mut self, at: Instant, event: Event<S>) {
        self.events_made += 1;
        self.events.insert((at, self.events_made), event);
    }

    fn way(&mut self) -> Duration {
        self.up_to(self.delays.way)
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.random.random())
    }
}

#[derive(Clone, Copy)]
enum Fate {
    Well,
    Slow,
    Unavailable,
    Lost,
    Unanswered,
    Late,
    Refused,
}

impl Faulty<ModelCoordination> {
    /// Returns the changes behind `after`, of the records whose names begin with `prefix`, that a
    /// watch reports now: only the first of them if it lags.
    ///
    /// # Errors
    /// [`Compacted`], even without a reason.
    pub fn changes(&mut self, prefix: &Key, after: Revision) -> Result<Vec<Changes>, Compacted> {
        self.make_seen_durable();
        let at = self.service.revision();
        if after < at && self.random.random_bool(self.rates.watch_compacted) {
            self.happened.watch_compacted += 1;
            return Err(Compacted { at });
        }
        let mut changes = self.service.changes(prefix, after)?;
        if !changes.is_empty() && self.random.random_bool(self.rates.watch_lag) {
            self.happened.watch_lag += 1;
            let told = self.random.random_range(0..changes.len());
            changes.truncate(told);
        }
        Ok(changes)
    }
}
