//! Coordination in memory that answers from another thread, and only when it is let.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wayfare_engine::coordination::{Coordination, Listing, Read};
use wayfare_engine::model::MemoryCoordination;
use wayfare_engine::{Pending, Watch};
use wayfare_protocol::coordination::{Commit, Failure, Key, Revision, Write};

pub(crate) struct StubSlowEngine {
    inner: MemoryCoordination,
    open: Arc<Semaphore>,
}

impl Default for StubSlowEngine {
    fn default() -> Self {
        let open = Arc::new(Semaphore::new(1));
        Self {
            inner: MemoryCoordination::default(),
            open,
        }
    }
}

impl StubSlowEngine {
    /// From now on nothing is answered.
    pub(crate) fn hold(&self) {
        let permit = self.open.try_acquire();
        permit.expect("nothing is under way").forget();
    }

    pub(crate) fn release(&self) {
        self.open.add_permits(1);
    }

    /// Answers behind at least one turn of the runtime.
    async fn wait(&self) {
        tokio::task::yield_now().await;
        drop(self.open.acquire().await);
    }
}

impl Coordination for StubSlowEngine {
    fn get(&self, key: Key) -> Pending<'_, Result<Read, Failure>> {
        Box::pin(async move {
            self.wait().await;
            self.inner.get(key).await
        })
    }

    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<Commit, Failure>> {
        Box::pin(async move {
            self.wait().await;
            self.inner.commit(writes).await
        })
    }

    fn batch(&self, commits: Vec<Vec<Write>>) -> Pending<'_, Vec<Result<Commit, Failure>>> {
        self.inner.batch(commits)
    }

    fn list(&self, prefix: Key) -> Pending<'_, Result<Listing, Failure>> {
        self.inner.list(prefix)
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        self.inner.watch(prefix, after)
    }
}
