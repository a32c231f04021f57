//! Rooms that storage keeps: what waits for it, and what is left after a kill.

use std::time::Duration;

use wayfare_core::Report;
use wayfare_core::cluster::NodeView;
use wayfare_core::game::{Durability, KindSettings, OnLoss};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::wire::{self, client_frame::Body as Say};
use wayfare_protocol::{EntityId, NodeId};

use crate::world::{Fault, World, attach, command, join, leave};

fn durable() -> KindSettings {
    KindSettings {
        durability: Durability::Durable,
        ..KindSettings::default()
    }
}

fn snapshotted() -> KindSettings {
    KindSettings {
        snapshot_every: Some(Duration::from_secs(1)),
        ..KindSettings::default()
    }
}

fn later(stay: &wire::Joined, epoch: u64) -> wire::Joined {
    wire::Joined {
        epoch,
        ..stay.clone()
    }
}

/// The epoch a client was told last.
fn epoch(world: &World, client: usize) -> u64 {
    use wire::server_frame::Body;
    let heard = world.lines[client].heard.iter().rev();
    let mut epochs = heard.filter_map(|body| match body {
        Body::Attached(attached) => Some(attached.epoch),
        Body::Resync(resync) => Some(resync.epoch),
        Body::Joined(joined) => Some(joined.epoch),
        _ => None,
    });
    epochs.next().expect("an epoch")
}

/// The frames of a client, without those that attach it again.
fn said(world: &mut World, client: usize) -> Vec<String> {
    let mut heard = world.heard(client);
    heard.retain(|line| !line.starts_with("att"));
    heard
}

/// The position up to which a client's past is still true, by its resync.
fn stands(world: &World, client: usize) -> u64 {
    let heard = world.lines[client].heard.iter();
    let mut resyncs = heard.filter_map(|body| match body {
        wire::server_frame::Body::Resync(resync) => Some(resync.stands),
        _ => None,
    });
    resyncs.next().expect("a resync")
}

#[test]
fn nothing_leaves_before_storage_has_it() {
    let mut world = World::new(2, durable());
    let ada = world.login(0, "ada");
    world.forget_heard();
    world.storage_late = true;
    world.say(ada, Say::Join(join("lounge/a")));
    world.store_one(); // the seal
    assert_eq!(world.heard(ada), [""; 0]);
    world.store_one();
    assert_eq!(world.heard(ada).len(), 2, "the join and its event");
    world.store_all();
}

#[test]
fn commands_that_wait_share_a_write() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.storage_late = true;
    for number in 2..=6 {
        world.command(ada, &stay, number, "echo x");
    }
    assert_eq!(world.stores.len(), 1, "the first is on its way");
    world.store_one();
    assert_eq!(world.heard(ada), ["3 reply 2: x"]);
    assert_eq!(world.stores.len(), 1, "the others go together");
    world.store_one();
    assert_eq!(world.heard(ada).len(), 4);
    assert!(world.stores.is_empty());
}

