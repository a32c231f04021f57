//! Lost connections: tickets, replay, resync, grace.

use std::time::Duration;

use wayfare_core::game::{HistoryBounds, KindSettings, OnPanic};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::limits::{MEMBER_GRACE, SESSION_GRACE};
use wayfare_protocol::wire::client_frame::Body as Say;
use wayfare_protocol::wire::{self, hello::Credential};

use crate::world::{Client, World, attach, command};

fn world() -> World {
    World::new(2, KindSettings::default())
}

fn ada_and_bo(world: &mut World) -> ((Client, wire::Joined), (Client, wire::Joined)) {
    let ada = world.login(0, "ada");
    let stay_ada = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let stay_bo = world.join(bo, "lounge/a");
    world.forget_heard();
    ((ada, stay_ada), (bo, stay_bo))
}

#[test]
fn missed_events_are_replayed_on_either_shard() {
    for shard in [0, 1] {
        let mut world = world();
        let ((ada, stay), (bo, stay_bo)) = ada_and_bo(&mut world);
        world.drop_connection(ada);
        assert_eq!(world.heard(bo), ["5 ada is away"]);
        world.command(bo, &stay_bo, 2, "say one");
        world.command(bo, &stay_bo, 3, "to bo not for ada");
        world.command(bo, &stay_bo, 4, "to ada two");
        let ada = world.resume(shard, ada);
        assert_eq!(world.heard(ada), ["welcome resumed=true"]);
        world.say(ada, attach(&stay, 4));
        assert_eq!(
            world.heard(ada),
            [
                "attached from=4 applied=1",
                "5 ada is away",
                "6 one",
                "8 two",
                "applied 1",
                "9 ada is back"
            ]
        );
    }
}

#[test]
fn a_client_that_forgot_its_stay_takes_it_back() {
    for shard in [0, 1] {
        let mut world = world();
        let ((ada, stay), (bo, _)) = ada_and_bo(&mut world);
        world.command(ada, &stay, 2, "say one");
        world.command(ada, &stay, 3, "say two");
        world.drop_connection(ada);
        world.forget_heard();
        let ada = world.resume(shard, ada);
        let again = world.join(ada, "lounge/a");
        assert_eq!((again.membership, again.applied), (stay.membership, 3));
        world.command(ada, &again, 4, "say three");
        assert_eq!(world.heard(bo), ["8 ada is back", "9 three"]);
    }
}

#[test]
fn who_comes_back_is_attached_in_its_own_view() {
    let mut world = world();
    let ((ada, stay), _) = ada_and_bo(&mut world);
    world.command(ada, &stay, 2, "show");
    world.drop_connection(ada);
    let ada = world.resume(1, ada);
    let again = world.join(ada, "lounge/a");
    assert_eq!(again.view, "ada\nbo".as_bytes());
}

#[test]
fn a_lost_reply_is_repeated_without_its_command() {
    let mut world = world();
    let ((ada, stay), (bo, _)) = ada_and_bo(&mut world);
    world.say_only(ada, command(&stay, 2, "echo precious"));
    world.say_only(ada, command(&stay, 3, "say once"));
    world.settle();
    world.forget_heard();
    world.drop_connection(ada);
    let ada = world.resume(1, ada);
    world.say(ada, attach(&stay, 4));
    world.say(ada, command(&stay, 2, "echo precious"));
    world.say(ada, command(&stay, 3, "say once"));
    let heard = world.heard(ada);
    assert_eq!(
        heard,
        [
            "welcome resumed=true",
            "attached from=4 applied=3",
            "5 reply 2: precious",
            "6 once",
            "7 ada is away",
            "applied 3",
            "8 ada is back",
            "applied 3",
            "applied 3"
        ]
    );
    assert_eq!(world.heard(bo), ["7 ada is away", "8 ada is back"]);
}

#[test]
fn an_acknowledged_welcome_voids_earlier_tickets() {
    let mut world = world();
    let first = world.login(0, "ada");
    world.drop_connection(first);
    let second = world.resume(0, first);
    // The second Welcome was lost: the first ticket still counts.
    world.drop_connection(second);
    let third = world.resume(1, first);
    assert_eq!(world.heard(third), ["welcome resumed=true"]);
    world.say(third, Say::Acknowledge(wire::Acknowledge {}));
    let thief = world.resume(0, first);
    assert_eq!(
        world.lines[thief].closed,
        Some(Some(ErrorCode::TicketSuperseded))
    );
    let thief = world.resume(0, second);
    assert_eq!(
        world.lines[thief].closed,
        Some(Some(ErrorCode::TicketSuperseded))
    );
    assert_eq!(
        world.lines[third].closed, None,
        "the owner's connection is untouched"
    );
}

