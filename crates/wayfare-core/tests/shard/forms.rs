//! The forms in which a state is written: as a whole, by its changes, in parts.

use std::time::Duration;

use wayfare_core::Report;
use wayfare_core::game::{Durability, Form, KindSettings};
use wayfare_protocol::Epoch;
use wayfare_protocol::storage::{Reply, Request};
use wayfare_protocol::wire::{self, client_frame::Body as Say};

use crate::stub_vault::vault;
use crate::world::{World, attach, join};

const FORMS: [Form; 3] = [Form::Whole, Form::Changes, Form::Parts];

fn durable() -> KindSettings {
    KindSettings {
        durability: Durability::Durable,
        empty_grace: None,
        ..KindSettings::default()
    }
}

fn world(form: Form, settings: KindSettings) -> World {
    World::with(1, vec![vault(form, settings)], 1, |_| {})
}

fn open(shelves: &str) -> wire::Join {
    wire::Join {
        open: shelves.as_bytes().to_vec().into(),
        ..join("vault/a")
    }
}

/// The view of a new member.
fn view(world: &mut World, name: &str) -> String {
    let auditor = world.login(0, name);
    let joined = world.join(auditor, "vault/a");
    String::from_utf8_lossy(&joined.view).into_owned()
}

fn bytes(request: &Request) -> usize {
    match request {
        Request::Journal { records, .. } => records.iter().map(bytes::Bytes::len).sum(),
        Request::Snapshot { snapshot, .. } => snapshot.bytes.len(),
        Request::Part { bytes, .. } => bytes.len(),
        _ => 0,
    }
}

#[test]
fn every_form_brings_the_state_back() {
    for form in FORMS {
        let mut world = world(form, durable());
        let ada = world.login(0, "ada");
        let stay = world.join_with(ada, open("3 10")).unwrap();
        world.command(ada, &stay, 2, "1 a 5;7 b 6");
        world.command(ada, &stay, 3, "2 x 0");
        world.kill(false);
        assert_eq!(
            view(&mut world, "bo"),
            "1 of . 10;1 of a 5;1 of b 6;",
            "{form:?}"
        );
        // And from a snapshot with a journal behind it.
        for round in 0..200 {
            let ada = world.resume(0, ada);
            world.say(ada, attach(&stay, 0));
            world.command(ada, &stay, 4 + round, &format!("9 c {}", 1000 + round));
            if round % 50 == 0 {
                world.kill(round % 100 == 0);
            }
        }
        world.kill(false);
        assert_eq!(
            view(&mut world, "cy"),
            "1 of . 10;1 of a 5;1 of b 6;1 of c 1199;",
            "{form:?}"
        );
    }
}

#[test]
fn a_step_costs_its_changes_or_its_parts() {
    for (form, most) in [
        (Form::Whole, 6_000),
        (Form::Changes, 300),
        (Form::Parts, 300),
    ] {
        let mut world = world(form, durable());
        let ada = world.login(0, "ada");
        let stay = world.join_with(ada, open("300 10")).unwrap();
        world.storage_late = true;
        world.command(ada, &stay, 2, "1 a 20");
        let cost: usize = world
            .stores
            .iter()
            .map(|(_, _, request)| bytes(request))
            .sum();
        assert!(cost > 0 && cost < most, "{form:?} {cost}");
        world.store_all();
    }
}

#[test]
fn an_unlogged_change_is_lost_only_with_a_kill() {
    let mut world = world(Form::Changes, durable());
    let ada = world.login(0, "ada");
    let stay = world.join_with(ada, open("0 0")).unwrap();
    world.command(ada, &stay, 2, "secretly 1 s 3");
    world.command(ada, &stay, 3, "2 o 4");
    assert_eq!(view(&mut world, "bo"), "1 of o 4;1 of s 3;");
    world.kill(false);
    assert_eq!(view(&mut world, "cy"), "1 of o 4;");
}

#[test]
fn a_journal_is_bounded_by_snapshots() {
    for form in FORMS {
        let mut world = world(form, durable());
        let ada = world.login(0, "ada");
        let stay = world.join_with(ada, open("10 1000")).unwrap();
        for number in 2..700 {
            let text = format!("{} z {}", number % 10, 1000 - number % 7);
            world.command(ada, &stay, number, &text);
            world.advance(Duration::from_millis(20));
        }
        let loaded = world
            .storage
            .load(&"vault/a".into(), Epoch(1 << 40))
            .unwrap();
        let journal: usize = loaded.journal.iter().map(bytes::Bytes::len).sum();
        assert!(journal < 2 * 70_000, "{form:?} {journal}");
        let named = loaded.snapshot.unwrap().parts.len();
        assert_eq!(named, if form == Form::Parts { 10 } else { 0 });
    }
}

