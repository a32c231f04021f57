//! Faults: one after the other, by the plan's odds and the seed.

use std::time::Duration;

use wayfare_engine::model::faults::Rates;

use super::streams::FOR_EVER;
use super::{Event, World};
use crate::wire::Pace;

/// The rates of a faulty engine.
const BAD: Rates = Rates {
    unavailable: 0.05,
    lost: 0.05,
    unanswered: 0.06,
    late: 0.04,
    refused: 0.05,
    slow: 0.25,
    ..Rates::NONE
};
const LATE: Rates = Rates {
    late: 0.25,
    unanswered: 0.2,
    ..BAD
};
const AWAY: Rates = Rates {
    unavailable: 0.5,
    lost: 0.5,
    ..Rates::NONE
};

impl World {
    pub(super) fn schedule_fault(&mut self) {
        let most = self.plan.fault_every_max;
        let at = self.now + self.trouble.time(Duration::from_millis(5), most);
        self.queue.push(at, Event::Fault);
    }

    /// Causes the next fault, unless the limit is reached.
    pub(super) fn fault(&mut self) {
        if !self.troubled {
            return;
        }
        if self.tally.faults >= self.watch.faults_max {
            return self.heal();
        }
        self.schedule_fault();
        let odds = self.plan.faults;
        let all = [
            (odds.cut, "cut"),
            (odds.reset, "reset"),
            (odds.address, "address"),
            (odds.deaf_server, "deaf server"),
            (odds.deaf_client, "deaf client"),
            (odds.hold_up, "hold up"),
            (odds.hold_down, "hold down"),
            (odds.slow_reader, "slow reader"),
            (odds.vanish, "vanish"),
            (odds.second_login, "second login"),
            (odds.kill, "kill"),
            (odds.stop, "stop"),
            (odds.pause, "pause"),
            (odds.pause_shard, "pause shard"),
            (odds.clock_ahead, "clock ahead"),
            (odds.clock_back, "clock back"),
            (odds.coordination, "coordination bad"),
            (odds.storage, "storage bad"),
            (odds.coordination_away, "coordination away"),
            (odds.storage_away, "storage away"),
        ];
        let total: u64 = all.iter().map(|(weight, _)| weight).sum();
        let mut drawn = self.trouble.below(total);
        let fault = all.iter().find(|(weight, _)| {
            let hit = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            hit
        });
        let Some((_, fault)) = fault else {
            return;
        };
        let fault: &'static str = fault;
        self.tally.faults += 1;
        let number = self.tally.faults;
        // Each fault draws from the following numbers, whatever it affects.
        match fault {
            "cut" | "reset" | "address" | "deaf server" | "deaf client" | "hold up"
            | "hold down" | "slow reader" => self.network_fault(fault, number),
            "vanish" | "second login" => self.player_fault(fault, number),
            _ => self.node_fault(fault, number),
        }
    }

    fn note_fault(&mut self, number: u64, whom: u64, words: impl FnOnce() -> String) {
        self.trace.step(self.now, &[7, number, whom], &[], || {
            format!("FAULT {number}: {}", words())
        });
    }

    fn network_fault(&mut self, fault: &'static str, number: u64) {
        let alive = self.seats.iter().filter_map(|seat| seat.stream);
        let streams: Vec<usize> = alive.filter(|it| self.streams[*it].server_open).collect();
        if streams.is_empty() {
            return;
        }
        let index = *self.trouble.pick(&streams);
        let lasts = self.trouble.millis(50, 8_000);
        let (first, second) = (self.trouble.millis(0, 400), self.trouble.millis(0, 400));
        let bytes_per_second = *self.trouble.pick(&[300, 3_000, 30_000]);
        let seat = self.streams[index].seat;
        self.note_fault(number, u64::from(seat), || {
            format!("{fault}, seat{seat}, {lasts:?}")
        });
        let now = self.now;
        let stream = &mut self.streams[index];
        match fault {
            "cut" | "reset" => {
                stream.up.clear();
                stream.down.clear();
                stream.up.hold(FOR_EVER);
                stream.down.hold(FOR_EVER);
                let reset = fault == "reset";
                let (first, second) = if reset {
                    (Duration::ZERO, Duration::ZERO)
                } else {
                    (first, second)
                };
                self.queue.push(now + first, Event::ServerTold(index));
                self.queue.push(now + second, Event::ClientTold(index));
            }
            "address" | "deaf server" | "deaf client" => {
                stream.up.hold(FOR_EVER);
                stream.down.hold(FOR_EVER);
                match fault {
                    "address" => self.queue.push(now, Event::ClientTold(index)),
                    "deaf client" => self.queue.push(now + first, Event::ServerTold(index)),
                    _ => {}
                }
            }
            "hold up" => {
                stream.up.hold(now + lasts);
                self.look_up(index, now + lasts);
            }
            "hold down" => {
                stream.down.hold(now + lasts);
                self.look_down(index, now + lasts);
            }
            _ => {
                let pace = stream.down.pace();
                stream.down.set_pace(Pace {
                    bytes_per_second,
                    ..pace
                });
            }
        }
    }

