//! The invariants, one file for each promise. Each is checked as soon as something could break it.

mod acknowledged_is_kept;
mod bounded_memory;
mod converges;
mod errands_end_once;
mod in_time;
mod log_once;
mod no_duplication;
mod no_leak;
mod no_loss;
mod no_misdirection;
mod one_lineage;
mod order;
mod presence_alternates;
mod reasons_are_true;
mod resync_is_told;
mod right_audience;
mod stays_are_kept;
mod ticking_room_ticks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use wayfare_client_core::{CommandError, CommandId, JoinRefusal, LeaveReason};

use crate::history::{Given, History, Outcome};
use crate::plan::Plan;
use crate::ref_room::RefRoom;
use crate::saying::{To, View, Word, parse_reply};

pub(crate) use bounded_memory::check as check_memory;
pub(crate) use converges::{check_answered, check_connected, check_heard_all};
pub(crate) use in_time::check_unvisited;
pub(crate) use no_leak::{check_counts, check_records};
pub(crate) use no_misdirection::found_misdirected;
pub(crate) use presence_alternates::check_gone;
pub(crate) use reasons_are_true::{Causes, RefusalCauses, check_session_lost};
pub(crate) use right_audience::check_not_earlier;
pub(crate) use ticking_room_ticks::check as check_ticks;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The name of the invariant.
    pub invariant: &'static str,
    /// The seats, rooms or nodes concerned, by their names in the trace.
    pub subjects: Vec<String>,
    /// The description.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, subjects: Vec<String>, what: String) -> Self {
        Self {
            invariant,
            subjects,
            what,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant,
            subjects,
            what,
        } = self;
        write!(f, "[{invariant}] {}: {what}", subjects.join(" "))
    }
}

/// A seat in a room.
pub(crate) struct Watched<'a> {
    pub(crate) seat: u32,
    pub(crate) player: &'a str,
    pub(crate) room: &'a str,
}

impl Watched<'_> {
    fn violation(&self, invariant: &'static str, what: String) -> Result<(), Violation> {
        let subjects = vec![format!("seat{}", self.seat), self.room.to_owned()];
        Err(Violation::new(invariant, subjects, what))
    }
}

/// The reason for a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The seat joined.
    Joined,
    /// The seat missed something.
    Resync { fell_back: bool },
}

/// The judge of everything that seats receive.
#[derive(Debug)]
pub(crate) struct Judge {
    rooms: Vec<RefRoom>,
    /// True if nothing may end a membership.
    steady: bool,
    histories: BTreeMap<(u32, usize), History>,
    /// The records that must be in the log, and those that must not.
    logged: BTreeSet<String>,
    not_logged: BTreeSet<String>,
    /// Durable rooms that somebody made private.
    private: BTreeSet<usize>,
}

