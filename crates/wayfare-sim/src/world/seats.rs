//! The actions of seats: their clients are driven, their players act, and what they receive is
//! checked.

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use wayfare_client_core::{
    Client, CommandError, CommandId, Credential, End, Event as Heard, Join, JoinRefusal,
    LeaveReason, ListId, Listing, Output, RoomKey, ServerError, Settings,
};
use wayfare_protocol::Instant;
use wayfare_protocol::frame::decode_server;

use super::seat::{Seat, Stay};
use super::streams::Packet;
use super::{Event, Mood, World, kind_name, room_id};
use crate::history::{Given, Outcome};
use crate::invariants::{self, Causes, RefusalCauses, Shown, Watched};
use crate::stub_tally::TALLY;

impl World {
    /// Creates a seat for a player.
    pub(super) fn new_seat(&mut self, player: usize) {
        if !self.seats.iter().any(|it| it.player == player && it.alive) {
            let seat = self.sit(player, format!("p{player}"));
            let at = self.now + self.players.time(Duration::ZERO, self.plan.pause_max);
            self.queue.push(at, Event::SeatActs(seat));
        }
    }

    pub(super) fn sit(&mut self, player: usize, name: String) -> u32 {
        let seat = self.seats.len() as u32;
        let credential = Credential::Token(name.clone());
        let mut settings = Settings::new(NonZeroUsize::MIN, credential);
        settings.backoff_max = Duration::from_secs(3);
        settings.handshake_time_max = Duration::from_secs(5);
        settings.rejoin_time_max = Duration::from_secs(6);
        let client = Client::new(settings, self.players.any(), self.now);
        self.seats.push(Seat {
            node: player % self.nodes.len(),
            player,
            name,
            client,
            stream: None,
            stays: std::collections::BTreeMap::new(),
            rooms_by_key: std::collections::BTreeMap::new(),
            alive: true,
            connected: false,
            unserved_since: None,
            wakes_at: None,
            lists: std::collections::BTreeMap::new(),
            says_bye: false,
            joined_at: std::collections::BTreeMap::new(),
            joins_sent: std::collections::BTreeMap::new(),
            auditor: false,
        });
        self.follow(seat);
        seat
    }

    /// Removes a player's machine without notice.
    pub(super) fn vanish(&mut self, seat: u32) {
        let it = &mut self.seats[seat as usize];
        it.alive = false;
        it.connected = false;
        if let Some(index) = it.stream.take() {
            let stream = &mut self.streams[index];
            stream.client_open = false;
            stream.up.hold(super::streams::FOR_EVER);
            stream.down.hold(super::streams::FOR_EVER);
        }
        self.end_seat(seat);
    }

    // ---- driving

    /// Calls a client, then executes all its outputs.
    pub(super) fn with_client(&mut self, seat: u32, act: impl FnOnce(&mut Client, Instant)) {
        let it = &mut self.seats[seat as usize];
        if it.alive {
            act(&mut it.client, self.now);
            self.follow(seat);
        }
    }

    pub(super) fn frame_down(&mut self, seat: u32, frame: Bytes) {
        self.trace
            .step(self.now, &[5, u64::from(seat)], &frame, || {
                let words = match decode_server(frame.clone()) {
                    Ok(body) => format!("{body:?}"),
                    Err(error) => format!("{error:?}"),
                };
                format!(
                    "seat{seat} <- {}",
                    words.chars().take(400).collect::<String>()
                )
            });
        if self.plan.liars {
            self.check_nothing_earlier(seat, &frame);
        }
        self.with_client(seat, |client, now| client.handle_frame(frame, now));
    }

    pub(super) fn seat_wakes(&mut self, seat: u32) {
        let it = &mut self.seats[seat as usize];
        if it.wakes_at != Some(self.now) {
            return;
        }
        it.wakes_at = None;
        self.with_client(seat, Client::handle_timeout);
    }

    pub(super) fn follow(&mut self, seat: u32) {
        while let Some(output) = self.seats[seat as usize].client.poll_output() {
            match output {
                Output::Connect { .. } => self.connect(seat),
                Output::Send(frame) => self.send_up(seat, Packet::Frame(frame)),
                Output::Disconnect => self.disconnect(seat),
                Output::Event(event) => self.hear(seat, event),
            }
        }
        let it = &mut self.seats[seat as usize];
        let Some((at, _)) = it.client.poll_timeout().filter(|_| it.alive) else {
            return;
        };
        let at = at.max(self.now);
        if it.wakes_at.is_none_or(|wakes| at < wakes) {
            it.wakes_at = Some(at);
            self.queue.push(at, Event::SeatWakes(seat));
        }
    }

    // ---- hearing

