//! A watch: an engine's stream of changes, over a bounded queue that needs no runtime.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use wayfare_protocol::coordination::{Key, Revision};

/// The changes of one commit to the records of a watch.
///
/// A commit is never split, so its revision is a valid position to continue from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The revision of the commit.
    pub revision: Revision,
    /// The changes, each record once, in the order of the commit's writes.
    pub changes: Vec<Change>,
}

/// The change of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The record's name.
    pub key: Key,
    /// The record's new bytes; `None` if it was deleted.
    pub value: Option<Bytes>,
}

/// An error: the requested changes are no longer known. List the records, and watch from the
/// listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("changes up to revision {} are no longer known", at.0)]
pub struct Compacted {
    /// All missing changes lie at or below this revision.
    pub at: Revision,
}

/// The reading end: commits in the order of their revisions, without gaps, or [`Compacted`].
///
/// Dropping it ends the watch.
#[derive(Debug)]
pub struct Watch {
    queue: Arc<Mutex<Queue>>,
}

/// The engine's end. If it is dropped, the watch ends once its reader has read the queue.
#[derive(Debug)]
pub struct Feed {
    queue: Arc<Mutex<Queue>>,
}

/// Makes a watch that queues at most `changes_max` changes for a slow reader, and the end that
/// feeds it.
#[must_use]
pub fn channel(changes_max: usize) -> (Feed, Watch) {
    let queue = Arc::new(Mutex::new(Queue {
        commits: VecDeque::new(),
        changes: 0,
        changes_max,
        state: State::Open,
        reader: None,
        is_read: true,
    }));
    let watch = Watch {
        queue: queue.clone(),
    };
    (Feed { queue }, watch)
}

impl Watch {
    /// Returns the next commit; [`Compacted`] once, if changes were lost; and `None` after that or
    /// when the engine has closed. Wakes the latest waker when there is more.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Changes, Compacted>>> {
        let mut queue = lock(&self.queue);
        if let Some(commit) = queue.commits.pop_front() {
            queue.changes -= commit.changes.len();
            return Poll::Ready(Some(Ok(commit)));
        }
        match queue.state {
            State::Open => {
                queue.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            State::Compacted(compacted) => {
                queue.state = State::Closed;
                Poll::Ready(Some(Err(compacted)))
            }
            State::Closed => Poll::Ready(None),
        }
    }

    /// Waits for the next item of [`Self::poll_next`]. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Changes, Compacted>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue);
        queue.is_read = false;
        queue.close(State::Closed);
        queue.empty();
    }
}

impl Feed {
    /// Queues a commit, which must be behind all earlier ones. If it does not fit because the
    /// reader is too slow, the whole queue is replaced by [`Compacted`].
    pub fn push(&self, commit: Changes) {
        let mut queue = lock(&self.queue);
        if !matches!(queue.state, State::Open) {
            return;
        }
        if queue.changes + commit.changes.len() > queue.changes_max {
            let at = commit.revision;
            drop(queue);
            return self.compact(Compacted { at });
        }
        queue.changes += commit.changes.len();
        queue.commits.push_back(commit);
        let reader = queue.reader.take();
        drop(queue);
        wake(reader);
    }

    /// Reports to the reader that changes are lost, and ends the watch.
    pub fn compact(&self, compacted: Compacted) {
        let mut queue = lock(&self.queue);
        queue.empty();
        let reader = queue.close(State::Compacted(compacted));
        drop(queue);
        wake(reader);
    }

    /// Returns true while there is a reader.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let queue = lock(&self.queue);
        queue.is_read && matches!(queue.state, State::Open)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let reader = lock(&self.queue).close(State::Closed);
        wake(reader);
    }
}

#[derive(Debug)]
struct Queue {
    commits: VecDeque<Changes>,
    changes: usize,
    changes_max: usize,
    state: State,
    reader: Option<Waker>,
    is_read: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open,
    Compacted(Compacted),
    Closed,
}

impl Queue {
    /// Closes the watch. The first reason is kept.
    fn close(&mut self, state: State) -> Option<Waker> {
        if matches!(self.state, State::Open) {
            self.state = state;
        }
        self.reader.take()
    }

    fn empty(&mut self) {
        self.commits = VecDeque::new();
        self.changes = 0;
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // No code under this lock can panic between two changes.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(reader: Option<Waker>) {
    if let Some(reader) = reader {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn commit(revision: u64) -> Changes {
        let change = Change {
            key: "a".into(),
            value: None,
        };
        Changes {
            revision: Revision(revision),
            changes: vec![change],
        }
    }

    fn poll(watch: &mut Watch) -> Poll<Option<Result<Changes, Compacted>>> {
        watch.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_watch_ends_after_its_queue_with_its_feed() {
        let (feed, mut watch) = channel(2);
        assert_eq!(poll(&mut watch), Poll::Pending);
        feed.push(commit(1));
        feed.push(commit(2));
        drop(feed);
        assert_eq!(poll(&mut watch), Poll::Ready(Some(Ok(commit(1)))));
        assert_eq!(poll(&mut watch), Poll::Ready(Some(Ok(commit(2)))));
        assert_eq!(poll(&mut watch), Poll::Ready(None));
    }

    #[test]
    fn a_reader_that_falls_behind_is_told_once() {
        let (feed, mut watch) = channel(2);
        for revision in 1..=3 {
            feed.push(commit(revision));
        }
        assert!(!feed.is_open());
        feed.push(commit(4));
        let at = Revision(3);
        assert_eq!(poll(&mut watch), Poll::Ready(Some(Err(Compacted { at }))));
        assert_eq!(poll(&mut watch), Poll::Ready(None));
    }

    #[test]
    fn reading_makes_room_in_the_queue() {
        let (feed, mut watch) = channel(2);
        for revision in 1..=10 {
            feed.push(commit(revision));
            assert_eq!(poll(&mut watch), Poll::Ready(Some(Ok(commit(revision)))));
        }
    }

    #[test]
    fn a_reader_is_woken_by_every_event() {
        let check = |act: fn(Feed)| {
            let (feed, mut watch) = channel(1);
            let wakes = Arc::new(Wakes::default());
            let waker = wakes.clone().into();
            assert!(
                watch
                    .poll_next(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            act(feed);
            assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
            assert!(watch.poll_next(&mut Context::from_waker(&waker)).is_ready());
        };
        check(|feed| feed.push(commit(1)));
        check(|feed| feed.compact(Compacted { at: Revision(1) }));
        check(drop);
    }

    #[test]
    fn a_feed_notices_that_its_reader_is_gone() {
        let (feed, watch) = channel(2);
        assert!(feed.is_open());
        drop(watch);
        assert!(!feed.is_open());
        feed.push(commit(1));
        assert!(lock(&feed.queue).commits.is_empty());
    }
}
