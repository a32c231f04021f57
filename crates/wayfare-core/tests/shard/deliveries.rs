//! Commands applied once, events in order to whom they are for.

use bytes::Bytes;
use wayfare_core::Report;
use wayfare_core::game::KindSettings;
use wayfare_protocol::wire;
use wayfare_protocol::wire::client_frame::Body as Say;
use wayfare_protocol::{Address, ErrorCode, NodeId};

use crate::world::{World, command, join};

fn world() -> World {
    World::new(2, KindSettings::default())
}

#[test]
fn a_join_sees_the_view_and_then_what_follows_it() {
    let mut world = world();
    let ada = world.login(0, "ada");
    world.join(ada, "lounge/a");
    assert_eq!(
        world.heard(ada),
        ["welcome resumed=false", "joined @1 [join ada]", "2 welcome"],
        "what join sends to the joiner alone follows the view"
    );
    let bo = world.login(1, "bo");
    world.join(bo, "lounge/a");
    assert_eq!(world.heard(ada), ["3 bo came"]);
    assert_eq!(
        world.heard(bo),
        [
            "welcome resumed=false",
            "joined @3 [join ada | join bo]",
            "4 welcome"
        ]
    );
}

#[test]
fn an_event_goes_to_its_audience_over_both_shards() {
    let mut world = world();
    let names = ["ada", "bo", "cy"];
    let clients: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(index, name)| world.login(index % 2, name))
        .collect();
    let stays: Vec<_> = clients
        .iter()
        .map(|client| world.join(*client, "lounge/a"))
        .collect();
    world.forget_heard();
    world.command(clients[0], &stays[0], 2, "say all");
    world.command(clients[0], &stays[0], 3, "others but me");
    world.command(clients[0], &stays[0], 4, "to cy you");
    world.command(clients[0], &stays[0], 5, "to nobody you");
    assert_eq!(
        world.heard(clients[0]),
        ["7 all", "applied 2", "applied 3", "applied 4", "applied 5"]
    );
    assert_eq!(world.heard(clients[1]), ["7 all", "8 but me"]);
    assert_eq!(world.heard(clients[2]), ["7 all", "8 but me", "9 you"]);
}

#[test]
fn a_command_is_answered_behind_its_events() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.command(ada, &stay, 2, "echo hi");
    world.command(ada, &stay, 3, "refuse");
    world.command(ada, &stay, 4, "nonsense");
    world.command(ada, &stay, 5, "who");
    assert_eq!(
        world.heard(ada),
        [
            "3 reply 2: hi",
            "4 reply 3: Refused",
            "5 reply 4: Refused",
            "6 reply 5: ada"
        ]
    );
}

#[test]
fn a_repeated_command_is_applied_once_and_told_so() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    for _ in 0..3 {
        world.command(ada, &stay, 2, "say once");
    }
    assert_eq!(
        world.heard(ada),
        ["3 once", "applied 2", "applied 2", "applied 2"]
    );
}

#[test]
fn the_commands_of_one_turn_are_acknowledged_together() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    for sequence in 2..=5 {
        world.say_only(ada, command(&stay, sequence, "quiet"));
    }
    world.settle();
    assert_eq!(world.heard(ada), ["applied 5"]);
}

#[test]
fn a_gap_cuts_the_connection_and_skips_nothing() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.command(ada, &stay, 3, "say too soon");
    assert_eq!(world.heard(ada), ["ended SequenceGap"]);
    assert_eq!(world.lines[ada].closed, Some(Some(ErrorCode::SequenceGap)));
}

#[test]
fn a_command_of_a_former_stay_does_no_harm() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let first = world.join(ada, "lounge/a");
    let leave = wire::Leave {
        handle: first.handle,
        membership: first.membership,
        sequence: 2,
        epoch: first.epoch,
    };
    world.say(ada, Say::Leave(leave));
    let again = wire::Join {
        sequence: 3,
        ..crate::world::join("lounge/a")
    };
    let second = world.join_with(ada, again).unwrap();
    assert_ne!(first.membership, second.membership);
    world.forget_heard();
    world.command(ada, &first, 4, "say ghost");
    assert_eq!(world.heard(ada), ["left LeaveNotAMember applied=0"]);
    world.command(ada, &second, 4, "say here");
    assert_eq!(world.heard(ada), ["6 here", "applied 4"]);
}

