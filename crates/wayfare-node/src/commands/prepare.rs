//! The part of a start that may wait: opening both services, and writing this run down in them.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::runtime::Handle;
use wayfare_core::cluster::{Run, StartupPlan, Superseded};

use crate::chance;
use crate::config::Settings;
use crate::store::{self, Store, Waits};

/// What it takes.
pub(super) struct Preparation<'a> {
    pub(super) settings: &'a Settings,
    pub(super) services: &'a Handle,
    pub(super) waits: &'a Waits,
}

/// What a node goes on with.
pub(super) struct Prepared {
    pub(super) store: Store,
    pub(super) run: Run,
    /// Comes once another process is this node, if that can be.
    pub(super) superseded: Pin<Box<dyn Future<Output = Superseded> + Send>>,
}

impl Preparation<'_> {
    /// Waits for what is not there, for ever.
    ///
    /// # Errors
    /// What does not get better by waiting, said for the operator.
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
            // Before 1970 there is nothing to learn from it.
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
        match store.etcd() {
            // What is in this process, or in a folder that it holds, is written by nobody else.
            None => Box::pin(pending()),
            Some(etcd) => Box::pin(store::superseded(Arc::new(etcd.clone()), node, run.clone())),
        }
    }
}
