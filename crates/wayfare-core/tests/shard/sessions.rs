//! Logins: accepted, replaced, and refused.

use std::time::Duration;

use wayfare_core::SecondLogin;
use wayfare_core::game::KindSettings;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::limits::SILENCE_MAX;
use wayfare_protocol::wire::client_frame::Body as Say;
use wayfare_protocol::wire::{self, hello::Credential, server_frame::Body};

use crate::stub_lounge::lounge;
use crate::world::{World, attach, hello, join};

fn world(shards: u16) -> World {
    World::new(shards, KindSettings::default())
}

fn refused(first: Say) -> Option<Option<ErrorCode>> {
    let mut world = world(1);
    let client = world.connect(0);
    world.say(client, first);
    assert!(
        !world
            .heard(client)
            .iter()
            .any(|line| line.starts_with("welcome"))
    );
    world.lines[client].closed
}

#[test]
fn a_player_that_says_goodbye_behind_its_join_does_not_stay() {
    let mut world = World::new(2, KindSettings::default());
    let ada = world.login(0, "ada");
    world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    world.forget_heard();
    world.say_only(bo, Say::Join(join("lounge/a")));
    world.say_only(bo, Say::Bye(wire::Bye {}));
    world.settle();
    let heard = world.heard(ada);
    let left = |line: &String| line.contains("bo left");
    assert!(heard.iter().any(left), "{heard:?}");
}

#[test]
fn a_player_that_says_goodbye_behind_its_return_does_not_stay() {
    let mut world = World::new(3, KindSettings::default());
    let ada = world.login(0, "ada");
    world.join(ada, "lounge/a");
    for shard in 0..3 {
        let bo = world.login(0, "bo");
        let stay = world.join(bo, "lounge/a");
        world.drop_connection(bo);
        let bo = world.resume(shard, bo);
        world.forget_heard();
        world.say_only(bo, attach(&stay, 2));
        world.say_only(bo, Say::Bye(wire::Bye {}));
        world.settle();
        let heard = world.heard(ada);
        let left = |line: &String| line.contains("bo left");
        assert!(heard.iter().any(left), "shard {shard}: {heard:?}");
    }
}

#[test]
fn a_first_frame_that_is_no_good_hello_is_refused_by_name() {
    let token = |token: &str| Some(Credential::Token(token.into()));
    let check = |first, code| assert_eq!(refused(first), Some(Some(code)));
    check(Say::Bye(wire::Bye {}), ErrorCode::BadFrame);
    check(hello(1, 1, None), ErrorCode::BadFrame);
    check(hello(2, 9, token("ada")), ErrorCode::VersionUnsupported);
    check(hello(0, 0, token("ada")), ErrorCode::VersionUnsupported);
    check(hello(1, 1, token("bad")), ErrorCode::TokenInvalid);
    check(hello(1, 1, token(&"x".repeat(9000))), ErrorCode::TooLarge);
    check(
        hello(1, 1, Some(Credential::Ticket("forged".into()))),
        ErrorCode::TicketInvalid,
    );
}

#[test]
fn a_client_of_a_later_version_is_met_at_the_common_one() {
    let mut world = world(1);
    let client = world.connect(0);
    world.say(client, hello(1, 7, Some(Credential::Token("ada".into()))));
    assert_eq!(world.lines[client].welcome.as_ref().unwrap().version, 1);
}

#[test]
fn guests_are_let_in_only_where_they_may() {
    let guest = || {
        Credential::Guest(wire::Guest {
            name: " Bo\u{7} ".into(),
        })
    };
    let mut open = world(1);
    let client = open.connect(0);
    open.hello(client, guest());
    let player = open.lines[client].welcome.as_ref().unwrap().player.clone();
    assert!(player.starts_with("guest-"), "{player}");

    let mut closed = World::with(1, vec![lounge(KindSettings::default())], 1, |config| {
        config.settings.guests = false;
    });
    let client = closed.connect(0);
    closed.hello(client, guest());
    assert_eq!(
        closed.lines[client].closed,
        Some(Some(ErrorCode::GuestsRefused))
    );
}