#[test]
fn a_turn_encodes_a_limited_share_of_a_large_state() {
    for settings in [
        durable(),
        KindSettings {
            snapshot_every: Some(Duration::from_secs(1)),
            empty_grace: None,
            ..KindSettings::default()
        },
    ] {
        let kept = settings.durability;
        let mut world = world(
            Form::Parts,
            KindSettings {
                tick: Some(Duration::from_millis(50)),
                ..settings
            },
        );
        let ada = world.login(0, "ada");
        world.storage_late = true;
        world.say(ada, Say::Join(open("400 100000")));
        let mut turns = 0;
        for _ in 0..2_000 {
            let before = world.stores.len();
            world.advance(Duration::from_millis(5));
            let now: usize = world
                .stores
                .iter()
                .skip(before)
                .map(|(_, _, r)| bytes(r))
                .sum();
            turns += usize::from(now > 0);
            let most = wayfare_protocol::limits::PARTS_WAY_BYTES_MAX + 200_000;
            assert!(now < most, "{now}");
            world.store_one();
            if world.lines[ada]
                .heard
                .iter()
                .any(|body| matches!(body, wire::server_frame::Body::Joined(_)))
                && turns > 50
            {
                break;
            }
        }
        world.store_all();
        world.advance(Duration::from_secs(2));
        assert!(turns >= 5, "{turns} turns");
        world.kill(false);
        let shown = view(&mut world, "bo");
        assert!(
            shown.starts_with("399 of . 100000;1 of t"),
            "{kept:?} {shown}"
        );
        let skipped = world
            .reports
            .iter()
            .filter(|report| matches!(report, Report::TicksSkipped { .. }))
            .count();
        assert_eq!(skipped, 0);
    }
}

#[test]
fn a_step_may_change_more_than_a_record_holds() {
    let mut world = world(Form::Parts, durable());
    let ada = world.login(0, "ada");
    let stay = world.join_with(ada, open("0 0")).unwrap();
    let many: Vec<String> = (0..40).map(|shelf| format!("{shelf} m 90000")).collect();
    world.command(ada, &stay, 2, &format!("log {}", many.join(";")));
    let logged = world
        .storage
        .read("steps", wayfare_protocol::storage::Position(1));
    assert_eq!(logged.len(), 1, "what goes to a log is no less kept for it");
    assert_eq!(world.heard(ada).last().unwrap(), "applied 2");
    world.kill(false);
    assert_eq!(view(&mut world, "bo"), "40 of m 90000;");
}

#[test]
fn a_command_that_makes_a_state_too_large_is_undone() {
    for (form, too_large) in [(Form::Parts, "1 p 2000000"), (Form::Whole, "999 w 5000000")] {
        let mut world = world(form, durable());
        let ada = world.login(0, "ada");
        let stay = world.join_with(ada, open("0 0")).unwrap();
        world.command(ada, &stay, 2, "1 a 5");
        world.command(ada, &stay, 3, too_large);
        let heard = world.heard(ada);
        assert!(
            heard.iter().any(|line| line.contains("HandlerFailed")),
            "{form:?} {heard:?}"
        );
        assert!(
            world
                .reports
                .iter()
                .any(|report| matches!(report, Report::NotKept { .. })),
            "{form:?}"
        );
        let shown = view(&mut world, "bo");
        assert!(shown.contains("1 of a 5;"), "{form:?} {shown}");
    }
}

#[test]
fn an_unreadable_state_is_quarantined_and_blocks_nobody() {
    use wayfare_protocol::storage::Snapshot;
    let mut world = world(Form::Whole, durable());
    let ada = world.login(0, "ada");
    let stay = world.join_with(ada, open("1 5")).unwrap();
    world.kill(true);
    let key: wayfare_protocol::coordination::Key = "vault/a".into();
    let next = world.storage.load(&key, Epoch(1 << 40)).unwrap().next();
    let junk = Snapshot {
        position: next,
        bytes: bytes::Bytes::from_static(&[0xff; 9]),
        parts: Vec::new(),
    };
    let write = Request::Snapshot {
        entity: key,
        epoch: Epoch(1 << 40),
        snapshot: junk,
    };
    world.storage.apply(write).unwrap();
    world.kill(true);
    assert!(
        world
            .reports
            .iter()
            .any(|report| matches!(report, Report::Quarantined { .. })),
        "{:?}",
        world.reports
    );
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 0));
    let heard = world.heard(ada);
    assert!(heard[1].starts_with("left LeaveRoomLost"), "{heard:?}");
    assert_eq!(view(&mut world, "bo"), "", "it begins anew");
}

