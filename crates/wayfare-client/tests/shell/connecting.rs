//! Connecting, interruptions, and closing.

use std::time::Duration;

use wayfare_client::{Client, ConnectError, Credential, End, Interruption, State};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::{client_frame, hello};

use crate::stub_server::{HANDLE, StubServer, within};

#[tokio::test]
async fn a_guest_connects() {
    let server = StubServer::bind().await;
    let connect = Client::connect(server.endpoint(), Credential::guest());
    let (client, credential) = tokio::join!(within(connect), async {
        server.accept().await.welcome(false).await
    });
    let client = client.expect("connected");
    assert!(matches!(credential, hello::Credential::Guest(_)));
    let states = client.states();
    let state = states.borrow().clone();
    assert!(matches!(state, State::Connected { player, .. } if player == "ada"));
    assert!(client.server_time() >= Some(Duration::from_secs(1_700_000_000)));
}

#[tokio::test]
async fn another_client_goes_on_with_a_kept_ticket() {
    let server = StubServer::bind().await;
    let connect = Client::connect(server.endpoint(), Credential::guest());
    let (client, _) = tokio::join!(within(connect), async {
        server.accept().await.welcome(false).await
    });
    let ticket = client.expect("connected").ticket().expect("a ticket");
    assert_eq!(format!("{ticket:?}"), "Ticket(..)");
    let builder = Client::builder()
        .endpoint(server.endpoint())
        .resume(ticket.clone());
    let (again, credential) = tokio::join!(within(builder.connect()), async {
        server.accept().await.welcome(true).await
    });
    assert_eq!(credential, hello::Credential::Ticket(ticket.0.clone()));
    assert_eq!(again.expect("connected").ticket(), Some(ticket));
}

#[tokio::test]
async fn the_next_endpoint_is_tried_after_a_failure() {
    let gone = StubServer::bind().await.endpoint();
    let server = StubServer::bind().await;
    let builder = Client::builder().endpoint(gone);
    let (_client, _peer) = within(server.client_of(builder)).await;
}

#[tokio::test]
async fn a_permanent_refusal_ends_the_connect() {
    let server = StubServer::bind().await;
    let connect = Client::connect(server.endpoint(), Credential::Token("bad".into()));
    let (refused, ()) = tokio::join!(within(connect), async {
        let mut peer = server.accept().await;
        assert!(matches!(
            peer.next_frame().await,
            client_frame::Body::Hello(_)
        ));
        peer.end(ErrorCode::TokenInvalid.code(), "no such key")
            .await;
    });
    let Err(ConnectError::Ended(End::Refused(error))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error.known(), Some(ErrorCode::TokenInvalid));
    assert_eq!(error.to_string(), "no such key (TokenInvalid, 1100)");
}

#[tokio::test]
async fn a_connect_timeout_states_its_cause() {
    let gone = StubServer::bind().await.endpoint();
    let after = Duration::from_millis(100);
    let builder = Client::builder().endpoint(gone).connect_within(after);
    let error = within(builder.connect())
        .await
        .expect_err("nobody is there");
    let ConnectError::NotInTime { cause, detail, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*cause, Interruption::Unreachable);
    assert!(detail.is_some(), "the network says why");
    assert!(error.to_string().contains("the server cannot be reached ("));
}

#[tokio::test]
async fn an_endpoint_with_tls_or_without_scheme_is_refused() {
    let connect = |endpoint: &'static str| Client::connect(endpoint, Credential::guest());
    let error = connect("wss://127.0.0.1").await.expect_err("no TLS");
    assert!(matches!(error, ConnectError::NoTls { .. }));
    let error = connect("127.0.0.1:1").await.expect_err("no scheme");
    assert!(matches!(error, ConnectError::InvalidEndpoint { .. }));
    let error = Client::builder().connect().await.expect_err("none");
    assert_eq!(error, ConnectError::NoEndpoint);
}

#[tokio::test]
async fn states_show_an_interruption_and_its_end() {
    let server = StubServer::bind().await;
    let (client, peer) = server.client().await;
    let mut states = client.states();
    let lost = |state: &State| matches!(state, State::Interrupted { .. });
    drop(peer);
    let state = within(states.wait_for(lost)).await.expect("output").clone();
    assert!(matches!(
        state,
        State::Interrupted {
            cause: Interruption::Lost,
            ..
        }
    ));
    let presented = server.accept().await.welcome(true).await;
    assert_eq!(presented, hello::Credential::Ticket("ticket".into()));
    let back = |state: &State| matches!(state, State::Connected { .. });
    within(states.wait_for(back)).await.expect("output");
}

#[tokio::test]
async fn close_sends_bye() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let states = client.states();
    let (received, ()) = tokio::join!(
        async {
            [
                peer.next_frame_or_close().await,
                peer.next_frame_or_close().await,
            ]
        },
        within(client.close())
    );
    assert!(matches!(received, [Some(client_frame::Body::Bye(_)), None]));
    assert_eq!(*states.borrow(), State::Ended(End::Bye));
}

#[tokio::test]
async fn dropping_the_last_handle_sends_bye() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let (room, _) = tokio::join!(client.join("plaza/a", &()), peer.admit(HANDLE, &()));
    drop(client);
    let room = room.expect("joined");
    let ((), command) = tokio::join!(
        async { room.cast(&"still here").await.expect("taken") },
        peer.next_command()
    );
    assert_eq!(command.sequence, 2);
    drop(room);
    let mut received = Vec::new();
    while let Some(body) = peer.next_frame_or_close().await {
        received.push(body);
    }
    assert!(matches!(received.last(), Some(client_frame::Body::Bye(_))));
}
