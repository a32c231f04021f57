//! TLS to a server: rustls, with the system's authorities or a file's, always verified.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error as TlsFailure, RootCertStore};

use crate::error::{ConfigError, describe};

/// The trusted authorities.
pub(crate) enum Roots {
    System,
    File(String),
}

/// A TLS connector for connections. It has no roots if TLS is off.
#[derive(Clone)]
pub(crate) struct Tls(Option<TlsConnector>);

impl Tls {
    pub(crate) fn new(mode: SslMode, roots: &Roots) -> Result<Self, ConfigError> {
        if mode == SslMode::Disable {
            return Ok(Self(None));
        }
        let store = match roots {
            Roots::System => of_the_system()?,
            Roots::File(path) => of_a_file(path)?,
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::Url(describe(&error)))?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self(Some(TlsConnector::from(Arc::new(config)))))
    }
}

/// Checks whether a connection's error is about the server's certificate, or its absence.
pub(crate) fn is_of_trust(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // An `io::Error` hides the error it wraps, and its source is the source of that error.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(|it| it.get_ref());
        let wrapped = inner.and_then(|it| it.downcast_ref::<TlsFailure>());
        if let Some(failure) = wrapped.or_else(|| error.downcast_ref()) {
            return matches!(failure, TlsFailure::InvalidCertificate(_));
        }
        // The library's text for a server without TLS.
        if error.to_string() == "server does not support TLS" {
            return true;
        }
        next = error.source();
    }
    false
}

fn of_the_system() -> Result<RootCertStore, ConfigError> {
    let mut store = RootCertStore::empty();
    // Unreadable certificates are skipped. It is an error only if none is left.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        return Err(ConfigError::NoRoots);
    }
    Ok(store)
}

fn of_a_file(path: &str) -> Result<RootCertStore, ConfigError> {
    let roots = |why: String| ConfigError::Roots {
        path: path.to_owned(),
        why,
    };
    let mut store = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| roots(describe(&error)))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| roots(describe(&error)))?;
        let added = store.add(certificate);
        added.map_err(|error| roots(describe(&error)))?;
    }
    if store.is_empty() {
        return Err(roots("there is none".into()));
    }
    Ok(store)
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Infallible> {
        Ok(Handshake {
            connector: self.0.clone(),
            // A socket has no name and needs no TLS.
            peer: ServerName::try_from(host.to_owned()).ok(),
        })
    }
}

/// A TLS handshake with one server.
pub(crate) struct Handshake {
    connector: Option<TlsConnector>,
    peer: Option<ServerName<'static>>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let (Some(connector), Some(peer)) = (self.connector, self.peer) else {
                return Err(io::Error::other(
                    "TLS is turned off, or the host has no name",
                ));
            };
            let stream = connector.connect(peer, socket).await?;
            Ok(Encrypted(Box::new(stream)))
        })
    }
}

/// A connection with TLS.
pub(crate) struct Encrypted(Box<client::TlsStream<Socket>>);

impl TlsStream for Encrypted {
    /// Returns no channel binding: the certificate is verified instead.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