#[test]
fn the_server_states_its_time() {
    let mut world = world(1);
    let ada = world.login(0, "ada");
    let welcome = world.lines[ada].welcome.clone().unwrap();
    assert!(welcome.time_ms >= 1_700_000_000_000, "{welcome:?}");
    world.advance(Duration::from_secs(5));
    world.say(ada, Say::Ping(wire::Ping { nonce: 7 }));
    let mut heard = world.lines[ada].heard.iter();
    let pong = heard.find_map(|body| match body {
        Body::Pong(pong) => Some(*pong),
        _ => None,
    });
    assert_eq!(pong.unwrap().time_ms, welcome.time_ms + 5000);
}

#[test]
fn silence_before_hello_is_cut() {
    let mut world = world(1);
    let client = world.connect(0);
    world.advance(wayfare_protocol::limits::HANDSHAKE_TIME_MAX);
    assert_eq!(
        world.lines[client].closed,
        Some(Some(ErrorCode::HandshakeTimeout))
    );
    assert_eq!(world.shards[0].counts().connections, 0);
}

#[test]
fn a_second_login_takes_the_place_on_whatever_shard() {
    for second_shard in [0, 1] {
        let mut world = world(2);
        let first = world.login(0, "ada");
        world.join(first, "lounge/a");
        let watcher = world.login(0, "bo");
        world.join(watcher, "lounge/a");
        world.forget_heard();
        let second = world.login(second_shard, "ada");
        assert_eq!(
            world.lines[first].closed,
            Some(Some(ErrorCode::SessionReplaced))
        );
        assert_eq!(world.heard(watcher), ["5 ada left: LeaveReplaced"]);
        let joined = world.join(second, "lounge/a");
        assert_eq!(joined.membership, 3);
        let sessions: usize = world
            .shards
            .iter()
            .map(|shard| shard.counts().sessions)
            .sum();
        assert_eq!(sessions, 2);
    }
}

#[test]
fn a_second_login_replaces_the_membership_in_one_step() {
    let mut world = world(2);
    let first = world.login(0, "ada");
    let room = world.join(first, "lounge/a");
    let watcher = world.login(1, "bo");
    world.join(watcher, "lounge/a");
    world.forget_heard();
    // The second session's join reaches the room in the same breath as the end of the first.
    let second = world.connect(1);
    world.say_only(second, hello(1, 1, Some(Credential::Token("ada".into()))));
    world.settle();
    world.say(second, Say::Join(join("lounge/a")));
    let heard = world.heard(watcher);
    assert_eq!(heard, ["5 ada left: LeaveReplaced", "6 ada came"]);
    assert_eq!(room.membership, 1);
}

#[test]
fn where_the_policy_keeps_the_first_the_second_is_refused() {
    let mut world = World::with(2, vec![lounge(KindSettings::default())], 1, |config| {
        config.settings.second_login = SecondLogin::Refuse;
    });
    let first = world.login(0, "ada");
    let second = world.login(1, "ada");
    assert_eq!(
        world.lines[second].closed,
        Some(Some(ErrorCode::AlreadyConnected))
    );
    assert_eq!(world.lines[first].closed, None);
    world.say(first, Say::Bye(wire::Bye {}));
    let third = world.login(1, "ada");
    assert_eq!(world.lines[third].closed, None);
}