#[test]
fn presenting_a_ticket_voids_those_before_it() {
    let mut world = world();
    let first = world.login(0, "ada");
    let second = world.resume(0, first);
    let third = world.resume(0, second);
    let thief = world.resume(1, first);
    assert_eq!(
        world.lines[thief].closed,
        Some(Some(ErrorCode::TicketSuperseded))
    );
    assert_eq!(world.lines[third].closed, None);
}

#[test]
fn a_ticket_ends_with_its_session() {
    let mut world = world();
    let ada = world.login(0, "ada");
    world.drop_connection(ada);
    world.advance(SESSION_GRACE);
    let late = world.resume(0, ada);
    assert_eq!(
        world.lines[late].closed,
        Some(Some(ErrorCode::TicketExpired))
    );
    let fresh = world.login(0, "ada");
    let of_former = world.resume(0, ada);
    assert_eq!(
        world.lines[of_former].closed,
        Some(Some(ErrorCode::TicketExpired))
    );
    assert_eq!(world.lines[fresh].closed, None);
}

#[test]
fn a_changed_ticket_is_forged() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let mut ticket = world.lines[ada].welcome.as_ref().unwrap().ticket.to_vec();
    ticket[20] ^= 1;
    let thief = world.connect(0);
    world.hello(thief, Credential::Ticket(ticket.into()));
    assert_eq!(
        world.lines[thief].closed,
        Some(Some(ErrorCode::TicketInvalid))
    );
}

#[test]
fn a_resume_replaces_a_connection_that_still_stands() {
    for shard in [0, 1] {
        let mut world = world();
        let ((ada, stay), (bo, stay_bo)) = ada_and_bo(&mut world);
        let again = world.resume(shard, ada);
        assert_eq!(
            world.lines[ada].closed,
            Some(Some(ErrorCode::SessionResumed))
        );
        world.say(again, attach(&stay, 4));
        world.command(bo, &stay_bo, 2, "say hi");
        // The old connection's words are void.
        world.command(ada, &stay, 2, "say ghost");
        let heard = world.heard(again);
        assert_eq!(heard.last().unwrap(), "7 hi", "{heard:?}");
        assert!(!heard.iter().any(|line| line.contains("ghost")));
    }
}

#[test]
fn a_history_that_does_not_reach_is_told_by_a_resync() {
    let history = HistoryBounds {
        events_max: 4,
        bytes_max: 10_000,
        age_max: Duration::from_secs(60),
    };
    let mut world = World::new(
        2,
        KindSettings {
            history,
            ..KindSettings::default()
        },
    );
    let ((ada, stay), (bo, stay_bo)) = ada_and_bo(&mut world);
    world.command(ada, &stay, 2, "quiet");
    world.drop_connection(ada);
    for number in 0..6 {
        world.command(bo, &stay_bo, 2 + number, "say much");
    }
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 4));
    let heard = world.heard(ada);
    assert!(
        heard[1].starts_with("resync @11 applied=2 [join ada | join bo |"),
        "{heard:?}"
    );
    assert_eq!(heard[2..], ["12 ada is back"]);
}

#[test]
fn a_member_away_for_longer_than_its_grace_is_gone() {
    let mut world = world();
    let ((ada, stay), (bo, stay_bo)) = ada_and_bo(&mut world);
    world.drop_connection(ada);
    world.advance(MEMBER_GRACE / 2);
    world.say(bo, Say::Ping(wire::Ping { nonce: 1 }));
    assert_eq!(world.heard(bo), ["5 ada is away", "pong 1"]);
    world.advance(MEMBER_GRACE / 2);
    assert_eq!(world.heard(bo), ["6 ada left: LeaveExpired"]);
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 4));
    assert_eq!(
        world.heard(ada),
        ["welcome resumed=true", "left LeaveNotAMember applied=0"]
    );
    world.command(bo, &stay_bo, 2, "who");
    assert_eq!(world.heard(bo), ["7 reply 2: bo"]);
}

#[test]
fn a_returned_member_does_not_expire() {
    let mut world = world();
    let ((ada, stay), (bo, _)) = ada_and_bo(&mut world);
    world.drop_connection(ada);
    world.advance(MEMBER_GRACE / 2);
    world.say(bo, Say::Ping(wire::Ping { nonce: 0 }));
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 4));
    world.forget_heard();
    for _ in 0..3 {
        world.advance(MEMBER_GRACE / 3);
        for client in [ada, bo] {
            world.say(client, Say::Ping(wire::Ping { nonce: 1 }));
        }
    }
    assert_eq!(world.heard(bo), ["pong 1", "pong 1", "pong 1"]);
}

#[test]
fn a_join_that_was_under_way_is_answered_again() {
    let mut world = world();
    let ada = world.login(0, "ada");
    world.say(ada, Say::Join(crate::world::join("lounge/a")));
    world.drop_connection(ada);
    let again = world.resume(1, ada);
    world.say(again, Say::Join(crate::world::join("lounge/a")));
    let heard = world.heard(again);
    assert_eq!(
        heard,
        [
            "welcome resumed=true",
            "joined @3 [join ada]",
            "4 ada is back"
        ],
        "the room was joined once"
    );
}

