//! Tests that done, refused, not done and unknown are distinguished, whatever happens to the
//! connection.

use std::time::Duration;

use bytes::Bytes;
use tokio::time;
use wayfare_engine::Coordination;
use wayfare_etcd::{Config, Etcd};
use wayfare_protocol::coordination::{Commit, Expect, Failure, Write};

use crate::cluster::Cluster;
use crate::proxy::{Mode, Proxy};

fn value(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn behind_proxies(cluster: &Cluster) -> (Config, Vec<Proxy>) {
    let mut proxies = Vec::new();
    for index in 0..cluster.len() {
        proxies.push(Proxy::start(cluster[index].client_port).await);
    }
    let config = Config {
        endpoints: proxies.iter().map(|it| it.address.clone()).collect(),
        ..cluster.config()
    };
    (config, proxies)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_makes_a_change_unknown_but_applied_once() {
    let cluster = Cluster::start(1);
    let (config, proxies) = behind_proxies(&cluster).await;
    let etcd = Etcd::connect(config).await.unwrap();
    let direct = Etcd::connect(cluster.patient_config()).await.unwrap();
    for mode in [Mode::HoldAnswers, Mode::Cut] {
        let before = direct.get("a".into()).await.unwrap();
        let expect = before
            .record
            .map_or(Expect::Absent, |it| Expect::Revision(it.revision));
        proxies[0].set(Mode::HoldAnswers);
        let writer = etcd.clone();
        let put = async move { writer.put("a".into(), value("x"), expect).await };
        let put = tokio::spawn(put);
        // The change is applied, although nobody gets the answer.
        let mut watch = direct.watch("a".into(), before.store);
        let applied = watch.next().await.unwrap().unwrap().revision;
        proxies[0].set(mode);
        let outcome = put.await.unwrap();
        assert!(matches!(outcome, Err(Failure::Unknown(_))), "{outcome:?}");
        proxies[0].set(Mode::Pass);
        // A read at a revision past the expected one settles the outcome.
        let read = etcd.get("a".into()).await.unwrap();
        assert_eq!(read.record.unwrap().revision, applied);
        assert_eq!(read.store, applied, "applied once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_not_sent_is_not_done() {
    let cluster = Cluster::start(1);
    let (config, proxies) = behind_proxies(&cluster).await;
    let config = Config {
        call_time_max: Duration::from_millis(300),
        ..config
    };
    let etcd = Etcd::connect(config).await.unwrap();
    proxies[0].set(Mode::Cut);
    // The connection is known to be lost, and there is no other.
    crate::etcd_process::wait_for("the member to be away", Duration::from_secs(10), || {
        etcd.members()[0].away.is_some()
    });
    let outcome = etcd.put("a".into(), value("x"), Expect::Absent).await;
    assert!(matches!(outcome, Err(Failure::NotDone(_))), "{outcome:?}");
    let outcome = etcd.get("a".into()).await;
    assert!(matches!(outcome, Err(Failure::NotDone(_))), "{outcome:?}");
    proxies[0].set(Mode::Pass);
    let put = || etcd.put("a".into(), value("x"), Expect::Absent);
    let mut outcome = put().await;
    while let Err(Failure::NotDone(_)) = outcome {
        outcome = put().await;
    }
    assert!(matches!(outcome, Ok(Commit::Done(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_skips_members_that_do_not_answer() {
    let cluster = Cluster::start(3);
    let (config, proxies) = behind_proxies(&cluster).await;
    let config = Config {
        call_time_max: Duration::from_secs(20),
        answer_time_max: Duration::from_secs(5),
        ..config
    };
    let etcd = Etcd::connect(config).await.unwrap();
    for (index, held) in proxies.iter().enumerate() {
        held.set(Mode::Hold);
        let etcd = etcd.through(index);
        etcd.get("a".into()).await.unwrap();
        held.set(Mode::Pass);
    }
    for slow in &proxies {
        slow.set(Mode::Delay(Duration::from_millis(50)));
    }
    let put = etcd.put("a".into(), value("x"), Expect::Absent).await;
    assert!(matches!(put, Ok(Commit::Done(_))), "{put:?}");
}

/// A commit that only checks is as linearizable as a read: a member without a majority does not
/// answer it from its own state.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_not_answered_from_memory() {
    let cluster = Cluster::start(3);
    let leader = cluster.leader();
    let follower = (leader + 1) % 3;
    let mut config = cluster.config();
    // There is no other member to ask.
    config.endpoints = vec![config.endpoints[follower].clone()];
    config.call_time_max = Duration::from_secs(2);
    config.answer_time_max = Duration::from_secs(20);
    config.read_time_max = Duration::from_secs(1);
    let etcd = Etcd::connect(config).await.unwrap();
    let Commit::Done(revision) = etcd
        .put("a".into(), value("x"), Expect::Absent)
        .await
        .unwrap()
    else {
        panic!("refused")
    };
    let check = |expect| {
        let key = "a".into();
        etcd.commit(vec![Write::Check { key, expect }])
    };
    let holds = check(Expect::Revision(revision)).await.unwrap();
    assert_eq!(holds, Commit::Done(revision));

    let others = (0..3).filter(|it| *it != follower);
    others.clone().for_each(|it| cluster[it].stop());
    for expect in [Expect::Revision(revision), Expect::Absent] {
        let outcome = check(expect).await;
        assert!(matches!(outcome, Err(Failure::NotDone(_))), "{outcome:?}");
    }
    others.for_each(|it| cluster[it].go_on());
    let mut outcome = check(Expect::Absent).await;
    while outcome.is_err() {
        outcome = check(Expect::Absent).await;
    }
    assert_eq!(outcome, Ok(Commit::Refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_the_limit_wait() {
    let cluster = Cluster::start(1);
    let config = Config {
        calls_max: 2,
        ..cluster.patient_config()
    };
    let etcd = Etcd::connect(config).await.unwrap();
    let put = |index: usize| Write::Put {
        key: index.to_string().into(),
        expect: Expect::Absent,
        value: value("x"),
    };
    let batch = etcd.batch((0..40).map(|it| vec![put(it)]).collect());
    let outcomes = time::timeout(Duration::from_secs(20), batch).await.unwrap();
    let done = outcomes
        .iter()
        .filter(|it| matches!(it, Ok(Commit::Done(_))));
    assert_eq!(done.count(), 40);
}
