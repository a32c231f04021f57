//! Tests that TLS verifies the server's name and authority.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use wayfare_engine::Storage;
use wayfare_postgres::{Config, ConfigError, OpenError, Postgres};
use wayfare_protocol::Epoch;

use crate::schema::bare;
use crate::server::{Server, User};

/// An authority and a server certificate signed by it, as files for the server.
struct Files(tempfile::TempDir);

impl Files {
    fn make() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let files = Self(folder);
        fs::write(files.path("ca.pem"), authority.as_ref().pem()).unwrap();
        fs::write(files.path("server.pem"), certificate.pem()).unwrap();
        fs::write(files.path("server.key"), key.serialize_pem()).unwrap();
        let secret = fs::Permissions::from_mode(0o600);
        fs::set_permissions(files.path("server.key"), secret).unwrap();
        if let Some(user) = User::for_root() {
            chown(files.path("server.key"), Some(user.uid), Some(user.gid)).unwrap();
        }
        files
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_verified() {
    let files = Files::make();
    let certificate = format!("ssl_cert_file={}", files.path("server.pem"));
    let key = format!("ssl_key_file={}", files.path("server.key"));
    let server = Server::start_listening(&["ssl=on", &certificate, &key]);
    let open = async |host: &str, mode: &str, roots: &str| {
        let url = format!(
            "postgres://wayfare@{host}:{}/postgres?sslmode={mode}&sslrootcert={roots}",
            server.port()
        );
        Postgres::open(url.parse::<Config>().unwrap()).await
    };

    let engine = open("localhost", "verify-full", &files.path("ca.pem"))
        .await
        .unwrap();
    engine.load("room/a".into(), Epoch(1)).await.unwrap();
    let client = bare(&server.url()).await;
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'wayfare' AND ssl AND client_addr IS NOT NULL";
    assert!(
        client
            .query_one(encrypted, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            > 0
    );

    // A name that is not in the certificate, and an authority that did not sign it.
    for (host, mode, roots) in [
        ("127.0.0.1", "require", files.path("ca.pem")),
        ("localhost", "require", Files::make().path("ca.pem")),
    ] {
        let error = open(host, mode, &roots).await;
        let error = error.err().expect("a refusal");
        let is_it = matches!(error, OpenError::NotTrusted { .. });
        assert!(
            is_it && error.to_string().contains("certificate"),
            "{error}"
        );
    }
    let none: Result<Config, _> =
        "postgres://u@localhost/d?sslmode=require&sslrootcert=/dev/null".parse();
    assert!(matches!(none, Err(ConfigError::Roots { .. })));
}
