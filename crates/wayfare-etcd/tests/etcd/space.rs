//! Tests of etcd with its space used up, and of the way back.

use std::time::Duration;

use bytes::Bytes;
use wayfare_engine::Coordination;
use wayfare_etcd::{Config, Etcd};
use wayfare_protocol::coordination::{Commit, Expect, Failure, Revision, Write};

use crate::cluster::Cluster;
use crate::etcd_process::{Member, wait_for};

const PATIENCE: Duration = Duration::from_secs(10);

async fn start() -> (Cluster, Etcd) {
    let more = ["--quota-backend-bytes=4000000".to_owned()];
    let cluster = Cluster::start_with(1, "http", &more);
    let config = Config {
        greeting_interval: Duration::from_millis(50),
        ..cluster.patient_config()
    };
    let etcd = Etcd::connect(config).await.unwrap();
    (cluster, etcd)
}

fn write(key: &str, expect: Expect) -> Vec<Write> {
    vec![Write::Put {
        key: key.into(),
        expect,
        value: Bytes::from(vec![7; 100 * 1000]),
    }]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_is_reported_until_space_is_made() {
    let (cluster, etcd) = start().await;
    let mut expect = Expect::Absent;
    let why = loop {
        match etcd.commit(write("a", expect)).await {
            Ok(Commit::Done(revision)) => expect = Expect::Revision(revision),
            Err(Failure::Unknown(why)) => break why,
            other => panic!("{other:?}"),
        }
    };
    assert!(why.contains("database space exceeded"), "{why}");
    let errors = || etcd.members()[0].said.as_ref().unwrap().errors.clone();
    wait_for("the alarm to be told", PATIENCE, || {
        errors().iter().any(|it| it.contains("NOSPACE"))
    });
    // Reads continue to work.
    let last = etcd.get("a".into()).await.unwrap().record.unwrap().revision;

    make_space(&cluster[0], last);
    let put = etcd.commit(write("a", Expect::Revision(last))).await;
    assert!(matches!(put, Ok(Commit::Done(_))), "{put:?}");
    wait_for("the alarm to be gone", PATIENCE, || errors().is_empty());
}

/// Executes the steps in `docs/operations/etcd.md`: compact, defragment, disarm the alarm.
fn make_space(member: &Member, Revision(revision): Revision) {
    let full = member.database_bytes();
    let compact = format!(r#"{{"revision":"{revision}","physical":true}}"#);
    member.ask("/v3/kv/compaction", &compact);
    member.ask("/v3/maintenance/defragment", "{}");
    assert!(member.database_bytes() < full / 2);
    let id = member.id_in_cluster();
    let disarm = format!(r#"{{"action":"DEACTIVATE","memberID":"{id}","alarm":"NOSPACE"}}"#);
    member.ask("/v3/maintenance/alarm", &disarm);
}

/// etcd applies the changes in flight when the space is used up, and answers that it is used up. An
/// engine that treated this as a refusal would report a false outcome.
#[tokio::test(flavor = "multi_thread")]
async fn the_change_that_exceeds_the_space_is_unknown() {
    let (_cluster, etcd) = start().await;
    let mut counts = [0; 2];
    for round in 0.. {
        let keys: Vec<_> = (0..100).map(|it| format!("{round}/{it}")).collect();
        let commits = keys.iter().map(|it| write(it, Expect::Absent));
        let outcomes = etcd.batch(commits.collect()).await;
        for (key, outcome) in keys.iter().zip(outcomes) {
            let is_there = etcd
                .get(key.as_str().into())
                .await
                .unwrap()
                .record
                .is_some();
            match outcome {
                Ok(Commit::Done(_)) => assert!(is_there, "{key} was done"),
                Err(Failure::Unknown(_)) => counts[usize::from(is_there)] += 1,
                Err(Failure::NotDone(why)) => assert!(!is_there, "{key} was not done: {why}"),
                Ok(Commit::Refused) => panic!("{key} was refused"),
            }
        }
        if counts != [0; 2] {
            break;
        }
    }
    println!("unknown: {} not there, {} there", counts[0], counts[1]);
}
