//! `wayfare bench durable`: commands to `Durable` rooms, each acknowledged once storage has it.

mod database;
mod durable_report;
mod ledger;
mod load;
mod window;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use wayfare_protocol::wire::server_frame::Body;

use crate::counters::Engine;
use crate::crowd::{Crowd, Heard};
use crate::disk::{BareSyncs, FileSystem};
use crate::folder::Folder;
use crate::output::{print, progress};
use crate::process::raise_open_files;
use crate::schedule::Schedule;
use crate::server::ServerNode;

use database::Database;
use durable_report::{Below, Report, Shape};
use ledger::COMMAND_BYTES;
use load::{Load, Pace, Place, Seen};
use window::Window;

pub(crate) use ledger::Ledger;

/// The longest warm-up: until connections have their windows, the file its size, and the journals
/// their first snapshots.
const WARM_UP_MAX: Duration = Duration::from_secs(3);
/// The longest measurement of the disk, or the database, without a node.
const BARE_TIME_MAX: Duration = Duration::from_secs(2);
/// A page: the smallest write that reaches the disk.
const PAGE_BYTES: u64 = 4096;
const COUNT_TIME_MAX: Duration = Duration::from_secs(60);
/// Settings without rate limits.
const UNBOUNDED: [&str; 2] = ["--frames-per-second=1000000", "--frames-burst=1000000"];