#[test]
fn acknowledged_commands_survive_a_kill() {
    let mut world = World::new(2, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let bos = world.join(bo, "lounge/a");
    world.command(ada, &stay, 2, "say one");
    assert_eq!(world.heard(bo).last().unwrap(), "5 one");
    // Its effects were not released: nobody was told.
    world.storage_late = true;
    world.command(ada, &stay, 3, "say two");
    world.kill(false);
    world.storage_late = false;
    world.store_all();

    let ada = world.resume(1, ada);
    world.say(ada, attach(&stay, 5));
    let heard = world.heard(ada);
    assert_eq!(heard[0], "welcome resumed=true");
    assert_eq!(
        heard[1], "attached from=5 applied=2",
        "no resync: nothing is lost"
    );
    assert_eq!(
        heard[2..],
        [
            "6 ada is away",
            "7 bo is away",
            "applied 2",
            "8 ada is back"
        ]
    );
    // Under the number and the epoch it had: it was not applied.
    world.command(ada, &stay, 3, "say two");
    assert_eq!(world.heard(ada), ["9 two", "applied 3"]);

    let bo = world.resume(0, bo);
    world.say(bo, attach(&bos, 5));
    let heard = world.heard(bo);
    assert_eq!(heard[1], "attached from=5 applied=1");
    assert_eq!(
        heard[2..6],
        ["6 ada is away", "7 bo is away", "8 ada is back", "9 two"]
    );
}

#[test]
fn a_write_in_flight_at_a_kill_applies_a_command_once() {
    for applied in [true, false] {
        let mut world = World::new(1, durable());
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        world.storage_late = true;
        world.command(ada, &stay, 2, "say once");
        world.kill(applied);
        world.storage_late = false;
        world.store_all();
        let ada = world.resume(0, ada);
        world.say(ada, attach(&stay, 2));
        world.command(ada, &stay, 2, "say once");
        let heard = world.heard(ada);
        let said = heard.iter().filter(|line| line.ends_with(" once")).count();
        assert_eq!(said, 1, "{heard:?}");
    }
}

#[test]
fn kills_one_after_the_other_leave_one_lineage() {
    let mut world = World::new(2, durable());
    let mut ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let (mut seen, mut under) = (2, stay.epoch);
    for round in 0..10 {
        world.command(ada, &stay, 2 + round, "say more");
        world.kill(false);
        ada = world.resume((round % 2) as usize, ada);
        if round % 3 == 0 {
            // It has heard the epoch, and nothing else under it.
            world.kill(true);
            ada = world.resume(0, ada);
        }
        world.say(ada, attach(&later(&stay, under), seen));
        under = epoch(&world, ada);
        let heard = world.heard(ada);
        assert!(heard[1].starts_with("attached"), "{heard:?}");
        let numbers: Vec<u64> = heard
            .iter()
            .filter_map(|line| line.split_once(' ')?.0.parse().ok())
            .collect();
        let first = numbers[0];
        assert_eq!(first, seen + 1);
        assert!(
            numbers.windows(2).all(|two| two[1] == two[0] + 1),
            "{numbers:?}"
        );
        seen = *numbers.last().unwrap();
    }
}

#[test]
fn storage_that_fails_is_asked_again_until_it_has_it() {
    for fault in [Fault::NotDone, Fault::LostUnknown, Fault::AppliedUnknown] {
        let mut world = World::new(1, durable());
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        world.forget_heard();
        world.storage_faults = [fault, fault, fault].into();
        world.command(ada, &stay, 2, "say hello");
        assert_eq!(world.heard(ada), [""; 0], "{fault:?}");
        world.advance(Duration::from_secs(1));
        assert_eq!(world.heard(ada), ["3 hello", "applied 2"], "{fault:?}");
    }
}

#[test]
fn a_storage_that_is_away_holds_a_bounded_amount() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.storage_late = true;
    let mut sent = 0;
    while world.lines[ada].closed.is_none() {
        sent += 1;
        world.command(ada, &stay, 1 + sent, "fill 60000");
        assert!(sent < 1000, "nothing stops it");
        world.advance(Duration::from_millis(20));
    }
    assert!(sent > 100, "{sent}");
    world.store_all();
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 2));
    let heard = world.heard(ada);
    assert!(heard.last().unwrap().starts_with("applied") || heard.last().unwrap().contains("back"));
}

#[test]
fn a_failed_room_reruns_its_unreleased_inputs() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    let bos = world.join(bo, "lounge/a");
    world.forget_heard();
    world.storage_late = true;
    world.command(ada, &stay, 2, "say on its way");
    world.command(bo, &bos, 2, "say waiting");
    world.command(ada, &stay, 3, "panic");
    world.command(ada, &stay, 4, "say behind");
    world.command(bo, &bos, 3, "echo too");
    let cy = world.login(0, "cy");
    world.forget_heard();
    world.say(cy, Say::Join(join("lounge/a")));
    world.store_all();
    let under = epoch(&world, ada);
    let heard = world.heard(ada);
    let said: Vec<&String> = heard
        .iter()
        .filter(|line| !line.starts_with("att"))
        .collect();
    assert_eq!(
        said,
        [
            "5 on its way",
            "applied 2",
            "6 waiting",
            "7 reply 3: HandlerFailed",
            "8 behind",
            "10 cy came",
            "applied 4",
        ],
        "{heard:?}"
    );
    assert!(world.heard(bo).contains(&"9 reply 3: too".to_owned()));
    assert!(world.heard(cy)[0].starts_with("joined @10"));
    // And all of it is so after a kill.
    let stay = later(&stay, under);
    world.kill(false);
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 10));
    assert_eq!(world.heard(ada)[1], "attached from=10 applied=4");
}

