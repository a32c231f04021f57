//! The upgrade from an HTTP request to a WebSocket (RFC 6455, section 4.2), for a hyper server.
//!
//! The asynchronous side answers the request, through hyper or axum. The bare socket is then taken
//! from the server and given to a shard. The server decides before that who may connect, by origin
//! or address.

use bytes::Bytes;
use hyper::header::{
    AsHeaderName, CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tungstenite::handshake::derive_accept_key;

use crate::{Connection, WebSocket};

const VERSION: HeaderValue = HeaderValue::from_static("13");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Answers a request to upgrade to a WebSocket. Returns the response to send and the pending
/// upgrade.
///
/// No subprotocol and no extension is accepted, so the response names none. A client may offer them
/// and must work without.
///
/// # Errors
/// If the request is not an upgrade, or for another version; send [`Refusal::response`] then.
pub fn upgrade<B>(request: &mut Request<B>) -> Result<(Response<()>, Upgrading), Refusal> {
    let key = accept_key(request)?;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, WEBSOCKET);
    headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    Ok((
        response,
        Upgrading {
            on_upgrade: hyper::upgrade::on(request),
        },
    ))
}

/// An accepted upgrade whose socket is not yet released by hyper.
#[derive(Debug)]
pub struct Upgrading {
    on_upgrade: OnUpgrade,
}

impl Upgrading {
    /// Waits until the response is sent, then takes the socket from the server.
    ///
    /// Run it in a task beside the handler, because the response is sent after the handler returns.
    /// If the client disconnects first, it ends with an error. The caller must limit the time.
    ///
    /// # Errors
    /// If the connection fails before that, or is not plain TCP served through [`TokioIo`].
    pub async fn finish(self) -> Result<Upgraded, UpgradeError> {
        let upgraded = self.on_upgrade.await?;
        let (io, early) = match upgraded.downcast::<TokioIo<tokio::net::TcpStream>>() {
            Ok(parts) => (parts.io, parts.read_buf),
            Err(upgraded) => {
                let parts = auto::upgrade::downcast(upgraded).map_err(|_| UpgradeError::NotTcp)?;
                (parts.io, parts.read_buf)
            }
        };
        let stream = TokioIo::into_inner(io).into_std()?;
        stream.set_nodelay(true)?;
        Ok(Upgraded { stream, early })
    }
}

/// A socket after the upgrade.
#[derive(Debug)]
pub struct Upgraded {
    /// The socket. It is non-blocking, belongs to no event loop, and has Nagle's algorithm off,
    /// since a shard gathers its writes itself.
    pub stream: std::net::TcpStream,
    /// Bytes that followed the request and that the HTTP server has already read.
    pub early: Bytes,
}

impl Upgraded {
    /// Creates the shard's connection. Register it, and read it once without waiting for an event.
    ///
    /// A message of more than `message_bytes_max` bytes ends the connection.
    #[must_use]
    pub fn into_connection(self, message_bytes_max: usize) -> Connection {
        let stream = mio::net::TcpStream::from_std(self.stream);
        WebSocket::server(stream, self.early, message_bytes_max).into()
    }
}

/// The reason why a request is not upgraded to a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The method is not GET.
    #[error("a WebSocket begins with a GET request")]
    Method,
    /// The HTTP version is below 1.1 and has no upgrade.
    #[error("a WebSocket begins with HTTP/1.1")]
    HttpVersion,
    /// `Connection: upgrade` or `Upgrade: websocket` is missing.
    #[error("the request does not ask for a WebSocket")]
    NotAsked,
    /// `Sec-WebSocket-Version` is not 13.
    #[error("only version 13 of WebSocket is spoken here")]
    WebSocketVersion,
    /// `Sec-WebSocket-Key` is missing, repeated, or not sixteen bytes in base64.
    #[error("the key of the WebSocket is malformed")]
    Key,
}

impl Refusal {
    /// Returns the response that states the supported request.
    #[must_use]
    pub fn response(self) -> Response<()> {
        let mut response = Response::new(());
        *response.status_mut() = match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::NotAsked | Self::WebSocketVersion => StatusCode::UPGRADE_REQUIRED,
            Self::Key => StatusCode::BAD_REQUEST,
        };
        let headers = response.headers_mut();
        match self {
            Self::Method => {
                headers.insert(hyper::header::ALLOW, HeaderValue::from_static("GET"));
            }
            Self::NotAsked | Self::WebSocketVersion => {
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(UPGRADE, WEBSOCKET);
                headers.insert(SEC_WEBSOCKET_VERSION, VERSION);
            }
            Self::HttpVersion | Self::Key => {}
        }
        response
    }
}

/// The reason why an accepted request did not lead to a socket.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// The client or the server ended the connection first.
    #[error("the connection ended during the upgrade: {0}")]
    Http(#[from] hyper::Error),
    /// The server does not run over plain TCP, or wraps the socket.
    #[error("the connection is not plain TCP")]
    NotTcp,
    /// The socket could not be prepared.
    #[error("the socket could not be taken over: {0}")]
    Socket(#[from] std::io::Error),
}

/// Checks the rules of section 4.2.1 in their order and returns the accept header for the key.
fn accept_key<B>(request: &Request<B>) -> Result<HeaderValue, Refusal> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(Refusal::Method);
    }
    if !has_token(headers, CONNECTION, "upgrade") || !has_token(headers, UPGRADE, "websocket") {
        return Err(Refusal::NotAsked);
    }
    if request.version() != Version::HTTP_11 {
        return Err(Refusal::HttpVersion);
    }
    if only(headers, SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(Refusal::WebSocketVersion);
    }
    let key = only(headers, SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let key = key.filter(|key| is_key(key)).ok_or(Refusal::Key)?;
    HeaderValue::try_from(derive_accept_key(key)).map_err(|_| Refusal::Key)
}

/// Searches a token in all headers of this name, which may each hold a list. Ignores case.
fn has_token(headers: &HeaderMap, name: impl AsHeaderName, token: &str) -> bool {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    values.next().filter(|_| values.next().is_none())
}

/// Checks for sixteen bytes in base64: 21 digits of six bits, one of two bits, and the padding.
fn is_key(key: &[u8]) -> bool {
    let [digits @ .., last, b'=', b'='] = key else {
        return false;
    };
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    digits.len() == 21 && digits.iter().all(is_digit) && matches!(last, b'A' | b'Q' | b'g' | b'w')
}

#[cfg(test)]
mod tests;
