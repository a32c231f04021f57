//! Tests of watches: they change the member by themselves, end with their reader, and transfer
//! large commits.

use std::time::Duration;

use bytes::Bytes;
use tokio::time;
use wayfare_engine::watch::{Changes, Compacted};
use wayfare_engine::{Coordination, Watch};
use wayfare_etcd::{Config, Etcd};
use wayfare_protocol::coordination::{Commit, Expect, Failure, Revision, Write};

use crate::cluster::Cluster;
use crate::proxy::{Mode, Proxy};

async fn next(watch: &mut Watch) -> Changes {
    let next = time::timeout(Duration::from_secs(20), watch.next()).await;
    next.expect("a watch goes on").unwrap().unwrap()
}

async fn put(etcd: &Etcd, key: &str) -> Revision {
    match etcd.put(key.into(), Bytes::new(), Expect::Absent).await {
        Ok(Commit::Done(revision)) => revision,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_leaves_a_member_that_is_half_open() {
    let cluster = Cluster::start(1);
    let proxy = Proxy::start(cluster[0].client_port).await;
    let direct = Etcd::connect(cluster.patient_config()).await.unwrap();
    let config = Config {
        endpoints: vec![proxy.address.clone(), cluster.config().endpoints.remove(0)],
        ..cluster.config()
    };
    let etcd = Etcd::connect(config).await.unwrap().through(0);
    let mut watch = etcd.watch("".into(), Revision(0));
    let first = put(&direct, "a").await;
    assert_eq!(next(&mut watch).await.revision, first);
    proxy.set(Mode::Hold);
    let second = put(&direct, "b").await;
    assert_eq!(next(&mut watch).await.revision, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_leaves_a_member_that_is_stopped() {
    let cluster = Cluster::start(3);
    let leader = cluster.leader();
    let followers: Vec<_> = (0..3).filter(|it| *it != leader).collect();
    let etcd = Etcd::connect(cluster.config()).await.unwrap();
    let mut watch = etcd.through(followers[0]).watch("".into(), Revision(0));
    let patient = Etcd::connect(cluster.patient_config()).await.unwrap();
    let etcd = patient.through(leader);
    let first = put(&etcd, "a").await;
    assert_eq!(next(&mut watch).await.revision, first);
    cluster[followers[0]].stop();
    let second = put(&etcd, "b").await;
    assert_eq!(next(&mut watch).await.revision, second);
    cluster[followers[0]].go_on();
    let third = put(&etcd, "c").await;
    assert_eq!(next(&mut watch).await.revision, third);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_many_megabytes_is_reported_whole() {
    // Larger than a message without fragments may be.
    let more = ["--max-request-bytes=20000000".to_owned()];
    let cluster = Cluster::start_with(1, "http", &more);
    let etcd = Etcd::connect(cluster.patient_config()).await.unwrap();
    let mut open = etcd.watch("".into(), Revision(0));
    let write = |index: usize| Write::Put {
        key: index.to_string().into(),
        expect: Expect::Absent,
        value: Bytes::from(vec![7; 1024 * 1024]),
    };
    let commit = etcd.commit((0..12).map(write).collect()).await;
    let Ok(Commit::Done(revision)) = commit else {
        panic!("{commit:?}")
    };
    let mut late = etcd.watch("".into(), Revision(0));
    for watch in [&mut open, &mut late] {
        let told = next(watch).await;
        assert_eq!((told.revision, told.changes.len()), (revision, 12));
    }
    let listing = etcd.list("".into()).await.unwrap();
    assert_eq!(listing.records.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_end_with_their_engine() {
    let cluster = Cluster::start(1);
    let etcd = Etcd::connect(cluster.patient_config()).await.unwrap();
    let mut watch = etcd.watch("".into(), Revision(0));
    put(&etcd, "a").await;
    next(&mut watch).await;
    drop(etcd);
    let end = time::timeout(Duration::from_secs(10), watch.next()).await;
    assert_eq!(end.expect("the watch ends"), None);
}

/// Revisions are then issued twice, and an expected one could match another record.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_went_back_is_not_used_any_more() {
    let mut cluster = Cluster::start(1);
    let etcd = Etcd::connect(cluster.patient_config()).await.unwrap();
    let mut watch = etcd.watch("".into(), Revision(0));
    let mut last = Revision(0);
    for key in ["a", "b", "c"] {
        last = put(&etcd, key).await;
        assert_eq!(next(&mut watch).await.revision, last);
    }
    cluster[0].wipe();
    cluster.start_all();
    let told = time::timeout(Duration::from_secs(20), watch.next()).await;
    assert_eq!(told.unwrap(), Some(Err(Compacted { at: last })));
    for _ in 0..2 {
        let read = etcd.get("a".into()).await;
        let is_refused = matches!(&read, Err(Failure::NotDone(why)) if why.contains("went back"));
        assert!(is_refused, "{read:?}");
    }
    // A node that starts now knows nothing of the earlier revisions.
    let etcd = Etcd::connect(cluster.patient_config()).await.unwrap();
    put(&etcd, "a").await;
}