#[test]
fn a_failed_room_reruns_a_lost_write() {
    for fault in [Fault::None, Fault::LostUnknown, Fault::AppliedUnknown] {
        let mut world = World::new(1, durable());
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        world.forget_heard();
        world.storage_late = true;
        world.command(ada, &stay, 2, "say first");
        world.command(ada, &stay, 3, "panic");
        world.storage_faults = [fault].into();
        world.store_all();
        world.advance(Duration::from_secs(5));
        assert_eq!(
            said(&mut world, ada),
            ["3 first", "applied 2", "4 reply 3: HandlerFailed"],
            "{fault:?}"
        );
    }
}

#[test]
fn a_room_that_fails_again_answers_what_it_failed_on_before() {
    for fault in [Fault::None, Fault::LostUnknown, Fault::AppliedUnknown] {
        let mut world = World::new(1, durable());
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        world.forget_heard();
        world.storage_late = true;
        world.command(ada, &stay, 2, "panic");
        world.command(ada, &stay, 3, "panic");
        world.store_one(); // the load
        world.store_one(); // its new epoch
        world.storage_faults = [fault].into();
        world.store_all();
        world.advance(Duration::from_secs(5));
        assert_eq!(
            said(&mut world, ada),
            ["3 reply 2: HandlerFailed", "4 reply 3: HandlerFailed"],
            "{fault:?}"
        );
    }
}

#[test]
fn a_room_that_fails_again_continues_its_rerun() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    world.command(ada, &stay, 2, "after 100 panic");
    world.forget_heard();
    world.storage_late = true;
    world.command(ada, &stay, 3, "say on its way");
    world.say(bo, Say::Join(join("lounge/a")));
    world.command(ada, &stay, 4, "panic");
    world.storage_faults = [Fault::LostUnknown].into();
    world.store_one();
    world.store_one(); // the load
    // The note comes before any of it is run again.
    world.advance(Duration::from_millis(200));
    world.store_all();
    world.advance(Duration::from_secs(5));
    assert!(world.heard(bo)[0].starts_with("joined"));
    let heard = world.heard(ada);
    assert!(
        heard.contains(&"6 reply 4: HandlerFailed".to_owned()),
        "{heard:?}"
    );
}

#[test]
fn an_unreadable_failed_room_keeps_its_members() {
    for settings in [durable(), snapshotted()] {
        let mut world = World::new(1, settings);
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        world.command(ada, &stay, 2, "say kept");
        world.advance(Duration::from_secs(1));
        world.storage_faults = vec![Fault::NotDone; 3].into();
        world.forget_heard();
        world.command(ada, &stay, 3, "panic");
        assert!(world.lines[ada].closed.is_some());
        assert!(!world.heard(ada).iter().any(|line| line.starts_with("left")));
        let ada = world.resume(0, ada);
        world.say(ada, attach(&stay, 3));
        let heard = world.heard(ada);
        assert!(
            heard[1].starts_with("attached") || heard[1].starts_with("resync"),
            "{heard:?}"
        );
    }
}

#[test]
fn a_note_survives_a_kill_and_comes_once() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "after 5000 tea");
    world.command(ada, &stay, 3, "after 5000 panic");
    world.advance(Duration::from_secs(3));
    world.kill(false);
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 2));
    world.forget_heard();
    world.advance(Duration::from_millis(1900));
    assert_eq!(world.heard(ada), [""; 0]);
    world.advance(Duration::from_secs(8));
    let heard = world.heard(ada);
    let notes = heard
        .iter()
        .filter(|line| line.ends_with("note tea"))
        .count();
    assert_eq!(notes, 1, "{heard:?}");
    let panics = world
        .reports
        .iter()
        .filter(|report| matches!(report, Report::Panicked { .. }))
        .count();
    assert_eq!(panics, 1, "what a room fails on is not tried again");
}

