//! `wayfare bench parts`: a large state in parts, whose snapshots are written while the room ticks.

mod parts_report;
mod stay;
mod watch;
mod world;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::disk::FileSystem;
use crate::folder::Folder;
use crate::output::{print, progress};
use crate::server::{ONE_SHARD, ServerNode};

use parts_report::{Report, Shape};
use stay::{Beats, Stay};
use watch::Watch;
use world::WorldShape;

pub(crate) use world::World;

/// The tick rate of the room.
pub(crate) const TICK_HZ: u32 = 20;

/// A room that ticks, with a large state. Every tick changes some of its parts.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Parts {
    /// The number of parts of the state.
    #[arg(long, default_value_t = 1600, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    parts: u32,
    /// The size of a part.
    #[arg(long, default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(64..=1_000_000))]
    part_bytes: u32,
    /// The number of parts that each tick changes.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    dirty: u32,
    /// The time between two snapshots, in whole seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    every: u32,
    /// Make the room `Durable`: each tick is sent once storage has it.
    #[arg(long)]
    durable: bool,
    /// The measured time in seconds, before the server is killed.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// The parent of the server's folder [default: the system's folder for temporary files]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Parts {
    /// # Errors
    /// If the server or a client fails, or the state does not match the ticks.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(
            (0.1..=600.0).contains(&self.seconds),
            "0.1 to 600 seconds, not {}",
            self.seconds
        );
        let world = WorldShape {
            parts: self.parts,
            part_bytes: self.part_bytes,
            parts_per_tick: self.dirty,
        };
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        let file_system = FileSystem::of(&parent)?;
        let node = ServerNode::start_in(Folder::make_in(&parent)?, self.settings())?;
        progress(format_args!(
            "{} MiB in {} parts, for {} s",
            world.bytes() >> 20,
            self.parts,
            self.seconds
        ));
        let epoch = Instant::now();
        let watch = Watch::start(node.process().admin()?, epoch);
        let mut stay = Stay::begin(&node, epoch, Some(world))?;
        let joined = stay.joined_at();
        let beats = stay.listen(Duration::from_secs_f64(self.seconds))?;
        let wrong_before = stay.wrong_parts()?;
        let usage = stay.stop()?;
        let samples = watch.stop()?;
        let first = match self.durable {
            true => watch::until(&samples, joined),
            false => watch::first_burst(&samples, world.bytes()),
        };
        let recovered = Recovered::after(node, &beats)?;
        let shape = Shape {
            parts: self.parts,
            part_bytes: self.part_bytes,
            parts_per_tick: self.dirty,
            durable: self.durable,
            snapshots_every_s: self.every,
            seconds: self.seconds,
        };
        let wrong = wrong_before + recovered.wrong_parts;
        let report = Report::new(
            shape,
            &beats,
            (first, joined),
            (&recovered, usage),
            file_system,
        );
        print(self.json, &report)?;
        ensure!(wrong == 0, "{wrong} parts are not as the ticks left them");
        Ok(())
    }

    fn settings(&self) -> Vec<String> {
        let durability = if self.durable { "durable" } else { "volatile" };
        vec![
            ONE_SHARD.to_owned(),
            format!("--kind=parts.durability={durability}"),
            format!("--kind=parts.snapshots_every={}s", self.every),
        ]
    }
}

/// The state of the room after a `kill -9`.
struct Recovered {
    listens_after: Duration,
    first_tick_after: Duration,
    /// The number of ticks between the last one received before and the first one received after.
    ticks_lost: u64,
    wrong_parts: u64,
}

impl Recovered {
    fn after(node: ServerNode, before: &Beats) -> Result<Self> {
        let killed = Instant::now();
        let node = node.kill_and_start()?;
        let listens_after = killed.elapsed();
        let mut stay = Stay::begin(&node, killed, None)?;
        let first = stay.next_beat()?;
        let last = before.last().map_or(0, |(_, beat)| beat.tick);
        Ok(Self {
            listens_after,
            first_tick_after: first.0,
            ticks_lost: last.saturating_sub(first.1.tick - 1),
            wrong_parts: stay.wrong_parts()?,
        })
    }
}
