//! Tests of rooms that ask entities.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;
use wayfare::testing::Table;

use crate::entities::{Counter, Request};

/// A room that passes on its players' requests.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Porch {
    heard: Vec<String>,
}

impl Room for Porch {
    type Open = ();
    type Join = ();
    type Command = (String, Request);
    type Reply = ();
    type Event = String;
    type View = ();
    type Note = PlayerId;

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self::default())
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) {}

    fn command(
        &mut self,
        player: &Player,
        (whom, request): (String, Request),
        cx: &Context<Self>,
    ) -> Result<(), Refusal> {
        let tag = player.id().clone();
        cx.ask::<Counter>(whom, &request, Duration::from_secs(5), tag);
        Ok(())
    }

    fn answer(
        &mut self,
        tag: PlayerId,
        answer: Result<Answered<'_>, AskError>,
        cx: &Context<Self>,
    ) {
        let heard = match answer.and_then(Answered::read::<Counter>) {
            Ok(count) => format!("{count}"),
            Err(AskError::Refused(refusal)) => format!("refused: {refusal}"),
            Err(error) => error.to_string(),
        };
        cx.send(&tag, &heard);
        self.heard.push(heard);
    }
}

fn porch(durability: Durability) -> Table<Porch> {
    let mut table = Table::setup()
        .kind(|kind| kind.durability(durability))
        .entity::<Counter>("counter", |kind| kind.durability(durability))
        .open(());
    table.join("ada", ()).unwrap();
    table.join("bob", ()).unwrap();
    table
}

fn to(whom: &str, request: Request) -> (String, Request) {
    (whom.to_owned(), request)
}

#[test]
fn a_tag_tells_which_player_an_answer_is_for() {
    for durability in [Volatile, Durable] {
        let mut table = porch(durability);
        table
            .command("ada", to("counter/a", Request::Add(3)))
            .unwrap();
        table
            .command("bob", to("counter/a", Request::Add(4)))
            .unwrap();
        table
            .command("bob", to("counter/b", Request::Add(1)))
            .unwrap();
        assert_eq!(table.events("ada"), ["3"]);
        assert_eq!(table.events("bob"), ["7", "1"]);
        table
            .command("ada", to("counter/a", Request::Refuse))
            .unwrap();
        assert_eq!(table.events("ada"), ["refused: I refuse"]);
    }
}

#[test]
fn a_late_answer_is_reported_to_the_room() {
    let mut table = porch(Volatile);
    table
        .command("ada", to("counter/a", Request::Wait))
        .unwrap();
    table.advance(Duration::from_secs(6));
    assert_eq!(table.events("ada"), ["no answer came in time"]);
}

#[test]
fn an_ask_that_a_crash_interrupts_is_late() {
    let mut table = porch(Durable);
    table
        .command("ada", to("counter/a", Request::Wait))
        .unwrap();
    table.crash();
    table.resume("ada");
    table.advance(Duration::from_secs(6));
    assert_eq!(table.state().heard, ["no answer came in time"]);
}

#[test]
fn an_answer_given_after_a_crash_finds_a_durable_room() {
    let mut table = porch(Durable);
    let wait = Request::WaitFor(Duration::from_secs(3));
    table.command("ada", to("counter/a", wait)).unwrap();
    table.crash();
    table.resume("ada");
    table.advance(Duration::from_secs(4));
    assert_eq!(table.state().heard, ["0"]);
}

#[test]
fn answers_arrive_despite_interruptions() {
    let mut table = porch(Durable);
    let mut added = 0;
    for round in 0..20u64 {
        let wait = Request::WaitFor(Duration::from_millis(100 * (round % 7)));
        table.command("ada", to("counter/w", wait)).unwrap();
        table
            .command("ada", to("counter/a", Request::Add(1)))
            .unwrap();
        added += 1;
        if round % 3 == 0 {
            table.crash();
            table.resume("ada");
        }
        table.advance(Duration::from_millis(50 * (round % 5)));
    }
    table.advance(Duration::from_secs(10));
    let heard = table.state().heard;
    assert_eq!(heard.len(), 40, "{heard:?}");
    let counts: Vec<_> = heard.iter().filter(|heard| **heard != "0").collect();
    let expect: Vec<_> = (1..=added).map(|count: u64| count.to_string()).collect();
    assert_eq!(counts, expect.iter().collect::<Vec<_>>());
}

/// A stand-in for a counter, with the same requests and replies.
#[derive(Default, Serialize, Deserialize)]
struct Stub;

impl Entity for Stub {
    type Request = Request;
    type Reply = String;
    type Note = ();

    fn open(_: &EntityContext<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn request(
        &mut self,
        _: &Caller,
        _: Request,
        _: &EntityContext<Self>,
    ) -> Result<Answer<String>, Refusal> {
        Ok(Answer::Now("many".to_owned()))
    }
}

#[test]
fn a_reply_of_another_type_does_not_decode() {
    let mut table = Table::<Porch>::setup()
        .entity::<Stub>("counter", |kind| kind)
        .open(());
    table.join("ada", ()).unwrap();
    table
        .command("ada", to("counter/a", Request::Add(1)))
        .unwrap();
    let heard = table.events("ada");
    assert!(
        heard[0].starts_with("the reply does not decode"),
        "{heard:?}"
    );
}
