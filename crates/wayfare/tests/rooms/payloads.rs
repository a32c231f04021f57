//! Tests of payloads, including those that cannot be decoded.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;
use wayfare::testing::Table;
use wayfare::{Decode, Encode, ErrorCode};

use crate::probe::{Ask, text, three_players};

#[test]
fn a_payload_that_does_not_decode_is_refused_by_name() {
    let mut table = three_players();
    let refusal = table.command_bytes("ada", b"\xa5Dance").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PayloadInvalid);
    let message = "this is no command for kind \"room\": unknown variant `Dance`";
    assert!(refusal.message.starts_with(message), "{}", refusal.message);
    let refusal = table.command_bytes("ada", b"").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PayloadInvalid);
    assert_eq!(table.command("ada", Ask::Nothing), Ok(0));
    assert!(table.panics().is_empty());
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Quiet(u32);

impl SimpleRoom for Quiet {
    type Command = u32;
    type Event = u32;

    fn command(&mut self, _: &Player, by: u32, _: &Context<Self>) -> Result<(), Refusal> {
        self.0 += by;
        Ok(())
    }
}

#[test]
fn an_empty_reply_costs_no_frame() {
    let mut table = Table::<Quiet>::open(());
    table.join("ada", ()).unwrap();
    assert_eq!(table.command("ada", 2), Ok(()));
    assert_eq!(table.command("ada", 3), Ok(()));
    assert_eq!(table.state(), Quiet(5));
    assert_eq!(table.room().unwrap().summary.sequence, 0);

    let mut table = three_players();
    table.command("ada", Ask::Nothing).unwrap();
    assert_eq!(table.room().unwrap().summary.sequence, 1);
}

#[test]
fn a_simple_room_shows_its_state() {
    let mut table = Table::<Quiet>::open(());
    assert_eq!(table.join("ada", ()), Ok(Quiet(0)));
    table.command("ada", 5).unwrap();
    assert_eq!(table.join("bob", ()), Ok(Quiet(5)));
}

/// A room that repeats its commands, in JSON or as raw bytes.
#[derive(Serialize, Deserialize)]
struct Echo<M>(PhantomData<M>);

trait Message: Encode + Decode {
    const CODEC: Codec;
}

impl Message for Vec<u8> {
    const CODEC: Codec = Codec::Json;
}

impl Message for Raw {
    const CODEC: Codec = Codec::MessagePack;
}

impl<M: Message> Room for Echo<M> {
    type Open = ();
    type Join = ();
    type Command = M;
    type Reply = M;
    type Event = M;
    type View = ();
    type Note = ();

    const CODEC: Codec = M::CODEC;

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self(PhantomData))
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) {}

    fn command(&mut self, _: &Player, said: M, cx: &Context<Self>) -> Result<M, Refusal> {
        cx.send(Everyone, &said);
        Ok(said)
    }
}

#[test]
fn a_room_may_use_json() {
    let mut table = Table::<Echo<Vec<u8>>>::open(());
    table.join("ada", ()).unwrap();
    assert_eq!(table.command_bytes("ada", b"[1, 2]"), Ok(vec![1, 2]));
    assert_eq!(table.events("ada"), [[1, 2]]);
    let refusal = table.command_bytes("ada", b"[1,").unwrap_err();
    assert!(refusal.message.contains("EOF"), "{refusal}");
}

#[test]
fn a_room_may_use_raw_bytes() {
    let mut table = Table::<Echo<Raw>>::open(());
    table.join("ada", ()).unwrap();
    let raw = Raw(b"\xc1 no MessagePack".to_vec());
    assert_eq!(table.command_bytes("ada", raw.0.clone()), Ok(raw.clone()));
    assert_eq!(table.events("ada"), [raw]);
}

/// A room whose views and events are not valid JSON, because keys are not strings.
#[derive(Default, Serialize, Deserialize)]
struct Unspeakable;

impl Room for Unspeakable {
    type Open = ();
    type Join = ();
    type Command = String;
    type Reply = BTreeMap<Option<u8>, u8>;
    type Event = BTreeMap<Option<u8>, u8>;
    type View = ();
    type Note = ();

    const CODEC: Codec = Codec::Json;

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) {}

    fn command(
        &mut self,
        _: &Player,
        how: String,
        cx: &Context<Self>,
    ) -> Result<Self::Reply, Refusal> {
        let bad = [(None, 1)].into();
        if how == "event" {
            cx.send(Everyone, &bad);
        }
        Ok(bad)
    }
}

#[test]
fn an_encoding_error_is_a_panic_of_the_room() {
    let check = |how: &str, expect: &str| {
        let mut table = Table::<Unspeakable>::open(());
        table.join("ada", ()).unwrap();
        let refusal = table.command("ada", text(how)).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::HandlerFailed);
        let panic = &table.panics()[0];
        assert!(panic.starts_with(expect), "{panic}");
    };
    check(
        "event",
        "command: an event of room/table does not encode: key must be a string",
    );
    check(
        "reply",
        "command: a reply of room/table does not encode: key must be a string",
    );
}
