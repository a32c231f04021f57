//! Random sequences of actions: there is one owner, limits hold, and all members see the same.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde::Deserialize;
use wayfare::PlayerId;
use wayfare::testing::{Resumed, Table};
use wayfare_modules::relay::{
    Changes, Clear, Command, Configure, Event, Join, Keep, Open, Picture, Post, Relay, Set,
    SetMember, Target, Value,
};

use crate::{changes, id, ids, open};

const PLAYERS: [&str; 6] = ["ada", "bob", "cleo", "dan", "eve", "fay"];
const KEYS: [&str; 3] = ["map", "mode", "round"];

#[derive(Clone, Debug)]
enum Step {
    Join(&'static str, Join),
    Leave(&'static str),
    Drop(&'static str),
    Resume(&'static str),
    Advance(Duration),
    Say(&'static str, Command),
}

fn player() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(&PLAYERS[..])
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        (0..3_i64).prop_map(Value::from),
        Just(Value::from("text")),
        Just(Value::List(vec![1_i64.into()])),
        Just(Value::Bytes(vec![0; 900])),
    ]
}

fn some_changes() -> impl Strategy<Value = Changes> {
    let change = (prop::sample::select(&KEYS[..]), value());
    prop::collection::vec(change, 0..3).prop_map(|of| changes(&of))
}

fn post() -> impl Strategy<Value = Command> {
    let target = prop_oneof![
        3 => Just(Target::Everyone),
        1 => Just(Target::Others),
        1 => player().prop_map(|player| Target::Members(ids(&[player]))),
    ];
    let keep = prop::sample::select(&[None, Some(Keep::Add), Some(Keep::Replace)][..]);
    let post = (target, 0..2_u32, value(), any::<bool>(), keep);
    post.prop_map(|(to, topic, payload, unreliable, keep)| {
        Command::Post(Post {
            to,
            topic: topic.into(),
            payload,
            unreliable: unreliable && keep.is_none(),
            keep,
        })
    })
}

fn configure() -> impl Strategy<Value = Command> {
    let flag = || prop::option::of(any::<bool>());
    let listed = prop::option::of(prop::collection::btree_set(
        prop::sample::select(&KEYS[..]).prop_map(str::to_owned),
        0..3,
    ));
    let password = prop::option::of(prop::sample::select(&["", "", "sesame"][..]));
    (prop::option::of(0..8_u32), flag(), flag(), password, listed).prop_map(
        |(members_max, locked, owner_only_properties, password, listed)| {
            Command::Configure(Configure {
                members_max,
                locked,
                private: None,
                owner_only_properties,
                password: password.map(Into::into),
                listed,
            })
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let clear = (prop::option::of(player()), prop::option::of(0..2_u32));
    let set = || (some_changes(), some_changes(), any::<bool>());
    let expect = |expect, expects: bool| if expects { expect } else { Default::default() };
    prop_oneof![
        4 => post(),
        1 => clear.prop_map(|(author, topic)| Command::Clear(Clear {
            author: author.map(id),
            topic: topic.map(Into::into),
        })),
        3 => set().prop_map(move |(properties, known, expects)| Command::Set(Set {
            properties,
            expect: expect(known, expects),
        })),
        3 => (prop::option::of(player()), set()).prop_map(
            move |(member, (properties, known, expects))| Command::SetMember(SetMember {
                member: member.map(id),
                properties,
                expect: expect(known, expects),
            })
        ),
        3 => configure(),
        2 => player().prop_map(|to| Command::HandOver { to: id(to) }),
        2 => player().prop_map(|member| Command::Kick { member: id(member), message: String::new() }),
        3 => (prop::collection::vec(player(), 1..3), 0..20_u32).prop_map(|(players, seconds)| {
            Command::Reserve { players: ids(&players), seconds }
        }),
        1 => player().prop_map(|player| Command::Release { players: ids(&[player]) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let word = prop::sample::select(&["", "sesame"][..]);
    let join = (some_changes(), word).prop_map(|(properties, word)| Join {
        properties,
        password: word.into(),
    });
    prop_oneof![
        6 => (player(), join).prop_map(|(player, join)| Step::Join(player, join)),
        2 => player().prop_map(Step::Leave),
        3 => player().prop_map(Step::Drop),
        3 => player().prop_map(Step::Resume),
        3 => (0..12_000_u64).prop_map(|ms| Step::Advance(Duration::from_millis(ms))),
        12 => (player(), command()).prop_map(|(player, command)| Step::Say(player, command)),
    ]
}

fn opening() -> impl Strategy<Value = Open> {
    let seats = prop::collection::vec(player(), 0..3);
    (2..6_u32, any::<bool>(), seats, 0..8_u32, 0..12_u32).prop_map(
        |(members_max, locked, seats, owner_grace_seconds, return_seconds)| Open {
            members_max,
            locked,
            seats: ids(&seats),
            owner_grace_seconds,
            return_seconds,
            ..Open::default()
        },
    )
}

/// The room's state beside its picture, by player. It must be removed with the player.
#[derive(Deserialize)]
struct Beside {
    away_since: BTreeMap<PlayerId, Duration>,
    seats: BTreeMap<PlayerId, Value>,
}

/// The room, and the picture of each member's client.
struct Play {
    table: Table<Relay>,
    pictures: BTreeMap<PlayerId, Picture>,
}

impl Play {
    fn members(&mut self) -> BTreeMap<PlayerId, bool> {
        let room = self.table.room();
        let members = room.into_iter().flat_map(|room| room.members);
        members
            .map(|(player, attached)| (player.as_str().parse().unwrap(), attached))
            .collect()
    }

    fn is_attached(&mut self, player: &str) -> bool {
        self.members().get(player) == Some(&true)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Join(player, join) => {
                if !self.is_attached(player)
                    && let Ok(view) = self.table.join(player, join)
                {
                    self.pictures.insert(id(player), view);
                }
            }
            Step::Leave(player) if self.is_attached(player) => self.table.leave(player),
            Step::Drop(player) if self.is_attached(player) => self.table.drop_connection(player),
            Step::Resume(player) if self.members().get(player) == Some(&false) => {
                self.resume(player);
            }
            Step::Say(player, command) if self.is_attached(player) => {
                // Refusals are allowed.
                drop(self.table.command(player, command));
            }
            Step::Advance(time) => self.table.advance(time),
            Step::Leave(_) | Step::Drop(_) | Step::Resume(_) | Step::Say(..) => {}
        }
    }

    fn resume(&mut self, player: &str) {
        match self.table.resume(player) {
            Resumed::Replayed(events) => self.apply(player, &events),
            Resumed::Resynced(view) => {
                self.pictures.insert(id(player), view);
            }
            Resumed::Left(_) => {}
        }
    }

    fn apply(&mut self, player: &str, events: &[Event]) {
        let picture = self.pictures.get_mut(player).unwrap();
        for event in events {
            picture.apply(event);
        }
    }

    fn check(&mut self) {
        assert!(self.table.panics().is_empty(), "{:?}", self.table.panics());
        let Some(room) = self.table.room() else {
            return;
        };
        let members = self.members();
        let state = self.table.state();
        let beside: Beside = Value::of(&state).unwrap().read().unwrap();
        let truth = state.picture().clone();
        for (player, attached) in &members {
            if *attached {
                let events = self.table.events(player.as_str());
                self.apply(player.as_str(), &events);
                assert_eq!(self.pictures[player], truth, "as {player} sees it");
            }
        }
        let seen = truth.members.iter();
        let seen: BTreeMap<_, _> = seen.map(|m| (m.id.clone(), m.attached)).collect();
        assert_eq!((&seen, seen.len()), (&members, truth.members.len()));
        let away = members.iter().filter(|(_, attached)| !**attached);
        assert!(beside.away_since.keys().eq(away.map(|(player, _)| player)));
        assert!(beside.seats.keys().eq(&truth.seats));
        match &truth.owner {
            Some(owner) => assert!(members.contains_key(owner), "{owner} is gone"),
            None => assert!(members.is_empty(), "nobody owns the room"),
        }
        assert!(truth.places_taken() <= truth.settings.members_max as usize);
        assert!(truth.seats.iter().all(|seat| !members.contains_key(seat)));
        let open =
            !truth.settings.locked && truth.places_taken() < truth.settings.members_max as usize;
        assert_eq!(room.properties["relay.open"] == "yes", open);
        let sizes = truth.members.iter().map(|member| {
            let sizes = member.properties.iter();
            sizes.map(|(k, v)| 16 + k.len() + v.size()).sum::<usize>()
        });
        assert!(sizes.into_iter().all(|size| size <= 2048));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn all_members_see_the_same_room_with_one_owner(
        opening in opening(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let table = open(opening);
        let mut play = Play { table, pictures: BTreeMap::new() };
        for step in steps {
            play.take(step);
            play.check();
        }
    }
}
