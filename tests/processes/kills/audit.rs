//! The audit of the accounts of a room's members against the promise of its kind.

use std::collections::{BTreeMap, BTreeSet};

use plaza::messages::{Event, Line};
use wayfare_client::CommandError;

use super::account::{Account, Entry};
use super::chronicle::Chronicle;
use super::picture::Picture;
use super::stretch::Stretch;

/// The state that a kind of room keeps when its server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    Everything,
    Snapshots,
    Nothing,
}

/// The sums over the accounts of a room.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) commands: usize,
    pub(crate) acknowledged: usize,
    /// The number of answers that say that the reply was lost.
    pub(crate) replies_lost: usize,
    /// The number of lost replies according to resyncs.
    pub(crate) replies_told: usize,
    /// The number of answers that say that everything was lost with the room.
    pub(crate) rooms_lost: usize,
    pub(crate) events: usize,
    pub(crate) resyncs: usize,
    pub(crate) fell_back: usize,
    /// The number of acknowledged commands that were undone, with notice to the bot.
    pub(crate) undone: usize,
}

/// The state of the room according to one account.
struct Belief<'a> {
    account: &'a Account,
    chronicle: Chronicle,
    picture: Picture,
    position: u64,
    /// The position in the room's events at which it received a line, or an upper bound.
    told_at: BTreeMap<String, u64>,
    /// The exact positions of its own lines. A line that was undone appears again only after the
    /// bot was notified and sent it again.
    own_at: BTreeMap<String, u64>,
    /// The commands by number.
    commands: BTreeMap<u64, Given<'a>>,
    /// The line of the last notice that something was undone.
    fell_back_at: Option<usize>,
    sessions: BTreeSet<&'a str>,
    sum: Sum,
    wrong: Vec<String>,
}

/// A command of an account.
struct Given<'a> {
    /// The line of the account at which it was sent.
    line: usize,
    answer: Option<&'a Result<(), CommandError>>,
}

/// Audits the accounts of a room. The last one is the auditor's.
pub(crate) fn audit(keeps: Keeps, accounts: &[Account]) -> (Sum, Vec<String>) {
    let mut beliefs: Vec<Belief<'_>> = accounts.iter().map(Belief::of).collect();
    let chronicles: Vec<Chronicle> = beliefs.iter().map(|one| one.chronicle.clone()).collect();
    let mut sum = Sum::default();
    let mut wrong = Vec::new();
    for belief in &mut beliefs {
        belief.check_commands(keeps, &chronicles);
        belief.check_order();
        sum.add(&belief.sum);
        let name = &belief.account.name;
        let told = std::mem::take(&mut belief.wrong);
        wrong.extend(told.into_iter().map(|what| format!("{name}: {what}")));
    }
    for one in &beliefs {
        for other in &beliefs {
            let names = || format!("{} and {}", one.account.name, other.account.name);
            if let Some(what) = one.chronicle.difference(&other.chronicle) {
                wrong.push(format!("{}: {what}", names()));
            }
            let stretches = [one.account, other.account].map(Stretch::last_of);
            if let Some(what) = stretches[0].contradiction(&stretches[1]) {
                wrong.push(format!("{}: {what}", names()));
            }
        }
    }
    if let Some((auditor, bots)) = beliefs.split_last() {
        let room = auditor.seen();
        for bot in bots.iter().filter(|bot| bot.seen() != room) {
            let (name, seen) = (&bot.account.name, bot.seen());
            wrong.push(format!("{name} ends with [{seen}], the room is [{room}]"));
        }
    }
    (sum, wrong)
}

impl<'a> Belief<'a> {
    fn of(account: &'a Account) -> Self {
        // The first line of a printed account is its title.
        let mut entries = (2..).zip(&account.entries);
        let Some((_, (_, Entry::Joined { at, view }))) = entries.next() else {
            panic!("{} never joined", account.name);
        };
        let mut chronicle = Chronicle::default();
        chronicle.resync(&texts(&view.chat), 0);
        let mut belief = Self {
            account,
            chronicle,
            picture: Picture(view.clone()),
            position: *at,
            told_at: BTreeMap::new(),
            own_at: BTreeMap::new(),
            commands: BTreeMap::new(),
            fell_back_at: None,
            sessions: BTreeSet::new(),
            sum: Sum::default(),
            wrong: Vec::new(),
        };
        for (line, (_, entry)) in entries {
            belief.follow(line, entry);
        }
        belief
    }

    fn follow(&mut self, line: usize, entry: &'a Entry) {
        match entry {
            Entry::Joined { .. } => self.complain("joined twice".into()),
            Entry::Sent(number) => {
                let answer = None;
                self.commands.insert(*number, Given { line, answer });
            }
            Entry::Answered(0, Ok(())) => {}
            Entry::Answered(number, answer) => match self.commands.get_mut(number) {
                Some(given) if given.answer.is_none() => given.answer = Some(answer),
                _ => self.complain(format!("{number} answered again, {answer:?}")),
            },
            Entry::Event { at, event } => {
                self.sum.events += 1;
                self.picture.apply(event);
                let before = std::mem::replace(&mut self.position, *at);
                if *at <= before {
                    self.complain(format!("line {line}: {at} behind {before}"));
                }
                if let Event::Said(said) = event {
                    self.wrong.extend(self.chronicle.hear(&said.text).err());
                    self.told_at.insert(said.text.clone(), *at);
                    if said.who.as_str() == self.account.player {
                        self.own_at.insert(said.text.clone(), *at);
                    }
                }
            }
            Entry::Resync { lost_replies, .. } => {
                self.sum.resyncs += 1;
                self.sum.replies_told += lost_replies;
                self.resync(line, entry);
            }
            Entry::FellBack => {
                self.sum.fell_back += 1;
                self.fell_back_at = Some(line);
            }
            Entry::Interrupted => {}
            Entry::Connected { session } => {
                self.sessions.insert(session);
            }
            Entry::Broken(why) => self.complain(format!("line {line}: {why}")),
        }
    }

