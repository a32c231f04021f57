//! Coordination's records with their watches.

use wayfare_protocol::coordination::{Key, Revision};

use super::ModelCoordination;
use crate::watch::{self, Feed, Watch};

/// A store that reports each change to its watches before the next change.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    model: ModelCoordination,
    watches: Vec<Follower>,
}

#[derive(Debug)]
struct Follower {
    prefix: Key,
    after: Revision,
    feed: Feed,
}

impl Watched {
    pub(crate) const fn new(model: ModelCoordination) -> Self {
        let watches = Vec::new();
        Self { model, watches }
    }

    pub(crate) const fn model(&self) -> &ModelCoordination {
        &self.model
    }

    pub(crate) fn change<T>(&mut self, operation: impl FnOnce(&mut ModelCoordination) -> T) -> T {
        let before = self.model.revision();
        let outcome = operation(&mut self.model);
        if self.model.revision() > before {
            self.tell(before);
        }
        outcome
    }

    pub(crate) fn watch(&mut self, prefix: Key, after: Revision) -> Watch {
        // The queue is as long as the model's own memory, so that a change the model remembers
        // always fits.
        let (feed, watch) = watch::channel(self.model.changes_max());
        let follower = Follower {
            prefix,
            after,
            feed,
        };
        follower.tell(&self.model, after);
        if follower.feed.is_open() {
            self.watches.push(follower);
        }
        watch
    }

    fn tell(&mut self, before: Revision) {
        let Self { model, watches } = self;
        watches.retain(|watch| watch.feed.is_open());
        for watch in watches {
            watch.tell(model, before);
        }
    }
}

impl Follower {
    fn tell(&self, model: &ModelCoordination, before: Revision) {
        match model.changes(&self.prefix, before.max(self.after)) {
            Ok(commits) => commits
                .into_iter()
                .for_each(|commit| self.feed.push(commit)),
            Err(compacted) => self.feed.compact(compacted),
        }
    }
}
