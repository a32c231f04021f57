//! Tests of states that are stored as changes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;
use wayfare::testing::{Resumed, Table};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Ledger {
    coins: BTreeMap<String, u64>,
    ticks: u64,
}

#[derive(Serialize, Deserialize)]
enum Change {
    Earned { who: String, coins: u64 },
    Ticked,
}

#[derive(Serialize, Deserialize)]
enum Ask {
    Earn(u64),
    /// Changes the state without logging.
    Steal(u64),
    Panic,
    Spoil(u64),
}

impl Changes for Ledger {
    type Change = Change;

    fn apply(&mut self, change: Change) {
        match change {
            Change::Earned { who, coins } => *self.coins.entry(who).or_default() += coins,
            Change::Ticked => self.ticks += 1,
        }
    }
}

impl Room for Ledger {
    type Open = ();
    type Join = ();
    type Command = Ask;
    type Reply = u64;
    type Event = u64;
    type View = ();
    type Note = ();

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self::default())
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) {}

    fn command(&mut self, player: &Player, ask: Ask, cx: &Context<Self>) -> Result<u64, Refusal> {
        let who = player.name().to_owned();
        match ask {
            Ask::Earn(coins) => cx.apply(self, Change::Earned { who, coins }),
            Ask::Steal(coins) => *self.coins.entry(who).or_default() += coins,
            Ask::Panic => panic!("as I was told"),
            Ask::Spoil(coins) => {
                cx.apply(self, Change::Earned { who, coins });
                return Err(Refusal::new("after all, no"));
            }
        }
        let all = self.coins.values().sum();
        cx.send(Everyone, &all);
        Ok(all)
    }

    fn tick(&mut self, cx: &Context<Self>) {
        cx.apply(self, Change::Ticked);
    }
}

fn logged(settings: impl FnOnce(Kind<Ledger>) -> Kind<Ledger>) -> Table<Ledger> {
    let settings = |kind: Kind<Ledger>| settings(kind.durability(Durable).log_changes());
    let mut table = Table::setup().kind(settings).open(());
    table.join("ada", ()).unwrap();
    table
}

#[test]
fn logged_changes_survive_a_crash() {
    let mut table = logged(|kind| kind);
    assert_eq!(table.command("ada", Ask::Earn(3)), Ok(3));
    assert_eq!(table.command("ada", Ask::Earn(4)), Ok(7));
    table.crash();
    assert_eq!(table.resume("ada"), Resumed::Replayed(vec![]));
    assert_eq!(table.state().coins["ada"], 7);
    assert_eq!(table.command("ada", Ask::Earn(1)), Ok(8));
}

#[test]
fn a_panic_behind_logged_changes_undoes_only_its_step() {
    let mut table = logged(|kind| kind);
    table.command("ada", Ask::Earn(3)).unwrap();
    table.command("ada", Ask::Panic).unwrap_err();
    assert_eq!(table.state().coins["ada"], 3);
    assert_eq!(table.command("ada", Ask::Earn(1)), Ok(4));
}

#[test]
fn changes_of_ticks_are_logged_too() {
    let settings = |kind: Kind<Ledger>| kind.tick(hz(10)).snapshots_every(Duration::from_secs(1));
    let mut table = logged(settings);
    table.command("ada", Ask::Earn(3)).unwrap();
    table.advance(Duration::from_secs(10));
    let before = table.state();
    assert_eq!(before.ticks, 100);
    table.crash();
    assert_eq!(table.state(), before);
}

#[test]
#[should_panic(expected = "coins.ada in memory: 5\n  coins.ada recovered: 3")]
fn the_table_finds_changes_outside_of_apply() {
    let mut table = logged(|kind| kind);
    table.command("ada", Ask::Earn(3)).unwrap();
    let _ = table.command("ada", Ask::Steal(2));
}

#[test]
fn without_log_changes_whole_states_are_written() {
    let mut table = Table::<Ledger>::setup()
        .kind(|kind| kind.durability(Durable))
        .open(());
    table.join("ada", ()).unwrap();
    table.command("ada", Ask::Earn(3)).unwrap();
    table.command("ada", Ask::Steal(2)).unwrap();
    table.crash();
    assert_eq!(table.state().coins["ada"], 5);
}

#[test]
#[should_panic(expected = "coins.ada")]
fn the_table_finds_a_refusal_behind_a_change() {
    let mut table = logged(|kind| kind);
    table.command("ada", Ask::Earn(1)).unwrap();
    let _ = table.command("ada", Ask::Spoil(2));
}

#[test]
fn a_kind_says_how_its_states_are_written() {
    let kinds = wayfare::serve()
        .room::<Ledger>("whole", |kind| kind)
        .room::<Ledger>("logged", Kind::log_changes)
        .kinds()
        .unwrap();
    use wayfare_core::game::Form;
    assert_eq!(kinds[0].logic.form(), Form::Whole);
    assert_eq!(kinds[1].logic.form(), Form::Changes);
}

/// Runs a random test: ada and bob earn coins, while connections and the node are lost.
fn whatever_happens(settings: fn(Kind<Ledger>) -> Kind<Ledger>, seed: u64) {
    let mut chance = Chance(seed);
    let mut table = Table::<Ledger>::setup().kind(settings).seed(seed).open(());
    let players = ["ada", "bob"];
    let mut heard: [Vec<u64>; 2] = Default::default();
    for player in players {
        table.join(player, ()).unwrap();
    }
    let mut earned = 0;
    for _ in 0..60 {
        let index = chance.below(2);
        let player = players[index];
        match chance.below(10) {
            0..4 => {
                back(&mut table, player, &mut heard[index]);
                earned += 1;
                assert_eq!(table.command(player, Ask::Earn(1)), Ok(earned));
            }
            4 => {
                back(&mut table, player, &mut heard[index]);
                table.command(player, Ask::Panic).unwrap_err();
            }
            5 => {
                heard[index].extend(table.events(player));
                table.drop_connection(player);
            }
            6 => back(&mut table, player, &mut heard[index]),
            7 => table.advance(Duration::from_millis(chance.below(700) as u64)),
            _ => table.crash(),
        }
    }
    for (player, heard) in players.iter().zip(&mut heard) {
        back(&mut table, player, heard);
        let all: Vec<u64> = (1..=earned).collect();
        assert_eq!(*heard, all, "what {player} heard with seed {seed}");
    }
    let coins = table.state().coins;
    assert_eq!(coins.values().sum::<u64>(), earned);
}

/// Reconnects the player's client, and checks that nothing was lost.
fn back(table: &mut Table<Ledger>, player: &str, heard: &mut Vec<u64>) {
    heard.extend(table.events(player));
    match table.resume(player) {
        Resumed::Replayed(events) => heard.extend(events),
        other => panic!("{player} was not told everything: {other:?}"),
    }
}

/// A minimal source of pseudorandom numbers.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn commands_and_events_count_once_despite_crashes() {
    let ways: [fn(Kind<Ledger>) -> Kind<Ledger>; 4] = [
        |kind| kind.durability(Durable),
        |kind| kind.durability(Durable).log_changes(),
        |kind| {
            kind.durability(Durable)
                .snapshots_every(Duration::from_millis(300))
        },
        |kind| kind.durability(Durable).log_changes().tick(hz(20)),
    ];
    for settings in ways {
        for seed in 0..12 {
            whatever_happens(settings, seed);
        }
    }
}