#[test]
fn a_silent_connection_is_lost_and_its_session_waits() {
    let mut world = world();
    let ((ada, stay), _) = ada_and_bo(&mut world);
    world.advance(wayfare_protocol::limits::SILENCE_MAX);
    assert_eq!(world.lines[ada].closed, Some(Some(ErrorCode::Silent)));
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 4));
    assert_eq!(world.heard(ada)[1], "attached from=4 applied=1");
}

#[test]
fn a_panic_rolls_a_room_back_and_is_reported() {
    let settings = KindSettings {
        snapshot_every: Some(Duration::from_secs(1)),
        ..KindSettings::default()
    };
    let mut world = World::new(2, settings);
    let ((ada, stay), (bo, _)) = ada_and_bo(&mut world);
    world.command(ada, &stay, 2, "say kept");
    world.advance(Duration::from_secs(1));
    let cy = world.login(0, "cy");
    world.join(cy, "lounge/a");
    world.command(ada, &stay, 3, "say lost");
    world.forget_heard();
    world.command(ada, &stay, 4, "panic");
    assert_eq!(
        world.heard(ada),
        [
            "9 reply 4: HandlerFailed",
            "resync @5 applied=2 [join ada | join bo | ada: say kept]"
        ]
    );
    assert_eq!(world.heard(cy), ["left LeaveRestarted applied=1"]);
    assert_eq!(
        world.heard(bo),
        ["resync @5 applied=1 [join ada | join bo | ada: say kept]"]
    );
    // Under way with their old numbers when the room fell back: void, then numbered anew. The
    // first would even fit.
    world.command(ada, &stay, 3, "say under way");
    world.command(ada, &stay, 5, "say under way too");
    assert_eq!(world.heard(ada), [""; 0]);
    let anew = wire::Joined {
        epoch: stay.epoch + 1,
        ..stay.clone()
    };
    world.command(ada, &anew, 3, "say anew");
    assert_eq!(world.heard(ada), ["6 anew", "applied 3"]);
    world.drop_connection(bo);
    let bo = world.resume(0, bo);
    world.say(bo, attach(&stay_of(2, &stay), 8));
    assert!(
        world.heard(bo)[1].starts_with("resync"),
        "a position of the void past is resynced"
    );
}

fn stay_of(membership: u32, other: &wire::Joined) -> wire::Joined {
    wire::Joined {
        membership,
        ..other.clone()
    }
}

#[test]
fn a_room_without_snapshot_reopens_or_closes_by_kind() {
    for (on_panic, left) in [
        (OnPanic::Restart, "LeaveRestarted"),
        (OnPanic::Close, "LeaveClosed"),
    ] {
        let mut world = World::new(
            2,
            KindSettings {
                on_panic,
                ..KindSettings::default()
            },
        );
        let ((ada, stay), (bo, _)) = ada_and_bo(&mut world);
        world.command(ada, &stay, 2, "panic");
        assert_eq!(
            world.heard(ada),
            [
                "5 reply 2: HandlerFailed".to_owned(),
                format!("left {left} applied=2")
            ]
        );
        assert_eq!(world.heard(bo), [format!("left {left} applied=1")]);
        let again = wire::Join {
            sequence: 3,
            ..crate::world::join("lounge/a")
        };
        let joined = world.join_with(ada, again).unwrap();
        assert!(joined.epoch > stay.epoch);
    }
}

#[test]
fn a_room_that_fails_again_and_again_closes() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let mut closed = 0;
    for sequence in 0..7 {
        let join = wire::Join {
            sequence: 1 + 2 * sequence,
            ..crate::world::join("lounge/a")
        };
        let stay = world.join_with(ada, join).unwrap();
        world.command(ada, &stay, 2 + 2 * sequence, "panic");
        closed += usize::from(
            world
                .heard(ada)
                .iter()
                .any(|l| l.starts_with("left LeaveClosed")),
        );
    }
    assert_eq!(closed, 1);
}

#[test]
fn a_failed_command_is_named_after_a_lost_reply() {
    let settings = KindSettings {
        snapshot_every: Some(Duration::from_secs(1)),
        ..KindSettings::default()
    };
    let mut world = World::new(2, settings);
    let ((ada, stay), _) = ada_and_bo(&mut world);
    world.advance(Duration::from_secs(1));
    world.say_only(ada, command(&stay, 2, "panic"));
    world.drop_connection(ada);
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 4));
    let failed = world.lines[ada].heard.iter().find_map(|body| match body {
        wayfare_protocol::wire::server_frame::Body::Attached(attached) => Some(attached.failed),
        _ => None,
    });
    assert_eq!(failed, Some(2));
    let panics = world
        .reports
        .iter()
        .filter(|report| matches!(report, wayfare_core::Report::Panicked { .. }))
        .count();
    assert_eq!(panics, 1);
}