#[test]
fn a_first_session_without_a_connection_keeps_nobody_out() {
    for shard in [0, 1] {
        let mut world = World::with(2, vec![lounge(KindSettings::default())], 1, |config| {
            config.settings.second_login = SecondLogin::Refuse;
        });
        let first = world.login(0, "ada");
        world.join(first, "lounge/a");
        world.advance(Duration::from_secs(5));
        let early = world.login(shard, "ada");
        let refused = world.ended(early).expect("refused");
        let left = SILENCE_MAX - Duration::from_secs(5);
        assert_eq!(u128::from(refused.retry_after_ms), left.as_millis());
        assert!(refused.message.contains("ends within 21 s"), "{refused:?}");
        world.drop_connection(first);
        let second = world.login(shard, "ada");
        assert_eq!(world.lines[second].closed, None);
        assert_eq!(world.join(second, "lounge/a").membership, 2);
        let resumed = world.resume(0, first);
        let closed = world.lines[resumed].closed;
        assert_eq!(closed, Some(Some(ErrorCode::TicketExpired)));
        assert_eq!(world.lines[second].closed, None);
    }
}

#[test]
fn a_first_session_that_comes_back_meanwhile_is_kept() {
    for shard in [0, 1] {
        let mut world = World::with(2, vec![lounge(KindSettings::default())], 1, |config| {
            config.settings.second_login = SecondLogin::Refuse;
        });
        let first = world.login(0, "ada");
        world.drop_connection(first);
        let second = world.connect(shard);
        let again = world.connect(1 - shard);
        let ticket = world.lines[first].welcome.as_ref().unwrap().ticket.clone();
        let token = Some(Credential::Token("ada".into()));
        world.say_only(second, hello(1, 1, token));
        world.say_only(again, hello(1, 1, Some(Credential::Ticket(ticket))));
        world.settle();
        let open = [second, again].map(|client| world.lines[client].closed.is_none());
        assert_eq!(open.iter().filter(|open| **open).count(), 1, "{open:?}");
        let sessions: usize = world.shards.iter().map(|it| it.counts().sessions).sum();
        assert_eq!(sessions, 1);
    }
}

#[test]
fn two_logins_at_the_same_instant_end_as_one_session() {
    let mut world = world(2);
    let one = world.connect(0);
    let two = world.connect(1);
    let token = || hello(1, 1, Some(Credential::Token("ada".into())));
    world.say_only(one, token());
    world.say_only(two, token());
    world.settle();
    let closed = [one, two].map(|client| world.lines[client].closed);
    assert_eq!(
        closed.iter().filter(|closed| closed.is_none()).count(),
        1,
        "{closed:?}"
    );
    let sessions: usize = world
        .shards
        .iter()
        .map(|shard| shard.counts().sessions)
        .sum();
    assert_eq!(sessions, 1);
}

#[test]
fn a_session_that_says_bye_leaves_nothing_behind() {
    let mut world = world(2);
    let ada = world.login(0, "ada");
    world.say(ada, Say::Acknowledge(wire::Acknowledge {}));
    world.join(ada, "lounge/a");
    world.join(ada, "lounge/b");
    world.say(ada, Say::Bye(wire::Bye {}));
    assert_eq!(world.lines[ada].closed, Some(None));
    world.advance(wayfare_protocol::limits::EMPTY_GRACE);
    for shard in &world.shards {
        assert_eq!(shard.counts(), wayfare_core::operator::Counts::default());
    }
    assert!(world.records().is_empty());
}

#[test]
fn an_operator_ends_a_session() {
    use wayfare_core::operator::Query;
    let mut world = world(1);
    let ada = world.login(0, "ada");
    let player = wayfare_protocol::PlayerId::new("ada").unwrap();
    world.shards[0].handle_operator(1, &Query::Kick(player), world.now);
    world.settle();
    assert_eq!(
        world.lines[ada].closed,
        Some(Some(ErrorCode::SessionKicked))
    );
}

#[test]
fn a_stopping_server_says_so_and_lets_nobody_new_in() {
    let mut world = world(1);
    let ada = world.login(0, "ada");
    world.shards[0].handle_stop(world.now);
    world.settle();
    assert_eq!(world.lines[ada].closed, Some(Some(ErrorCode::ShuttingDown)));
    let late = world.connect(0);
    assert_eq!(
        world.lines[late].closed,
        Some(Some(ErrorCode::ShuttingDown))
    );
}
