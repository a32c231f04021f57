//! Tests of the audit with forged accounts: each kind of broken promise is found.

use plaza::messages::{Color, Event, Line, Point, Walker, World};
use wayfare_client::CommandError;

use super::account::{Account, Entry};
use super::audit::{Keeps, audit};
use super::bot::LAST_WORDS;

const BOTS: [&str; 2] = ["ada", "bob"];

/// Makes the correct accounts of two bots who take turns, and of an auditor.
fn honest() -> Vec<Account> {
    let mut accounts: Vec<Account> = BOTS.iter().map(|name| joined(name, 0, &[])).collect();
    let mut lines = Vec::new();
    for (round, name) in (0..6).map(|round| (round, BOTS[round % 2])) {
        let text = format!("{name} {}", round / 2 + 1);
        accounts[round % 2].note(Entry::Sent(round as u64 / 2 + 1));
        for account in &mut accounts {
            account.note(said(round as u64 + 1, &text));
        }
        accounts[round % 2].note(Entry::Answered(round as u64 / 2 + 1, Ok(())));
        lines.push(text);
    }
    accounts.push(joined("auditor", 6, &lines));
    for account in &mut accounts {
        account.note(said(8, LAST_WORDS));
    }
    accounts
}

fn joined(name: &str, at: u64, lines: &[String]) -> Account {
    let mut account = Account::new(name.to_owned(), name.to_owned());
    let view = world(lines);
    account.note(Entry::Joined { at, view });
    account
}

fn world(lines: &[String]) -> World {
    let at = Point { x: 1.0, y: 1.0 };
    let walkers = ["ada", "bob", "cat"].map(|name| {
        let walker = Walker {
            name: name.to_owned(),
            color: Color::Grey,
            at,
            to: at,
            away: false,
        };
        (name.parse().unwrap(), walker)
    });
    World {
        walkers: walkers.into(),
        chat: lines.iter().map(|text| line(text)).collect(),
    }
}

fn line(text: &str) -> Line {
    Line {
        who: "ada".parse().unwrap(),
        name: "ada".to_owned(),
        text: text.to_owned(),
    }
}

fn said(at: u64, text: &str) -> Entry {
    let event = Event::Said(line(text));
    Entry::Event { at, event }
}

fn resync(at: u64, lines: &[&str], fell_back: bool) -> Entry {
    let lines: Vec<String> = lines.iter().map(|&text| text.to_owned()).collect();
    Entry::Resync {
        at,
        stands: 2,
        view: world(&lines),
        lost_replies: 0,
        fell_back,
    }
}

fn find(account: &Account, text: &str) -> usize {
    let is_it = |entry: &Entry| {
        let Entry::Event { event, .. } = entry else {
            return false;
        };
        matches!(event, Event::Said(line) if line.text == text)
    };
    let mut entries = account.entries.iter();
    entries.position(|(_, entry)| is_it(entry)).unwrap()
}

/// Inserts an entry into the account of the first bot.
fn insert(accounts: &mut [Account], before: &str, entry: Entry) {
    let at = find(&accounts[0], before);
    accounts[0].entries.insert(at, (Default::default(), entry));
}

fn check(keeps: Keeps, forge: impl Fn(&mut [Account]), expect: &str) {
    let mut accounts = honest();
    forge(&mut accounts);
    let (_, wrong) = audit(keeps, &accounts);
    let found = wrong.iter().any(|what| what.contains(expect));
    assert!(found, "{expect:?} is not in {wrong:#?}");
}

#[test]
fn an_honest_server_is_not_complained_about() {
    for keeps in [Keeps::Everything, Keeps::Snapshots, Keeps::Nothing] {
        let (sum, wrong) = audit(keeps, &honest());
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!((sum.commands, sum.acknowledged, sum.undone), (6, 6, 0));
    }
}

