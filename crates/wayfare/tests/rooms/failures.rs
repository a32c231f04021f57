//! Tests of the effects of refusals and panics.

use std::time::Duration;

use wayfare::testing::{Left, Table};
use wayfare::{ErrorCode, LeaveReason, OnPanic};

use crate::probe::{Ask, Probe, text, three_players};

#[test]
fn a_refusal_is_the_answer_and_has_no_effects() {
    let mut table = three_players();
    let refusal = table
        .command("ada", Ask::Refuse(text("never")))
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::Refused);
    assert_eq!((refusal.detail, &*refusal.message), (42, "I refuse"));
    assert!(table.events("bob").is_empty());
    assert_eq!(table.command("ada", Ask::Nothing), Ok(0));
}

#[test]
fn an_open_that_refuses_answers_the_join() {
    let mut table = Table::<Probe>::open(text("refuse"));
    let refusal = table.join("ada", text("")).unwrap_err();
    assert_eq!((refusal.detail, &*refusal.message), (7, "it stays closed"));
    assert!(table.room().is_none());
}

#[test]
fn a_join_that_refuses_keeps_the_player_out() {
    let mut table = three_players();
    let refusal = table.join("zoe", text("refuse me")).unwrap_err();
    assert_eq!((refusal.detail, &*refusal.message), (9, "no entry"));
    assert_eq!(table.room().unwrap().members.len(), 3);
    table.join("zoe", text("")).unwrap();
}

#[test]
fn a_panic_is_answered_and_the_room_restarts() {
    let mut table = three_players();
    let refusal = table.command("ada", Ask::Panic(text("never"))).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::HandlerFailed);
    assert_eq!(table.panics(), ["command: as I was told"]);
    assert!(table.events("bob").is_empty());
    let restarted = Left {
        reason: LeaveReason::Restarted,
        message: String::new(),
    };
    assert_eq!(table.left("bob"), Some(restarted));
    assert_eq!(table.state(), Probe::default());
    assert_eq!(
        table.join("bob", text("")).unwrap(),
        ["for bob", "bob joined"]
    );
}

#[test]
fn a_panic_rolls_back_to_the_last_snapshot() {
    let mut table = Table::<Probe>::setup()
        .kind(|kind| kind.snapshots_every(Duration::from_secs(5)))
        .open(text("kept"));
    table.join("ada", text("")).unwrap();
    table.command("ada", Ask::Log(text("early"))).unwrap();
    table.advance(Duration::from_secs(6));
    table.command("ada", Ask::Log(text("late"))).unwrap();
    table.command("ada", Ask::Panic(text("never"))).unwrap_err();
    let view = ["for ada", "ada joined", "early"].map(text);
    assert_eq!(table.resyncs("ada"), [view.to_vec()]);
    assert_eq!(table.state().opened_with, "kept");
    assert_eq!(table.left("ada"), None);
    table.command("ada", Ask::Say(text("still here"))).unwrap();
    assert_eq!(table.events("ada"), ["still here"]);
}

#[test]
fn a_room_closes_on_a_panic_if_its_kind_says_so() {
    let mut table = Table::<Probe>::setup()
        .kind(|kind| kind.on_panic(OnPanic::Close))
        .open(text(""));
    table.join("ada", text("")).unwrap();
    table.command("ada", Ask::Panic(text("never"))).unwrap_err();
    assert_eq!(table.left("ada").unwrap().reason, LeaveReason::Closed);
    assert!(table.room().is_none());
}

#[test]
fn a_restarted_room_can_cancel_its_timers() {
    for cancelled in [false, true] {
        let mut table = Table::<Probe>::setup()
            .kind(|kind| kind.snapshots_every(Duration::from_secs(5)))
            .open(String::new());
        table.join("ada", String::new()).unwrap();
        let after = Ask::After(Duration::from_secs(20), text("rang"));
        table.command("ada", after).unwrap();
        table.advance(Duration::from_secs(6));
        table.command("ada", Ask::Panic(text("never"))).unwrap_err();
        if cancelled {
            table.command("ada", Ask::Cancel(0)).unwrap();
        }
        table.advance(Duration::from_secs(20));
        let rang = table.state().log.iter().any(|line| line.contains("rang"));
        assert_eq!(rang, !cancelled);
    }
}
