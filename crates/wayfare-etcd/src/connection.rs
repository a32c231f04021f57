//! A connection to one member: TCP, TLS if configured, HTTP/2.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::body::Body;
use tower_service::Service;

use crate::tls::{self, TlsError};

/// The HTTP/2 window of a stream: a page of a list fits.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * STREAM_WINDOW;

/// The address of a member.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// `host:port`.
    pub(crate) address: String,
    origin: Uri,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Endpoint {
    /// Makes an endpoint. `domain` is the name to expect in the certificate, if it is not the host.
    pub(crate) fn new(
        address: &str,
        tls: Option<&TlsConnector>,
        domain: Option<&str>,
    ) -> Result<Self, TlsError> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let name = tls::server_name(domain.unwrap_or(host))?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{address}").parse();
        Ok(Self {
            address: address.to_owned(),
            origin: origin.map_err(|_| TlsError::Name(address.to_owned()))?,
            tls: tls.map(|connector| (connector.clone(), name)),
        })
    }

    /// Connects, without waiting for an answer of the member, because a stopped process also
    /// accepts connections. The second part ends when the connection is lost.
    pub(crate) async fn open(
        &self,
    ) -> Result<(Connection, impl Future<Output = ()> + Send + use<>), io::Error> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => self.shake_hands(TokioIo::new(stream)).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await?;
                self.shake_hands(TokioIo::new(stream)).await
            }
        }
    }

    async fn shake_hands<S>(&self, stream: S) -> Result<(Connection, Driver), io::Error>
    where
        S: Read + Write + Unpin + Send + 'static,
    {
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .handshake(stream)
            .await
            .map_err(io::Error::other)?;
        let origin = self.origin.clone();
        // The end of the connection is reported to every request in flight.
        let driver = Box::pin(async move { drop(connection.await) });
        Ok((Connection { sender, origin }, driver))
    }
}

type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The sending end of a connection. Cheap to clone; the connection lives as long as any.
#[derive(Clone)]
pub(crate) struct Connection {
    sender: SendRequest<Body>,
    origin: Uri,
}

impl Connection {
    pub(crate) const fn origin(&self) -> &Uri {
        &self.origin
    }
}

/// Reasons why a connection gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    /// The request was not sent.
    #[error("the connection was closed before the request left")]
    BeforeSending,
    /// The request was sent, or may have been.
    #[error("the connection was lost: {0}")]
    AfterSending(#[source] hyper::Error),
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Incoming>;
    type Error = Lost;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Lost>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Lost>> {
        self.sender.poll_ready(cx).map_err(|_| Lost::BeforeSending)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.sender.try_send_request(request);
        Box::pin(async move {
            // A request that is returned unsent was certainly not seen by the member.
            answer
                .await
                .map_err(|mut error| match error.take_message() {
                    Some(_) => Lost::BeforeSending,
                    None => Lost::AfterSending(error.into_error()),
                })
        })
    }
}
