//! Tests of the relay room: each behaviour, each edge case, and random sequences.

mod hostile;
mod messages;
mod owner;
mod property_changes;
mod random;
mod reserved_seats;
mod settings;
mod types;
mod wire;

use std::collections::BTreeSet;

use wayfare::testing::Table;
use wayfare::{PlayerId, Refusal};
use wayfare_modules::relay::{
    self, Changes, Command, Configure, Detail, Event, Join, Open, OwnerCause, Picture, Relay, Set,
    Value,
};

fn open(open: Open) -> Table<Relay> {
    Table::setup().kind(relay::settings).open(open)
}

/// Opens a room with these players, who join one after the other, and drops their first events.
fn room_of(open_with: Open, players: &[&str]) -> Table<Relay> {
    let mut table = open(open_with);
    for player in players {
        join(&mut table, player).unwrap();
    }
    for player in players {
        table.events(player);
    }
    table
}

fn join(table: &mut Table<Relay>, player: &str) -> Result<Picture, Refusal> {
    table.join(player, Join::default())
}

fn join_knowing(table: &mut Table<Relay>, player: &str, word: &str) -> Result<Picture, Refusal> {
    let join = Join {
        password: word.into(),
        ..Join::default()
    };
    table.join(player, join)
}

fn id(name: &str) -> PlayerId {
    name.parse().unwrap()
}

fn ids(names: &[&str]) -> BTreeSet<PlayerId> {
    names.iter().map(|name| id(name)).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Makes changes of properties; nil deletes.
fn changes(of: &[(&str, Value)]) -> Changes {
    let change = |(name, value): &(&str, Value)| {
        let value = Some(value.clone()).filter(|value| *value != Value::Nil);
        ((*name).to_owned(), value)
    };
    of.iter().map(change).collect()
}

fn set(of: &[(&str, Value)]) -> Command {
    Command::Set(Set {
        properties: changes(of),
        ..Set::default()
    })
}

fn lock(locked: bool) -> Command {
    Command::Configure(Configure {
        locked: Some(locked),
        ..Configure::default()
    })
}

fn reserve(players: &[&str], seconds: u32) -> Command {
    Command::Reserve {
        players: ids(players),
        seconds,
    }
}

fn owner_is(owner: &str, cause: OwnerCause) -> Event {
    let owner = id(owner);
    Event::Owner { owner, cause }
}

/// Returns the reason of a refusal.
#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> Detail {
    let refusal = outcome.unwrap_err();
    Detail::of(refusal.detail).unwrap_or_else(|| panic!("{refusal:?}"))
}

#[track_caller]
fn picture(table: &mut Table<Relay>) -> Picture {
    assert!(table.panics().is_empty(), "{:?}", table.panics());
    table.state().picture().clone()
}