#[test]
fn an_idle_room_is_put_away_and_comes_back_for_who_wants_it() {
    let mut world = World::new(2, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "say remember");
    world.say(ada, leave(&stay, 3));
    world.advance(wayfare_protocol::limits::EMPTY_GRACE);
    let ada = world.resume(0, ada);
    assert_eq!(
        world.shards[0].counts().rooms + world.shards[1].counts().rooms,
        0
    );
    let existing = wire::Join {
        sequence: 4,
        mode: wire::JoinMode::JoinExisting.into(),
        ..join("lounge/a")
    };
    let back = world.join_with(ada, existing).unwrap();
    assert!(back.epoch > stay.epoch);
    let view = String::from_utf8_lossy(&back.view).into_owned();
    assert!(view.contains("ada: say remember"), "{view}");
}

#[test]
fn a_closed_room_is_forgotten() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.storage_late = true;
    world.command(ada, &stay, 2, "close");
    assert_eq!(world.heard(ada), [""; 0], "not before it is so");
    world.store_all();
    assert_eq!(
        world.heard(ada).last().unwrap(),
        "left LeaveClosed applied=2"
    );
    let existing = |room: &str, sequence| wire::Join {
        sequence,
        mode: wire::JoinMode::JoinExisting.into(),
        ..join(room)
    };
    for (sequence, room) in [(3, "lounge/a"), (4, "lounge/b")] {
        world.say(ada, Say::Join(existing(room, sequence)));
        assert_eq!(world.heard(ada), ["join refused RoomNotFound"], "{room}");
    }
    assert_eq!(world.shards[0].counts().rooms, 0);
}

#[test]
fn a_snapshotted_room_falls_back_and_says_so() {
    let mut world = World::new(2, snapshotted());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "say kept");
    world.advance(Duration::from_secs(1));
    world.command(ada, &stay, 3, "say lost");
    let bo = world.login(0, "bo");
    let bos = world.join(bo, "lounge/a");
    world.kill(false);
    let (ada, bo) = (world.resume(1, ada), world.resume(1, bo));
    world.say(ada, attach(&stay, 6));
    assert_eq!(
        stands(&world, ada),
        3,
        "what it saw behind the snapshot is undone"
    );
    let heard = world.heard(ada);
    assert!(heard[1].starts_with("resync @"), "{heard:?}");
    assert!(
        heard[1].contains("applied=2 [join ada | ada: say kept"),
        "{heard:?}"
    );
    world.say(bo, attach(&bos, 6));
    assert_eq!(world.heard(bo)[1], "left LeaveRoomLost applied=0");
    // Numbers of before are void, and given anew.
    world.say(ada, command(&stay, 3, "say void"));
    assert_eq!(world.heard(ada), [""; 0]);
}

#[test]
fn a_volatile_room_is_lost_or_gone_by_choice_of_its_kind() {
    for (on_loss, left) in [
        (OnLoss::Reopen, "left LeaveRoomLost applied=0"),
        (OnLoss::Gone, "left LeaveRoomGone applied=0"),
    ] {
        let mut world = World::new(
            2,
            KindSettings {
                on_loss,
                ..KindSettings::default()
            },
        );
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        world.kill(false);
        // Somebody else is faster, and makes a room of that name.
        let cy = world.login(0, "cy");
        world.join(cy, "lounge/a");
        let ada = world.resume(1, ada);
        world.say(ada, attach(&stay, 2));
        assert_eq!(world.heard(ada)[1], left);
        let mut again = join("lounge/a");
        again.sequence = 2;
        assert!(world.join_with(ada, again).is_some());
    }
}

#[test]
fn a_member_of_a_closed_room_is_not_told_it_was_lost() {
    let mut world = World::new(1, KindSettings::default());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    let bos = world.join(bo, "lounge/a");
    world.drop_connection(bo);
    world.command(ada, &stay, 2, "close");
    let bo = world.resume(0, bo);
    world.say(bo, attach(&bos, 2));
    assert_eq!(world.heard(bo)[1], "left LeaveNotAMember applied=0");
}

