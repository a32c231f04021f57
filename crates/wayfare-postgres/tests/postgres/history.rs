//! The requests and answers of an entity's owners, and a check that the stored data agrees with
//! them.

use std::collections::{BTreeMap, BTreeSet};

/// A record: its writer, and a unique number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) epoch: u64,
    pub(crate) number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    NotDone,
    Unknown,
}

/// An event, in the order of answers.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// An epoch sealed and loaded these lines.
    Loaded { epoch: u64, lines: Vec<Line> },
    /// A write, possibly one of several attempts.
    Wrote {
        position: u64,
        line: Line,
        outcome: Outcome,
    },
    /// An append to the log, which must happen once.
    Appended { line: Line, outcome: Outcome },
}

/// The stored data of an entity at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// The lines from position 1, including those in the snapshot.
    pub(crate) lines: Vec<Line>,
    /// Its lines in the log.
    pub(crate) log: Vec<Line>,
}

/// Returns the violations found; empty if there are none.
pub(crate) fn verify(events: &[Event], kept: &Kept) -> Vec<String> {
    let mut wrong = Vec::new();
    writes(events, kept, &mut wrong);
    appends(events, kept, &mut wrong);
    seals(events, kept, &mut wrong);
    wrong
}

/// Checks writes. An acknowledged one must be there once and in its place, a refused one must not,
/// an unknown one may.
fn writes(events: &[Event], kept: &Kept, wrong: &mut Vec<String>) {
    let mut asked = BTreeMap::<(u64, Line), BTreeSet<&str>>::new();
    for event in events {
        if let Event::Wrote {
            position,
            line,
            outcome,
        } = event
        {
            asked
                .entry((*position, *line))
                .or_default()
                .insert(word(*outcome));
        }
    }
    for ((position, line), outcomes) in &asked {
        let found = kept.lines.get(*position as usize - 1) == Some(line);
        if outcomes.contains("done") && !found {
            wrong.push(format!("lost: {line:?} at {position} was acknowledged"));
        }
        if found && outcomes.iter().all(|it| *it == "not done") {
            wrong.push(format!(
                "appeared: {line:?} at {position} was certainly not done"
            ));
        }
    }
    let mut seen = BTreeSet::new();
    for (position, line) in (1..).zip(&kept.lines) {
        if !asked.contains_key(&(position, *line)) {
            wrong.push(format!(
                "invented: {line:?} at {position} was not asked for there"
            ));
        }
        if !seen.insert(line) {
            wrong.push(format!("twice: {line:?}"));
        }
    }
}

fn appends(events: &[Event], kept: &Kept, wrong: &mut Vec<String>) {
    let mut asked = BTreeMap::<Line, BTreeSet<&str>>::new();
    for event in events {
        if let Event::Appended { line, outcome } = event {
            asked.entry(*line).or_default().insert(word(*outcome));
        }
    }
    let mut seen = BTreeSet::new();
    for line in &kept.log {
        if !seen.insert(line) {
            wrong.push(format!("appended twice: {line:?}"));
        }
        if !asked.contains_key(line) {
            wrong.push(format!("append invented: {line:?}"));
        }
    }
    for (line, outcomes) in &asked {
        if outcomes.contains("done") && !seen.contains(line) {
            wrong.push(format!("append lost: {line:?} was acknowledged"));
        }
        if seen.contains(line) && outcomes.iter().all(|it| *it == "not done") {
            wrong.push(format!("append appeared: {line:?} was certainly not done"));
        }
    }
}

/// Checks seals. Nothing older is written behind a seal, and loaded lines stay.
fn seals(events: &[Event], kept: &Kept, wrong: &mut Vec<String>) {
    let epochs = kept.lines.iter().map(|it| it.epoch);
    if !epochs.is_sorted() {
        wrong.push("order: a line of an older epoch lies behind one of a newer".into());
    }
    for event in events {
        let Event::Loaded { epoch, lines } = event else {
            continue;
        };
        if !kept.lines.starts_with(lines) {
            wrong.push(format!(
                "changed: what epoch {epoch} loaded is not what is kept"
            ));
            continue;
        }
        let behind = &kept.lines[lines.len()..];
        if let Some(line) = behind.iter().find(|it| it.epoch < *epoch) {
            wrong.push(format!(
                "fence: {line:?} was written behind the seal of {epoch}"
            ));
        }
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::NotDone => "not done",
        Outcome::Unknown => "unknown",
    }
}

mod tests {
    use super::*;

    const fn line(epoch: u64, number: u64) -> Line {
        Line { epoch, number }
    }

    fn wrote(position: u64, line: Line, outcome: Outcome) -> Event {
        Event::Wrote {
            position,
            line,
            outcome,
        }
    }

    /// Makes a history of two owners, of which the second loads the lines of the first.
    fn honest() -> (Vec<Event>, Kept) {
        let (a, b, c) = (line(1, 1), line(1, 2), line(2, 3));
        let events = vec![
            Event::Loaded {
                epoch: 1,
                lines: vec![],
            },
            wrote(1, a, Outcome::Done),
            Event::Appended {
                line: a,
                outcome: Outcome::Unknown,
            },
            wrote(2, b, Outcome::Unknown),
            Event::Loaded {
                epoch: 2,
                lines: vec![a, b],
            },
            Event::Appended {
                line: a,
                outcome: Outcome::Done,
            },
            wrote(3, c, Outcome::Done),
            wrote(4, line(1, 4), Outcome::NotDone),
        ];
        let kept = Kept {
            lines: vec![a, b, c],
            log: vec![a],
        };
        (events, kept)
    }

    fn check(forge: impl Fn(&mut Vec<Event>, &mut Kept), expect: &str) {
        let (mut events, mut kept) = honest();
        forge(&mut events, &mut kept);
        let wrong = verify(&events, &kept);
        assert!(
            wrong.iter().any(|it| it.starts_with(expect)),
            "{expect}: {wrong:?}"
        );
    }

    #[test]
    fn an_honest_history_passes() {
        let (events, mut kept) = honest();
        assert_eq!(verify(&events, &kept), Vec::<String>::new());
        kept.log.clear();
        assert_eq!(verify(&events, &kept).len(), 1);
    }

    #[test]
    fn an_unknown_write_may_be_missing_where_nobody_saw_it() {
        let events = [wrote(1, line(1, 1), Outcome::Unknown)];
        assert_eq!(verify(&events, &Kept::default()), Vec::<String>::new());
    }

    #[test]
    fn forged_histories_are_found() {
        check(|_, kept| kept.lines.truncate(2), "lost");
        check(|_, kept| kept.lines[2] = line(2, 9), "lost");
        check(|_, kept| kept.lines.push(line(1, 4)), "appeared");
        check(|_, kept| kept.lines.push(line(2, 7)), "invented");
        check(|_, kept| kept.lines.push(line(1, 1)), "twice");
        check(|_, kept| kept.lines.push(line(1, 4)), "order");
        check(|_, kept| kept.lines.push(line(1, 4)), "fence");
        check(|_, kept| kept.lines.swap(0, 1), "changed");
        check(|_, kept| kept.log.push(line(1, 1)), "appended twice");
        check(|_, kept| kept.log.push(line(1, 2)), "append invented");
        check(|_, kept| kept.log.clear(), "append lost");
        check(
            |events, kept| {
                let (line, outcome) = (line(1, 2), Outcome::NotDone);
                events.push(Event::Appended { line, outcome });
                kept.log.push(line);
            },
            "append appeared",
        );
    }
}
