//! An etcd and a PostgreSQL for a test's node.

use tempfile::TempDir;

use crate::etcd::{Member, Plan};
use crate::postgres::Server;

/// Both services, stopped with the test.
pub(crate) struct Services {
    pub(crate) etcd: Member,
    pub(crate) postgres: Server,
    _folder: TempDir,
}

impl Services {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts both, with these lines of `postgresql.conf`.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan::new(0, folder.path());
        let mut etcd = Member::new(&plan, &plan.peer(), "http", &[]);
        etcd.start();
        let postgres = Server::start(options);
        etcd.wait_until_healthy();
        Self {
            etcd,
            postgres,
            _folder: folder,
        }
    }

    pub(crate) fn coordination(&self) -> String {
        format!(
            "--coordination=etcd://127.0.0.1:{}/test",
            self.etcd.client_port
        )
    }

    pub(crate) fn storage(&self) -> String {
        format!("--storage={}", self.postgres.url())
    }

    /// Returns the arguments of a node that uses them.
    pub(crate) fn arguments(&self) -> Vec<String> {
        vec![self.coordination(), self.storage()]
    }
}
