//! Tests of a node behind the real nginx and Caddy, with TLS, as `deploy/proxy` configures them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::Message;
use wayfare_protocol::frame::{client_payload, decode_server};
use wayfare_protocol::wire::{self, client_frame, hello::Credential, server_frame};

use crate::etcd::free_port;
use crate::server::{PATIENCE, Server};

const NAME: &str = "game.example";

/// A certificate with its key as files, and who signed it.
struct Certificate {
    folder: TempDir,
    authority: CertificateDer<'static>,
}

impl Certificate {
    fn make() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("fullchain.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("privkey.pem"), key.serialize_pem()).unwrap();
        Self {
            folder,
            authority: authority.as_ref().der().clone(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// A proxy that ends with its test.
struct Proxy {
    child: Child,
    port: u16,
    certificate: Certificate,
}

impl Proxy {
    fn nginx(server: &Server) -> Self {
        let (certificate, port) = (Certificate::make(), free_port());
        let folder = certificate.folder.path();
        let site = include_str!("../../deploy/proxy/nginx.conf")
            .replace("443 ssl", &format!("127.0.0.1:{port} ssl"))
            .replace("127.0.0.1:7777", &server.address())
            .replace(
                "/etc/letsencrypt/live/game.example",
                &folder.display().to_string(),
            );
        let main = format!(
            "daemon off; master_process off; pid {0}/pid; error_log stderr;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy;\n\
             fastcgi_temp_path {0}/fcgi; uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;\n\
             {site} }}\n",
            folder.display()
        );
        std::fs::write(folder.join("nginx.conf"), main).unwrap();
        // Debian has it where only root looks.
        let usual = Path::new("/usr/sbin/nginx");
        let mut command = Command::new(if usual.exists() {
            usual
        } else {
            Path::new("nginx")
        });
        command.args(["-e", "stderr", "-p"]).arg(folder);
        command.arg("-c").arg(folder.join("nginx.conf"));
        Self::start(command, port, certificate)
    }

    fn caddy(server: &Server) -> Self {
        let (certificate, port) = (Certificate::make(), free_port());
        let folder = certificate.folder.path();
        let key = (
            certificate.path("fullchain.pem"),
            certificate.path("privkey.pem"),
        );
        let site = include_str!("../../deploy/proxy/Caddyfile")
            .replace(
                "game.example {",
                &format!("https://game.example:{port} {{\n\ttls {} {}", key.0, key.1),
            )
            .replace("127.0.0.1:7777", &server.address());
        let global = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n";
        std::fs::write(folder.join("Caddyfile"), format!("{global}{site}")).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]);
        command.arg(folder.join("Caddyfile")).env("HOME", folder);
        command
            .env("XDG_DATA_HOME", folder)
            .env("XDG_CONFIG_HOME", folder);
        Self::start(command, port, certificate)
    }

    fn start(mut command: Command, port: u16, certificate: Certificate) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("{command:?}: {error}; `cargo xtask needs` installs it")
        });
        let mut proxy = Self {
            child,
            port,
            certificate,
        };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = proxy.child.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < PATIENCE, "{ended:?}");
            std::thread::yield_now();
        }
        proxy
    }

    /// Connects with TLS, and verifies the certificate.
    fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.authority.clone()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots);
        let config = Arc::new(config.with_no_client_auth());
        let name = ServerName::try_from(NAME).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        StreamOwned::new(ClientConnection::new(config, name).unwrap(), stream)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Fetches the page, and joins a room, both through the proxy.
fn check(proxy: &Proxy) {
    let mut stream = proxy.connect();
    let request = format!("GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("<title>Plaza</title>"), "{page}");

    let (mut socket, _) = tungstenite::client(format!("wss://{NAME}/"), proxy.connect()).unwrap();
    let mut talk = |body: client_frame::Body| {
        socket.send(Message::Binary(client_payload(body))).unwrap();
        loop {
            if let Message::Binary(bytes) = socket.read().unwrap() {
                return decode_server(bytes).unwrap();
            }
        }
    };
    let welcome = talk(client_frame::Body::Hello(wire::Hello {
        version_min: 1,
        version_max: 1,
        sdk: "test".into(),
        credential: Some(Credential::Guest(wire::Guest { name: "Ada".into() })),
    }));
    assert!(
        matches!(welcome, server_frame::Body::Welcome(_)),
        "{welcome:?}"
    );
    let joined = talk(client_frame::Body::Join(wire::Join {
        room: "plaza/main".into(),
        sequence: 1,
        ..wire::Join::default()
    }));
    assert!(
        matches!(joined, server_frame::Body::Joined(_)),
        "{joined:?}"
    );
}

#[test]
fn a_player_joins_through_nginx() {
    let server = Server::start(&["dev", "--bots", "0"]);
    check(&Proxy::nginx(&server));
}

#[test]
fn a_player_joins_through_caddy() {
    let server = Server::start(&["dev", "--bots", "0"]);
    check(&Proxy::caddy(&server));
}