    fn hear(&mut self, seat: u32, event: Heard) {
        self.trace.remark(|| {
            let words: String = format!("{event:?}").chars().take(300).collect();
            format!("seat{seat} hears {words}")
        });
        match event {
            Heard::Connected { .. } => {
                let it = &mut self.seats[seat as usize];
                it.connected = true;
                it.unserved_since = None;
                if std::mem::take(&mut it.says_bye) {
                    it.client.bye(self.now);
                }
            }
            Heard::Interrupted { .. } => self.seats[seat as usize].connected = false,
            Heard::SessionLost => {
                self.session_is_lost(seat);
                self.session_ends(seat, "its session was lost");
            }
            Heard::Listing { list, result } => self.listed(seat, list, result),
            Heard::Ended(end) => {
                self.session_ends(seat, &format!("its session ended: {end:?}"));
                self.ended(seat, &end);
            }
            Heard::Joined {
                room,
                view,
                position,
            } => self.shown(seat, room, (&view, position.0), Shown::Joined),
            Heard::JoinRefused { room, error } => self.refused(seat, room, &error),
            Heard::Event {
                room,
                sequence,
                payload,
            } => self.event(seat, room, sequence.0, &payload),
            Heard::Unreliable { room, payload } => self.overheard(seat, room, &payload),
            Heard::Reply {
                room,
                command,
                result,
            } => self.answered(seat, room, command, &result),
            Heard::Resync {
                room,
                view,
                position,
                fell_back,
                ..
            } => {
                self.tally.resyncs += 1;
                self.tally.fell_back += u64::from(fell_back);
                self.shown(seat, room, (&view, position.0), Shown::Resync { fell_back });
            }
            Heard::FellBack { room } => self.fell_back(seat, room),
            Heard::Left { room, reason, .. } => self.left(seat, room, reason),
        }
    }

    /// A session that comes back within its grace is there, unless a node failed or the player
    /// logged in again.
    fn session_is_lost(&mut self, seat: u32) {
        let it = &self.seats[seat as usize];
        let seats = self.seats.iter().filter(|other| other.player == it.player);
        let excused = self.node_faults > 0 || seats.count() > 1;
        let away = it.unserved_since.map(|since| self.now.since(since));
        let grace = self.plan.server.session_grace;
        let outcome = invariants::check_session_lost(seat, away.unwrap_or_default(), grace);
        if !excused {
            self.judge(outcome);
        }
    }

    fn session_ends(&mut self, seat: u32, how: &str) {
        let outcome = self.judge.session_ends(seat, how);
        self.judge(outcome);
    }

    fn shown(&mut self, seat: u32, key: RoomKey, view: (&Bytes, u64), shown: Shown) {
        let room = self.room_by_key(seat, key);
        if let Some(stay) = self.seats[seat as usize].stays.get_mut(&room) {
            stay.joined = true;
        }
        let name = self.seats[seat as usize].name.clone();
        let kind = kind_name(room);
        let who = Watched {
            seat,
            player: &name,
            room: &kind,
        };
        let outcome = self.judge.shown(&who, room, view, shown);
        let view = self.judge(outcome);
        if self.seats[seat as usize].auditor
            && let Some(view) = view
        {
            self.audit(seat, room, &view);
        }
    }

    fn event(&mut self, seat: u32, key: RoomKey, sequence: u64, payload: &Bytes) {
        self.tally.events += 1;
        let room = self.room_by_key(seat, key);
        if payload.ends_with(b" tick")
            && let Some(stay) = self.seats[seat as usize].stays.get_mut(&room)
        {
            stay.ticks += 1;
        }
        let outcome = self.watched(seat, room, |judge, who| {
            judge.heard(who, room, sequence, payload)
        });
        self.judge(outcome);
    }

    fn overheard(&mut self, seat: u32, key: RoomKey, payload: &Bytes) {
        let room = self.room_by_key(seat, key);
        let outcome = self.watched(seat, room, |judge, who| judge.overheard(who, room, payload));
        self.judge(outcome);
    }

    fn answered(
        &mut self,
        seat: u32,
        key: RoomKey,
        command: CommandId,
        result: &Result<Bytes, CommandError>,
    ) {
        let room = self.room_by_key(seat, key);
        let outcome = self.watched(seat, room, |judge, who| {
            judge.answered(who, room, command, result)
        });
        let outcome = self.judge(outcome);
        self.trace
            .remark(|| format!("seat{seat} room{room} {command:?} ends as {outcome:?}"));
        match outcome {
            Some(Outcome::Done) => self.tally.done += 1,
            Some(Outcome::Refused) => self.tally.refused += 1,
            Some(Outcome::Unknown) => self.tally.unknown += 1,
            None => {}
        }
    }

