//! From an HTTP request to a WebSocket (RFC 6455, section 4.2), for a hyper server.
//!
//! The request is answered on the asynchronous side, by hyper or by axum; the socket is then taken
//! out of it, bare, and given to a shard. Who may connect, by origin or by address, is the
//! server's to decide before.

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

/// Answers a request to become a WebSocket: the response to send, and the socket to come.
///
/// No subprotocol and no extension is accepted, so none is named in the response; a client may
/// offer them and do without.
///
/// # Errors
/// If it is no such request, or one for another version; [`Refusal::response`] says so to the
/// client.
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

/// The socket of a request that was accepted, once hyper lets go of it.
#[derive(Debug)]
pub struct Upgrading {
    on_upgrade: OnUpgrade,
}

impl Upgrading {
    /// Waits until the response is on its way, then takes the socket out of the server.
    ///
    /// Run it beside the handler, not in it: the response is sent after the handler returns. It
    /// ends with an error when the client goes first; a time bound is the server's own.
    ///
    /// # Errors
    /// If the connection fails before, or is not plain TCP served through [`TokioIo`].
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

/// A socket that speaks WebSocket from here on.
#[derive(Debug)]
pub struct Upgraded {
    /// Non-blocking, belongs to no event loop, and sends without delay: a shard gathers its
    /// writes itself.
    pub stream: std::net::TcpStream,
    /// What the client sent behind its request and the HTTP server has read already.
    pub early: Bytes,
}

impl Upgraded {
    /// The shard's connection: register it, and read it once without waiting for an event.
    ///
    /// A message of more than `message_bytes_max` bytes ends it.
    #[must_use]
    pub fn into_connection(self, message_bytes_max: usize) -> Connection {
        let stream = mio::net::TcpStream::from_std(self.stream);
        WebSocket::server(stream, self.early, message_bytes_max).into()
    }
}

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The method is not GET.
    #[error("a WebSocket begins with a GET request")]
    Method,
    /// HTTP before 1.1 has no upgrade.
    #[error("a WebSocket begins with HTTP/1.1")]
    HttpVersion,
    /// `Connection: upgrade` or `Upgrade: websocket` is missing.
    #[error("the request does not ask for a WebSocket")]
    NotAsked,
    /// `Sec-WebSocket-Version` is not 13.
    #[error("only version 13 of WebSocket is spoken here")]
    WebSocketVersion,
    /// `Sec-WebSocket-Key` is not one header of sixteen bytes in base64.
    #[error("the key of the WebSocket is malformed")]
    Key,
}

impl Refusal {
    /// The response that tells the client what would have been accepted.
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

/// Why an accepted request came to no socket.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// The client or the server ended the connection first.
    #[error("the connection ended during the upgrade: {0}")]
    Http(#[from] hyper::Error),
    /// The server runs over something else, or wraps it.
    #[error("the connection is not plain TCP")]
    NotTcp,
    /// The socket could not be prepared.
    #[error("the socket could not be taken over: {0}")]
    Socket(#[from] std::io::Error),
}

/// Checks the request line by line as in section 4.2.1; the key is answered, never kept.
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

/// Lists may span several headers, and tokens are compared without regard to case.
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

/// Sixteen bytes in base64: 21 digits of six bits, one of two bits, and the padding.
fn is_key(key: &[u8]) -> bool {
    let [digits @ .., last, b'=', b'='] = key else {
        return false;
    };
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    digits.len() == 21 && digits.iter().all(is_digit) && matches!(last, b'A' | b'Q' | b'g' | b'w')
}

#[cfg(test)]
mod tests;
