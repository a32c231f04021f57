//! The report of `bench parts`. Ticks are counted from the room's own events.

use std::time::Duration;

use serde::Serialize;

use crate::disk::FileSystem;
use crate::output::Table;
use crate::statistics::rounded;
use crate::usage::Usage;

use super::stay::Beats;
use super::watch::Burst;
use super::world::Beat;
use super::{Recovered, TICK_HZ};

/// The parameters of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Shape {
    pub(super) parts: u32,
    pub(super) part_bytes: u32,
    pub(super) parts_per_tick: u32,
    pub(super) durable: bool,
    pub(super) snapshots_every_s: u32,
    pub(super) seconds: f64,
}

/// The ticks in a period of the room's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Ticks {
    expected: u64,
    run: u64,
    missed: u64,
}

/// The first snapshot, which contains the whole state.
#[derive(Clone, Copy, Debug, Serialize)]
struct Complete {
    seconds: f64,
    written_bytes: u64,
    /// The ticks from the last one before it to the first one after it.
    ticks: Ticks,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    #[serde(flatten)]
    shape: Shape,
    state_bytes: u64,
    /// The ticks from the room's opening to the last one received.
    ticks: Ticks,
    /// The longest gap by the room's age, and as received.
    longest_gap_ms: f64,
    longest_silence_ms: f64,
    /// The first snapshot; `None` if it did not end in time.
    complete_snapshot: Option<Complete>,
    join_s: f64,
    server_cpu_s: f64,
    others_cpu_s: f64,
    restart_listens_s: f64,
    restart_first_tick_s: f64,
    ticks_lost_by_kill: u64,
    wrong_parts_after_kill: u64,
    file_system: FileSystem,
}

impl Report {
    pub(super) fn new(
        shape: Shape,
        beats: &Beats,
        (first, joined): (Option<Burst>, Duration),
        (recovered, usage): (&Recovered, Usage),
        file_system: FileSystem,
    ) -> Self {
        let ran = as_they_ran(beats);
        let millis = |time: Duration| rounded(time.as_secs_f64() * 1000.0);
        let seconds = |time: Duration| rounded(time.as_secs_f64());
        let ages = beats
            .iter()
            .map(|(_, beat)| Duration::from_nanos(beat.age_ns));
        Self {
            shape,
            state_bytes: u64::from(shape.parts) * u64::from(shape.part_bytes),
            ticks: ticks_between(&ran, Duration::ZERO, Duration::MAX),
            longest_gap_ms: millis(longest_gap(ages)),
            longest_silence_ms: millis(longest_gap(beats.iter().map(|(heard, _)| *heard))),
            complete_snapshot: first.map(|burst| Complete {
                seconds: seconds(burst.to - burst.from),
                written_bytes: burst.written_bytes,
                ticks: ticks_between(&ran, burst.from, burst.to),
            }),
            join_s: seconds(joined),
            server_cpu_s: seconds(usage.server),
            others_cpu_s: seconds(usage.others),
            restart_listens_s: seconds(recovered.listens_after),
            restart_first_tick_s: seconds(recovered.first_tick_after),
            ticks_lost_by_kill: recovered.ticks_lost,
            wrong_parts_after_kill: recovered.wrong_parts,
            file_system,
        }
    }
}

/// Returns the same ticks with the times at which they ran, because those of a `Durable` room are
/// received later. The fastest delivery determines the latest possible opening time of the room.
fn as_they_ran(beats: &Beats) -> Beats {
    let age = |beat: &Beat| Duration::from_nanos(beat.age_ns);
    let opened = beats
        .iter()
        .map(|(heard, beat)| heard.saturating_sub(age(beat)));
    let opened = opened.min().unwrap_or_default();
    let ran = beats.iter().map(|(_, beat)| (opened + age(beat), *beat));
    ran.collect()
}

/// Counts the ticks from the last one up to `from`, or the room's opening, to the first one from
/// `to` on, or the last one.
fn ticks_between(beats: &Beats, from: Duration, to: Duration) -> Ticks {
    let period = 1_000_000_000 / u64::from(TICK_HZ);
    let first = beats.iter().rfind(|(heard, _)| *heard <= from);
    let last = beats.iter().find(|(heard, _)| *heard >= to);
    let Some((_, last)) = last.or(beats.last()) else {
        return Ticks::default();
    };
    let (tick, age) = first.map_or((0, 0), |(_, beat)| (beat.tick, beat.age_ns));
    // A tick may be late by less than a period, so the nearest regular time is used.
    let run = last.tick - tick;
    let expected = ((last.age_ns - age + period / 2) / period).max(run);
    Ticks {
        expected,
        run,
        missed: expected - run,
    }
}

fn longest_gap(times: impl Iterator<Item = Duration>) -> Duration {
    let mut before = None;
    let gaps = times.map(|time| time.saturating_sub(before.replace(time).unwrap_or(time)));
    gaps.max().unwrap_or_default()
}

impl From<&Report> for Table {
    fn from(report: &Report) -> Self {
        let mut table = Self::default();
        let shape = &report.shape;
        let kind = match shape.durable {
            true => "Durable",
            false => "Volatile",
        };
        table.heading(format_args!(
            "parts, {} bytes in {} of them, {} changed by each tick, {kind}, a snapshot every {} s",
            report.state_bytes, shape.parts, shape.parts_per_tick, shape.snapshots_every_s
        ));
        let three = |it: Ticks| format!("{}, {}, {}", it.expected, it.run, it.missed);
        table.row("ticks expected, run, missed", three(report.ticks));
        let gaps = format!("{}, {}", report.longest_gap_ms, report.longest_silence_ms);
        table.row("longest gap, ms (by age, as heard)", gaps);
        match report.complete_snapshot {
            Some(complete) => {
                table.row("complete snapshot, s", complete.seconds);
                table.row("  bytes written", complete.written_bytes);
                table.row("  ticks expected, run, missed", three(complete.ticks));
            }
            None => table.row("complete snapshot, s", "(it did not end in time)"),
        }
        table.row("join, s", report.join_s);
        let processor = format!("{}, {}", report.server_cpu_s, report.others_cpu_s);
        table.row("server and others, s of processor", processor);
        let restart = format!(
            "{}, {}",
            report.restart_listens_s, report.restart_first_tick_s
        );
        table.row("kill -9 to listening, to first tick, s", restart);
        table.row("ticks lost by it", report.ticks_lost_by_kill);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats(ticks: &[(u64, u64)]) -> Beats {
        let beat = |(tick, age_ms): &(u64, u64)| {
            let age_ns = age_ms * 1_000_000;
            let tick = *tick;
            (Duration::from_millis(*age_ms), Beat { tick, age_ns })
        };
        ticks.iter().map(beat).collect()
    }

    #[test]
    fn skipped_ticks_are_counted_and_late_ones_are_not() {
        let beats = beats(&[(1, 50), (2, 101), (3, 160), (4, 300), (5, 352)]);
        let ticks = |from, to| {
            let millis = Duration::from_millis;
            ticks_between(&beats, millis(from), millis(to)).missed
        };
        assert_eq!(ticks(0, 10_000), 2);
        assert_eq!(ticks(0, 160), 0);
        assert_eq!(ticks(170, 280), 2);
        let late: Beats = beats.iter().map(|(at, beat)| (*at * 2, *beat)).collect();
        assert_eq!(as_they_ran(&late)[1].0, Duration::from_millis(50 + 101));
        let heard = beats.iter().map(|(heard, _)| *heard);
        assert_eq!(longest_gap(heard), Duration::from_millis(140));
    }
}
