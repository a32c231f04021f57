//! Tests of lists: many pages are read at one revision, and contain no keys of other clusters.

use bytes::Bytes;
use wayfare_engine::Coordination;
use wayfare_etcd::{Config, Etcd};
use wayfare_protocol::coordination::{Commit, Expect, Revision, Write};

use crate::cluster::Cluster;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_as_of_one_revision() {
    let cluster = Cluster::start(1);
    let config = Config {
        list_page: 3,
        ..cluster.patient_config()
    };
    let etcd = Etcd::connect(config).await.unwrap();
    let writer = etcd.clone();
    // Ten records that change together, so that they always have the same revision.
    let writing = tokio::spawn(async move {
        let mut expect = Expect::Absent;
        for _ in 0..60 {
            let put = |index: usize| Write::Put {
                key: format!("a/{index}").into(),
                expect,
                value: Bytes::new(),
            };
            let Ok(Commit::Done(revision)) = writer.commit((0..10).map(put).collect()).await else {
                panic!("not done")
            };
            expect = Expect::Revision(revision);
        }
    });
    let mut lists = 0;
    while !writing.is_finished() || lists == 0 {
        let listing = etcd.list("a/".into()).await.unwrap();
        let mut revisions: Vec<_> = listing.records.iter().map(|it| it.1.revision).collect();
        revisions.dedup();
        assert!(matches!(listing.records.len(), 0 | 10), "{listing:?}");
        assert!(revisions.len() <= 1, "{listing:?}");
        assert!(revisions.iter().all(|it| *it <= listing.store));
        lists += 1;
    }
    writing.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_with_names_of_their_own_share_a_service() {
    let cluster = Cluster::start(1);
    let connect = |prefix: &str| {
        let prefix = prefix.to_owned();
        let config = cluster.patient_config();
        Etcd::connect(Config { prefix, ..config })
    };
    let one = connect("eu").await.unwrap();
    let other = connect("eu2").await.unwrap();
    let mut watch = other.watch("".into(), Revision(0));
    let [first, second] = [&one, &other].map(|it| it.put("a".into(), Bytes::new(), Expect::Absent));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_ne!(first, second);
    let Commit::Done(second) = second else {
        panic!("refused")
    };
    assert_eq!(other.list("".into()).await.unwrap().records.len(), 1);
    assert_eq!(watch.next().await.unwrap().unwrap().revision, second);
}
