//! `wayfare bench rooms`: how soon a room that did not exist answers, how many are made in a
//! second, and what one costs in memory when everybody has left.

mod births;
mod resident;

use anyhow::Result;
use serde::Serialize;

use crate::output::{Table, print};
use crate::statistics::Latency;

/// Rooms made one after the other, then all at once, then left to stand empty.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Rooms {
    /// Rooms made one after the other.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    samples: u32,
    /// Empty rooms at the first measurement of memory.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    from: u32,
    /// Empty rooms at the second one.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2..=240_000))]
    to: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    /// From the join that creates a room to the reply to the joiner's first command, sent when the
    /// join was answered: two round trips over the memory transport.
    first_reply_us: Latency,
    /// Rooms made by joins that do not wait for each other.
    rooms_per_s: f64,
    /// Anonymous resident memory per room without members: the slope between the measurements.
    rss_bytes_per_room: f64,
    rooms: (u32, u32),
    rss_bytes: (u64, u64),
}

impl Rooms {
    /// # Errors
    /// If the server or a client fails.
    pub(crate) fn run(&self) -> Result<()> {
        let (first_reply_us, rooms_per_s) = births::measure(self.samples)?;
        let rooms = (self.from, self.to);
        let (rss_bytes_per_room, rss_bytes) = resident::measure(rooms)?;
        let report = Report {
            first_reply_us,
            rooms_per_s,
            rss_bytes_per_room,
            rooms,
            rss_bytes,
        };
        print(self.json, &report)
    }
}

impl From<&Report> for Table {
    fn from(report: &Report) -> Self {
        let mut table = Self::default();
        let Latency { p50, p99, max, .. } = report.first_reply_us;
        table.heading("rooms");
        table.row(
            "first reply, us (p50, p99, max)",
            format!("{p50}, {p99}, {max}"),
        );
        table.row("rooms made per second", report.rooms_per_s);
        table.row("memory of an empty room, bytes", report.rss_bytes_per_room);
        table
    }
}
