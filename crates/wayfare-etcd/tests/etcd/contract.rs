//! Tests of the contract of coordination, on one and on three members.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wayfare_engine::{Coordination, Pending, Watch, contract};
use wayfare_etcd::{Config, Etcd, prove};
use wayfare_protocol::coordination::{Commit, Key, Outcome, Reply, Request, Revision};

use crate::blocking::{block_on, broken};
use crate::cluster::Cluster;

/// The time limit for all cases. They take about a second.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Runs the cases on a thread without a runtime, so that a case that hangs is a failure.
fn broken_cases(etcd: Etcd, namespace: &'static str) -> Vec<String> {
    let (done, outcome) = mpsc::sync_channel(1);
    thread::spawn(move || done.send(broken(contract::coordination(), &etcd, namespace)));
    outcome.recv_timeout(TIME_MAX).expect("all cases end")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_member_keeps_the_contract() {
    let cluster = Cluster::start(1);
    let etcd = Etcd::connect(cluster.patient_config()).await.unwrap();
    let none: [&str; 0] = [];
    assert_eq!(broken_cases(etcd.clone(), "contract/1"), none);
    let paged = Config {
        list_page: 2,
        ..cluster.patient_config()
    };
    let etcd = Etcd::connect(paged).await.unwrap();
    assert_eq!(broken_cases(etcd.clone(), "contract/2"), none);
    prove(&etcd).await.unwrap();
    let left = etcd.list("proof/".into()).await.unwrap().records;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_members_keep_the_contract() {
    let cluster = Cluster::start(3);
    let etcd = Etcd::connect(cluster.patient_config()).await.unwrap();
    let none: [&str; 0] = [];
    for (index, namespace) in ["contract/0", "contract/1", "contract/2"]
        .iter()
        .enumerate()
    {
        assert_eq!(broken_cases(etcd.through(index), namespace), none);
    }
    prove(&etcd).await.unwrap();
}

/// An administrator who compacts after every few commits.
struct RefForgetful<'a> {
    etcd: Etcd,
    cluster: &'a Cluster,
    left: AtomicUsize,
}

impl Coordination for RefForgetful<'_> {
    fn call(&self, request: Request) -> Pending<'_, Outcome> {
        Box::pin(async move {
            let outcome = self.etcd.call(request).await;
            let left = self.left.load(Ordering::Relaxed);
            if let Ok(Reply::Committed(Commit::Done(Revision(revision)))) = outcome
                && left > 0
            {
                self.left.store(left - 1, Ordering::Relaxed);
                let body = format!(r#"{{"revision":"{revision}"}}"#);
                self.cluster[0].ask("/v3/kv/compaction", &body);
            }
            outcome
        })
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        self.etcd.watch(prefix, after)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_and_overflow_are_reported() {
    let cluster = Cluster::start(1);
    let config = Config {
        // The queue of the slow reader in this case. It must read many times as much.
        watch_changes_max: 4,
        ..cluster.patient_config()
    };
    let etcd = Etcd::connect(config).await.unwrap();
    let changes = 100;
    let engine = RefForgetful {
        etcd,
        cluster: &cluster,
        left: AtomicUsize::new(changes + 1),
    };
    let case = contract::fall_behind(&engine, "contract", changes);
    block_on(case).unwrap();
}
