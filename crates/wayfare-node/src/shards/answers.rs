//! Pending requests to the engines, awaited on the shard's own thread.
//!
//! An engine that completes a group of requests wakes the shard once, and only if it sleeps. A
//! single answer costs no task, lock or message.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::stream::{FuturesUnordered, Stream};

/// A set of futures on one thread, which is woken when one of them may be ready.
pub(crate) struct Answers<T> {
    pending: FuturesUnordered<Pin<Box<dyn Future<Output = T> + Send>>>,
    bell: Arc<Bell>,
    waker: Waker,
}

impl<T> Answers<T> {
    /// Makes an empty set. `ring` must wake the thread, or keep it from its next sleep.
    pub(crate) fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        let bell = Arc::new(Bell {
            state: AtomicU8::new(AWAKE),
            ring: Box::new(ring),
        });
        Self {
            pending: FuturesUnordered::new(),
            waker: Waker::from(Arc::clone(&bell)),
            bell,
        }
    }

    /// Starts a request. Returns its answer if it is ready at once, as from an engine in memory.
    /// Requests start in the order of the calls.
    pub(crate) fn ask(&mut self, question: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let mut question = Box::pin(question);
        let mut context = Context::from_waker(Waker::noop());
        match question.as_mut().poll(&mut context) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => {
                self.pending.push(question);
                None
            }
        }
    }

    /// Returns a ready answer. Call it until it returns `None`, after the last [`Answers::ask`] of
    /// a turn; otherwise the wake-up for those requests may be missed.
    pub(crate) fn next(&mut self) -> Option<T> {
        if self.pending.is_empty() {
            // All wake-ups so far are handled by this poll.
            self.bell.was_rung();
            return None;
        }
        let mut context = Context::from_waker(&self.waker);
        loop {
            match Pin::new(&mut self.pending).poll_next(&mut context) {
                Poll::Ready(answer) => return answer,
                // The set also wakes itself after it has polled many futures, as it just did.
                Poll::Pending if self.bell.was_rung() => {}
                Poll::Pending => return None,
            }
        }
    }

    /// Returns true if the thread may sleep: every later answer wakes it.
    pub(crate) fn may_sleep(&self) -> bool {
        self.bell.swap_if(AWAKE, ASLEEP)
    }

    /// Records that the thread is awake.
    pub(crate) fn woke(&self) {
        self.bell.swap_if(ASLEEP, AWAKE);
    }
}

const AWAKE: u8 = 0;
const ASLEEP: u8 = 1;
const RUNG: u8 = 2;

struct Bell {
    state: AtomicU8,
    ring: Box<dyn Fn() + Send + Sync>,
}

impl Bell {
    /// Returns true if there was a wake-up since the last call.
    fn was_rung(&self) -> bool {
        self.swap_if(RUNG, AWAKE)
    }

    fn swap_if(&self, from: u8, to: u8) -> bool {
        let swapped = self
            .state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        swapped.is_ok()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(RUNG, Ordering::AcqRel) == ASLEEP {
            (self.ring)();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::oneshot;

    use super::*;

    struct Rings(Arc<AtomicUsize>);

    impl Rings {
        fn count(&self) -> usize {
            self.0.load(Ordering::Acquire)
        }
    }

    fn answers() -> (Answers<u32>, Rings) {
        let rings = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&rings);
        let ring = move || {
            counter.fetch_add(1, Ordering::AcqRel);
        };
        (Answers::new(ring), Rings(rings))
    }

    fn all(answers: &mut Answers<u32>) -> Vec<u32> {
        let mut all: Vec<u32> = std::iter::from_fn(|| answers.next()).collect();
        all.sort_unstable();
        all
    }

    fn asked(answers: &mut Answers<u32>) -> oneshot::Sender<u32> {
        let (tell, told) = oneshot::channel();
        let at_once = answers.ask(async move { told.await.unwrap_or(0) });
        assert_eq!(at_once, None);
        tell
    }

    #[test]
    fn an_answer_that_is_there_costs_nothing() {
        let (mut answers, rings) = answers();
        assert_eq!(answers.ask(async { 7 }), Some(7));
        assert_eq!(answers.next(), None);
        assert!(answers.may_sleep());
        assert_eq!(rings.count(), 0);
    }

    #[test]
    fn a_group_of_answers_wakes_only_a_sleeper_and_once() {
        let (mut answers, rings) = answers();
        let tells: Vec<_> = (0..200).map(|_| asked(&mut answers)).collect();
        assert!(all(&mut answers).is_empty());
        assert!(answers.may_sleep(), "polling them is no answer");
        for (number, tell) in (0..).zip(tells) {
            tell.send(number).unwrap();
        }
        assert_eq!(rings.count(), 1);
        answers.woke();
        assert_eq!(all(&mut answers), (0..200).collect::<Vec<_>>());

        let tell = asked(&mut answers);
        assert_eq!(answers.next(), None);
        tell.send(1).unwrap();
        assert_eq!(rings.count(), 1, "a thread that is awake is not rung for");
        assert!(
            !answers.may_sleep(),
            "and does not go to sleep before it looked"
        );
        assert_eq!(all(&mut answers), [1]);
        assert!(answers.may_sleep());
    }

    #[test]
    fn an_answer_before_the_first_poll_is_found() {
        let (mut answers, _) = answers();
        let tell = asked(&mut answers);
        tell.send(3).unwrap();
        assert_eq!(all(&mut answers), [3]);
    }

    #[test]
    fn an_answer_from_another_thread_always_wakes() {
        let bell = Arc::new((std::sync::Mutex::new(false), std::sync::Condvar::new()));
        let rung = Arc::clone(&bell);
        let mut answers = Answers::new(move || {
            *rung.0.lock().unwrap() = true;
            rung.1.notify_one();
        });
        let (sender, questions) = std::sync::mpsc::sync_channel::<oneshot::Sender<u32>>(8);
        let engine = std::thread::spawn(move || {
            for tell in questions {
                tell.send(1).unwrap();
            }
        });
        let mut heard = 0;
        for turn in 0..2_000_u32 {
            for _ in 0..turn % 7 {
                sender.send(asked(&mut answers)).unwrap();
            }
            let wanted = heard + turn % 7;
            while heard < wanted {
                heard += std::iter::from_fn(|| answers.next()).sum::<u32>();
                if heard < wanted && answers.may_sleep() {
                    let guard = bell.0.lock().unwrap();
                    let mut guard = bell.1.wait_while(guard, |rung| !*rung).unwrap();
                    *guard = false;
                }
                answers.woke();
            }
        }
        drop(sender);
        engine.join().unwrap();
    }
}
