//! Tests of starts: what they tolerate and what they refuse.

use std::time::{Duration, Instant};

use wayfare_engine::Coordination;
use wayfare_etcd::{Config, ConnectError, Etcd, Tls, Unfit, prove};
use wayfare_protocol::coordination::Failure;

use crate::cluster::Cluster;
use crate::etcd_process::free_port;

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
async fn a_missing_member_does_not_prevent_a_start() {
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
async fn an_unreachable_service_is_reported_in_time() {
    let config = Config {
        endpoints: vec![format!("127.0.0.1:{}", free_port())],
        connect_time_max: Duration::from_millis(300),
        ..Config::default()
    };
    let start = Instant::now();
    let error = Etcd::connect(config).await.err().unwrap();
    let is_it = matches!(&error, ConnectError::NoAnswer(Failure::NotDone(_)));
    assert!(is_it, "{error}");
    // Far below the limits of other waits.
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_config_is_refused() {
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
async fn the_documented_configuration_works() {
    let cluster = Cluster::of_file(include_str!("../../../../deploy/etcd/etcd.conf.yml"));
    let etcd = Etcd::connect(cluster.patient_config()).await.unwrap();
    prove(&etcd).await.unwrap();
}