#[test]
fn everything_goes_when_everybody_left_after_a_kill() {
    for settings in [durable(), snapshotted(), KindSettings::default()] {
        let mut world = World::new(2, settings);
        for name in ["ada", "bo", "cy"] {
            let client = world.login(0, name);
            world.join(client, "lounge/a");
        }
        world.advance(Duration::from_secs(2));
        world.kill(false);
        world.advance(Duration::from_secs(200));
        for shard in &world.shards {
            assert_eq!(shard.counts(), wayfare_core::operator::Counts::default());
        }
        let left: Vec<_> = ["entity/", "session/"]
            .iter()
            .flat_map(|prefix| world.store.list(prefix).records)
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_dead_incarnation_locks_nobody_out() {
    let mut world = World::with(
        1,
        vec![crate::stub_lounge::lounge(durable())],
        1,
        |config| {
            config.settings.second_login = wayfare_core::SecondLogin::Refuse;
        },
    );
    world.login(0, "ada");
    world.kill(false);
    let ada = world.login(0, "ada");
    assert_eq!(world.heard(ada), ["welcome resumed=false"]);
}

#[test]
fn a_room_sealed_by_another_sends_its_members_there() {
    use wayfare_protocol::Epoch;
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    let key = "lounge/a".into();
    world.storage.load(&key, Epoch(1_000)).unwrap();
    world.command(ada, &stay, 2, "say nobody hears this");
    assert!(world.lines[ada].closed.is_some());
    assert!(!world.heard(ada).iter().any(|line| line.contains("nobody")));
    // Who comes back finds it under an epoch above the seal.
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 2));
    assert!(epoch(&world, ada) > 1_000);
    let stay = later(&stay, epoch(&world, ada));
    world.command(ada, &stay, 2, "say again");
    assert!(world.heard(ada).iter().any(|line| line.ends_with(" again")));
}

#[test]
fn only_what_is_kept_claims_with_a_sync() {
    use wayfare_protocol::coordination::Request;
    for (settings, lazily) in [(KindSettings::default(), true), (durable(), false)] {
        let mut world = World::new(1, settings);
        let ada = world.login(0, "ada");
        world.late = true;
        world.say(ada, Say::Join(join("lounge/a")));
        world.answer_one(); // whose is it?
        let claim = world.calls.front().map(|(_, _, request)| request.clone());
        let lazy = matches!(claim, Some(Request::CommitLazily(_)));
        assert_eq!(lazy, lazily, "{claim:?}");
        world.answer_all();
    }
}

#[test]
fn the_grace_of_a_detached_member_survives_a_failure() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    world.join(bo, "lounge/a");
    world.drop_connection(bo);
    world.advance(Duration::from_secs(9));
    world.forget_heard();
    world.command(ada, &stay, 2, "panic");
    let heard = world.heard(ada);
    assert!(
        !heard.iter().any(|line| line.ends_with("bo is away")),
        "{heard:?}"
    );
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 6));
    world.advance(Duration::from_secs(22));
    let heard = world.heard(ada);
    assert!(
        heard.iter().any(|line| line.contains("bo left")),
        "{heard:?}"
    );
}

#[test]
fn reattaching_without_storage_does_not_fill_memory() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    for number in 2..20 {
        world.command(ada, &stay, number, &format!("quiet {}", "x".repeat(50_000)));
        world.advance(Duration::from_millis(100));
    }
    world.storage_late = true;
    world.command(ada, &stay, 20, "say held");
    let mut cut = 0;
    for _ in 0..40 {
        world.say(ada, attach(&stay, 1_000_000));
        if world.lines[ada].closed.is_some() {
            cut += 1;
            break;
        }
    }
    assert_eq!(cut, 1, "each attach was given another view to hold");
}

#[test]
fn a_node_finds_its_rooms_under_another_name() {
    let mut world = World::new(1, durable());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.node = NodeId::new("renamed").unwrap();
    world.kill(false);
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 2));
    assert!(world.heard(ada)[1].starts_with("attached"));
}

#[test]
fn a_room_of_another_node_is_not_claimed() {
    let mut world = World::with(
        1,
        vec![crate::stub_lounge::lounge(durable())],
        1,
        // Nothing is known of another name where several nodes may share coordination.
        |config| config.view = NodeView::default(),
    );
    let ada = world.login(0, "ada");
    world.join(ada, "lounge/a");
    world.node = NodeId::new("another").unwrap();
    world.kill(false);
    let key = EntityRecord::key(&EntityId::new("lounge", "a").unwrap());
    let before = world.store.read(&key).record;
    world.hold_peers = true;
    let bo = world.login(0, "bo");
    world.say(bo, Say::Join(join("lounge/a")));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.store.read(&key).record, before);
    let to: Vec<String> = world
        .peers
        .iter()
        .map(|it| it.to.node.to_string())
        .collect();
    assert_eq!(
        to,
        ["n1"],
        "the join goes to the node that the record names"
    );
}
