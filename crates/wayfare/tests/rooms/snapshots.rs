//! Tests of snapshots and their versions, and of the table's view of a state.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use wayfare::ErrorCode;
use wayfare::prelude::*;
use wayfare::testing::{Resumed, Table};

use crate::probe::{Ask, Probe, text, three_players};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct ScoreV1 {
    points: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Score {
    points: Vec<u32>,
    #[serde(default)]
    best: u32,
}

macro_rules! score_room {
    ($state:ident, $($rest:tt)*) => {
        impl Room for $state {
            type Open = ();
            type Join = ();
            type Command = ();
            type Reply = ();
            type Event = ();
            type View = ();
            type Note = ();

            fn view(&self, _: &Player, _: &ViewContext<'_>) {}

            fn command(&mut self, _: &Player, (): (), _: &Context<Self>) -> Result<(), Refusal> {
                Ok(())
            }

            $($rest)*
        }
    };
}

score_room! { ScoreV1,
    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self { points: 7 })
    }
}

score_room! { Score,
    const VERSION: u32 = 2;

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self { points: vec![], best: 0 })
    }

    fn upgrade(from: u32, snapshot: Snapshot<'_>) -> Result<Self, Refusal> {
        assert_eq!(from, snapshot.version());
        let former: ScoreV1 = snapshot.read()?;
        Ok(Self { points: vec![former.points], best: 0 })
    }
}

fn snapshot<R: Room>(version: u32, state: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    let kinds = wayfare::serve()
        .room::<R>("score", |kind| kind)
        .kinds()
        .unwrap();
    let mut bytes = version.to_be_bytes().to_vec();
    bytes.extend(rmp_serde::to_vec_named(state).unwrap());
    let mut again = Vec::new();
    kinds[0].logic.restore(&bytes)?.snapshot(&mut again)?;
    Ok(again)
}

#[test]
fn a_snapshot_is_its_version_and_named_message_pack() {
    let bytes = snapshot::<ScoreV1>(1, &ScoreV1 { points: 7 }).unwrap();
    assert_eq!(bytes, b"\0\0\0\x01\x81\xa6points\x07");
}

#[test]
fn a_field_that_was_added_takes_its_default() {
    #[derive(Serialize)]
    struct Before {
        points: Vec<u32>,
    }
    let bytes = snapshot::<Score>(2, &Before { points: vec![1] }).unwrap();
    assert_eq!(bytes, b"\0\0\0\x02\x82\xa6points\x91\x01\xa4best\0");
}

#[test]
fn a_snapshot_of_another_version_is_upgraded_or_refused() {
    let bytes = snapshot::<Score>(1, &ScoreV1 { points: 7 }).unwrap();
    assert_eq!(bytes, b"\0\0\0\x02\x82\xa6points\x91\x07\xa4best\0");
    let refusal = snapshot::<ScoreV1>(9, &ScoreV1 { points: 7 }).unwrap_err();
    assert_eq!(
        refusal.message,
        "the snapshot is of version 9 and this room of version 1: implement Room::upgrade"
    );
}

#[test]
fn garbage_is_refused() {
    let kinds = wayfare::serve()
        .room::<Score>("score", |kind| kind)
        .kinds()
        .unwrap();
    for garbage in [&b""[..], b"\0\0", b"\0\0\0\x02", b"\0\0\0\x02\xc1"] {
        assert!(kinds[0].logic.restore(garbage).is_err(), "{garbage:?}");
    }
}

#[test]
fn the_table_shows_what_survives_a_snapshot() {
    let mut table = three_players();
    table.command("ada", Ask::Greet).unwrap();
    let mut expect = Probe::default();
    expect
        .log
        .extend(["ada joined", "bob joined", "cleo joined"].map(text));
    assert_eq!(table.state(), expect);
}

thread_local! {
    /// The largest number that this version of the game can read.
    static LARGEST: Cell<u32> = const { Cell::new(u32::MAX) };
}

/// A state that a later version of the game cannot read any more.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Fragile {
    #[serde(deserialize_with = "small")]
    number: u32,
}

fn small<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = u32::deserialize(deserializer)?;
    match number <= LARGEST.get() {
        true => Ok(number),
        false => Err(serde::de::Error::custom(format!("{number} is too large"))),
    }
}

impl Room for Fragile {
    type Open = ();
    type Join = ();
    type Command = u32;
    type Reply = u32;
    type Event = ();
    type View = u32;
    type Note = ();

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self::default())
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) -> u32 {
        self.number
    }

    fn command(&mut self, _: &Player, by: u32, _: &Context<Self>) -> Result<u32, Refusal> {
        self.number += by;
        Ok(self.number)
    }
}

#[test]
fn a_state_of_an_unknown_version_is_kept() {
    let mut table = Table::<Fragile>::setup()
        .kind(|kind| kind.durability(Durable))
        .open(());
    table.join("ada", ()).unwrap();
    assert_eq!(table.command("ada", 9), Ok(9));
    assert_eq!(table.command("ada", 2), Ok(11));
    LARGEST.set(10);
    table.crash();
    assert_eq!(table.resume("ada"), Resumed::Left(LeaveReason::RoomGone));
    for player in ["ada", "bob"] {
        let refusal = table.join(player, ()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::Internal, "as often as it is tried");
    }
}

/// A board whose fields serde does not always read back as they were written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Board {
    moves: u32,
    turn: Option<Option<u32>>,
}

impl SimpleRoom for Board {
    type Command = Option<u32>;
    type Event = u32;

    fn command(
        &mut self,
        _: &Player,
        turn: Option<u32>,
        cx: &Context<Self>,
    ) -> Result<(), Refusal> {
        self.moves += 1;
        self.turn = Some(turn);
        cx.send(Everyone, &self.moves);
        Ok(())
    }
}

#[test]
fn a_state_that_does_not_read_back_is_refused_before_it_is_stored() {
    let mut table = Table::<Board>::setup()
        .kind(|kind| kind.durability(Durable))
        .open(());
    table.join("ada", ()).unwrap();
    table.command("ada", Some(1)).unwrap();
    let refusal = table.command("ada", None).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::HandlerFailed);
    assert_eq!(
        table.panics(),
        [
            "state: the state does not read back from its stored form: field `turn`: Some(Option(None)) \
             was written, and Option(None) read"
        ]
    );
    assert_eq!(table.state().moves, 1);
    table.crash();
    table.join("ada", ()).unwrap();
    assert_eq!(table.state().turn, Some(Some(1)));
}
