//! A cluster of etcd members on this machine.

use std::ops::{Index, IndexMut};
use std::time::Duration;

use tempfile::TempDir;
use wayfare_etcd::Config;

use crate::etcd_process::{Member, Plan, wait_for};

/// A cluster of members in a temporary folder.
pub(crate) struct Cluster {
    members: Vec<Member>,
    _folder: TempDir,
}

impl Cluster {
    /// Starts `count` members and waits until all are healthy.
    pub(crate) fn start(count: usize) -> Self {
        Self::start_with(count, "http", &[])
    }

    /// Starts members with additional arguments, and with another scheme for clients.
    pub(crate) fn start_with(count: usize, scheme: &str, more: &[String]) -> Self {
        let folder = TempDir::new().unwrap();
        let plans: Vec<_> = (0..count).map(|it| Plan::new(it, folder.path())).collect();
        let peers: Vec<_> = plans.iter().map(Plan::peer).collect();
        let peers = peers.join(",");
        let members = plans.iter().map(|it| Member::new(it, &peers, scheme, more));
        let mut cluster = Self {
            members: members.collect(),
            _folder: folder,
        };
        cluster.start_all();
        cluster
    }

    /// Starts a member with a configuration file.
    #[allow(dead_code, reason = "for tests")]
    pub(crate) fn of_file(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let plan = Plan::new(0, folder.path());
        let mut cluster = Self {
            members: vec![Member::of_file(&plan, text)],
            _folder: folder,
        };
        cluster.start_all();
        cluster
    }

    /// Starts the members that do not run, and waits for all.
    pub(crate) fn start_all(&mut self) {
        self.members.iter_mut().for_each(Member::start);
        for member in &mut self.members {
            member.wait_until_healthy();
        }
    }

    /// Returns a client configuration with the time limits that nodes use.
    pub(crate) fn config(&self) -> Config {
        let endpoints = self.members.iter();
        let endpoints = endpoints.map(|it| format!("127.0.0.1:{}", it.client_port));
        Config {
            endpoints: endpoints.collect(),
            prefix: "test".to_owned(),
            ..Config::default()
        }
    }

    /// Returns a client configuration with limits so long that a busy machine causes no unknown
    /// outcome.
    pub(crate) fn patient_config(&self) -> Config {
        let patience = Duration::from_secs(20);
        Config {
            connect_time_max: patience,
            call_time_max: patience,
            answer_time_max: patience,
            read_time_max: patience,
            watch_silence_max: patience,
            ..self.config()
        }
    }

    /// Returns the index of the leader.
    pub(crate) fn leader(&self) -> usize {
        let mut leader = None;
        wait_for("a leader", Duration::from_secs(20), || {
            leader = self.members.iter().position(Member::is_leader);
            leader.is_some()
        });
        leader.unwrap()
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }
}

impl Index<usize> for Cluster {
    type Output = Member;

    fn index(&self, index: usize) -> &Member {
        &self.members[index]
    }
}

impl IndexMut<usize> for Cluster {
    fn index_mut(&mut self, index: usize) -> &mut Member {
        &mut self.members[index]
    }
}
