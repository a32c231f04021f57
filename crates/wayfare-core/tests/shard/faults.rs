//! Coordination that answers late, wrongly or not at all: nothing is left behind, nobody is locked
//! out, and nobody gets in by it.

use std::time::Duration;

use wayfare_core::game::{KindSettings, Who};
use wayfare_core::operator::Counts;
use wayfare_core::{Report, SecondLogin};
use wayfare_protocol::coordination::{Expect, Write};
use wayfare_protocol::limits::{EMPTY_GRACE, SESSION_GRACE};
use wayfare_protocol::wire::client_frame::Body as Say;
use wayfare_protocol::wire::{self, JoinMode, hello::Credential};
use wayfare_protocol::{EntityId, ErrorCode};

use crate::stub_lounge::lounge;
use crate::world::{Fault, World, hello, join};

const ALL: [Fault; 4] = [
    Fault::NotDone,
    Fault::AppliedUnknown,
    Fault::LostUnknown,
    Fault::Refused,
];

fn world() -> World {
    World::new(2, KindSettings::default())
}

/// After everybody left and time has passed, nothing is left, in shards or in the store.
fn check_nothing_left(world: &mut World, what: &str) {
    world.faults.clear();
    world.advance(SESSION_GRACE + EMPTY_GRACE + Duration::from_secs(100));
    for shard in &world.shards {
        assert_eq!(shard.counts(), Counts::default(), "{what}");
    }
    let records = world.records();
    assert!(records.is_empty(), "{what}: {records:?}");
}

#[test]
fn a_fault_at_any_call_of_a_visit_leaves_nothing_behind() {
    for fault in ALL {
        for nth in 0..12 {
            let mut world = world();
            world.faults.extend((0..nth).map(|_| Fault::None));
            world.faults.push_back(fault);
            let ada = world.login(0, "ada");
            if world.lines[ada].closed.is_none() {
                world.say(ada, Say::Acknowledge(wire::Acknowledge {}));
                if let Some(stay) = world.join_with(ada, join("lounge/a")) {
                    world.command(ada, &stay, 2, "panic");
                }
                world.say(ada, Say::Bye(wire::Bye {}));
            }
            check_nothing_left(&mut world, &format!("{fault:?} at call {nth}"));
        }
    }
}

#[test]
fn a_login_through_faults_ends_in_a_session_or_a_reason() {
    for first in ALL {
        for second in ALL {
            let mut world = world();
            world
                .faults
                .extend([Fault::None, first, Fault::None, second]);
            let ada = world.login(0, "ada");
            let sessions: usize = world.shards.iter().map(|s| s.counts().sessions).sum();
            match world.lines[ada].closed {
                None => assert_eq!(sessions, 1, "{first:?} {second:?}"),
                Some(code) => {
                    assert_eq!(code, Some(ErrorCode::Unavailable), "{first:?} {second:?}");
                    assert_eq!(sessions, 0, "{first:?} {second:?}");
                }
            }
            // Whatever is in the store, the player gets in once it answers again.
            world.faults.clear();
            let again = world.login(1, "ada");
            assert_eq!(world.lines[again].closed, None, "{first:?} {second:?}");
        }
    }
}

#[test]
fn an_unanswered_acknowledgement_locks_nobody_out() {
    for fault in [Fault::AppliedUnknown, Fault::LostUnknown] {
        let kinds = vec![lounge(KindSettings::default())];
        let mut world = World::with(1, kinds, 1, |config| {
            config.settings.second_login = SecondLogin::Refuse;
        });
        let ada = world.login(0, "ada");
        world.faults.push_back(fault);
        world.say(ada, Say::Acknowledge(wire::Acknowledge {}));
        world.say(ada, Say::Bye(wire::Bye {}));
        let again = world.login(0, "ada");
        assert_eq!(world.lines[again].closed, None, "{fault:?}");
    }
}

#[test]
fn a_room_that_restarts_through_an_unknown_answer_goes_on() {
    for fault in [Fault::AppliedUnknown, Fault::LostUnknown] {
        let mut world = world();
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        world.faults.push_back(fault);
        world.command(ada, &stay, 2, "panic");
        let restarted = |report: &Report| matches!(report, Report::Restarted { .. });
        assert!(world.reports.iter().any(restarted), "{fault:?}");
        let again = wire::Join {
            sequence: 3,
            ..join("lounge/a")
        };
        world.join_with(ada, again).unwrap();
    }
}

#[test]
fn a_join_during_a_claim_cannot_create_without_right() {
    let settings = KindSettings {
        create: Who::Authenticated,
        ..KindSettings::default()
    };
    let mut world = World::new(1, settings);
    let ada = world.login(0, "ada");
    let bo = world.login(0, "bo");
    let guest = world.connect(0);
    world.hello(guest, Credential::Guest(wire::Guest::default()));
    world.forget_heard();
    world.late = true;
    let refused = wire::Join {
        open: "refuse".into(),
        ..join("lounge/a")
    };
    world.say(ada, Say::Join(refused));
    let existing = JoinMode::JoinExisting.into();
    world.say(guest, Say::Join(join("lounge/a")));
    world.say(
        bo,
        Say::Join(wire::Join {
            mode: existing,
            ..join("lounge/a")
        }),
    );
    for _ in 0..5 {
        world.answer_all();
        world.settle();
    }
    assert_eq!(world.heard(ada), ["join refused Refused"]);
    assert_eq!(world.heard(guest), ["join refused NotAllowed"]);
    assert_eq!(world.heard(bo), ["join refused RoomNotFound"]);
}

#[test]
fn answers_for_those_who_are_gone_do_no_harm() {
    let mut world = world();
    world.late = true;
    let gone = world.connect(0);
    world.say(gone, hello(1, 1, Some(Credential::Token("ada".into()))));
    world.drop_connection(gone);
    world.answer_all();
    world.settle();
    world.late = false;
    let ada = world.login(0, "ada");
    world.late = true;
    world.say(ada, Say::Join(join("lounge/a")));
    world.drop_connection(ada);
    for _ in 0..5 {
        world.answer_all();
        world.settle();
    }
    world.late = false;
    check_nothing_left(&mut world, "late answers");
}

#[test]
fn a_corrupt_record_is_reported_and_blocks_nobody() {
    let mut world = world();
    let put = |key: &str| Write::Put {
        key: key.into(),
        expect: Expect::Absent,
        value: "nonsense".into(),
    };
    let room = EntityId::new("lounge", "a").unwrap();
    let corrupt = vec![put(&format!("entity/{room}")), put("session/bo")];
    world.store.commit(corrupt).unwrap();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let Some(record) = world.store.read(&format!("entity/{room}")).record else {
        panic!("nobody has it");
    };
    assert!(stay.epoch > 1 && record.revision.0 >= stay.epoch);
    let bo = world.login(0, "bo");
    assert_eq!(world.lines[bo].closed, None);
    let reported = |report: &&Report| matches!(report, Report::CorruptRecord(_));
    assert_eq!(world.reports.iter().filter(reported).count(), 2);
}
