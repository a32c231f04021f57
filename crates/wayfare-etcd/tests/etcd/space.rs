//! What happens when etcd's space is used up, and how it is brought back.

use std::time::Duration;

use bytes::Bytes;
use wayfare_engine::Coordination;
use wayfare_etcd::{Config, Etcd};
use wayfare_protocol::coordination::{Commit, Expect, Failure, Revision};

use crate::cluster::Cluster;
use crate::member::wait_for;

#[tokio::test(flavor = "multi_thread")]
async fn space_that_is_used_up_refuses_and_is_told_until_it_is_made() {
    let more = ["--quota-backend-bytes=2000000".to_owned()];
    let cluster = Cluster::start_with(1, "http", &more);
    let config = Config {
        greeting_interval: Duration::from_millis(50),
        ..cluster.config()
    };
    let etcd = Etcd::connect(config).await.unwrap();
    let value = Bytes::from(vec![7; 100 * 1000]);
    let put = |expect| etcd.put("a".into(), value.clone(), expect);
    let mut last = Revision(0);
    let why = loop {
        let expect = match last {
            Revision(0) => Expect::Absent,
            last => Expect::Revision(last),
        };
        match put(expect).await {
            Ok(Commit::Done(revision)) => last = revision,
            Err(Failure::NotDone(why)) => break why,
            other => panic!("{other:?}"),
        }
    };
    assert!(why.contains("database space exceeded"), "{why}");
    // Certainly not done, and reads go on.
    let read = etcd.get("a".into()).await.unwrap();
    assert_eq!((read.record.unwrap().revision, read.store), (last, last));
    let errors = || etcd.members()[0].said.as_ref().unwrap().errors.clone();
    wait_for("the alarm to be told", Duration::from_secs(10), || {
        errors().iter().any(|it| it.contains("NOSPACE"))
    });

    // What `docs/operations/etcd.md` says to do: compact, defragment, take back the alarm.
    let member = &cluster[0];
    let revision = last.0;
    member.ask(
        "/v3/kv/compaction",
        &format!(r#"{{"revision":"{revision}","physical":true}}"#),
    );
    let full = member.database_bytes();
    member.ask("/v3/maintenance/defragment", "{}");
    assert!(member.database_bytes() < full / 2);
    assert!(matches!(put(Expect::Revision(last)).await, Err(Failure::NotDone(_))));
    member.ask(
        "/v3/maintenance/alarm",
        r#"{"action":"DEACTIVATE","alarm":"NOSPACE"}"#,
    );
    let put = put(Expect::Revision(last)).await;
    assert!(matches!(put, Ok(Commit::Done(_))), "{put:?}");
    wait_for("the alarm to be gone", Duration::from_secs(10), || errors().is_empty());
}
