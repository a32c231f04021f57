//! Tests of futures, documents and the game log.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;
use wayfare::testing::Table;
use wayfare::{DocumentError, Documents, Expect};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Office {
    heard: Vec<String>,
}

#[derive(Serialize, Deserialize)]
enum Ask {
    /// Starts a future that returns this.
    Bring(String),
    /// Starts a future that panics.
    Fail,
    /// Starts a future that never ends.
    Hang,
    /// Starts a future, and refuses.
    Refuse,
    /// Saves and loads, in one future.
    Save(String),
    Spend(u64),
    List,
    Clash,
    Log(String),
    LogAndRefuse(String),
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Account {
    coins: u64,
}

impl Room for Office {
    type Open = ();
    type Join = ();
    type Command = Ask;
    type Reply = ();
    type Event = ();
    type View = ();
    type Note = String;

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self::default())
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) {}

    fn command(&mut self, _: &Player, ask: Ask, cx: &Context<Self>) -> Result<(), Refusal> {
        let lost = "lost".to_owned();
        match ask {
            Ask::Bring(text) => cx.run(async move { text }, lost),
            Ask::Fail => cx.run(async { panic!("as I was told") }, lost),
            Ask::Hang => cx.run(std::future::pending(), lost),
            Ask::Refuse => {
                cx.run(async { "never".to_owned() }, lost);
                return Err(Refusal::new("I refuse"));
            }
            Ask::Save(text) => cx.run(save(cx.documents(), text), lost),
            Ask::Spend(coins) => cx.run(spend(cx.documents(), coins), lost),
            Ask::List => cx.run(list(cx.documents()), lost),
            Ask::Clash => cx.run(clash(cx.documents()), lost),
            Ask::Log(text) => cx.log("matches", &text),
            Ask::LogAndRefuse(text) => {
                cx.log("matches", &text);
                return Err(Refusal::new("I refuse"));
            }
        }
        Ok(())
    }

    fn note(&mut self, note: String, _: &Context<Self>) {
        self.heard.push(note);
    }
}

async fn save(documents: Documents, text: String) -> String {
    let created = documents.create("save/1", &text).await;
    let found = documents.get::<String>("save/1").await.unwrap().unwrap();
    assert_eq!(created, Ok(found.revision));
    let expect = Expect::Revision(found.revision);
    let again = documents.put("save/1", &"again", expect).await.unwrap();
    assert_ne!(again, found.revision);
    let conflict = Err(DocumentError::Conflict);
    assert_eq!(documents.put("save/1", &"stale", expect).await, conflict);
    assert_eq!(documents.create("save/1", &"taken").await, conflict);
    let former = documents.delete("save/1", found.revision).await;
    assert_eq!(former, Err(DocumentError::Conflict));
    let wrong = documents.get::<Account>("save/1").await.err().unwrap();
    assert!(wrong.is_not_done(), "{wrong}");
    let other = documents.create("save/2", &found).await.unwrap();
    assert_eq!(documents.delete("save/2", other).await, Ok(()));
    format!("saved {}", found.value)
}

async fn list(documents: Documents) -> String {
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = documents.list::<u64>("n/", &after).await.unwrap();
        let Some((last, _)) = page.last() else {
            return format!("{} to {}", names.len(), names[names.len() - 1]);
        };
        after.clone_from(last);
        names.extend(page.into_iter().map(|(name, _)| name));
    }
}

async fn clash(documents: Documents) -> String {
    let mut rounds = 0;
    let mut rival = Some(documents.clone());
    let changed = documents.update("account/ada", |account: Option<Account>| {
        rounds += 1;
        if let Some(rival) = rival.take() {
            write_meanwhile(&rival);
        }
        let mut account = account.unwrap_or_default();
        account.coins += 1;
        Ok(account)
    });
    let coins = changed.await.unwrap().value.coins;
    format!("{coins} after {rounds}")
}

async fn spend(documents: Documents, coins: u64) -> String {
    let change = |account: Option<Account>| {
        let mut account = account.unwrap_or_default();
        let left = account.coins.checked_sub(coins);
        account.coins = left.ok_or_else(|| Refusal::new("not enough"))?;
        Ok(account)
    };
    match documents.update("account/ada", change).await {
        Ok(account) => format!("{} left", account.value.coins),
        Err(DocumentError::Refused(refusal)) => refusal.message,
        Err(error) => error.to_string(),
    }
}

/// Writes the document in the middle of another's update.
fn write_meanwhile(documents: &Documents) {
    let put = documents.put("account/ada", &Account { coins: 41 }, Expect::Absent);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::pin!(put).poll(&mut cx).is_ready());
}