#[test]
fn lost_repeated_and_mixed_up_events() {
    let durable = |forge: fn(&mut [Account]), expect: &str| check(Keeps::Everything, forge, expect);
    durable(
        |all| drop(all[0].entries.remove(find(&all[0], "bob 2"))),
        "bob and ada: \"bob 2\" is missing",
    );
    durable(
        |all| insert(all, "bob 3", said(5, "bob 2")),
        "heard \"bob 2\" again",
    );
    durable(
        |all| {
            let (one, other) = (find(&all[1], "ada 1"), find(&all[1], "ada 2"));
            all[1].entries.swap(one, other);
        },
        "comes earlier there",
    );
    durable(|all| insert(all, "bob 3", said(4, "bob 9")), "4 behind 5");
    let away = |who: &str| Event::Away {
        who: who.parse().unwrap(),
        away: true,
    };
    // Nobody is told about themselves, but everybody about others.
    let (one, other) = (away("bob"), away("cat"));
    let event = |at, event: &Event| Entry::Event {
        at,
        event: event.clone(),
    };
    let (_, wrong) = {
        let mut accounts = honest();
        insert(&mut accounts, LAST_WORDS, event(7, &one));
        audit(Keeps::Everything, &accounts)
    };
    assert!(
        wrong.iter().all(|what| !what.contains("ada and bob")),
        "{wrong:?}"
    );
    let forge = |all: &mut [Account]| insert(all, LAST_WORDS, event(7, &other));
    check(Keeps::Everything, forge, "ada and bob: 8 and 7 events");
    check(Keeps::Nothing, forge, "ada ends with");
}

#[test]
fn answers_that_are_not_true() {
    let last = |all: &mut [Account], entry: Entry| insert(all, LAST_WORDS, entry);
    let durable = |forge: fn(&mut [Account]), expect: &str| check(Keeps::Everything, forge, expect);
    durable(
        |all| {
            let rest = ["ada 1", "bob 1", "bob 2", "ada 3", "bob 3"].map(str::to_owned);
            all[2].entries = joined("auditor", 6, &rest).entries;
            for account in all {
                let is_it = |entry: &Entry| matches!(entry, Entry::Event { at: 3, .. });
                account.entries.retain(|(_, entry)| !is_it(entry));
            }
        },
        "\"ada 2\" is gone, answer Some(Ok(()))",
    );
    let keeps = Keeps::Snapshots;
    check(
        keeps,
        |all| last(all, Entry::Answered(2, Ok(()))),
        "2 answered again",
    );
    check(keeps, |all| last(all, Entry::Sent(7)), "answer None");
    let lost = |error: CommandError| {
        move |all: &mut [Account]| {
            let is_it = |entry: &Entry| matches!(entry, Entry::Answered(3, _));
            let at = all[0].entries.iter().position(|(_, entry)| is_it(entry));
            all[0].entries[at.unwrap()].1 = Entry::Answered(3, Err(error.clone()));
        }
    };
    check(
        keeps,
        lost(CommandError::RoomLost),
        "\"ada 3\" stands, answer",
    );
    check(
        keeps,
        lost(CommandError::ReplyLost),
        "1 replies lost, and told of 0",
    );
    check(
        keeps,
        lost(CommandError::Unknown),
        "\"ada 3\" stands, answer",
    );
}

#[test]
fn resyncs_that_do_not_tell() {
    let two = ["ada 1", "bob 1"];
    let back = |at, fell_back| {
        move |all: &mut [Account]| {
            insert(all, "ada 2", resync(at, &two, fell_back));
        }
    };
    check(Keeps::Everything, back(2, false), "lost something");
    check(Keeps::Nothing, back(2, false), "went on from nothing");
    check(
        Keeps::Snapshots,
        back(1, false),
        "a resync from 2 to 1, of which 2 stands, does not tell",
    );
    let forge = |all: &mut [Account]| insert(all, LAST_WORDS, resync(7, &two, false));
    check(
        Keeps::Snapshots,
        forge,
        "6 to 7, of which 2 stands, does not tell",
    );
    let three = ["ada 1", "bob 1", "ada 2"];
    let forge = |all: &mut [Account]| insert(all, LAST_WORDS, resync(7, &three, true));
    check(
        Keeps::Snapshots,
        forge,
        "\"ada 2\" is shown, though only 2 stands",
    );
    let forge = |all: &mut [Account]| insert(all, LAST_WORDS, resync(7, &["ada 1"], true));
    check(
        Keeps::Snapshots,
        forge,
        "\"bob 1\" is undone, though 2 stands",
    );
    let forge = |all: &mut [Account]| insert(all, LAST_WORDS, resync(7, &two, true));
    check(Keeps::Snapshots, forge, "bob and ada: \"ada 2\" is missing");
    check(Keeps::Snapshots, forge, "at 7");
    let forge = |all: &mut [Account]| {
        for session in ["one", "other"] {
            let session = session.to_owned();
            insert(all, LAST_WORDS, Entry::Connected { session });
        }
    };
    check(Keeps::Nothing, forge, "sessions");
}
