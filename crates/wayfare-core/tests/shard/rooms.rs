//! Opening, finding, filling, listing and closing rooms.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfare_core::game::{KindSettings, Who};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::limits::{EMPTY_GRACE, ROOMS_PER_SESSION_MAX};
use wayfare_protocol::wire::client_frame::Body as Say;
use wayfare_protocol::wire::{self, JoinMode, hello::Credential};

use crate::world::{Client, World, join};

fn world() -> World {
    World::new(2, KindSettings::default())
}

fn refusal(world: &mut World, client: Client, join: wire::Join) -> Option<String> {
    world.forget_heard();
    world.say(client, Say::Join(join));
    world
        .heard(client)
        .iter()
        .find_map(|line| Some(line.strip_prefix("join refused ")?.to_owned()))
}

fn mode(mode: JoinMode) -> wire::Join {
    wire::Join {
        mode: mode.into(),
        ..join("lounge/a")
    }
}

#[test]
fn each_way_to_join_does_what_it_says() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let bo = world.login(1, "bo");
    let check = |world: &mut World, client, join, code: Option<ErrorCode>| {
        assert_eq!(
            refusal(world, client, join),
            code.map(|code| format!("{code:?}"))
        );
    };
    check(
        &mut world,
        ada,
        mode(JoinMode::JoinExisting),
        Some(ErrorCode::RoomNotFound),
    );
    check(&mut world, ada, mode(JoinMode::JoinCreate), None);
    check(
        &mut world,
        bo,
        mode(JoinMode::JoinCreate),
        Some(ErrorCode::RoomExists),
    );
    check(&mut world, bo, mode(JoinMode::JoinExisting), None);
    check(
        &mut world,
        bo,
        join("nowhere/x"),
        Some(ErrorCode::KindUnknown),
    );
    check(
        &mut world,
        bo,
        join("lounge"),
        Some(ErrorCode::RoomNameInvalid),
    );
    let twice = wire::Join {
        sequence: 2,
        ..join("lounge/a")
    };
    check(&mut world, bo, twice, Some(ErrorCode::AlreadyJoined));
}

#[test]
fn a_kind_decides_who_may_create_and_who_may_join() {
    let settings = KindSettings {
        create: Who::Authenticated,
        join: Who::Authenticated,
        ..KindSettings::default()
    };
    let mut world = World::new(1, settings);
    let guest = world.connect(0);
    world.hello(guest, Credential::Guest(wire::Guest::default()));
    let not_allowed = Some("NotAllowed".to_owned());
    assert_eq!(refusal(&mut world, guest, join("lounge/a")), not_allowed);
    let ada = world.login(0, "ada");
    assert_eq!(refusal(&mut world, ada, join("lounge/a")), None);
    assert_eq!(refusal(&mut world, guest, join("lounge/a")), not_allowed);
}

#[test]
fn the_game_may_refuse_or_fail_at_the_door() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let open = |open: &'static str| wire::Join {
        open: open.into(),
        ..join("lounge/a")
    };
    assert_eq!(
        refusal(&mut world, ada, open("refuse")).as_deref(),
        Some("Refused")
    );
    assert_eq!(
        refusal(&mut world, ada, open("panic")).as_deref(),
        Some("HandlerFailed")
    );
    assert!(
        world.store.list("entity/").records.is_empty(),
        "the record was given up"
    );
    let bring = |payload: &'static str| wire::Join {
        payload: payload.into(),
        ..join("lounge/a")
    };
    assert_eq!(
        refusal(&mut world, ada, bring("refuse")).as_deref(),
        Some("Refused")
    );
    assert_eq!(
        refusal(&mut world, ada, bring("panic")).as_deref(),
        Some("HandlerFailed")
    );
    world.say(ada, Say::Join(bring("kicked")));
    let heard = world.heard(ada).join(", ");
    assert!(heard.ends_with("left LeaveKicked applied=1"), "{heard}");
    assert_eq!(refusal(&mut world, ada, join("lounge/a")), None);
}

#[test]
fn a_full_or_locked_room_refuses_joins() {
    let mut world = World::new(
        2,
        KindSettings {
            members_max: 2,
            ..KindSettings::default()
        },
    );
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    world.command(ada, &stay, 2, "lock");
    assert_eq!(
        refusal(&mut world, bo, join("lounge/a")).as_deref(),
        Some("RoomLocked")
    );
    world.command(ada, &stay, 3, "unlock");
    assert_eq!(refusal(&mut world, bo, join("lounge/a")), None);
    let cy = world.login(0, "cy");
    assert_eq!(
        refusal(&mut world, cy, join("lounge/a")).as_deref(),
        Some("RoomFull")
    );
    world.command(ada, &stay, 4, "kick bo");
    assert_eq!(refusal(&mut world, cy, join("lounge/a")), None);
}

