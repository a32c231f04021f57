//! Records that are given up: they go, however long coordination is away and whatever applies late.

use std::time::Duration;

use wayfare_core::SecondLogin;
use wayfare_core::game::KindSettings;
use wayfare_core::operator::Counts;
use wayfare_protocol::coordination::Request;
use wayfare_protocol::limits::SESSION_GRACE;
use wayfare_protocol::wire;
use wayfare_protocol::wire::client_frame::Body as Say;

use crate::stub_lounge::lounge;
use crate::world::{Fault, World};

fn refusing(shards: u16) -> World {
    World::with(shards, vec![lounge(KindSettings::default())], 1, |config| {
        config.settings.second_login = SecondLogin::Refuse;
    })
}

fn check_nothing_left(world: &mut World) {
    for shard in &world.shards {
        assert_eq!(shard.counts(), Counts::default());
    }
    assert_eq!(world.records(), []);
}

#[test]
fn a_record_goes_however_long_coordination_was_away() {
    for fault in [Fault::NotDone, Fault::LostUnknown, Fault::AppliedUnknown] {
        let mut world = refusing(2);
        let ada = world.login(0, "ada");
        world.join(ada, "lounge/a");
        // Some two hours of it, at one question in five seconds.
        world.faults.extend([fault; 3000]);
        world.say(ada, Say::Bye(wire::Bye {}));
        world.advance(Duration::from_secs(3600));
        world.faults.clear();
        world.advance(Duration::from_secs(10));
        let again = world.login(1, "ada");
        assert_eq!(world.lines[again].closed, None, "{fault:?}");
        world.say(again, Say::Bye(wire::Bye {}));
        world.advance(Duration::from_secs(100));
        check_nothing_left(&mut world);
    }
}

#[test]
fn a_released_record_keeps_nobody_out() {
    let mut world = refusing(1);
    let ada = world.login(0, "ada");
    world.faults.extend([Fault::LostUnknown; 4]);
    world.say(ada, Say::Bye(wire::Bye {}));
    world.faults.clear();
    let again = world.login(0, "ada");
    assert_eq!(world.lines[again].closed, None);
}

#[test]
fn releases_are_requested_at_a_pace() {
    let mut world = refusing(1);
    let ada = world.login(0, "ada");
    world.faults.extend([Fault::NotDone; 1000]);
    world.say(ada, Say::Bye(wire::Bye {}));
    world.advance(Duration::from_secs(600));
    let asked = 1000 - world.faults.len();
    assert!((100..=130).contains(&asked), "{asked} questions");
}

#[test]
fn a_login_applied_after_a_leave_leaves_no_record() {
    let mut world = refusing(2);
    world.late = true;
    let ada = world.login(0, "ada");
    world.answer_one();
    // The store has not done it yet, and will.
    let Some((_, _, Request::Commit(late))) = world.calls.front().cloned() else {
        panic!("a write is out");
    };
    world.faults.push_back(Fault::LostUnknown);
    world.answer_all();
    assert_eq!(world.lines[ada].closed, None);
    world.say(ada, Say::Bye(wire::Bye {}));
    world.advance(Duration::from_secs(5));
    world.store.commit(late).unwrap();
    assert_eq!(world.store.list("session/").records.len(), 1);
    world.advance(Duration::from_secs(10));
    check_nothing_left(&mut world);
}

#[test]
fn a_record_in_doubt_stays_while_its_session_lives() {
    let mut world = refusing(1);
    world.late = true;
    let ada = world.login(0, "ada");
    world.answer_one();
    world.faults.push_back(Fault::AppliedUnknown);
    world.answer_all();
    world.advance(Duration::from_secs(15));
    assert_eq!(world.lines[ada].closed, None);
    assert_eq!(world.store.list("session/").records.len(), 1);
}

#[test]
fn leftovers_are_listed_again_after_a_failure() {
    let mut world = refusing(2);
    let ada = world.login(0, "ada");
    world.join(ada, "lounge/a");
    world.faults.extend([Fault::NotDone; 9]);
    world.kill(true);
    world.faults.clear();
    world.advance(SESSION_GRACE + Duration::from_secs(10));
    check_nothing_left(&mut world);
}