fn office(durability: Durability) -> Table<Office> {
    let mut table = Table::setup()
        .kind(|kind| kind.durability(durability))
        .open(());
    table.join("ada", ()).unwrap();
    table
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn a_future_brings_its_note_when_it_is_done() {
    for durability in [Volatile, Durable] {
        let mut table = office(durability);
        table.command("ada", Ask::Bring(text("one"))).unwrap();
        table.command("ada", Ask::Hang).unwrap();
        table.command("ada", Ask::Bring(text("two"))).unwrap();
        assert!(table.state().heard.is_empty());
        table.run_futures();
        assert_eq!(table.state().heard, ["one", "two"]);
        table.advance(Duration::from_secs(3600));
        assert_eq!(table.state().heard, ["one", "two"]);
    }
}

#[test]
fn a_future_that_panics_is_lost_and_its_room_is_told() {
    let mut table = office(Volatile);
    table.command("ada", Ask::Fail).unwrap();
    table.advance(Duration::ZERO);
    assert_eq!(table.state().heard, ["lost"]);
    assert!(table.panics().is_empty(), "the room did nothing wrong");
}

#[test]
fn a_future_that_is_lost_brings_its_lost_note() {
    let mut table = office(Volatile);
    table.command("ada", Ask::Hang).unwrap();
    table.lose_futures();
    assert_eq!(table.state().heard, ["lost"]);
    table.run_futures();
    assert_eq!(table.state().heard, ["lost"]);
}

#[test]
fn a_future_of_a_lost_node_is_lost_once() {
    let mut table = office(Durable);
    table.command("ada", Ask::Hang).unwrap();
    table.crash();
    assert_eq!(table.state().heard, ["lost"]);
    table.crash();
    table.resume("ada");
    assert_eq!(table.state().heard, ["lost"]);
}

#[test]
fn a_note_that_came_before_a_crash_does_not_come_again() {
    let mut table = office(Durable);
    table.command("ada", Ask::Bring(text("one"))).unwrap();
    table.run_futures();
    table.crash();
    table.advance(Duration::from_secs(1));
    assert_eq!(table.state().heard, ["one"]);
}

#[test]
fn a_refusal_starts_nothing() {
    let mut table = office(Volatile);
    table.command("ada", Ask::Refuse).unwrap_err();
    table.run_futures();
    assert!(table.state().heard.is_empty());
}

#[test]
fn documents_are_replaced_only_if_unchanged() {
    let mut table = office(Volatile);
    table.command("ada", Ask::Save(text("level 3"))).unwrap();
    table.run_futures();
    assert_eq!(table.state().heard, ["saved level 3"]);
    assert_eq!(table.document::<String>("save/1"), Some(text("again")));
    assert_eq!(table.document::<String>("save/9"), None);
}

#[test]
fn an_update_may_refuse() {
    let mut table = office(Volatile);
    table.put_document("account/ada", &Account { coins: 5 });
    for coins in [3, 3] {
        table.command("ada", Ask::Spend(coins)).unwrap();
        table.run_futures();
    }
    assert_eq!(table.state().heard, ["2 left", "not enough"]);
    assert_eq!(table.document::<Account>("account/ada").unwrap().coins, 2);
    table.put_document("account/ada", &Account { coins: 9 });
    assert_eq!(table.document::<Account>("account/ada").unwrap().coins, 9);
}

#[test]
fn an_update_repeats_after_a_conflict() {
    let mut table = office(Volatile);
    table.command("ada", Ask::Clash).unwrap();
    table.run_futures();
    assert_eq!(table.state().heard, ["42 after 2"]);
}

#[test]
fn documents_are_listed_page_by_page() {
    let mut table = office(Volatile);
    for number in 0..250u64 {
        table.put_document(&format!("n/{number:03}"), &number);
    }
    table.put_document("o/1", &0);
    table.command("ada", Ask::List).unwrap();
    table.run_futures();
    assert_eq!(table.state().heard, ["250 to n/249"]);
}

#[test]
fn documents_outlive_everything() {
    let mut table = office(Volatile);
    table.put_document("account/ada", &Account { coins: 5 });
    table.crash();
    assert_eq!(table.document::<Account>("account/ada").unwrap().coins, 5);
}

#[test]
fn the_game_log_has_each_record_of_a_released_step_once() {
    let mut table = office(Durable);
    for round in 0..3 {
        table
            .command("ada", Ask::Log(format!("match {round}")))
            .unwrap();
        table.crash();
        table.resume("ada");
    }
    table
        .command("ada", Ask::LogAndRefuse(text("never")))
        .unwrap_err();
    table.command("ada", Ask::Log(text("last"))).unwrap();
    table.advance(Duration::from_secs(1));
    let matches: Vec<String> = table.log("matches");
    assert_eq!(matches, ["match 0", "match 1", "match 2", "last"]);
    assert!(table.log::<String>("nothing").is_empty());
}

#[test]
fn a_room_without_stored_state_cannot_log() {
    let mut table = office(Volatile);
    table.command("ada", Ask::Log(text("match"))).unwrap_err();
    let panic = &table.panics()[0];
    assert!(panic.contains("make its kind Durable"), "{panic}");
}