    fn resync(&mut self, line: usize, entry: &Entry) {
        let Entry::Resync {
            at,
            stands,
            view,
            fell_back,
            ..
        } = entry
        else {
            return;
        };
        self.picture = Picture(view.clone());
        let before = std::mem::replace(&mut self.position, *at);
        let shown = texts(&view.chat);
        let stood = |text: &String| self.told_at.get(text).is_some_and(|told| told <= stands);
        // Everything before a line that stands also stands.
        let kept = self.chronicle.lines().iter().rposition(stood);
        let kept = kept.map_or(0, |last| last + 1);
        let undone = self.chronicle.resync(&shown, kept);
        if let Some(first) = undone.iter().find(|text| stood(text)) {
            let wrong = format!("line {line}: {first:?} is undone, though {stands} stands");
            self.wrong.push(wrong);
        }
        let late = |text: &&String| self.own_at.get(*text).is_some_and(|told| told > stands);
        if let Some(first) = shown.iter().find(late) {
            let wrong = format!("line {line}: {first:?} is shown, though only {stands} stands");
            self.wrong.push(wrong);
        }
        self.own_at.retain(|_, told| *told <= *stands);
        // A line that was undone and is shown was sent again.
        self.told_at.retain(|_, told| *told <= *stands);
        for text in shown {
            self.told_at.entry(text).or_insert(*at);
        }
        if *fell_back {
            self.sum.fell_back += 1;
            self.fell_back_at = Some(line);
        } else if *at < before || *stands < before {
            self.complain(format!(
                "line {line}: a resync from {before} to {at}, of which {stands} stands, does not \
                 tell that it fell back"
            ));
        } else if let Some(first) = undone.first() {
            let wrong = format!("line {line}: a resync to {at} undid {first:?} untold");
            self.complain(wrong);
        }
    }

    /// Checks that each command had the effect in its answer, according to all chronicles.
    fn check_commands(&mut self, keeps: Keeps, chronicles: &[Chronicle]) {
        for (number, Given { line, answer }) in &self.commands {
            let words = self.account.words(*number);
            let stands = chronicles.iter().any(|one| one.has(&words));
            // A command that was undone was sent before the notice.
            let told = self.fell_back_at.is_some_and(|at| at > *line);
            let right = match answer {
                Some(Ok(())) => {
                    self.sum.acknowledged += 1;
                    self.sum.undone += usize::from(!stands);
                    stands || told
                }
                Some(Err(CommandError::ReplyLost)) => {
                    self.sum.replies_lost += 1;
                    stands || told
                }
                Some(Err(CommandError::RoomLost)) => {
                    self.sum.rooms_lost += 1;
                    !stands && told
                }
                _ => false,
            };
            if !right {
                let stands = if stands { "stands" } else { "is gone" };
                let wrong = format!("{words:?} {stands}, answer {answer:?}");
                self.wrong.push(wrong);
            }
        }
        self.sum.commands = self.commands.len();
        let (lost, told) = (self.sum.replies_lost, self.sum.replies_told);
        if lost != told {
            self.complain(format!("{lost} replies lost, and told of {told}"));
        }
        if self.sessions.len() > 1 {
            self.complain(format!("sessions {:?}", self.sessions));
        }
        let lost = self.sum.resyncs + self.sum.fell_back + self.sum.rooms_lost + self.sum.undone;
        if keeps == Keeps::Everything && lost > 0 {
            self.complain(format!("lost something, {:?}", self.sum));
        }
        if keeps == Keeps::Nothing && self.sum.resyncs != self.sum.fell_back {
            self.complain(format!("went on from nothing, {:?}", self.sum));
        }
    }

    /// Checks that everybody's lines stand in the order in which they were sent.
    fn check_order(&mut self) {
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for line in self.chronicle.lines() {
            let Some((name, number)) = line.split_once(' ') else {
                continue;
            };
            let number = number.parse().unwrap_or(u64::MAX);
            if let Some(before) = last.insert(name, number)
                && before >= number
            {
                let wrong = format!("{line:?} stands behind {before}");
                self.wrong.push(wrong);
            }
        }
    }

    fn complain(&mut self, what: String) {
        self.wrong.push(what);
    }

    fn seen(&self) -> Picture {
        self.picture.clone().seen_by_anybody(&self.account.player)
    }
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.acknowledged += other.acknowledged;
        self.replies_lost += other.replies_lost;
        self.replies_told += other.replies_told;
        self.rooms_lost += other.rooms_lost;
        self.events += other.events;
        self.resyncs += other.resyncs;
        self.fell_back += other.fell_back;
        self.undone += other.undone;
    }
}

fn texts<'a>(chat: impl IntoIterator<Item = &'a Line>) -> Vec<String> {
    chat.into_iter().map(|line| line.text.clone()).collect()
}
