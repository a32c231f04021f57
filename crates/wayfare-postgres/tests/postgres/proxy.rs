//! A proxy between engine and server that can cut, delay, silence or mute connections.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Passes,
    /// Each piece takes this long.
    Slow(Duration),
    /// Both ends keep the connection, but nothing arrives.
    Silent,
    /// Requests arrive, answers do not.
    Deaf,
}

#[derive(Clone, Copy, Debug)]
struct State {
    network: Network,
    /// The generation; connections of an earlier one are cut.
    generation: u64,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    acceptor: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(to: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(watch::Sender::new(State {
            network: Network::Passes,
            generation: 0,
        }));
        let acceptor = tokio::spawn(accept(listener, to, state.clone()));
        Self {
            address,
            state,
            acceptor,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://wayfare@{}/postgres", self.address)
    }

    pub(crate) fn set(&self, network: Network) {
        self.state.send_modify(|it| it.network = network);
    }

    /// Ends all connections. New ones are accepted.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|it| it.generation += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.acceptor.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, to: PathBuf, state: Arc<watch::Sender<State>>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            return;
        };
        tokio::spawn(connect(client, to.clone(), state.subscribe()));
    }
}

async fn connect(client: TcpStream, to: PathBuf, state: watch::Receiver<State>) {
    // If the server is down, the connection is dropped, as by an unavailable server.
    let Ok(server) = UnixStream::connect(to).await else {
        return;
    };
    let generation = state.borrow().generation;
    let mut cut = state.clone();
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let asks = pass(client_reads, server_writes, state.clone(), |network| {
        network == Network::Silent
    });
    let answers = pass(server_reads, client_writes, state, |network| {
        matches!(network, Network::Silent | Network::Deaf)
    });
    tokio::select! {
        () = asks => {}
        () = answers => {}
        _ = cut.wait_for(|it| it.generation > generation) => {}
    }
}

/// Transfers one direction. Held data is kept, in order.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    is_held: impl Fn(Network) -> bool,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let opened = state.wait_for(|it| !is_held(it.network)).await;
        let Ok(network) = opened.map(|it| it.network) else {
            return;
        };
        if let Network::Slow(delay) = network {
            // This future never completes, so only the time passes.
            let _ = tokio::time::timeout(delay, std::future::pending::<()>()).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
