//! What a start takes, and what it refuses.

use std::time::{Duration, Instant};

use wayfare_engine::Coordination;
use wayfare_etcd::{Config, ConnectError, Etcd, Tls, Unfit, prove};
use wayfare_protocol::coordination::Failure;

use crate::cluster::Cluster;
use crate::member::free_port;

#[tokio::test(flavor = "multi_thread")]
async fn members_of_two_services_are_not_mixed() {
    let (one, other) = (Cluster::start(1), Cluster::start(1));
    let mut config = one.patient_config();
    config.endpoints.extend(other.config().endpoints);
    let error = Etcd::connect(config).await.err().unwrap();
    let is_it = matches!(
        &error,
        ConnectError::Unfit {
            why: Unfit::OtherCluster { .. },
            ..
        }
    );
    assert!(is_it, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_not_there_yet_is_no_obstacle() {
    let cluster = Cluster::start(1);
    let mut config = cluster.patient_config();
    config
        .endpoints
        .insert(0, format!("127.0.0.1:{}", free_port()));
    let etcd = Etcd::connect(config).await.unwrap();
    etcd.get("a".into()).await.unwrap();
    let members = etcd.members();
    assert!(members[0].away.is_some() && members[1].away.is_none());
    assert!(members[1].said.as_ref().unwrap().is_leader);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_in_time() {
    let config = Config {
        endpoints: vec![format!("127.0.0.1:{}", free_port())],
        connect_time_max: Duration::from_millis(300),
        ..Config::default()
    };
    let start = Instant::now();
    let error = Etcd::connect(config).await.err().unwrap();
    let is_it = matches!(&error, ConnectError::NoAnswer(Failure::NotDone(_)));
    assert!(is_it, "{error}");
    // Far from any bound that would be hit by waiting for something else.
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_makes_no_sense_is_refused() {
    let nobody = Config {
        endpoints: Vec::new(),
        ..Config::default()
    };
    let error = Etcd::connect(nobody).await.err().unwrap();
    assert!(matches!(error, ConnectError::NoEndpoint), "{error}");
    let nowhere = Config {
        prefix: "/".to_owned(),
        ..Config::default()
    };
    let error = Etcd::connect(nowhere).await.err().unwrap();
    assert!(matches!(error, ConnectError::Prefix(_)), "{error}");
    let unproven = Config {
        tls: Some(Tls::default()),
        ..Config::default()
    };
    let error = Etcd::connect(unproven).await.err().unwrap();
    assert!(matches!(error, ConnectError::Tls(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_configuration_is_one() {
    let cluster = Cluster::of_file(include_str!("../../../../deploy/etcd/etcd.conf.yml"));
    let etcd = Etcd::connect(cluster.patient_config()).await.unwrap();
    prove(&etcd).await.unwrap();
}
