//! Tests of entities that are asked by a desk, by rooms and by each other.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::ErrorCode;
use wayfare::prelude::*;
use wayfare::testing::Desk;

/// A counter that can also wait and ask others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counter {
    pub(crate) count: u64,
    opened: u32,
    ticks: u32,
    waiting: Vec<Caller>,
    lost: u32,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Request {
    Add(u64),
    Id,
    Wait,
    WaitFor(Duration),
    Refuse,
    Panic,
    Close,
    /// Passes the request to another counter, and returns its answer.
    Pass(String, Box<Request>),
    /// Returns the caller's remaining time.
    Remaining,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Note {
    Answer,
    Passed(Caller),
}

impl Entity for Counter {
    type Request = Request;
    type Reply = u64;
    type Note = Note;

    fn open(cx: &EntityContext<Self>) -> Result<Self, Refusal> {
        if cx.id().key() == "closed" {
            return Err(Refusal::new("it stays closed").detail(7));
        }
        let opened = 1;
        Ok(Self {
            opened,
            ..Self::default()
        })
    }

    fn request(
        &mut self,
        caller: &Caller,
        request: Request,
        cx: &EntityContext<Self>,
    ) -> Result<Answer<u64>, Refusal> {
        match request {
            Request::Add(by) => self.count += by,
            Request::Id => return Ok(Answer::Now(cx.id().key().len() as u64)),
            Request::Wait => {
                self.waiting.push(caller.clone());
                return Ok(Answer::Later);
            }
            Request::WaitFor(delay) => {
                self.waiting.push(caller.clone());
                cx.after(delay, Note::Answer);
                return Ok(Answer::Later);
            }
            Request::Refuse => return Err(Refusal::new("I refuse").detail(42)),
            Request::Panic => panic!("as I was told"),
            Request::Close => cx.close(),
            Request::Pass(to, request) => {
                let note = Note::Passed(caller.clone());
                cx.ask::<Self>(to, &request, Duration::from_secs(60), note);
                return Ok(Answer::Later);
            }
            Request::Remaining => {
                let remaining = cx.remaining().unwrap_or_default();
                return Ok(Answer::Now(remaining.as_millis() as u64));
            }
        }
        Ok(Answer::Now(self.count))
    }

    fn tick(&mut self, _: &EntityContext<Self>) {
        self.ticks += 1;
    }

    fn note(&mut self, _: Note, cx: &EntityContext<Self>) {
        for caller in self.waiting.drain(..) {
            cx.reply(&caller, Ok(&self.count));
        }
    }

    fn answer(
        &mut self,
        tag: Note,
        answer: Result<Answered<'_>, AskError>,
        cx: &EntityContext<Self>,
    ) {
        let Note::Passed(caller) = tag else {
            return;
        };
        match answer.and_then(Answered::read::<Self>) {
            Ok(count) => cx.reply(&caller, Ok(&(count + 1000))),
            Err(AskError::Refused(refusal)) => cx.reply(&caller, Err(refusal)),
            Err(_) => self.lost += 1,
        }
    }
}

fn refused(message: &str, detail: u32) -> AskError {
    AskError::Refused(Refusal::new(message).detail(detail))
}

#[test]
fn a_request_is_answered() {
    let mut desk = Desk::<Counter>::open();
    assert!(!desk.is_awake());
    assert_eq!(desk.request(Request::Add(3)), Ok(3));
    assert_eq!(desk.request(Request::Add(4)), Ok(7));
    assert_eq!((desk.state().count, desk.state().opened), (7, 1));
    assert!(desk.is_awake());
}

#[test]
fn an_entity_knows_its_id() {
    let mut desk = Desk::<Counter>::setup().id("counter/main").open();
    assert_eq!(desk.request(Request::Id), Ok(4));
}

#[test]
fn a_refusal_is_the_answer() {
    let mut desk = Desk::<Counter>::open();
    assert_eq!(desk.request(Request::Refuse), Err(refused("I refuse", 42)));
    let mut desk = Desk::<Counter>::setup().id("counter/closed").open();
    let refusal = refused("it stays closed", 7);
    assert_eq!(desk.request(Request::Add(1)), Err(refusal));
}

#[test]
fn an_answer_may_come_later() {
    let mut desk = Desk::<Counter>::open();
    let asked = desk.ask(Request::WaitFor(Duration::from_secs(3)));
    assert_eq!(desk.answer(asked), None);
    desk.request(Request::Add(5)).unwrap();
    desk.advance(Duration::from_secs(3));
    assert_eq!(desk.answer(asked), Some(Ok(5)));
    assert_eq!(desk.answer(asked), None, "it was taken");
}

#[test]
fn an_answer_that_does_not_come_is_late() {
    let mut desk = Desk::<Counter>::open();
    let asked = desk.ask_within(Duration::from_secs(2), Request::Wait);
    desk.advance(Duration::from_secs(1));
    assert_eq!(desk.answer(asked), None);
    desk.advance(Duration::from_secs(1));
    assert_eq!(desk.answer(asked), Some(Err(AskError::Late)));
}

#[test]
#[should_panic(expected = "entity/desk has not answered yet: use `ask`")]
fn a_desk_says_that_there_is_no_answer_yet() {
    let _ = Desk::<Counter>::open().request(Request::Wait);
}

#[test]
fn an_entity_asks_another_before_it_answers() {
    let mut desk = Desk::<Counter>::open();
    let pass = |request| Request::Pass("entity/other".to_owned(), Box::new(request));
    assert_eq!(desk.request(pass(Request::Add(2))), Ok(1002));
    let refusal = refused("I refuse", 42);
    assert_eq!(desk.request(pass(Request::Refuse)), Err(refusal));
    assert_eq!(desk.state().count, 0);
}

#[test]
fn nested_asks_inherit_the_deadline() {
    let mut desk = Desk::<Counter>::open();
    let pass = Request::Pass("entity/other".to_owned(), Box::new(Request::Remaining));
    let asked = desk.ask_within(Duration::from_millis(1500), pass);
    let remaining = desk.answer(asked).unwrap().unwrap() - 1000;
    assert!((1400..=1500).contains(&remaining), "{remaining}");

    let wait = Request::Pass("entity/other".to_owned(), Box::new(Request::Wait));
    desk.ask_within(Duration::from_secs(2), wait);
    desk.advance(Duration::from_secs(2));
    assert_eq!(desk.state().lost, 1, "its own ask was late by then");
}

#[test]
fn asking_an_unknown_kind_is_refused() {
    let mut desk = Desk::<Counter>::open();
    let pass = Request::Pass("nothing/main".to_owned(), Box::new(Request::Add(1)));
    let error = desk.request(pass).unwrap_err();
    assert!(matches!(error, AskError::Refused(_)), "{error:?}");
}

#[test]
fn asking_an_invalid_id_panics() {
    let mut desk = Desk::<Counter>::open();
    let pass = Request::Pass("counter".to_owned(), Box::new(Request::Add(1)));
    let _ = desk.ask(pass);
    let panic = &desk.panics()[0];
    let expect = "an entity's id is its kind and its key, such as \"counter/main\"";
    assert!(panic.ends_with(expect), "{panic}");
}

#[test]
fn a_panic_is_answered_and_the_entity_goes_on() {
    let mut desk = Desk::<Counter>::setup()
        .kind(|kind| kind.durability(Durable))
        .open();
    desk.request(Request::Add(3)).unwrap();
    let error = desk.request(Request::Panic).unwrap_err();
    let AskError::Refused(refusal) = error else {
        panic!("{error:?}");
    };
    assert_eq!(refusal.code, ErrorCode::HandlerFailed);
    assert_eq!(desk.panics(), ["request: as I was told"]);
    assert_eq!(desk.request(Request::Add(1)), Ok(4));
}

#[test]
fn only_a_durable_entity_survives_a_crash() {
    for (durability, expect) in [(Durable, 4), (Volatile, 1)] {
        let mut desk = Desk::<Counter>::setup()
            .kind(|kind| kind.durability(durability))
            .open();
        desk.request(Request::Add(3)).unwrap();
        desk.crash();
        assert_eq!(desk.request(Request::Add(1)), Ok(expect));
    }
}

#[test]
fn an_idle_entity_is_put_away_and_brought_back() {
    let mut desk = Desk::<Counter>::setup()
        .kind(|kind| kind.durability(Durable).idle_after(Duration::from_secs(5)))
        .open();
    desk.request(Request::Add(3)).unwrap();
    desk.advance(Duration::from_secs(4));
    assert!(desk.is_awake());
    desk.request(Request::Add(1)).unwrap();
    desk.advance(Duration::from_secs(4));
    assert!(desk.is_awake(), "it was asked meanwhile");
    desk.advance(Duration::from_secs(2));
    assert!(!desk.is_awake());
    assert_eq!(desk.request(Request::Add(1)), Ok(5));
    assert!(desk.is_awake());
}

#[test]
fn an_entity_stays_in_memory_if_it_must() {
    let day = Duration::from_secs(24 * 3600);
    let mut awake = Desk::<Counter>::setup()
        .kind(|kind| kind.durability(Durable).keep_awake())
        .open();
    let mut volatile = Desk::<Counter>::open();
    for desk in [&mut awake, &mut volatile] {
        desk.request(Request::Add(3)).unwrap();
        desk.advance(day);
        assert!(desk.is_awake());
    }
    let mut brief = Desk::<Counter>::setup()
        .kind(|kind| kind.idle_after(Duration::from_secs(1)))
        .open();
    brief.request(Request::Add(3)).unwrap();
    brief.advance(Duration::from_secs(2));
    assert_eq!(brief.request(Request::Add(1)), Ok(1), "it was another one");
}

#[test]
fn a_durable_entity_answers_callers_after_a_crash() {
    let mut desk = Desk::<Counter>::setup()
        .kind(|kind| kind.durability(Durable))
        .open();
    let _ = desk.ask(Request::WaitFor(Duration::from_secs(3)));
    desk.crash();
    assert_eq!(desk.state().waiting.len(), 1);
    desk.advance(Duration::from_secs(3));
    assert!(desk.state().waiting.is_empty(), "its timer rang");
}

#[test]
fn an_entity_ticks_if_it_is_told_to() {
    let mut desk = Desk::<Counter>::setup()
        .kind(|kind| kind.tick(hz(2)))
        .open();
    desk.request(Request::Add(1)).unwrap();
    desk.advance(Duration::from_secs(3));
    assert_eq!(desk.state().ticks, 6);
}

#[test]
fn a_closed_entity_begins_anew() {
    let mut desk = Desk::<Counter>::setup()
        .kind(|kind| kind.durability(Durable))
        .open();
    desk.request(Request::Add(3)).unwrap();
    desk.request(Request::Close).unwrap();
    assert!(!desk.is_awake());
    assert_eq!(desk.request(Request::Add(1)), Ok(1));
}

#[test]
fn callers_of_a_closing_entity_are_answered() {
    let mut desk = Desk::<Counter>::open();
    let waits = desk.ask(Request::Wait);
    desk.request(Request::Close).unwrap();
    desk.advance(Duration::from_secs(10));
    let answer = desk.answer(waits);
    assert!(matches!(answer, Some(Err(AskError::Late))), "{answer:?}");
}

#[test]
fn nobody_joins_an_entity() {
    let kinds = wayfare::serve()
        .entity::<Counter>("counter", |kind| kind)
        .kinds()
        .unwrap();
    assert!(kinds[0].logic.is_asked());
    let settings = &kinds[0].settings;
    assert_eq!((settings.join, settings.create), (Who::Nobody, Who::Nobody));
    assert_eq!(settings.list, Who::Nobody);
}

#[test]
fn a_caller_can_be_kept() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Kept(Vec<Caller>);
    let mut desk = Desk::<Counter>::setup()
        .kind(|kind| kind.durability(Durable))
        .open();
    let _ = desk.ask(Request::Wait);
    let kept = Kept(desk.state().waiting);
    let again: Kept = rmp_serde::from_slice(&rmp_serde::to_vec_named(&kept).unwrap()).unwrap();
    assert_eq!(again, kept);
    assert_ne!(format!("{:?}", again.0[0]), "");
}