#[test]
fn nobody_speaks_for_another() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    world.join(bo, "lounge/a");
    world.forget_heard();
    world.command(bo, &stay, 2, "say I am ada");
    assert_eq!(world.heard(bo), ["left LeaveNotAMember applied=0"]);
    assert_eq!(world.heard(ada), [""; 0]);
}

#[test]
fn an_event_is_encoded_once_for_all_who_get_it() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    for name in ["bo", "cy", "di"] {
        let client = world.login(0, name);
        world.join(client, "lounge/a");
    }
    let payload = wayfare_protocol::frame::client_payload(command(&stay, 2, "say hello"));
    let connection = wayfare_core::ConnectionId {
        slot: ada as u32,
        generation: 1,
    };
    let owner = usize::from(world.shards[0].counts().rooms == 0);
    world.shards[0].handle_frame(connection, &payload, world.now);
    let mut sent: Vec<Bytes> = Vec::new();
    for shard in [0, owner, 0] {
        while let Some(output) = world.shards[shard].poll_output() {
            match output {
                wayfare_core::Output::Send { bytes, .. } if bytes.ends_with(b"hello") => {
                    sent.push(bytes);
                }
                wayfare_core::Output::Peer(envelope) => {
                    let to = usize::from(envelope.to.shard.0);
                    world.shards[to].handle_peer(*envelope, world.now);
                }
                _ => {}
            }
        }
    }
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|bytes| bytes.as_ptr() == sent[0].as_ptr()));
}

#[test]
fn unreliable_messages_go_both_ways_without_a_promise() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.say(
        ada,
        Say::Unreliable(wire::Unreliable {
            handle: stay.handle,
            membership: stay.membership,
            payload: "wave hi".into(),
        }),
    );
    assert_eq!(world.heard(ada), ["~ hi"]);
}

#[test]
fn members_with_few_events_are_told_the_position() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    world.join(bo, "lounge/a");
    world.forget_heard();
    let quarter = wayfare_protocol::limits::HISTORY_EVENTS_MAX as u64 / 4;
    for number in 0..quarter {
        world.command(ada, &stay, 2 + number, "to ada psst");
        world.advance(std::time::Duration::from_millis(20));
        world.say(bo, Say::Ping(wire::Ping { nonce: 0 }));
    }
    let positions: Vec<String> = world
        .heard(bo)
        .into_iter()
        .filter(|line| line.starts_with("position"))
        .collect();
    assert_eq!(positions.len(), 1, "{positions:?}");
}

#[test]
fn mail_for_another_run_is_dropped_and_reported() {
    let mut world = World::new(2, KindSettings::default());
    world.hold_peers = true;
    let (ada, bo) = (world.login(0, "ada"), world.login(1, "bo"));
    for (client, room) in [(ada, "lounge/a"), (bo, "lounge/a")] {
        world.say(client, Say::Join(join(room)));
    }
    let envelope = world.peers.pop_front().expect("a room that is elsewhere");
    let shard = usize::from(envelope.to.shard.0);
    let mut check = |alter: &dyn Fn(&mut Address), rooms: usize| {
        let mut envelope = envelope.clone();
        alter(&mut envelope.to);
        let to = Box::new(envelope.to.clone());
        world.reports.clear();
        let before = world.shards[shard].counts();
        world.shards[shard].handle_peer(envelope, world.now);
        world.settle();
        let after = world.shards[shard].counts();
        let reports = std::mem::take(&mut world.reports);
        let is_dropped = reports.contains(&Report::Misdirected { to });
        assert_eq!(is_dropped, rooms == 0, "{reports:?}");
        if is_dropped {
            assert_eq!(after, before);
        }
    };
    check(&|to| to.incarnation.0 -= 1, 0);
    check(&|to| to.incarnation.0 += 1, 0);
    check(&|to| to.node = NodeId::new("n2").unwrap(), 0);
    check(&|to| to.shard.0 ^= 1, 0);
    check(&|_| {}, 1);
}
