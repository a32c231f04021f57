//! `wayfare bench rooms`: the time until a new room answers, the number of rooms created per
//! second, and the memory of an empty room.

mod births;
mod resident;

use anyhow::Result;
use serde::Serialize;

use crate::output::{Table, print};
use crate::statistics::Latency;

/// The creation of rooms, one after the other and all at once, and the memory of empty ones.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Rooms {
    /// The number of rooms created one after the other.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    samples: u32,
    /// The number of empty rooms at the first measurement of memory.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    from: u32,
    /// The number of empty rooms at the second one.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2..=240_000))]
    to: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    /// The time from the join that creates a room to the reply to the first command, which is sent
    /// after the answer to the join: two round trips over the memory transport.
    first_reply_us: Latency,
    /// The rate of rooms created by joins that do not wait for each other.
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
