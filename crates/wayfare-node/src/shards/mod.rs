//! The shards of a node: one thread with one event loop each, reached by mailboxes.

mod answers;
mod asking;
mod clock;
mod connections;
mod documents;
mod engines;
mod event_loop;
mod mailbox;
mod plan;
mod ration;
mod reading;
mod reports;
mod slow_handlers;
mod tally;
mod watchdog;

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use wayfare_core::game::{Kind, Kinds};
use wayfare_core::operator::{Query, Report};
use wayfare_protocol::limits::{BACKLOG_BYTES_MAX, FRAME_BYTES_MAX};
use wayfare_transport::memory;

use event_loop::EventLoop;
use mailbox::{Mail, Mailbox};
use watchdog::{Limits, ShardWatch, Watchdog};

pub use engines::Engines;
pub use plan::{Authenticator, ShardPlan};

/// The shared services of all shards' loops of a node.
pub(crate) struct NodeServices {
    pub(crate) engines: Engines,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    /// The runtime of rooms' futures.
    pub(crate) runtime: Handle,
    pub(crate) mailboxes: Vec<Arc<Mailbox>>,
    /// The present work of each shard.
    pub(crate) watches: Vec<Arc<ShardWatch>>,
}

/// A handle to the running shards of a node. Cheap to clone; they run until [`Shards::stop`].
#[derive(Clone)]
pub struct Shards {
    mailboxes: Arc<Vec<Arc<Mailbox>>>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    next: Arc<AtomicUsize>,
    memory_made: Arc<AtomicU64>,
    watches: Arc<Vec<Arc<ShardWatch>>>,
    _watchdog: Arc<Watchdog>,
}

impl Shards {
    /// Starts the threads. Then each shard restores what earlier runs of the node left in the
    /// engines. Rooms' futures run on `runtime`.
    ///
    /// # Errors
    /// If the system refuses a thread or an event queue.
    pub fn start(
        kinds: Vec<Kind>,
        plan: &ShardPlan,
        engines: Engines,
        authenticator: Arc<dyn Authenticator>,
        runtime: Handle,
    ) -> std::io::Result<Self> {
        let kinds = Kinds::new(kinds);
        let mut polls = Vec::new();
        let mut mailboxes = Vec::new();
        for _ in 0..plan.shards.max(1) {
            let poll = mio::Poll::new()?;
            mailboxes.push(Arc::new(Mailbox::new(&poll)?));
            polls.push(poll);
        }
        let watches: Vec<Arc<ShardWatch>> = polls.iter().map(|_| Arc::default()).collect();
        let services = Arc::new(NodeServices {
            engines,
            authenticator,
            runtime,
            mailboxes: mailboxes.clone(),
            watches: watches.clone(),
        });
        let limits = Limits::new(plan.slow_handler, plan.hung_handler);
        let watchdog = Watchdog::start(watches.clone(), limits)?;
        let mut threads = Vec::new();
        for (index, poll) in polls.into_iter().enumerate() {
            let parts = (kinds.clone(), plan.clone(), Arc::clone(&services));
            let thread = thread::Builder::new().name(format!("shard-{index}"));
            threads.push(thread.spawn(move || {
                let (kinds, plan, services) = parts;
                let guard = AbortOnPanic(index);
                EventLoop::new(index, poll, kinds, &plan, services).run();
                std::mem::forget(guard);
            })?);
        }
        for mailbox in &mailboxes {
            mailbox.post(Mail::Began);
        }
        Ok(Self {
            mailboxes: Arc::new(mailboxes),
            threads: Arc::new(Mutex::new(threads)),
            next: Arc::default(),
            memory_made: Arc::default(),
            watches: Arc::new(watches),
            _watchdog: Arc::new(watchdog),
        })
    }

    /// Gives an upgraded WebSocket to the shard with the fewest connections. `early` holds the
    /// bytes that were read behind the handshake.
    pub fn connect(&self, stream: TcpStream, early: Bytes) {
        self.least_loaded().connect(Mail::Connect(stream, early));
    }

    /// Makes a connection without a socket. Can be called from any thread of this process.
    #[must_use]
    pub fn connect_memory(&self) -> memory::PeerEnd {
        let mailbox = Arc::clone(self.least_loaded());
        let key = self.memory_made.fetch_add(1, Ordering::Relaxed);
        let waker = Arc::clone(&mailbox);
        let wake = Arc::new(move || waker.post(Mail::MemoryReady(key)));
        let (shard_end, peer_end) = memory::pair(BACKLOG_BYTES_MAX, FRAME_BYTES_MAX, wake);
        mailbox.connect(Mail::ConnectMemory(key, shard_end));
        peer_end
    }

    /// Sends a query to every shard, and returns the answers of those that run.
    pub async fn ask(&self, question: Query) -> Vec<Report> {
        let mut pending = Vec::new();
        for mailbox in self.mailboxes.iter() {
            let (reply, answer) = oneshot::channel();
            mailbox.post(Mail::Ask(question.clone(), reply));
            pending.push(answer);
        }
        let mut answers = Vec::new();
        for answer in pending {
            answers.extend(answer.await);
        }
        answers
    }

    /// Describes each shard that does not go on, such as one whose handler does not return.
    pub(crate) fn hung(&self) -> impl Iterator<Item = String> {
        let hung = self.watches.iter().filter_map(|watch| watch.hung());
        hung.map(|work| work.to_string())
    }

    /// Notifies every client that the node stops, and ends the threads once all queued data is
    /// written, or after `flush_max`. Blocks until then.
    pub fn stop(&self, flush_max: Duration) {
        let deadline = Instant::now() + flush_max;
        for mailbox in self.mailboxes.iter() {
            mailbox.post(Mail::Stop(deadline));
        }
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a shard ended by a panic");
            }
        }
    }

    fn least_loaded(&self) -> &Arc<Mailbox> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.mailboxes.len();
        let in_turn = (0..count).map(|offset| &self.mailboxes[(start + offset) % count]);
        // There is at least one shard. Of equals the first in turn is chosen.
        in_turn
            .min_by_key(|mailbox| mailbox.load())
            .unwrap_or(&self.mailboxes[0])
    }
}

/// Aborts the process if a shard panics: its sessions and rooms are lost, which must not go
/// unnoticed.
struct AbortOnPanic(usize);

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        tracing::error!(shard = self.0, "the shard panicked; the process ends");
        std::process::abort();
    }
}
