//! A test of a game without server code: its clients use a relay room of the stock binary.

use std::collections::BTreeSet;
use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use wayfare_client::{Client, Credential, JoinError, Room, RoomEvent, State};
use wayfare_modules::relay::{
    Command, Configure, Detail, Event, Join, Member, Message, Open, OwnerCause, Picture, Post,
    Target,
};

use crate::server::{PATIENCE, Server};

const ROOM: &str = "relay/duel";

/// A game's client, with its picture of the room.
struct Visitor {
    id: String,
    room: Room,
    picture: Picture,
}

impl Visitor {
    /// Returns the first event that `wanted` accepts. All events before it are applied.
    async fn hear<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            match self.room.next::<Event>().await {
                Some(RoomEvent::Event(event)) => {
                    self.picture.apply(&event);
                    if let Some(found) = wanted(&event) {
                        return found;
                    }
                }
                other => panic!("{}: {other:?}", self.id),
            }
        }
    }

    async fn hear_message(&mut self) -> Message {
        self.hear(|event| match event {
            Event::Message(message) => Some(message.clone()),
            _ => None,
        })
        .await
    }

    async fn say(&self, command: Command) {
        self.room.send::<()>(&command).await.unwrap();
    }
}

/// Connects a client. Returns it with the id that the server assigned.
async fn connect(url: &str, name: &str) -> (Client, String) {
    let credential = Credential::Guest {
        name: name.to_owned(),
    };
    let client = Client::connect(url, credential).await.unwrap();
    let state = client.states().borrow().clone();
    let State::Connected { player, .. } = state else {
        panic!("{name}: {state:?}");
    };
    (client, player.to_string())
}

async fn join((client, id): (Client, String), open: &Open) -> Result<Visitor, JoinError> {
    let room = client.room(ROOM).open(open).join(&Join::default()).await?;
    let picture = room.view().unwrap();
    Ok(Visitor { id, room, picture })
}

fn duel() -> Open {
    Open {
        members_max: 3,
        properties: [("mode".to_owned(), Some("duel".into()))].into(),
        listed: BTreeSet::from(["mode".to_owned()]),
        owner_grace_seconds: 1,
        ..Open::default()
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs a scene to its end, or fails the test if that takes too long.
fn play(scene: impl Future<Output = ()>) {
    let scene = async { tokio::time::timeout(PATIENCE, scene).await };
    runtime().block_on(scene).expect("it happens in time");
}

fn lock(locked: bool) -> Command {
    Command::Configure(Configure {
        locked: Some(locked),
        ..Configure::default()
    })
}

/// Two clients talk, after one found the other's room in a listing.
async fn meet(url: &str, ada: &mut Visitor) -> Visitor {
    let (client, id) = connect(url, "Bob").await;
    let none = client.list("relay", &[("mode", "race")]).await.unwrap();
    assert!(none.rooms.is_empty(), "{none:?}");
    let filter = [("mode", "duel"), ("relay.open", "yes")];
    let found = client.list("relay", &filter).await.unwrap();
    let [listed] = &found.rooms[..] else {
        panic!("{found:?}");
    };
    assert_eq!(listed.room.to_string(), ROOM);

    // The room exists, so bob's `Open` is ignored.
    let mut bob = join((client, id), &Open::default()).await.unwrap();
    assert_eq!(bob.picture.settings.members_max, 3);
    let post = Post {
        topic: "greeting".into(),
        payload: "hello".into(),
        ..Post::default()
    };
    bob.say(Command::Post(post)).await;
    let heard = ada.hear_message().await;
    assert_eq!(
        (heard.from.as_str(), &heard.payload),
        (&*bob.id, &"hello".into())
    );
    let post = Post {
        to: Target::Members([heard.from].into()),
        payload: vec![0xff, 0x00].into(),
        ..Post::default()
    };
    ada.say(Command::Post(post)).await;
    assert_eq!(
        bob.hear_message().await.payload,
        "hello".into(),
        "one's own"
    );
    assert_eq!(bob.hear_message().await.payload, vec![0xff, 0x00].into());
    bob
}

/// A player with a seat joins a locked room, and nobody else can.
async fn seat(url: &str, ada: &mut Visitor) -> Visitor {
    ada.say(lock(true)).await;
    let dan = connect(url, "Dan").await;
    match join(dan, &Open::default()).await.map(|visitor| visitor.id) {
        Err(JoinError::Refused(error)) => {
            assert_eq!(Detail::of(error.detail), Some(Detail::Locked), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let cleo = connect(url, "Cleo").await;
    let players = [cleo.1.parse().unwrap()].into();
    ada.say(Command::Reserve {
        players,
        seconds: 600,
    })
    .await;
    let cleo = join(cleo, &Open::default()).await.unwrap();
    assert_eq!(cleo.picture.members.len(), 3);
    assert!(cleo.picture.seats.is_empty());
    cleo
}

/// The previous owner is detached: another member is the owner, and has its rights.
async fn follow(bob: &mut Visitor, cleo: &mut Visitor, former: &str) {
    let elected = |event: &Event| match event {
        Event::Owner { owner, cause } => Some((owner.to_string(), *cause)),
        _ => None,
    };
    let expect = (bob.id.clone(), OwnerCause::Away);
    assert_eq!(bob.hear(elected).await, expect);
    assert_eq!(cleo.hear(elected).await, expect);
    bob.say(lock(false)).await;
    let unlocked = |event: &Event| match event {
        Event::Settings { settings } => (!settings.locked).then_some(()),
        _ => None,
    };
    bob.hear(unlocked).await;
    cleo.hear(unlocked).await;
    assert_eq!(bob.picture, cleo.picture);
    let away = |member: &&Member| !member.attached;
    let away: Vec<_> = bob.picture.members.iter().filter(away).collect();
    assert!(
        matches!(&away[..], [member] if member.id == former),
        "{away:?}"
    );
}

#[test]
fn clients_share_a_relay_room_and_its_owner_is_replaced() {
    let server = Server::start(&["dev", "--bots", "0"]);
    let url = server.url.clone();
    let (kill, killed) = oneshot::channel::<()>();
    let (tell, told) = oneshot::channel();
    // Ada's client ends with the tasks of its runtime, and so without a leave.
    let life = std::thread::spawn(move || {
        runtime().block_on(async {
            let ada = join(connect(&url, "Ada").await, &duel()).await;
            assert!(tell.send(ada.unwrap()).is_ok());
            killed.await.unwrap_err();
        });
    });
    play(async {
        let mut ada = told.await.unwrap();
        let mut bob = meet(&server.url, &mut ada).await;
        let mut cleo = seat(&server.url, &mut ada).await;
        drop(kill);
        life.join().unwrap();
        follow(&mut bob, &mut cleo, &ada.id).await;
    });
}
