//! The phases of a run: faults, then calm, then an audit of everything, then all leave.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfare_client_core::Client;
use wayfare_protocol::Instant;
use wayfare_protocol::storage::Position;

use super::{Mood, START, World, kind_name};
use crate::invariants::{self, Violation, Watched};
use crate::saying::View;
use crate::stub_room::LOG;

/// The phase in which everybody is connected and talks.
const CALM: Duration = Duration::from_secs(8);
/// A time longer than any silence, delay or deadline at that point.
const SETTLES: Duration = Duration::from_secs(22);
/// The time in which ticks are counted.
const COUNTED: Duration = Duration::from_secs(4);
/// A time longer than a join takes without faults, and than the longest timer.
const AUDITED: Duration = Duration::from_secs(6);
/// A time longer than a player takes to reconnect without faults, and a room to hear that it left.
const HEARD: Duration = Duration::from_secs(8);
/// A time longer than everything in flight at that point, not counting the graces.
const EMPTIES: Duration = Duration::from_secs(45);
/// The sum of the graces of most plans.
const GRACES: Duration = Duration::from_secs(25);

impl World {
    pub(super) fn play(&mut self) -> Result<(), Violation> {
        self.phase(self.plan.trouble_for)?;
        if self.troubled {
            self.heal();
        }
        self.mood = Mood::Calm;
        self.phase(CALM)?;
        self.mood = Mood::Quiet;
        self.phase(SETTLES)?;
        if self.is_cut_short() {
            return Ok(());
        }
        self.check_everybody_is_served()?;
        self.check_errands_unvisited()?;
        let heard = self.heard();
        self.begin_count();
        self.phase(COUNTED)?;
        self.check_ticks()?;
        self.begin_audit();
        self.phase(AUDITED)?;
        if self.is_cut_short() {
            return Ok(());
        }
        self.check_audit(&heard)?;
        self.check_logs()?;
        let said_bye = self.all_leave();
        self.phase(HEARD)?;
        if !self.is_cut_short() {
            self.check_byes_are_heard(&said_bye)?;
        }
        self.phase(EMPTIES + self.graces().saturating_sub(GRACES))?;
        if self.is_cut_short() {
            return Ok(());
        }
        self.check_nothing_is_left()
    }

    /// Returns the sum of all graces.
    fn graces(&self) -> Duration {
        let rooms = self.plan.rooms.iter().map(|room| {
            let settings = &room.settings;
            settings.member_grace + settings.empty_grace.unwrap_or_default()
        });
        self.plan.server.session_grace + rooms.max().unwrap_or_default()
    }

    fn phase(&mut self, time: Duration) -> Result<(), Violation> {
        if self.is_cut_short() {
            return Ok(());
        }
        let end: Instant = self.now + time;
        self.pass(end)
    }

    fn is_cut_short(&self) -> bool {
        self.trace.steps() >= self.watch.steps_max
    }

    fn check_everybody_is_served(&mut self) -> Result<(), Violation> {
        for (index, seat) in self.seats.iter().enumerate() {
            if seat.alive {
                invariants::check_connected(index as u32, seat.connected)?;
            }
        }
        for (seat, room, history) in self.judge.histories() {
            let it = &self.seats[seat as usize];
            if it.alive {
                let kind = kind_name(room);
                let who = Watched {
                    seat,
                    player: &it.name,
                    room: &kind,
                };
                invariants::check_answered(&who, history)?;
            }
        }
        Ok(())
    }

    /// Returns the last number that each member has received from its rooms.
    pub(super) fn heard(&self) -> BTreeMap<(u32, usize), u64> {
        let all = self.judge.histories();
        let standing = all.filter_map(|(seat, room, history)| {
            let alive = self.seats[seat as usize].alive;
            let standing = history.standing.filter(|_| alive)?;
            Some(((seat, room), standing.everyone))
        });
        standing.collect()
    }

    fn begin_count(&mut self) {
        for seat in &mut self.seats {
            for stay in seat.stays.values_mut() {
                stay.ticks = 0;
            }
        }
    }

