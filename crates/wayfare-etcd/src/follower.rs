//! A watch: one stream at a time, at any available member, as long as there is a reader.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{self, Instant, MissedTickBehavior};
use tonic::Streaming;
use wayfare_engine::watch::{Compacted, Feed};
use wayfare_protocol::coordination::{Failure, Revision};

use crate::calls::Core;
use crate::members::{Preference, Turn};
use crate::rpc;
use crate::telling::{Telling, Told};
use crate::trouble::Trouble;
use crate::wire::watch_request::RequestUnion;
use crate::wire::{WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse};

/// The pause between two streams if the first reported nothing.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// The number of progress requests within the tolerated silence.
const SIGNS: u32 = 4;

/// A watch of one reader.
pub(crate) struct Follower {
    core: Arc<Core>,
    preference: Preference,
    range: (Vec<u8>, Vec<u8>),
    telling: Telling,
    feed: Feed,
}

/// The reason why a stream ended.
enum End {
    /// All changes were reported, or there is no reader.
    Over,
    /// Another stream may continue.
    Lost(String),
}

/// The last signs of life of the stream.
struct Signs {
    heard: Instant,
    /// The revision that the stream must reach, and the time since when it exists.
    mark: (Revision, Instant),
}

impl Follower {
    pub(crate) fn new(
        core: Arc<Core>,
        preference: Preference,
        prefix: &str,
        after: Revision,
        feed: Feed,
    ) -> Self {
        Self {
            range: core.prefix.range(prefix),
            telling: Telling::new(core.prefix.clone(), after),
            core,
            preference,
            feed,
        }
    }

    /// Runs until there is no reader, or until the other end of `life` is dropped.
    pub(crate) async fn run(mut self, mut life: watch::Receiver<()>) {
        tokio::select! {
            _ = life.changed() => {}
            () = self.follow() => {}
        }
    }

    async fn follow(&mut self) {
        let mut pause = PAUSE_MIN;
        while self.feed.is_open() {
            let deadline = Instant::now() + self.core.config.watch_silence_max;
            let mut round = self.core.members.round();
            let next = self
                .core
                .members
                .next(&self.preference, &mut round, deadline);
            let Some(turn) = next.await else {
                continue;
            };
            let before = self.telling.after();
            let End::Lost(why) = self.stream(&turn).await else {
                return;
            };
            tracing::debug!(member = turn.member.address(), why, "watch lost");
            self.preference.avoid(&turn);
            if self.telling.after() > before {
                pause = PAUSE_MIN;
            }
            time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Runs a stream from its beginning to its end.
    async fn stream(&mut self, turn: &Turn) -> End {
        let opened = time::timeout(self.core.config.answer_time_max, self.open(turn)).await;
        let (questions, mut messages) = match opened {
            Ok(Ok(stream)) => stream,
            Ok(Err(trouble)) => return End::Lost(format!("{trouble:?}")),
            Err(_) => {
                turn.member.report_silent(&turn.here);
                return End::Lost("no answer in time".to_owned());
            }
        };
        let silence_max = self.core.config.watch_silence_max;
        let mut ticks = time::interval(silence_max / SIGNS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = Instant::now();
        let mut signs = Signs {
            heard: now,
            mark: (self.core.seen(), now),
        };
        loop {
            let end = tokio::select! {
                message = messages.message() => match message {
                    Ok(Some(message)) => self.heard(message, &mut signs).await,
                    Ok(None) => Some(End::Lost("the stream ended".to_owned())),
                    Err(status) => Some(End::Lost(status.to_string())),
                },
                now = ticks.tick() => self.look_around(now, turn, &questions, &mut signs),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    async fn open(
        &mut self,
        turn: &Turn,
    ) -> Result<(mpsc::Sender<WatchRequest>, Streaming<WatchResponse>), Trouble> {
        let connection = &turn.here.connection;
        let token = self.core.credentials.token(connection).await?;
        let (key, range_end) = self.range.clone();
        let first = question(RequestUnion::CreateRequest(WatchCreateRequest {
            key: key.into(),
            range_end: range_end.into(),
            start_revision: self.telling.start(),
            progress_notify: true,
            fragment: true,
        }));
        let opened = rpc::watch(connection, first, token.as_ref()).await;
        match opened.map_err(|status| Trouble::of(&status)) {
            Err(trouble @ Trouble::LoggedOut(_)) => {
                self.core.credentials.forget(token.as_ref()).await;
                Err(trouble)
            }
            other => other,
        }
    }

    async fn heard(&mut self, message: WatchResponse, signs: &mut Signs) -> Option<End> {
        let now = Instant::now();
        signs.heard = now;
        let revision = self.core.revision_of(message.header.as_ref());
        if revision >= signs.mark.0 {
            signs.mark = (self.core.seen(), now);
        }
        match self.telling.take(message) {
            Told::Changes(commits) => {
                commits
                    .into_iter()
                    .for_each(|commit| self.feed.push(commit));
                None
            }
            Told::Compacted(at) => self.compact(at),
            Told::Cancelled(why) => {
                // One possible reason is an expired token.
                self.core.credentials.forget_any().await;
                Some(End::Lost(format!("cancelled: {why}")))
            }
            Told::Behind => self.check_store().await,
        }
    }

    /// Checks a member that is behind the reader. Either it lags, or the whole store went back
    /// (restored from a backup), and new changes would never be reported.
    async fn check_store(&mut self) -> Option<End> {
        let after = self.telling.after();
        match self.core.store_revision(&self.preference).await {
            Ok(store) if store < after => self.compact(after),
            Ok(_) => None,
            Err(_) if self.core.went_back() => self.compact(after),
            Err(error) => Some(End::Lost(Failure::from(error).to_string())),
        }
    }

    fn compact(&self, at: Revision) -> Option<End> {
        self.feed.compact(Compacted { at });
        Some(End::Over)
    }

    /// Requests a sign of life. Ends a stream that gave none, or whose member does not receive new
    /// revisions because it is cut off from the others.
    fn look_around(
        &self,
        now: Instant,
        turn: &Turn,
        questions: &mpsc::Sender<WatchRequest>,
        signs: &mut Signs,
    ) -> Option<End> {
        if !self.feed.is_open() {
            return Some(End::Over);
        }
        let silence_max = self.core.config.watch_silence_max;
        if now.saturating_duration_since(signs.heard) > silence_max {
            turn.member.report_silent(&turn.here);
            return Some(End::Lost("no sign of life".to_owned()));
        }
        if now.saturating_duration_since(signs.mark.1) > silence_max {
            return Some(End::Lost("the member lags behind others".to_owned()));
        }
        let alive = question(RequestUnion::ProgressRequest(WatchProgressRequest {}));
        // If the queue is full, as many requests wait already.
        let _ = questions.try_send(alive);
        None
    }
}

fn question(union: RequestUnion) -> WatchRequest {
    WatchRequest {
        request_union: Some(union),
    }
}