/// A snapshot that was given up half-way does not make the next one forget what it had sent.
#[test]
fn a_failed_snapshot_does_not_affect_the_next() {
    let settings = KindSettings {
        snapshot_every: Some(Duration::from_secs(1)),
        empty_grace: None,
        ..KindSettings::default()
    };
    let mut world = world(Form::Parts, settings);
    let ada = world.login(0, "ada");
    let stay = world.join_with(ada, open("20 90000")).unwrap();
    world.advance(Duration::from_secs(1));
    // The last part cannot be written; those before it are sent.
    let many: Vec<String> = (0..15).map(|shelf| format!("{shelf} b 90000")).collect();
    world.command(ada, &stay, 2, &format!("{};19 x 2000000", many.join(";")));
    world.advance(Duration::from_secs(1));
    let failed = |report: &Report| matches!(report, Report::SnapshotFailed { .. });
    assert!(world.reports.iter().any(failed));
    world.command(ada, &stay, 3, "19 c 10");
    world.advance(Duration::from_secs(2));
    world.kill(false);
    assert_eq!(
        view(&mut world, "bo"),
        "4 of . 90000;15 of b 90000;1 of c 10;"
    );
}

/// While a snapshot is on its way a step changes more than a record may hold.
#[test]
fn a_large_step_during_a_snapshot_keeps_what_that_has_sent() {
    let mut world = world(Form::Parts, durable());
    let ada = world.login(0, "ada");
    let stay = world.join_with(ada, open("40 90000")).unwrap();
    let mut number = 2;
    let mut say = |world: &mut World, text: &str| {
        world.command(ada, &stay, number, text);
        number += 1;
        world.advance(Duration::from_millis(20));
    };
    // Until the journal is long enough for a snapshot, whose parts are then not answered.
    world.storage_late = true;
    for shelf in 0..30 {
        say(&mut world, &format!("{shelf} b 90000"));
        let part = |request: &Request| matches!(request, Request::Part { .. });
        if world.stores.iter().any(|(_, _, request)| part(request)) {
            break;
        }
        world.store_one();
    }
    let many: Vec<String> = (10..40).map(|shelf| format!("{shelf} c 90000")).collect();
    say(&mut world, &many.join(";"));
    world.store_all();
    let before = view(&mut world, "bo");
    world.kill(false);
    assert_eq!(view(&mut world, "cy"), before);
    assert!(before.contains("30 of c 90000"), "{before}");
}

/// A step that closes the room, and whose state cannot be kept, is undone: it does not close.
#[test]
fn a_last_step_that_cannot_be_kept_is_undone_too() {
    let mut world = world(Form::Whole, durable());
    let ada = world.login(0, "ada");
    let stay = world.join_with(ada, open("0 0")).unwrap();
    world.command(ada, &stay, 2, "log close 999 w 5000000");
    let heard = world.heard(ada);
    assert!(
        heard.iter().any(|line| line.contains("HandlerFailed")),
        "{heard:?}"
    );
    world.command(ada, &stay, 3, "1 a 5");
    assert_eq!(view(&mut world, "bo"), "1 of a 5;");
}

/// The position of the next write of the vault.
fn next_write(world: &World) -> u64 {
    let entity: wayfare_protocol::EntityId = "vault/a".parse().unwrap();
    let (entity, epoch) = (entity.as_key(), Epoch(u64::MAX));
    let mut storage = world.storage.clone();
    match storage.apply(Request::Load { entity, epoch }) {
        Ok(Reply::Loaded(loaded)) => loaded.next().0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ticks_that_nobody_could_notice_are_written_once_a_second() {
    for form in FORMS {
        let mut world = world(
            form,
            KindSettings {
                tick: Some(Duration::from_millis(50)),
                ..durable()
            },
        );
        let ada = world.login(0, "ada");
        let stay = world.join_with(ada, open("1 10")).unwrap();
        world.advance(Duration::from_secs(1));
        let before = next_write(&world);
        world.advance(Duration::from_secs(10));
        let written = next_write(&world) - before;
        assert!((9..=11).contains(&written), "{form:?}: {written} writes");
        // A step that somebody notices takes the ticks before it along, and whoever comes sees no
        // tick that a kill undoes.
        world.advance(Duration::from_millis(300));
        let before = next_write(&world);
        world.command(ada, &stay, 2, "7 b 6");
        assert_eq!(next_write(&world), before + 1, "{form:?}");
        world.advance(Duration::from_millis(300));
        let seen = view(&mut world, "bob");
        world.kill(false);
        assert_eq!(view(&mut world, "cleo"), seen, "{form:?}");
    }
}