    fn fell_back(&mut self, seat: u32, key: RoomKey) {
        self.tally.fell_back += 1;
        let room = self.room_by_key(seat, key);
        let outcome = self.watched(seat, room, |judge, who| judge.fell_back(who, room));
        self.judge(outcome);
    }

    pub(super) fn watched<T>(
        &mut self,
        seat: u32,
        room: usize,
        ask: impl FnOnce(&mut crate::invariants::Judge, &Watched<'_>) -> T,
    ) -> T {
        let kind = kind_name(room);
        let who = Watched {
            seat,
            player: &self.seats[seat as usize].name,
            room: &kind,
        };
        ask(&mut self.judge, &who)
    }

    fn room_by_key(&self, seat: u32, key: RoomKey) -> usize {
        self.seats[seat as usize].rooms_by_key[&key]
    }

    fn refused(&mut self, seat: u32, key: RoomKey, error: &JoinRefusal) {
        let room = self.room_by_key(seat, key);
        let stay = self.seats[seat as usize].stays.get(&room);
        let causes = RefusalCauses {
            asked: stay.is_some_and(|stay| stay.asked_refusal),
            full: self.plan.rooms[room].settings.members_max as usize <= self.seats.len(),
            failed: self.panics > 0 || self.room_has_ended[room],
            faults: self.node_faults > 0,
        };
        let outcome = self.watched(seat, room, |judge, who| judge.refused(who, error, causes));
        self.judge(outcome);
        self.seats[seat as usize].stays.remove(&room);
        self.judge.left(seat, room);
    }

    fn left(&mut self, seat: u32, key: RoomKey, reason: LeaveReason) {
        let room = self.room_by_key(seat, key);
        let it = &self.seats[seat as usize];
        let seats = self.seats.iter().filter(|other| other.player == it.player);
        let player = it.player;
        let causes = Causes {
            left: it.stay(room).is_none_or(|stay| stay.leaving),
            kicked: self.kicked.contains(&(room, player)),
            logged_in_again: seats.count() > 1,
            ended: self.room_has_ended[room] || self.panics > 0,
            lost: self.node_faults > 0,
        };
        let outcome = self.watched(seat, room, |judge, who| {
            judge.told_to_leave(who, reason, causes)
        });
        self.judge(outcome);
        let stay = self.seats[seat as usize].stays.get(&room);
        if stay.is_some_and(|stay| stay.key == key) {
            self.seats[seat as usize].stays.remove(&room);
        }
        self.judge.left(seat, room);
    }

    fn listed(&mut self, seat: u32, list: ListId, result: Result<Listing, ServerError>) {
        let private = self.seats[seat as usize].lists.remove(&list);
        let (Some(private), Ok(listing)) = (private, result) else {
            return;
        };
        for listed in listing.rooms {
            let rooms = 0..self.plan.rooms.len();
            let Some(room) = rooms.into_iter().find(|room| room_id(*room) == listed.room) else {
                continue;
            };
            let outcome = self.watched(seat, room, |judge, who| judge.listed(who, room, &private));
            self.judge(outcome);
        }
    }

    fn ended(&mut self, seat: u32, _: &End) {
        self.seats[seat as usize].alive = false;
        self.seats[seat as usize].connected = false;
        self.end_seat(seat);
    }

    /// Ends a seat. Its player returns later at another one.
    fn end_seat(&mut self, seat: u32) {
        let it = &self.seats[seat as usize];
        let (player, stays) = (it.player, it.stays.keys().copied().collect::<Vec<_>>());
        for room in stays {
            self.judge.left(seat, room);
        }
        if !self.seats[seat as usize].auditor && self.mood != Mood::Quiet {
            let at = self.now + self.players.millis(0, 4_000);
            self.queue.push(at, Event::Returns(player));
        }
    }

    // ---- acting

    pub(super) fn seat_acts(&mut self, seat: u32) {
        if !self.seats[seat as usize].alive || self.mood == Mood::Quiet {
            return;
        }
        let at = self.now
            + self
                .players
                .time(Duration::from_millis(5), self.plan.pause_max);
        self.queue.push(at, Event::SeatActs(seat));
        let mine: Vec<usize> = (0..self.plan.rooms.len())
            .filter(|room| self.node_of(*room) == self.seats[seat as usize].node)
            .collect();
        if mine.is_empty() {
            return;
        }
        let room = *self.players.pick(&mine);
        match self.seats[seat as usize].stay(room).copied() {
            None => self.join(seat, room),
            Some(stay) if stay.joined && !stay.leaving => self.do_something(seat, room, stay),
            Some(_) => {}
        }
    }

    pub(super) fn join(&mut self, seat: u32, room: usize) {
        let mut join = Join::new(room_id(room));
        let asked_refusal = self.mood == Mood::Wild && self.players.one_in(20);
        if asked_refusal {
            join.payload = Bytes::from_static(b"refuse");
        }
        let it = &mut self.seats[seat as usize];
        // The join is refused if the session has its maximum of rooms.
        if let Ok(key) = it.client.join(join, self.now) {
            let stay = Stay {
                key,
                joined: false,
                leaving: false,
                asked_refusal,
                ticks: 0,
            };
            it.stays.insert(room, stay);
            it.rooms_by_key.insert(key, room);
        }
        self.follow(seat);
    }

    fn do_something(&mut self, seat: u32, room: usize, stay: Stay) {
        let deeds = match self.mood {
            Mood::Wild => self.plan.deeds,
            _ => crate::plan::Deeds::TALK,
        };
        let all = [
            (deeds.say, "say"),
            (deeds.others, "others"),
            (deeds.tell, "tell"),
            (deeds.wave, "wave"),
            (deeds.fill, "fill"),
            (deeds.refuse, "refuse"),
            (deeds.panic, "panic"),
            (deeds.after, "after"),
            (deeds.run, "run"),
            (deeds.ask, "ask"),
            (deeds.log, "log"),
            (deeds.kick, "kick"),
            (deeds.close, "close"),
            (deeds.leave, "leave"),
            (deeds.list, "list"),
            (deeds.bye, "bye"),
            (deeds.quiet, "quiet"),
            (deeds.private, "private"),
        ];
        let total = all.iter().map(|(weight, _)| weight).sum();
        let mut drawn = self.players.below(total);
        let deed = all.iter().find(|(weight, _)| {
            let hit = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            hit
        });
        let deed = match deed.map_or("say", |(_, deed)| deed) {
            "panic" if self.panics >= self.plan.panics_max => "say",
            deed => deed,
        };
        match deed {
            "leave" => {
                if let Some(it) = self.seats[seat as usize].stays.get_mut(&room) {
                    it.leaving = true;
                }
                self.with_client(seat, |client, now| {
                    // The client may have learnt meanwhile that it is not a member.
                    let _ = client.leave(stay.key, now);
                });
            }
            "list" => {
                let private = self.judge.private_rooms();
                let it = &mut self.seats[seat as usize];
                // The number of concurrent lists is limited.
                let list = it
                    .client
                    .list(&kind_name(room), Default::default(), 0, self.now);
                it.lists.extend(list.ok().map(|list| (list, private)));
                self.follow(seat);
            }
            "bye" => self.with_client(seat, Client::bye),
            deed => self.give(seat, room, stay, deed),
        }
    }

    /// Sends a command to the room.
    fn give(&mut self, seat: u32, room: usize, stay: Stay, deed: &str) {
        let kicked = self.players.index(self.plan.players);
        let player = format!("p{kicked}");
        let what = match deed {
            "tell" | "kick" => format!("{deed} {player}"),
            "fill" => {
                let most = *self.players.pick(&[1_000, 30_000, 200_000]);
                format!("fill {}", self.players.below(most))
            }
            "after" => format!("after {}", self.players.below(5_000)),
            "ask" => format!("ask {TALLY}/t{}", self.players.below(2)),
            other => other.to_owned(),
        };
        let number = self.judge.history(seat, room).next_deed();
        let text = format!("{seat} {number} {what}");
        let it = &mut self.seats[seat as usize];
        let given = it.client.command(stay.key, text.clone().into(), self.now);
        if let Ok(command) = given {
            self.tally.deeds += 1;
            self.panics += u64::from(deed == "panic");
            if deed == "kick" {
                self.kicked.insert((room, kicked));
            }
            self.trace.step(
                self.now,
                &[6, u64::from(seat), u64::from(number)],
                &[],
                || format!("seat{seat} gives {} {command:?} `{text}`", kind_name(room)),
            );
            let is_bad = matches!(deed, "refuse" | "panic");
            let durable = self.plan.rooms[room].is_durable();
            let log =
                (deed == "log" && durable).then(|| format!("{} {seat} {number}", kind_name(room)));
            let given = Given {
                deed: number,
                is_bad,
                is_quiet: deed == "quiet",
                hides: deed == "private",
                log,
            };
            self.judge.history(seat, room).given.insert(command, given);
            let closes = deed == "close"
                || (deed == "panic"
                    && self.plan.rooms[room].settings.on_panic
                        == wayfare_core::game::OnPanic::Close);
            if closes {
                self.room_has_ended[room] = true;
                self.judge.room_may_end(room);
            }
        }
        self.follow(seat);
    }
}
