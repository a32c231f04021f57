//! The part of a start that may wait: opening both services, and recording this run in them.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::runtime::Handle;
use wayfare_core::cluster::{Run, StartupPlan, Superseded};

use crate::chance;
use crate::config::Settings;
use crate::store::{self, Store, Waits};

/// The inputs of the preparation.
pub(super) struct Preparation<'a> {
    pub(super) settings: &'a Settings,
    pub(super) services: &'a Handle,
    pub(super) waits: &'a Waits,
}

/// The opened services and the recorded run.
pub(super) struct Prepared {
    pub(super) store: Store,
    pub(super) run: Run,
    /// Completes once another process runs under the name of this node, if that is possible.
    pub(super) superseded: Pin<Box<dyn Future<Output = Superseded> + Send>>,
}

impl Preparation<'_> {
    /// Opens the services and records the run. Waits without a limit for services that do not
    /// answer.
    ///
    /// # Errors
    /// If a problem does not go away by waiting. The message is written for the operator.
    pub(super) async fn prepare(&self) -> anyhow::Result<Prepared> {
        let store = store::open(self.settings, self.services, self.waits).await?;
        let written = self.write_down(&store).await;
        if written.is_err() {
            store.close();
        }
        let run = written?;
        tracing::info!(
            incarnation = run.incarnation.0,
            revision = run.began_at.0,
            "this run is written down"
        );
        let superseded = self.superseded(&store, &run);
        Ok(Prepared {
            store,
            run,
            superseded,
        })
    }

    async fn write_down(&self, store: &Store) -> anyhow::Result<Run> {
        let engines = store.engines().context("the store is closed")?;
        let plan = StartupPlan {
            node: self.settings.node.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            // A clock before 1970 is treated as if it were 1970.
            wall: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            fresh_key: chance::bytes()?,
            sharing: store.sharing(),
        };
        Ok(store::start_up(&*engines.coordination, plan, self.waits).await?)
    }

    fn superseded(
        &self,
        store: &Store,
        run: &Run,
    ) -> Pin<Box<dyn Future<Output = Superseded> + Send>> {
        let node = self.settings.node.clone();
        match store.shared_coordination() {
            // Nobody else can write to memory, or to a folder that this process has locked.
            None => Box::pin(pending()),
            Some(shared) => Box::pin(store::superseded(shared, node, run.clone())),
        }
    }
}
