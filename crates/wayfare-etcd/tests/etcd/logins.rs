//! Tests of users, passwords and certificates.

use bytes::Bytes;
use wayfare_engine::Coordination;
use wayfare_etcd::{Config, ConnectError, Etcd, Login, Tls};
use wayfare_protocol::coordination::{Commit, Expect, Failure, Revision};

use crate::cluster::Cluster;
use crate::etcd_process::Member;

/// Creates a user with all rights under `test/`, and the root that etcd requires.
fn protect(member: &Member) {
    // "test/" to "test0".
    let permission = r#"{"name":"node","perm":{"permType":"READWRITE","key":"dGVzdC8=",
        "range_end":"dGVzdDA="}}"#;
    for (path, body) in [
        ("user/add", r#"{"name":"root","password":"root"}"#),
        ("user/grant", r#"{"user":"root","role":"root"}"#),
        ("role/add", r#"{"name":"node"}"#),
        ("role/grant", permission),
        ("user/add", r#"{"name":"wayfare","password":"p@ss:word"}"#),
        ("user/grant", r#"{"user":"wayfare","role":"node"}"#),
        ("enable", "{}"),
    ] {
        let answer = member.ask(&format!("/v3/auth/{path}"), body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

fn login(password: &str) -> Option<Login> {
    Some(Login {
        user: "wayfare".to_owned(),
        password: password.to_owned(),
    })
}

async fn put(etcd: &Etcd, key: &str) -> Result<Commit, Failure> {
    etcd.put(key.into(), Bytes::new(), Expect::Absent).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_admitted_only_to_its_own_prefix() {
    let cluster = Cluster::start(1);
    protect(&cluster[0]);
    let connect = |login, prefix: &str| {
        let prefix = prefix.to_owned();
        Etcd::connect(Config {
            login,
            prefix,
            ..cluster.patient_config()
        })
    };
    for (login, prefix, why) in [
        (None, "test", "user name is empty"),
        (login("wrong"), "test", "invalid user ID or password"),
        (login("p@ss:word"), "elsewhere", "permission denied"),
    ] {
        let error = connect(login, prefix).await.err().unwrap();
        let is_it = matches!(&error, ConnectError::Refused(_));
        assert!(
            is_it && !error.is_passing() && error.to_string().contains(why),
            "{error}"
        );
    }
    let etcd = connect(login("p@ss:word"), "test").await.unwrap();
    assert!(matches!(put(&etcd, "a").await, Ok(Commit::Done(_))));
}

/// Tokens are kept in the memory of members.
#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_token_is_renewed_without_a_lost_change() {
    let mut cluster = Cluster::start(1);
    protect(&cluster[0]);
    let config = Config {
        login: login("p@ss:word"),
        ..cluster.patient_config()
    };
    let etcd = Etcd::connect(config).await.unwrap();
    let mut watch = etcd.watch("".into(), Revision(0));
    assert!(matches!(put(&etcd, "a").await, Ok(Commit::Done(_))));
    watch.next().await.unwrap().unwrap();
    cluster[0].kill();
    cluster.start_all();
    let outcome = put(&etcd, "b").await;
    let Ok(Commit::Done(revision)) = outcome else {
        panic!("{outcome:?}")
    };
    let told = watch.next().await.unwrap().unwrap();
    assert_eq!(told.revision, revision);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_nodes_prove_who_they_are() {
    let file = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/etcd/tls");
        std::path::PathBuf::from(format!("{folder}/{name}"))
    };
    let flag = |flag: &str, name: &str| format!("--{flag}={}", file(name).display());
    let more = [
        flag("cert-file", "server.pem"),
        flag("key-file", "server.key"),
        flag("trusted-ca-file", "ca.pem"),
        "--client-cert-auth=true".to_owned(),
    ];
    let cluster = Cluster::start_with(1, "https", &more);
    let identity = Some((file("client.pem"), file("client.key")));
    let connect = |ca: &str, identity: Option<_>, domain: Option<&str>| {
        let tls = Tls {
            ca: file(ca),
            identity,
            domain: domain.map(str::to_owned),
        };
        Etcd::connect(Config {
            tls: Some(tls),
            connect_time_max: std::time::Duration::from_millis(500),
            ..cluster.patient_config()
        })
    };
    for domain in [None, Some("etcd.test")] {
        let etcd = connect("ca.pem", identity.clone(), domain).await.unwrap();
        etcd.get("a".into()).await.unwrap();
    }
    for (ca, identity, domain) in [
        ("another.pem", identity.clone(), None),
        ("ca.pem", identity, Some("other.test")),
    ] {
        let error = connect(ca, identity, domain).await.err().unwrap();
        assert!(matches!(error, ConnectError::NotTrusted(_)), "{error}");
    }
    // A member's refusal of a certificate comes after the handshake and may be lost with the
    // connection. Repeated attempts get it in the end.
    let mut error = connect("ca.pem", None, None).await.err().unwrap();
    while error.is_passing() {
        error = connect("ca.pem", None, None).await.err().unwrap();
    }
    assert!(matches!(error, ConnectError::NotTrusted(_)), "{error}");
}