impl Judge {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            rooms: plan.rooms.iter().map(RefRoom::new).collect(),
            steady: plan.steady,
            histories: BTreeMap::new(),
            logged: BTreeSet::new(),
            not_logged: BTreeSet::new(),
            private: BTreeSet::new(),
        }
    }

    pub(crate) fn history(&mut self, seat: u32, room: usize) -> &mut History {
        self.histories.entry((seat, room)).or_default()
    }

    pub(crate) fn histories(&self) -> impl Iterator<Item = (u32, usize, &History)> {
        let all = self.histories.iter();
        all.map(|((seat, room), history)| (*seat, *room, history))
    }

    /// Records that something was done that may end the room.
    pub(crate) fn room_may_end(&mut self, room: usize) {
        self.rooms[room].may_end();
    }

    pub(crate) fn shown(
        &mut self,
        who: &Watched<'_>,
        room: usize,
        (view, position): (&Bytes, u64),
        shown: Shown,
    ) -> Result<View, Violation> {
        let text = String::from_utf8_lossy(view);
        let view = View::parse(&text).expect("rooms of a simulation show what they are to");
        let reference = &mut self.rooms[room];
        let history = self.histories.entry((who.seat, room)).or_default();
        if self.steady {
            stays_are_kept::check_shown(who, reference, history, shown)?;
        }
        history.lost_replies = 0;
        check_defect(who, view.defects, &view.defect)?;
        acknowledged_is_kept::check(who, history, reference, &view, shown)?;
        resync_is_told::check(who, history, &view, shown)?;
        one_lineage::check_life(who, reference, view.origin.life)?;
        if view.origin.life != history.life {
            history.life = view.origin.life;
            history.done = crate::ranges::Ranges::default();
        } else if !reference.durable {
            let none = crate::ranges::Ranges::default();
            history
                .done
                .retain(view.done.get(&who.seat).unwrap_or(&none));
        }
        history.stand(&view, position);
        Ok(view)
    }

    pub(crate) fn heard(
        &mut self,
        who: &Watched<'_>,
        room: usize,
        sequence: u64,
        payload: &Bytes,
    ) -> Result<(), Violation> {
        let text = String::from_utf8_lossy(payload);
        let word = Word::parse(&text).expect("rooms of a simulation say what they are to");
        let history = self.histories.entry((who.seat, room)).or_default();
        if self.steady {
            stays_are_kept::check_heard(who, history)?;
        }
        let Some(standing) = &mut history.standing else {
            return who.violation("no duplication", "an event to who is no member".into());
        };
        if word.defects > 0 {
            let defect = text.split_once('!').map_or("", |(_, defect)| defect);
            check_defect(who, word.defects, defect)?;
        }
        order::check(who, standing, sequence)?;
        standing.sequence = sequence;
        if word.ends_errand {
            standing.pending = standing.pending.saturating_sub(1);
        }
        match word.to {
            To::Everyone(number) => {
                no_duplication::check_everyone(who, standing, number)?;
                no_loss::check_everyone(who, standing, number)?;
                standing.everyone = number;
                history.heard = (word.origin.life, number);
                one_lineage::check_word(who, &mut self.rooms[room], (word.origin, number), &text)?;
            }
            To::One {
                player,
                number,
                welcome,
            } => {
                right_audience::check(who, player)?;
                no_duplication::check_one(who, standing, number, welcome)?;
                if !welcome {
                    no_loss::check_one(who, standing, number)?;
                }
                standing.welcomed = true;
                standing.one = number;
            }
            To::Anyone(_) => {}
        }
        Ok(())
    }

    /// Checks an unreliable message: it may be lost, but never duplicated or overtaken.
    pub(crate) fn overheard(
        &mut self,
        who: &Watched<'_>,
        room: usize,
        payload: &Bytes,
    ) -> Result<(), Violation> {
        let text = String::from_utf8_lossy(payload);
        let word = Word::parse(&text).expect("rooms of a simulation say what they are to");
        let history = self.histories.entry((who.seat, room)).or_default();
        let (Some(standing), To::Anyone(number)) = (&mut history.standing, word.to) else {
            return who.violation("right audience", "overheard where it is no member".into());
        };
        let (branch, last) = standing.anyone;
        if branch == word.origin.branch && number <= last {
            let what = format!("overheard {number} behind {last}");
            return who.violation("order", what);
        }
        standing.anyone = (word.origin.branch, number);
        Ok(())
    }

    pub(crate) fn answered(
        &mut self,
        who: &Watched<'_>,
        room: usize,
        command: CommandId,
        result: &Result<Bytes, CommandError>,
    ) -> Result<Outcome, Violation> {
        let history = self.histories.entry((who.seat, room)).or_default();
        let given = history.given.remove(&command);
        let reply = match result {
            Ok(reply) => parse_reply(&String::from_utf8_lossy(reply)),
            Err(_) => None,
        };
        let deed = given.as_ref().map(|given| given.deed);
        no_duplication::check_answer(who, deed, reply.map(|(_, deed)| deed))?;
        let given = given.expect("checked");
        match result {
            Ok(reply) => no_loss::check_reply(who, &given, reply)?,
            Err(error) => {
                no_loss::check_refused(who, &given, error)?;
                if self.steady {
                    stays_are_kept::check_answer(who, &self.rooms[room], &given, error)?;
                }
                history.lost_replies += u64::from(*error == CommandError::ReplyLost);
            }
        }
        let outcome = outcome_of(&given, result);
        match outcome {
            Outcome::Done => {
                if let Some((origin, _)) = reply
                    && origin.life != history.life
                {
                    history.life = origin.life;
                    history.done = crate::ranges::Ranges::default();
                }
                history.done.insert(given.deed);
                if given.hides && self.rooms[room].durable {
                    self.private.insert(room);
                }
                self.logged.extend(given.log);
            }
            Outcome::Refused => {
                history.never.insert(given.deed);
                // The room has nothing of it; a log keeps its records.
                let lost = matches!(result, Err(CommandError::RoomLost));
                self.not_logged.extend(given.log.filter(|_| !lost));
            }
            Outcome::Unknown => {
                history.unknown.insert(given.deed);
            }
        }
        Ok(outcome)
    }

    /// Handles a room's report that it lost acknowledged commands.
    pub(crate) fn fell_back(&mut self, who: &Watched<'_>, room: usize) -> Result<(), Violation> {
        if self.rooms[room].durable {
            return who.violation(
                "acknowledged is kept",
                "a durable room was rolled back".into(),
            );
        }
        self.check_steady(who, "its room was rolled back")?;
        self.history(who.seat, room).done = crate::ranges::Ranges::default();
        Ok(())
    }

    /// Handles the end of a seat's membership.
    pub(crate) fn told_to_leave(
        &self,
        who: &Watched<'_>,
        reason: LeaveReason,
        causes: Causes,
    ) -> Result<(), Violation> {
        reasons_are_true::check_left(who, reason, causes)?;
        self.check_steady(who, &format!("its stay ended: {reason:?}"))
    }

    /// Handles the refusal of a join.
    pub(crate) fn refused(
        &self,
        who: &Watched<'_>,
        error: &JoinRefusal,
        causes: RefusalCauses,
    ) -> Result<(), Violation> {
        reasons_are_true::check_refused(who, error, causes)
    }

    /// Returns the rooms that are private for good: somebody was answered so, and nothing ended them.
    pub(crate) fn private_rooms(&self) -> BTreeSet<usize> {
        let all = self.private.iter().copied();
        all.filter(|room| self.rooms[*room].lives_one_life())
            .collect()
    }

    /// Handles a list of rooms that was asked for when these were private.
    pub(crate) fn listed(
        &self,
        who: &Watched<'_>,
        room: usize,
        private: &BTreeSet<usize>,
    ) -> Result<(), Violation> {
        let hidden = private.contains(&room) && self.rooms[room].lives_one_life();
        reasons_are_true::check_listed(who, hidden)
    }

    /// Checks that a member was told of the end of all notes, futures and asks, without a visitor.
    pub(crate) fn errands_over_for_member(
        &mut self,
        who: &Watched<'_>,
        room: usize,
    ) -> Result<(), Violation> {
        let standing = self.history(who.seat, room).standing;
        in_time::check_over(who, standing.map_or(0, |it| it.pending))
    }

    /// Handles the end of a seat's session.
    pub(crate) fn session_ends(&self, seat: u32, how: &str) -> Result<(), Violation> {
        let (player, room) = ("", "any room");
        self.check_steady(&Watched { seat, player, room }, how)
    }

    /// Permits players to leave from now on.
    pub(crate) const fn stays_may_end(&mut self) {
        self.steady = false;
    }

    fn check_steady(&self, who: &Watched<'_>, how: &str) -> Result<(), Violation> {
        match self.steady {
            true => stays_are_kept::violation(who, how.to_owned()),
            false => Ok(()),
        }
    }

    /// Removes the membership.
    pub(crate) fn left(&mut self, seat: u32, room: usize) {
        let durable = self.rooms[room].durable;
        let history = self.history(seat, room);
        history.standing = None;
        if !durable {
            history.done = crate::ranges::Ranges::default();
            history.heard = (0, 0);
        }
    }

    /// Checks that the notes, futures and asks that `who` saw have ended. Those of a room that was
    /// restored only for the audit may still come, and the clock may have gone back meanwhile.
    pub(crate) fn errands_over(&mut self, who: &Watched<'_>, room: usize) -> Result<(), Violation> {
        let standing = self.history(who.seat, room).standing;
        errands_end_once::check_over(who, standing.map_or(0, |it| it.pending))
    }

    /// Compares a view at the end with the knowledge of this seat.
    pub(crate) fn audit(
        &mut self,
        who: &Watched<'_>,
        (room, heard): (usize, u64),
        view: &View,
    ) -> Result<(), Violation> {
        let history = self.histories.entry((who.seat, room)).or_default();
        history.heard.1 = heard;
        let shown = Shown::Resync { fell_back: false };
        acknowledged_is_kept::check(who, history, &self.rooms[room], view, shown)?;
        resync_is_told::check(who, history, view, shown)
    }

    pub(crate) fn check_log(&self, found: &[String]) -> Result<(), Violation> {
        log_once::check(found, &self.logged, &self.not_logged)
    }
}

fn check_defect(who: &Watched<'_>, defects: u64, defect: &str) -> Result<(), Violation> {
    if defects == 0 {
        return Ok(());
    }
    order::check_defect(who, defect)?;
    reasons_are_true::check_defect(who, defect)?;
    presence_alternates::check_defect(who, defect)?;
    in_time::check_defect(who, defect)?;
    errands_end_once::check_defect(who, defect)
}

fn outcome_of(given: &Given, result: &Result<Bytes, CommandError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Done,
        // The reply is unknown, and may have been a refusal.
        Err(CommandError::ReplyLost) if given.is_bad => Outcome::Refused,
        Err(CommandError::ReplyLost) => Outcome::Done,
        Err(CommandError::Refused(_) | CommandError::Left(_) | CommandError::RoomLost) => {
            Outcome::Refused
        }
        Err(CommandError::Unknown) => Outcome::Unknown,
    }
}
