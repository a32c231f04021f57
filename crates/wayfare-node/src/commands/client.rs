//! The operator's connection to a running node: the socket in its data folder, or TCP.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::admin::json::Failed;
use crate::admin::socket;
use crate::config::Secret;

/// The time limit of a request: twice the time that a node waits for its shards.
const TIME_MAX: Duration = Duration::from_secs(10);
const NOT_UNDERSTOOD: &str = "the answer cannot be parsed: does the node run another version?";
/// The maximum size of an answer: the list of about a million rooms.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The address of a running node.
pub(super) enum Node {
    /// A node on this machine.
    Local { data: PathBuf },
    /// A node behind the URL of its admin API.
    Remote { url: Uri, admin_key: Option<Secret> },
}

impl Node {
    /// Makes the address of a node from the URL of its admin API.
    ///
    /// # Errors
    /// If `url` is not a URL of an admin API.
    pub(super) fn remote(url: &str, admin_key: Option<Secret>) -> anyhow::Result<Self> {
        let parsed: Uri = url
            .parse()
            .with_context(|| format!("--url {url} is not a URL such as http://10.0.0.7:7778"))?;
        match parsed.scheme_str() {
            Some("http") if parsed.host().is_some() => Ok(Self::Remote {
                url: parsed,
                admin_key,
            }),
            Some("https") => bail!(
                "--url {url}: the admin API speaks plain HTTP; reach it through a tunnel \
                 (`ssh -L 7778:127.0.0.1:7778 …`) and --url http://127.0.0.1:7778"
            ),
            _ => bail!("--url {url} is not a URL such as http://10.0.0.7:7778"),
        }
    }

    /// Sends a request and returns its JSON answer. `path` must be encoded already.
    ///
    /// # Errors
    /// If the node cannot be reached, or answers with an error.
    pub(super) fn call<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
    ) -> anyhow::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let talking = async {
            tokio::time::timeout(TIME_MAX, self.talk(method, path))
                .await
                .map_err(|_| anyhow!("the node did not answer within {} s", TIME_MAX.as_secs()))?
        };
        let (status, body) = runtime.block_on(talking)?;
        if !status.is_success() {
            return Err(refusal(status, &body));
        }
        serde_json::from_slice(&body).context(NOT_UNDERSTOOD)
    }

    /// Sends a request and returns the answer as one line of text, even if it is an error.
    ///
    /// # Errors
    /// If the node cannot be reached.
    pub(super) fn words(&self, method: &Method, path: &str) -> anyhow::Result<String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let talking = async { tokio::time::timeout(TIME_MAX, self.talk(method, path)).await };
        let (_, body) = runtime.block_on(talking)??;
        let words = String::from_utf8_lossy(&body);
        Ok(words.trim_end().replace('\n', "; "))
    }

    /// Sends a request and passes each line of the answer to `take`. There is no time limit.
    ///
    /// # Errors
    /// If the node cannot be reached, answers with an error or stops before the last line, or if
    /// `take` fails.
    pub(super) fn lines<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        mut take: impl FnMut(T) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let response = self.ask(method, path).await?;
            let status = response.status();
            let mut body = response.into_body();
            if !status.is_success() {
                let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
                let body = body.map_err(|error| anyhow!(error))?;
                return Err(refusal(status, &body.to_bytes()));
            }
            let mut lines = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.context("the node stopped before it was done")?;
                lines.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes));
                while let Some(end) = lines.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = lines.drain(..=end).collect();
                    take(serde_json::from_slice(&line).context(NOT_UNDERSTOOD)?)?;
                }
            }
            Ok(())
        })
    }

    async fn talk(&self, method: &Method, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let response = self.ask(method, path).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
        let body = body.collect().await.map_err(|error| anyhow!(error))?;
        Ok((status, body.to_bytes()))
    }

    async fn ask(&self, method: &Method, path: &str) -> anyhow::Result<Response<Incoming>> {
        let request = Request::builder().method(method).uri(path);
        match self {
            Self::Local { data } => {
                let socket = socket::path_in(data);
                let stream = UnixStream::connect(&socket)
                    .await
                    .map_err(|error| anyhow!(unreachable(&socket, data, &error)))?;
                exchange(stream, request.header(HOST, "local").body(Empty::new())?).await
            }
            Self::Remote { url, admin_key } => {
                let authority = url.authority().context("the URL names no host")?;
                let port = authority.port_u16().unwrap_or(80);
                let host = authority.host().trim_matches(['[', ']']);
                let stream = TcpStream::connect((host, port)).await.with_context(|| {
                    format!("no node answers at {authority}, which must be the address of its `admin` setting")
                })?;
                let mut request = request.header(HOST, authority.as_str());
                if let Some(key) = admin_key {
                    request = request.header(AUTHORIZATION, format!("Bearer {}", key.0));
                }
                let request = request.body(Empty::new());
                exchange(
                    stream,
                    request.context("the admin key cannot be sent in a header")?,
                )
                .await
            }
        }
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Empty<Bytes>>,
) -> anyhow::Result<Response<Incoming>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

/// The error that a node's answer describes.
fn refusal(status: StatusCode, body: &[u8]) -> anyhow::Error {
    match serde_json::from_slice::<Failed>(body) {
        Ok(failed) if status == StatusCode::UNAUTHORIZED => anyhow!(
            "{}; here it is set with --admin-key or WAYFARE_ADMIN_KEY",
            failed.message
        ),
        Ok(failed) => anyhow!("{}", failed.message),
        Err(_) => anyhow!("the node answered {status}: is this the address of its admin API?"),
    }
}

/// The error for a socket that cannot be connected to, with advice.
fn unreachable(socket: &Path, data: &Path, error: &std::io::Error) -> String {
    let (socket, data) = (socket.display(), data.display());
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => format!(
            "no node runs on the data folder {data}: tried its socket {socket} ({error}). Start one \
             with `dev` or `serve`, name the folder of a running one with --data, or reach one \
             elsewhere with --url and --admin-key"
        ),
        ErrorKind::PermissionDenied => format!(
            "the socket {socket} belongs to another user: run this as the user that runs the node"
        ),
        _ => format!("the socket {socket} does not answer: {error}"),
    }
}

/// Percent-encodes `text` as a part of a path (RFC 3986, section 2.3). Slashes are kept.
pub(super) fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
