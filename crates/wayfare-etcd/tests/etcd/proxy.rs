//! A TCP proxy in front of a member that can cut, hold and delay connections.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time;

/// The mode of the proxy, for present and future data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Closes every connection.
    Cut,
    /// Half open: every connection stays, but transfers nothing.
    Hold,
    /// Transfers requests, but no answers.
    HoldAnswers,
    /// Transfers each piece after this delay.
    Delay(Duration),
}

/// A proxy in front of one member, until it is dropped.
pub(crate) struct Proxy {
    pub(crate) address: String,
    mode: watch::Sender<Mode>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (mode, modes) = watch::channel(Mode::Pass);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server_port, modes.clone()));
            }
        });
        Self {
            address,
            mode,
            accepting,
        }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server_port: u16, mut modes: watch::Receiver<Mode>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server_port)).await else {
        return;
    };
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let asking = pass(client_read, server_write, modes.clone(), |mode| {
        mode == Mode::Hold
    });
    let answering = pass(server_read, client_write, modes.clone(), |mode| {
        matches!(mode, Mode::Hold | Mode::HoldAnswers)
    });
    // The end of either direction ends both.
    tokio::select! {
        _ = modes.wait_for(|it| *it == Mode::Cut) => {}
        () = asking => {}
        () = answering => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut modes: watch::Receiver<Mode>,
    holds: fn(Mode) -> bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let Ok(mode) = modes.wait_for(|it| !holds(*it)).await.map(|it| *it) else {
            return;
        };
        match mode {
            // Held data is not transferred any more.
            Mode::Cut => return,
            // This future never completes, so only the time passes.
            Mode::Delay(delay) => {
                let _ = time::timeout(delay, std::future::pending::<()>()).await;
            }
            Mode::Pass | Mode::Hold | Mode::HoldAnswers => {}
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
