//! Accepting of connections. Errors of one connection are skipped; after errors of the system it
//! pauses.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// The pause after an error of the system: long enough not to busy-wait while no file descriptor is
/// free, short enough to go unnoticed afterwards.
const PAUSE: Duration = Duration::from_millis(100);

/// A source of connections.
pub(super) trait Accept: Send {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        Ok(TcpListener::accept(self).await?.0)
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        Ok(UnixListener::accept(self).await?.0)
    }
}

/// Passes every connection to `take`. Never returns. Logs when errors of the system begin and end.
pub(super) async fn accept_all<A: Accept>(
    from: A,
    name: &'static str,
    mut take: impl FnMut(A::Stream),
) {
    let mut in_trouble = false;
    loop {
        match from.accept().await {
            Ok(stream) => {
                if std::mem::take(&mut in_trouble) {
                    tracing::info!(listener = name, "accepting connections again");
                }
                take(stream);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if !std::mem::replace(&mut in_trouble, true) {
                    tracing::error!(
                        listener = name, %error,
                        "connections cannot be accepted; trying on (for too many open files: raise `ulimit -n`)"
                    );
                }
                metrics::counter!("wayfare_accept_errors_total").increment(1);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Checks for errors that mean that the client disconnected before it was accepted (see ERRORS of
/// accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
    )
}