/// Acknowledged commands to `Durable` rooms with one member each, and the work of the disk or the
/// database for them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Durable {
    /// The number of rooms.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rooms: u32,
    /// The number of commands of each room in flight.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    outstanding: u32,
    /// The size of each room's state; every command changes 64 bytes of it.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(64..=1_048_576))]
    state_bytes: u32,
    /// The measured time in seconds, without the warm-up.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// The number of the server's shards.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    shards: u16,
    /// Log the bytes that a command changes, not the whole state.
    #[arg(long)]
    changes: bool,
    /// Send this many commands per second over all rooms, instead of as many as are acknowledged.
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// Use this etcd for coordination, under an unused name, instead of the server's folder.
    #[arg(long, value_name = "URL")]
    coordination: Option<String>,
    /// Use this PostgreSQL for storage, in a schema that is dropped afterwards, instead of the
    /// server's folder.
    #[arg(long, value_name = "URL")]
    storage: Option<String>,
    /// The parent of the server's folder [default: the system's folder for temporary files]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Durable {
    /// # Errors
    /// If the server or a client fails, or a command was not applied once and in order.
    pub(crate) fn run(&self) -> Result<()> {
        ensure!(
            (0.1..=600.0).contains(&self.seconds),
            "0.1 to 600 seconds, not {}",
            self.seconds
        );
        let per_room = self.rate.map(|rate| rate / f64::from(self.rooms));
        ensure!(
            per_room.is_none_or(|rate| (0.1..=10_000.0).contains(&rate)),
            "0.1 to 10000 commands a second to each room"
        );
        raise_open_files(u64::from(self.rooms) + 256)?;
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        let file_system = FileSystem::of(&parent)?;
        if file_system.is_memory() {
            progress(format_args!(
                "{} is in memory, where a sync costs nothing: name a --folder on a disk",
                file_system.folder
            ));
        }
        let mut settings: Vec<_> = UNBOUNDED.map(str::to_owned).into();
        settings.push(format!("--shards={}", self.shards));
        let database = self.storage.as_deref().map(Database::make).transpose()?;
        settings.extend(database.iter().map(|it| format!("--storage={}", it.url())));
        let coordination = self.coordination.iter();
        settings.extend(coordination.map(|url| format!("--coordination={url}")));
        let node = ServerNode::start_in(Folder::make_in(&parent)?, settings)?;
        let engine = match database {
            Some(_) => Engine::Postgres,
            None => Engine::File,
        };
        let mut places = vec![Place::default(); self.rooms as usize];
        let seen = self.load(&node, engine, per_room, &mut places)?;
        let below = match &database {
            Some(database) => self.below_postgres(database, &seen)?,
            None => self.below_file(&node, &seen, file_system)?,
        };
        let acknowledged = places.iter().map(|place| place.acknowledged).sum();
        let begun = Instant::now();
        let in_rooms = self.count(&node.kill_and_start()?, &places)?;
        progress(format_args!(
            "killed, started, and all rooms counted: {:.1?}",
            begun.elapsed()
        ));
        let report = Report::new(self.shape(), &seen, (acknowledged, in_rooms), below);
        print(self.json, &report)?;
        ensure!(
            in_rooms == acknowledged,
            "{acknowledged} commands were acknowledged, and {in_rooms} are in the rooms"
        );
        Ok(())
    }

    fn shape(&self) -> Shape {
        Shape {
            rooms: self.rooms,
            outstanding: self.outstanding,
            state_bytes: self.state_bytes,
            logged: if self.changes { "changes" } else { "states" },
            shards: self.shards,
            rate_per_s: self.rate,
            seconds: self.seconds,
        }
    }

    fn load(
        &self,
        node: &ServerNode,
        engine: Engine,
        rate: Option<f64>,
        places: &mut [Place],
    ) -> Result<Seen> {
        let mut crowd = Crowd::new(node.process().address(), Instant::now())?;
        let size = Bytes::copy_from_slice(&self.state_bytes.to_le_bytes());
        let rooms = 0..self.rooms;
        let speaks = rooms.map(|room| node.opens(room, Some(self.name(room)), size.clone()));
        crowd.arrive(speaks.collect::<Result<_>>()?)?;
        let length = Duration::from_secs_f64(self.seconds);
        let warm_up = length.min(WARM_UP_MAX);
        progress(format_args!(
            "{} rooms, {} commands each in flight, for {} s",
            self.rooms, self.outstanding, self.seconds
        ));
        let from = crowd.now() + warm_up;
        let pace = match rate {
            Some(rate) => Pace::Open(Schedule::new(self.rooms, rate, warm_up + length)),
            None => Pace::Closed,
        };
        let load = Load {
            crowd: &mut crowd,
            places,
            outstanding: self.outstanding as usize,
            pace,
        };
        load.run(Window::new(node.process(), engine, from, length))
    }

    fn name(&self, room: u32) -> String {
        match self.changes {
            true => format!("durable-changes/{room}"),
            false => format!("durable/{room}"),
        }
    }

    fn bare_time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds).min(BARE_TIME_MAX)
    }

    /// Measures the bare disk, with writes of a page and of the engine's mean size.
    fn below_file(&self, node: &ServerNode, seen: &Seen, file_system: FileSystem) -> Result<Below> {
        let counters = &seen.measured.counters;
        let write_bytes = counters.written_bytes / counters.syncs.max(1);
        let (folder, length) = (node.process().folder(), self.bare_time());
        let bare = |bytes| BareSyncs::measure(folder.path(), bytes, length);
        Ok(Below::file(
            seen,
            self.seconds,
            [bare(PAGE_BYTES)?, bare(write_bytes.max(1))?],
            file_system,
        ))
    }

    /// Measures a bare client, with transactions of as many rows as the engine's.
    fn below_postgres(&self, database: &Database, seen: &Seen) -> Result<Below> {
        let counters = &seen.measured.counters;
        let rows = counters.requests.div_ceil(counters.commits.max(1)) as usize;
        let row_bytes = match self.changes {
            true => COMMAND_BYTES,
            false => self.state_bytes as usize,
        };
        let bare = database.bare(self.rooms as usize, rows, row_bytes, self.bare_time())?;
        Ok(Below::postgres(seen, self.seconds, bare))
    }

    /// Returns the number of commands in the rooms after a kill, according to their views.
    fn count(&self, node: &ServerNode, places: &[Place]) -> Result<u64> {
        let mut crowd = Crowd::new(node.process().address(), Instant::now())?;
        let speaks = (0..self.rooms).map(|room| node.speaks(room, None));
        crowd.arrive(speaks.collect::<Result<_>>()?)?;
        for room in 0..self.rooms {
            crowd.join(room as usize, self.name(room))?;
        }
        let deadline = crowd.now() + COUNT_TIME_MAX;
        let (mut counted, mut total) = (0, 0);
        while counted < self.rooms {
            ensure!(crowd.now() < deadline, "the rooms do not come back in time");
            crowd.turn(deadline, |room, _, heard| {
                if let Heard::Other(Body::Joined(joined)) = heard {
                    let Some(count) = ledger::number(&joined.view) else {
                        bail!("room {room} shows no count: {:?}", joined.view);
                    };
                    let acknowledged = places[room].acknowledged;
                    ensure!(
                        count == acknowledged,
                        "room {room} has applied {count} commands and acknowledged {acknowledged}"
                    );
                    counted += 1;
                    total += count;
                }
                Ok(())
            })?;
        }
        Ok(total)
    }
}
