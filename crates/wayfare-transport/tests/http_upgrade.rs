//! The way from an HTTP request to a shard's connection, over real sockets, with tungstenite as the
//! client.

use std::convert::Infallible;
use std::future::ready;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use mio::{Events, Poll, Token};
use tokio::net::TcpListener;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Message};
use wayfare_transport::upgrade::{Upgraded, Upgrading, upgrade};
use wayfare_transport::{Closed, Flush, Read};

const MESSAGE_BYTES_MAX: usize = 1 << 20;

type UpgradedSender = mpsc::SyncSender<Upgraded>;

async fn finish(upgrading: Upgrading, sockets: UpgradedSender) {
    if let Ok(upgraded) = upgrading.finish().await {
        let _ = sockets.send(upgraded);
    }
}

/// Serves one connection with bare hyper, on a thread that ends with it.
fn serve_with_hyper(sockets: UpgradedSender) -> SocketAddr {
    serve(async move |listener| {
        let (stream, _) = listener.accept().await.expect("a client");
        let (accepted, accepting) = mpsc::sync_channel(1);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let response = match upgrade(&mut request) {
                Ok((response, upgrading)) => {
                    accepted.send(upgrading).expect("the server runs");
                    response
                }
                Err(refusal) => refusal.response(),
            };
            ready(Ok::<_, Infallible>(
                response.map(|()| Empty::<Bytes>::new()),
            ))
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let _ = connection.await;
        if let Ok(upgrading) = accepting.try_recv() {
            finish(upgrading, sockets).await;
        }
    })
}

/// Serves with axum, on a thread that outlives the test.
fn serve_with_axum(sockets: UpgradedSender) -> SocketAddr {
    serve(async move |listener| {
        let answer = async move |mut request: Request<Body>| -> Response<Body> {
            match upgrade(&mut request) {
                Ok((response, upgrading)) => {
                    tokio::spawn(finish(upgrading, sockets));
                    response.map(|()| Body::empty())
                }
                Err(refusal) => refusal.response().map(|()| Body::empty()),
            }
        };
        let router = axum::Router::new().route("/connect", axum::routing::any(answer));
        let _ = axum::serve(listener, router).await;
    })
}

fn serve<F>(run: F) -> SocketAddr
where
    F: AsyncFnOnce(TcpListener) + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("non-blocking");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { run(TcpListener::from_std(listener).unwrap()).await });
    });
    address
}

/// Runs one connection as a shard would, and echoes every message.
fn echo_until_closed(upgraded: Upgraded) -> Closed {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(4);
    let mut connection = upgraded.into_connection(MESSAGE_BYTES_MAX);
    connection.register(poll.registry(), Token(0)).unwrap();
    let mut scratch = vec![0; 64 * 1024];
    let mut echoes = Vec::new();
    loop {
        let read = connection.read(&mut scratch, |message| {
            let mut echo = bytes::BytesMut::new();
            wayfare_protocol::frame::put_unreliable(
                &mut echo,
                wayfare_protocol::Handle(message.len() as u64),
                message,
            );
            echoes.push(echo.freeze());
        });
        echoes.drain(..).for_each(|echo| connection.queue(echo));
        while connection.is_dirty() && connection.flush() == Flush::Blocked {
            poll.poll(&mut events, None).unwrap();
        }
        match read {
            Read::Closed(closed) => return closed,
            Read::More => {}
            Read::Drained => poll.poll(&mut events, None).unwrap(),
        }
    }
}

fn check_conversation(serve: fn(UpgradedSender) -> SocketAddr) {
    let (taken, upgrades) = mpsc::sync_channel(1);
    let address = serve(taken);
    let stream = TcpStream::connect(address).unwrap();
    let (mut client, _) = tungstenite::client(format!("ws://{address}/connect"), stream).unwrap();
    let upgraded = upgrades.recv().unwrap();
    assert!(upgraded.stream.nodelay().unwrap());
    let shard = thread::spawn(move || echo_until_closed(upgraded));
    for length in [0, 1, 125, 126, 65_535, 65_536, 1_000_000] {
        let payload: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
        client.send(Message::binary(payload.clone())).unwrap();
        client
            .send(Message::Ping(Bytes::from_static(b"alive")))
            .unwrap();
        let echo = client.read().unwrap().into_data();
        let echo = wayfare_protocol::frame::decode_server(echo).unwrap();
        let expect = wayfare_protocol::wire::Unreliable {
            handle: length,
            membership: 0,
            payload: payload.into(),
        };
        assert_eq!(
            echo,
            wayfare_protocol::wire::server_frame::Body::Unreliable(expect)
        );
        assert_eq!(
            client.read().unwrap(),
            Message::Pong(Bytes::from_static(b"alive"))
        );
    }
    let close = CloseFrame {
        code: CloseCode::Library(4242),
        reason: "done".into(),
    };
    client.close(Some(close)).unwrap();
    assert_eq!(shard.join().unwrap(), Closed::PeerClosed { code: 4242 });
    match client.read().unwrap() {
        Message::Close(Some(answer)) => assert_eq!(answer.code, CloseCode::Library(4242)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tungstenite_connects_through_hyper() {
    check_conversation(serve_with_hyper);
}

#[test]
fn tungstenite_connects_through_axum() {
    check_conversation(serve_with_axum);
}

#[test]
fn bytes_after_the_request_are_not_lost() {
    for serve in [serve_with_hyper, serve_with_axum] {
        let (taken, upgrades) = mpsc::sync_channel(1);
        let mut client = TcpStream::connect(serve(taken)).unwrap();
        let request = "GET /connect HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let early = b"\x82\x85\0\0\0\0early\x88\x82\0\0\0\0\x0f\xa0";
        client
            .write_all(&[request.as_bytes(), early].concat())
            .unwrap();
        let upgraded = upgrades.recv().unwrap();
        assert_eq!(&upgraded.early[..], early);
        let mut connection = upgraded.into_connection(MESSAGE_BYTES_MAX);
        let mut messages = Vec::new();
        let read = connection.read(&mut [0; 100], |message| messages.push(message.to_vec()));
        assert_eq!(messages, [b"early"]);
        assert_eq!(read, Read::Closed(Closed::PeerClosed { code: 4000 }));
    }
}

#[test]
fn a_client_that_leaves_during_the_upgrade_is_an_error() {
    let mut request = Request::new(());
    let headers = request.headers_mut();
    headers.insert("connection", "upgrade".parse().unwrap());
    headers.insert("upgrade", "websocket".parse().unwrap());
    headers.insert("sec-websocket-version", "13".parse().unwrap());
    headers.insert(
        "sec-websocket-key",
        "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap(),
    );
    let (_, upgrading) = upgrade(&mut request).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert!(runtime.block_on(upgrading.finish()).is_err());
}

#[test]
fn a_wrong_version_is_answered_with_the_right_one() {
    let (taken, upgrades) = mpsc::sync_channel(1);
    let address = serve_with_hyper(taken);
    let mut client = TcpStream::connect(address).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let request = "GET /connect HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(request.as_bytes()).unwrap();
    let response = std::io::read_to_string(client).unwrap();
    assert!(response.starts_with("HTTP/1.1 426 "), "{response}");
    assert!(
        response
            .to_lowercase()
            .contains("sec-websocket-version: 13\r\n"),
        "{response}"
    );
    assert!(upgrades.recv().is_err());
}