    fn check_ticks(&mut self) -> Result<(), Violation> {
        if self.is_cut_short() {
            return Ok(());
        }
        for (index, seat) in self.seats.iter().enumerate() {
            let joined = seat
                .stays
                .iter()
                .filter(|(_, stay)| stay.joined && seat.alive);
            for (room, stay) in joined {
                let Some(tick) = self.plan.rooms[*room].settings.tick else {
                    continue;
                };
                let kind = kind_name(*room);
                let who = Watched {
                    seat: index as u32,
                    player: &seat.name,
                    room: &kind,
                };
                invariants::check_ticks(&who, stay.ticks, COUNTED, tick)?;
            }
        }
        Ok(())
    }

    /// Makes an auditor join each room.
    fn begin_audit(&mut self) {
        for room in 0..self.plan.rooms.len() {
            if self.is_full(room) {
                continue;
            }
            let seat = self.sit(room, format!("auditor{room}"));
            self.seats[seat as usize].auditor = true;
            self.join(seat, room);
        }
    }

    fn is_full(&self, room: usize) -> bool {
        let seats = self.seats.iter().filter(|seat| seat.alive);
        let members = seats.filter(|seat| seat.stays.contains_key(&room)).count();
        members >= self.plan.rooms[room].settings.members_max as usize
    }

    pub(super) fn audit(&mut self, seat: u32, room: usize, view: &View) {
        self.audits.insert(room, (seat, view.clone()));
    }

    fn check_audit(&mut self, heard: &BTreeMap<(u32, usize), u64>) -> Result<(), Violation> {
        for (index, seat) in self.seats.iter().enumerate() {
            if seat.auditor && !self.audits.contains_key(&seat.player) {
                let subjects = vec![format!("seat{index}"), kind_name(seat.player)];
                let what = "a room that lets nobody in, long after the last fault".to_owned();
                return Err(Violation::new("converges", subjects, what));
            }
        }
        let audits = std::mem::take(&mut self.audits);
        for (room, (auditor, view)) in &audits {
            self.watched(*auditor, *room, |judge, who| judge.errands_over(who, *room))?;
            let honest = heard.iter().filter(|((seat, _), _)| !self.is_liar(*seat));
            let honest: Vec<_> = honest.filter(|((_, of), _)| of == room).collect();
            for ((seat, _), heard) in honest {
                self.watched(*seat, *room, |judge, who| {
                    judge.audit(who, (*room, *heard), view)
                })?;
                // The auditor's join was announced after it.
                let ticks = self.plan.rooms[*room].settings.tick.is_some();
                if !ticks && self.seats[*seat as usize].alive {
                    let said = view.everyone - 1;
                    self.watched(*seat, *room, |_, who| {
                        invariants::check_heard_all(who, *heard, said)
                    })?;
                }
            }
        }
        Ok(())
    }

    fn check_logs(&mut self) -> Result<(), Violation> {
        let mut found = Vec::new();
        for node in &self.nodes {
            for record in node.storage.service().read(LOG, Position(1)) {
                found.push(String::from_utf8_lossy(&record.bytes).into_owned());
            }
        }
        self.judge.check_log(&found)
    }

    /// Makes all players leave. Half of them end their sessions, some of these as soon as they are
    /// connected again. Returns their seats.
    fn all_leave(&mut self) -> Vec<u32> {
        self.judge.stays_may_end();
        let mut said_bye = Vec::new();
        for seat in 0..self.seats.len() as u32 {
            if !self.seats[seat as usize].alive {
                continue;
            }
            if seat % 2 == 1 {
                self.vanish(seat);
                continue;
            }
            said_bye.push(seat);
            match self.seats[seat as usize].stream {
                Some(stream) if seat % 4 == 0 => {
                    self.seats[seat as usize].says_bye = true;
                    self.server_told(stream);
                    self.client_told(stream);
                }
                _ => self.with_client(seat, Client::bye),
            }
        }
        said_bye
    }

    fn check_nothing_is_left(&self) -> Result<(), Violation> {
        for node in &self.nodes {
            for (index, shard) in node.shards.iter().enumerate() {
                let name = format!("{}.{index}", node.name);
                invariants::check_counts(name, shard.shard.counts())?;
            }
            let records = node.coordination.service().list("").records;
            let left = records.iter().map(|(key, _)| key.to_string());
            let is_of_node = |key: &String| key.starts_with("node/") || key.starts_with("cluster/");
            let left: Vec<String> = left.filter(|key| !is_of_node(key)).collect();
            invariants::check_records(node.name.clone(), &left)?;
        }
        debug_assert!(self.now > START);
        Ok(())
    }
}
