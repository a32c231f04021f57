//! Tests with members that are killed, stopped, cut off or half open, while writers record the
//! answers they get.

use wayfare_etcd::{Config, Etcd};

use crate::cluster::Cluster;
use crate::history::History;
use crate::proxy::{Mode, Proxy};

/// The number of changes that proves that the service works.
const ENOUGH: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_when_the_leader_is_killed() {
    let mut cluster = Cluster::start(3);
    let etcd = Etcd::connect(cluster.config()).await.unwrap();
    let history = History::start(&etcd, 3).await;
    for _ in 0..2 {
        history.wait_for_more(ENOUGH);
        let leader = cluster.leader();
        cluster[leader].kill();
        history.wait_for_more(ENOUGH);
        cluster.start_all();
    }
    history.wait_for_more(ENOUGH);
    history.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_when_the_leader_is_stopped() {
    let cluster = Cluster::start(3);
    let etcd = Etcd::connect(cluster.config()).await.unwrap();
    let history = History::start(&etcd, 3).await;
    history.wait_for_more(ENOUGH);
    let leader = cluster.leader();
    cluster[leader].stop();
    history.wait_for_more(ENOUGH);
    cluster[leader].go_on();
    history.wait_for_more(ENOUGH);
    history.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_all_members_loses_nothing() {
    let mut cluster = Cluster::start(3);
    let etcd = Etcd::connect(cluster.config()).await.unwrap();
    let history = History::start(&etcd, 3).await;
    history.wait_for_more(ENOUGH);
    (0..3).for_each(|it| cluster[it].kill());
    cluster.start_all();
    history.wait_for_more(ENOUGH);
    history.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_a_single_member_loses_nothing() {
    let mut cluster = Cluster::start(1);
    let etcd = Etcd::connect(cluster.config()).await.unwrap();
    let history = History::start(&etcd, 1).await;
    for _ in 0..3 {
        history.wait_for_more(ENOUGH);
        cluster[0].kill();
        cluster.start_all();
    }
    history.wait_for_more(ENOUGH);
    history.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_over_connections_that_fail() {
    let cluster = Cluster::start(3);
    let mut proxies = Vec::new();
    for index in 0..3 {
        proxies.push(Proxy::start(cluster[index].client_port).await);
    }
    let config = Config {
        endpoints: proxies.iter().map(|it| it.address.clone()).collect(),
        ..cluster.config()
    };
    let etcd = Etcd::connect(config).await.unwrap();
    let history = History::start(&etcd, 3).await;
    for fault in [Mode::Cut, Mode::HoldAnswers, Mode::Hold] {
        for proxy in &proxies {
            proxy.set(fault);
            history.wait_for_more(ENOUGH / 3);
            proxy.set(Mode::Pass);
        }
    }
    // All connections at once, so that nobody can do anything.
    proxies.iter().for_each(|it| it.set(Mode::Cut));
    proxies.iter().for_each(|it| it.set(Mode::Pass));
    history.wait_for_more(ENOUGH);
    history.check().await;
}