#[test]
fn a_kicked_member_is_told_why_and_hears_no_more() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    world.join(bo, "lounge/a");
    world.forget_heard();
    world.command(ada, &stay, 2, "kick bo");
    world.command(ada, &stay, 3, "say peace");
    assert_eq!(world.heard(bo), ["left LeaveKicked applied=1"]);
    assert_eq!(
        world.heard(ada),
        [
            "5 bo left: LeaveKicked",
            "applied 2",
            "6 peace",
            "applied 3"
        ]
    );
}

#[test]
fn a_closed_room_tells_its_members_and_is_gone() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.command(ada, &stay, 2, "close");
    assert_eq!(
        world.heard(ada),
        ["applied 2", "left LeaveClosed applied=2"]
    );
    assert!(world.store.list("entity/").records.is_empty());
    let again = wire::Join {
        sequence: 3,
        ..join("lounge/a")
    };
    let second = world.join_with(ada, again).unwrap();
    assert_ne!(second.handle, stay.handle);
    assert!(
        second.epoch > stay.epoch,
        "a name that is used again begins above its past"
    );
    world.command(ada, &stay, 3, "say to the old room");
    assert_eq!(
        world.heard(ada).last().unwrap(),
        "left LeaveNotAMember applied=0"
    );
}

#[test]
fn an_empty_room_closes_after_its_grace() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let leave = |sequence, membership| {
        Say::Leave(wire::Leave {
            handle: stay.handle,
            membership,
            sequence,
            epoch: stay.epoch,
        })
    };
    world.say(ada, leave(2, 1));
    world.advance(EMPTY_GRACE / 2);
    world.say(
        ada,
        Say::Join(wire::Join {
            sequence: 3,
            ..join("lounge/a")
        }),
    );
    world.say(ada, leave(4, 2));
    assert_eq!(
        world.heard(ada).last().unwrap(),
        "left LeaveRequested applied=4"
    );
    world.advance(EMPTY_GRACE - Duration::from_millis(1));
    let rooms = |world: &World| world.shards.iter().map(|s| s.counts().rooms).sum::<usize>();
    assert_eq!(rooms(&world), 1);
    world.advance(Duration::from_millis(1));
    assert_eq!(rooms(&world), 0);
}

#[test]
fn a_listing_has_all_shards_and_no_private_rooms() {
    let mut world = world();
    let ada = world.login(0, "ada");
    for key in ["a", "b", "c", "d"] {
        let stay = world.join(ada, &format!("lounge/{key}"));
        if key != "d" {
            world.command(ada, &stay, 2, "set map=desert");
        }
    }
    let hidden = wire::Join {
        open: "private".into(),
        ..join("lounge/e")
    };
    world.say(ada, Say::Join(hidden));
    world.advance(Duration::from_secs(1));
    let mut list = |properties: &[(&str, &str)], kind: &str, limit| {
        world.forget_heard();
        let properties: BTreeMap<String, String> = properties
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect();
        let list = wire::List {
            request: 1,
            kind: kind.into(),
            properties,
            limit,
        };
        world.say(ada, Say::List(list));
        world.advance(Duration::ZERO);
        world.heard(ada).join("")
    };
    assert_eq!(
        list(&[], "lounge", 0),
        "listing lounge/a:1 lounge/b:1 lounge/c:1 lounge/d:1"
    );
    assert_eq!(
        list(&[("map", "desert")], "lounge", 2),
        "listing lounge/a:1 lounge/b:1 +"
    );
    assert_eq!(list(&[("map", "sea")], "lounge", 0), "listing ");
    assert_eq!(list(&[], "nowhere", 0), "listing  KindUnknown");
}

#[test]
fn a_session_is_in_so_many_rooms_and_no_more() {
    let mut world = world();
    let ada = world.login(0, "ada");
    for number in 0..ROOMS_PER_SESSION_MAX {
        world.join(ada, &format!("lounge/{number}"));
        world.advance(Duration::from_secs(1));
    }
    assert_eq!(
        refusal(&mut world, ada, join("lounge/x")).as_deref(),
        Some("RoomsPerSession")
    );
}

#[test]
fn two_shards_that_open_one_room_at_once_open_it_once() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let bo = world.login(1, "bo");
    world.say_only(ada, Say::Join(join("lounge/a")));
    world.say_only(bo, Say::Join(join("lounge/a")));
    world.settle();
    let rooms: usize = world.shards.iter().map(|shard| shard.counts().rooms).sum();
    assert_eq!(rooms, 1);
}