    fn player_fault(&mut self, fault: &'static str, number: u64) {
        let alive = |(index, seat): (usize, &super::Seat)| seat.alive.then_some(index as u32);
        let seats: Vec<u32> = self.seats.iter().enumerate().filter_map(alive).collect();
        if seats.is_empty() {
            return;
        }
        let seat = *self.trouble.pick(&seats);
        self.note_fault(number, u64::from(seat), || format!("{fault}, seat{seat}"));
        if fault == "vanish" {
            return self.vanish(seat);
        }
        let it = &self.seats[seat as usize];
        let (player, name) = (it.player, it.name.clone());
        let second = self.sit(player, name);
        self.queue.push(self.now, Event::SeatActs(second));
    }

    fn node_fault(&mut self, fault: &'static str, number: u64) {
        let node = self.trouble.index(self.nodes.len());
        let shard = self.trouble.index(usize::from(self.plan.shards));
        let long = *self.trouble.pick(&[200, 2_000, 8_000]);
        let lasts = self.trouble.millis(10, long);
        let until = self.now + lasts;
        if !self.nodes[node].is_up() {
            return;
        }
        self.note_fault(number, node as u64, || {
            format!("{fault}, node{node}, {lasts:?}")
        });
        self.node_faults += 1;
        let it = &mut self.nodes[node];
        match fault {
            "kill" => self.kill(node, lasts),
            "stop" => {
                self.stop(node);
                // The node has its time to notify everybody, and ends.
                self.queue
                    .push(self.now + Duration::from_secs(1), Event::Stopped(node));
            }
            "pause" => it.paused_until = until,
            "pause shard" => it.shards[shard].paused_until = until,
            "clock ahead" => {
                it.clock.step_ahead(self.now, lasts);
                self.wake_all(node);
            }
            "clock back" => {
                it.clock
                    .step_back(self.now, lasts.min(Duration::from_secs(1)));
                self.wake_all(node);
            }
            "coordination bad" => it.coordination.set_rates(BAD),
            "coordination away" => it.coordination.set_rates(AWAY),
            "storage bad" if self.plan.server.late_storage => it.storage.set_rates(LATE),
            "storage bad" => it.storage.set_rates(BAD),
            _ => it.storage.set_rates(AWAY),
        }
        let storage = fault.starts_with("storage");
        if storage || fault.starts_with("coordination") {
            self.queue.push(until, Event::EngineWell { node, storage });
        }
    }

    pub(super) fn engine_well(&mut self, node: usize, storage: bool) {
        let it = &mut self.nodes[node];
        if storage {
            it.storage.set_rates(Rates::NONE);
        } else {
            it.coordination.set_rates(Rates::NONE);
        }
    }

    /// Ends a process that was stopped.
    pub(super) fn stopped(&mut self, node: usize) {
        if self.nodes[node].is_up() && self.nodes[node].stopping {
            self.kill(node, Duration::from_millis(500));
        }
    }

    fn wake_all(&mut self, node: usize) {
        for shard in 0..self.nodes[node].shards.len() {
            self.schedule_wake(node, shard);
        }
    }

    /// Ends all faults. Whatever was held continues.
    pub(super) fn heal(&mut self) {
        self.troubled = false;
        self.trace
            .step(self.now, &[8], &[], || "nothing goes wrong any more".into());
        for node in 0..self.nodes.len() {
            self.engine_well(node, true);
            self.engine_well(node, false);
        }
        for index in 0..self.streams.len() {
            let stream = &mut self.streams[index];
            let pace = stream.down.pace();
            stream.down.set_pace(Pace {
                bytes_per_second: 0,
                ..pace
            });
            stream.down.hurry(self.now);
            self.look_down(index, self.now + pace.delay);
        }
    }
}
