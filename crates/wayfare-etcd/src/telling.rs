//! The assembly of a watch's messages into whole commits, each once, in order.

use bytes::Bytes;
use wayfare_engine::watch::{Change, Changes};
use wayfare_protocol::coordination::Revision;

use crate::keys::Prefix;
use crate::wire::event::EventType;
use crate::wire::{Event, WatchResponse};

/// The state of a watch's messages.
#[derive(Debug)]
pub(crate) struct Telling {
    prefix: Prefix,
    /// The revision up to which everything was reported, or need not be.
    after: Revision,
    /// The events of a fragmented message received so far.
    fragments: Vec<Event>,
}

/// The content of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Commits, often none.
    Changes(Vec<Changes>),
    /// The watch is open at a member that is behind this reader.
    Behind,
    /// Changes up to this revision can no longer be reported.
    Compacted(Revision),
    /// The member ended the watch.
    Cancelled(String),
}

impl Telling {
    pub(crate) const fn new(prefix: Prefix, after: Revision) -> Self {
        Self {
            prefix,
            after,
            fragments: Vec::new(),
        }
    }

    pub(crate) const fn after(&self) -> Revision {
        self.after
    }

    /// Returns the revision at which a new stream must begin: the last reported one, not the one
    /// behind it. If that revision were compacted, etcd could have forgotten a deletion right
    /// behind it without an error. A stream that begins at it gets an error instead. 0 would mean
    /// "from now on".
    pub(crate) fn start(&mut self) -> i64 {
        self.fragments.clear();
        i64::try_from(self.after.0.max(1)).unwrap_or(i64::MAX)
    }

    pub(crate) fn take(&mut self, message: WatchResponse) -> Told {
        let revision = |number: i64| Revision(u64::try_from(number).unwrap_or(0));
        if message.compact_revision > 0 {
            return Told::Compacted(revision(message.compact_revision));
        }
        if message.canceled {
            return Told::Cancelled(message.cancel_reason);
        }
        let at = message
            .header
            .map_or(Revision(0), |it| revision(it.revision));
        if message.created {
            return if at < self.after {
                Told::Behind
            } else {
                Told::Changes(Vec::new())
            };
        }
        self.fragments.extend(message.events);
        if message.fragment {
            return Told::Changes(Vec::new());
        }
        let events = std::mem::take(&mut self.fragments);
        // An empty message to this watch means that everything up to its revision was reported. An
        // answer to a progress request has no watch's number, and before etcd 3.4.25 it could
        // overtake events.
        if events.is_empty() && message.watch_id >= 0 {
            self.after = self.after.max(at);
        }
        Told::Changes(self.commits(events))
    }

    /// Groups events into whole commits, in order. Leaves out commits that were reported before:
    /// etcd before 3.4.24 could repeat events, and a stream begins at the last reported revision.
    fn commits(&mut self, events: Vec<Event>) -> Vec<Changes> {
        let after = self.after;
        let mut commits: Vec<Changes> = Vec::new();
        for event in events {
            let Some((revision, change)) = self.change(event) else {
                continue;
            };
            if revision <= after {
                continue;
            }
            self.after = self.after.max(revision);
            match commits.last_mut() {
                Some(commit) if commit.revision == revision => commit.changes.push(change),
                _ => commits.push(Changes {
                    revision,
                    changes: vec![change],
                }),
            }
        }
        commits
    }

    fn change(&self, event: Event) -> Option<(Revision, Change)> {
        let is_put = event.r#type == i32::from(EventType::Put);
        let found = event.kv?;
        let revision = Revision(u64::try_from(found.mod_revision).ok()?);
        let key = self.prefix.bare(&found.key)?;
        // The bytes are copied, so that they do not keep the whole message alive.
        let value = is_put.then(|| Bytes::copy_from_slice(&found.value));
        Some((revision, Change { key, value }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{KeyValue, ResponseHeader};

    fn event(key: &str, revision: i64) -> Event {
        Event {
            r#type: EventType::Put.into(),
            kv: Some(KeyValue {
                key: format!("p/{key}").into(),
                mod_revision: revision,
                ..KeyValue::default()
            }),
        }
    }

    fn message(at: i64, events: &[(&str, i64)]) -> WatchResponse {
        WatchResponse {
            header: Some(ResponseHeader {
                revision: at,
                ..ResponseHeader::default()
            }),
            events: events.iter().map(|(key, at)| event(key, *at)).collect(),
            ..WatchResponse::default()
        }
    }

    fn telling(after: u64) -> Telling {
        Telling::new(Prefix::new("p"), Revision(after))
    }

    /// Formats commits as `revision:keys`.
    fn told(told: Told) -> Vec<String> {
        let Told::Changes(commits) = told else {
            panic!("{told:?}")
        };
        let text = |it: Changes| {
            let keys: Vec<_> = it.changes.iter().map(|it| it.key.to_string()).collect();
            format!("{}:{}", it.revision.0, keys.join(","))
        };
        commits.into_iter().map(text).collect()
    }

    #[test]
    fn commits_are_whole_and_come_once() {
        let mut telling = telling(4);
        let first = message(7, &[("z", 4), ("a", 5), ("b", 5), ("a", 7)]);
        assert_eq!(told(telling.take(first)), ["5:a,b", "7:a"]);
        let again = message(8, &[("a", 7), ("c", 8)]);
        assert_eq!(told(telling.take(again)), ["8:c"]);
        assert_eq!(telling.start(), 8);
    }

    #[test]
    fn fragments_are_put_together() {
        let mut telling = telling(0);
        let mut part = message(5, &[("a", 5)]);
        part.fragment = true;
        assert!(told(telling.take(part.clone())).is_empty());
        assert_eq!(told(telling.take(message(5, &[("b", 5)]))), ["5:a,b"]);
        // A stream that ended inside a message leaves no fragments.
        part.events = vec![event("a", 6)];
        telling.take(part);
        assert_eq!(telling.start(), 5);
        assert_eq!(
            told(telling.take(message(6, &[("a", 6), ("b", 6)]))),
            ["6:a,b"]
        );
    }

    #[test]
    fn only_messages_to_this_watch_prove_progress() {
        let mut telling = telling(4);
        let mut alive = message(9, &[]);
        alive.watch_id = -1;
        telling.take(alive);
        assert_eq!(telling.after(), Revision(4));
        telling.take(message(9, &[]));
        assert_eq!(telling.after(), Revision(9));
    }

    #[test]
    fn a_stream_never_begins_at_now() {
        assert_eq!(telling(0).start(), 1);
    }

    #[test]
    fn the_end_of_a_watch_has_a_reason() {
        let mut compacted = message(9, &[]);
        (compacted.canceled, compacted.compact_revision) = (true, 7);
        assert_eq!(telling(4).take(compacted), Told::Compacted(Revision(7)));
        let mut cancelled = message(9, &[]);
        (cancelled.canceled, cancelled.cancel_reason) = (true, "why".to_owned());
        assert_eq!(
            telling(4).take(cancelled),
            Told::Cancelled("why".to_owned())
        );
        let mut behind = message(3, &[]);
        behind.created = true;
        assert_eq!(telling(4).take(behind), Told::Behind);
    }
}
