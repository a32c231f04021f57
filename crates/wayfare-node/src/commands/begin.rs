//! The part of a start that may wait: opening both services, and writing this run down in them.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::runtime::Handle;

use crate::chance;
use crate::config::Settings;
use crate::store::{
    self, AdmitError, BeginError, Beginner, Run, Store, Superseded, Supersession, Trouble, Waits,
};

/// What it takes.
pub(super) struct Beginning<'a> {
    pub(super) settings: &'a Settings,
    pub(super) services: &'a Handle,
    pub(super) waits: &'a Waits,
}

/// What a node goes on with.
pub(super) struct Begun {
    pub(super) store: Store,
    pub(super) run: Run,
    /// Comes once another process is this node, if that can be.
    pub(super) supersession: Pin<Box<dyn Future<Output = Superseded> + Send>>,
}

impl Beginning<'_> {
    /// Waits for what is not there, for ever.
    ///
    /// # Errors
    /// What does not get better by waiting, said for the operator.
    pub(super) async fn begin(&self) -> anyhow::Result<Begun> {
        let store = store::open(self.settings, self.services, self.waits).await?;
        let begun = self.write_down(&store).await;
        if begun.is_err() {
            store.close();
        }
        let run = begun?;
        tracing::info!(
            incarnation = run.incarnation.0,
            revision = run.began_at.0,
            "this run is written down"
        );
        let supersession = self.supersession(&store, &run);
        Ok(Begun {
            store,
            run,
            supersession,
        })
    }

    async fn write_down(&self, store: &Store) -> anyhow::Result<Run> {
        let node = &self.settings.node;
        let engines = store.engines().context("the store is closed")?;
        let records = &*engines.coordination;
        let beginner = Beginner {
            node,
            version: env!("CARGO_PKG_VERSION"),
            // Before 1970 there is nothing to learn from it.
            wall: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            fresh_key: chance::bytes()?,
        };
        if store.etcd().is_none() {
            let run = store::begin(records, &beginner).await;
            return run.context("this run cannot be written down");
        }
        // It was there a moment ago, and may be gone now.
        let what = "coordination, to write this run down";
        let admitting = || async { store::admit(records, node).await.map_err(of_admission) };
        self.waits.until(what, admitting).await?;
        let beginning = || async { store::begin(records, &beginner).await.map_err(of_beginning) };
        let run = self.waits.until(what, beginning).await;
        let run = run.context("this run cannot be written down")?;
        let staying = || async {
            let stays = store::withdraw_from_others(records, node, &run).await;
            stays.map_err(of_admission)
        };
        self.waits.until(what, staying).await?;
        Ok(run)
    }

    fn supersession(
        &self,
        store: &Store,
        run: &Run,
    ) -> Pin<Box<dyn Future<Output = Superseded> + Send>> {
        // What is in this process, or in a folder that it holds, is written by nobody else.
        match store.etcd() {
            None => Box::pin(pending()),
            Some(etcd) => {
                let supersession = Supersession {
                    coordination: std::sync::Arc::new(etcd.clone()),
                    node: self.settings.node.clone(),
                    incarnation: run.incarnation,
                    began_at: run.began_at,
                };
                Box::pin(supersession.come())
            }
        }
    }
}

fn of_admission(error: AdmitError) -> Trouble<AdmitError> {
    match &error {
        AdmitError::Failed(failure) => Trouble::Passing(failure.to_string()),
        AdmitError::Taken { .. } => Trouble::Lasting(error),
    }
}

fn of_beginning(error: BeginError) -> Trouble<BeginError> {
    match &error {
        BeginError::Failed { failure, .. } => Trouble::Passing(failure.to_string()),
        BeginError::Contended { .. } | BeginError::Exhausted { .. } => Trouble::Lasting(error),
    }
}
