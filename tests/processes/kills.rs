//! A test in which the server is killed a hundred times while players talk in rooms of three
//! durabilities. The players' records show whether each room kept its promise.

mod account;
mod audit;
mod bot;
mod chronicle;
mod forged;
mod picture;
mod stretch;
pub(crate) mod victim;

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::server::PATIENCE;
use crate::services::Services;
use account::Account;
use audit::{Keeps, Sum, audit};
use bot::{Bot, Manner, Stage};
use victim::{Place, Victim};

const KINDS: [(&str, Keeps); 3] = [
    ("square", Keeps::Everything),
    ("garden", Keeps::Snapshots),
    ("plaza", Keeps::Nothing),
];
/// The events that a square's bot misses during an outage must fit into the history, or a resync
/// would be correct. A garden must live through more than one snapshot.
const SETTINGS: [&str; 4] = [
    "garden.snapshots_every=100ms",
    "square.history_events=20000",
    "square.history_bytes=2MiB",
    "square.history_age=10m",
];
/// The bots of each room: two that talk as fast as they are answered, one that mostly listens, and
/// one that reconnects late.
const MANNERS: [Manner; 4] = [
    manner(6, 10),
    manner(6, 10),
    manner(150, 10),
    manner(6, 250),
];
const KILLS: usize = 100;
const KILLS_ON_SERVICES: usize = 12;
const KILLS_OF_STORAGE: usize = 8;
/// The time that the server lives after the last kill.
const LIFE_AFTER: Duration = Duration::from_millis(400);
/// A kill in this many happens within the time of the first start, and so mostly hits a server
/// that is still starting.
const KILLS_PER_EARLY_KILL: usize = 8;
/// The time in milliseconds that a server lives once it accepts players.
const LIFE_MS: std::ops::Range<u64> = 20..400;

type Accounts = Vec<Vec<Arc<Mutex<Account>>>>;

/// The numbers of kills, by the server's state.
#[derive(Debug, Default)]
struct Kills {
    starts: usize,
    serving: usize,
    starting: usize,
}

/// The test's state outside the server.
struct Siege {
    seed: u64,
    place: Place,
    /// The duration of the first start.
    start_time: Duration,
    runtime: Runtime,
    stage: watch::Sender<Stage>,
    bots: JoinSet<()>,
    /// The accounts by room, in the order of the kinds.
    accounts: Accounts,
}

impl Siege {
    /// Connects all bots before the first command.
    fn begin(seed: u64, place: Place, start_time: Duration) -> (Self, watch::Sender<()>) {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        let (stage, _) = watch::channel(Stage::Gather);
        let (quiet, _) = watch::channel(());
        let mut bots = JoinSet::new();
        let mut accounts = Accounts::new();
        for (kind, _) in KINDS {
            let mut members = Vec::new();
            for (number, manner) in MANNERS.into_iter().enumerate() {
                let name = format!("{kind}-{number}");
                let bot = runtime.block_on(Bot::join(&place.url(), name, &room(kind), manner));
                members.push(bot.account());
                bots.spawn_on(
                    bot.play(stage.subscribe(), quiet.subscribe()),
                    runtime.handle(),
                );
            }
            accounts.push(members);
        }
        let siege = Self {
            seed,
            place,
            start_time,
            runtime,
            stage,
            bots,
            accounts,
        };
        (siege, quiet)
    }

    /// Kills and restarts the server. At the first kill it accepts players already; the last server
    /// is left running.
    fn kill(&self, count: usize, mut victim: Victim, chance: &mut ChaCha8Rng) -> (Kills, Victim) {
        let mut kills = Kills {
            starts: 1,
            ..Kills::default()
        };
        let mut ready = true;
        let mut early_one = 0;
        for number in 0..count {
            let turn = number % KILLS_PER_EARLY_KILL;
            if turn == 0 {
                early_one = chance.random_range(0..KILLS_PER_EARLY_KILL);
            }
            let early = turn == early_one && !ready;
            if !early && !ready {
                self.or_fail(self.place.wait_until_ready(&victim));
                ready = true;
            }
            let life = match early {
                true => self.start_time.mul_f64(chance.random_range(0.0..1.0)),
                false => Duration::from_millis(chance.random_range(LIFE_MS)),
            };
            ready |= self.or_fail(victim.spare(life));
            victim.kill();
            match ready {
                true => kills.serving += 1,
                false => kills.starting += 1,
            }
            ready = false;
            victim = self.place.start();
            kills.starts += 1;
        }
        self.or_fail(self.place.wait_until_ready(&victim));
        (kills, victim)
    }

    fn or_fail<T>(&self, outcome: Result<T, String>) -> T {
        outcome.unwrap_or_else(|error| self.fail(&[error]))
    }

    /// Stops all bots and waits for open answers. Then an auditor joins each room, and all bots
    /// receive the last words there.
    fn end(&mut self, quiet: &watch::Sender<()>) {
        self.stage.send_replace(Stage::Listen);
        self.within(quiet.closed(), "every command is answered");
        for (index, (kind, _)) in KINDS.into_iter().enumerate() {
            let (url, name) = (self.place.url(), format!("{kind}-auditor"));
            let room = room(kind);
            let auditor = Bot::join(&url, name, &room, MANNERS[0]);
            let auditor = self.runtime.block_on(auditor);
            self.accounts[index].push(auditor.account());
            self.within(auditor.end(MANNERS.len() + 1), "everybody is back");
        }
        let mut bots = std::mem::take(&mut self.bots);
        let ended = async move { while bots.join_next().await.is_some() {} };
        self.within(ended, "everybody hears the last words");
    }

    fn within(&self, future: impl Future<Output = ()>, what: &str) {
        let in_time = async { timeout(PATIENCE, future).await };
        if self.runtime.block_on(in_time).is_err() {
            self.fail(&[format!("it does not come to this: {what}")]);
        }
    }

    /// Reports everything that is wrong, including what `enough` finds missing.
    fn judge(&self, enough: impl FnOnce(&[Sum]) -> Vec<String>) {
        let mut wrong = Vec::new();
        let mut sums = Vec::new();
        for (index, (kind, keeps)) in KINDS.into_iter().enumerate() {
            let accounts = self.accounts(index);
            let (sum, complaints) = audit(keeps, &accounts);
            println!("{kind}: {sum:?}, back after {}", times(&accounts));
            wrong.extend(complaints);
            sums.push(sum);
        }
        let logged = self.place.logged();
        let bad = |line: &&str| line.contains("panicked") || line.contains("ERROR");
        wrong.extend(logged.lines().filter(bad).map(str::to_owned));
        wrong.extend(enough(&sums));
        if !wrong.is_empty() {
            self.fail(&wrong);
        }
    }

    fn accounts(&self, kind: usize) -> Vec<Account> {
        let members = self.accounts[kind].iter();
        members.map(|one| one.lock().unwrap().clone()).collect()
    }

    /// Saves accounts and log, and fails.
    fn fail(&self, wrong: &[String]) -> ! {
        let name = format!("kills-{}", self.seed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for kind in 0..KINDS.len() {
            for account in self.accounts(kind) {
                std::fs::write(folder.join(&account.name), account.to_string()).unwrap();
            }
        }
        std::fs::write(folder.join("log"), self.place.logged()).unwrap();
        let some = wrong.iter().take(30).fold(String::new(), |mut some, what| {
            let _ = write!(some, "\n  {what:.600}");
            some
        });
        let (seed, count, folder) = (self.seed, wrong.len(), folder.display());
        panic!("seed {seed}: {count} complaints, all accounts are in {folder}{some}");
    }
}

const fn manner(pace_ms: u64, backoff_max_ms: u64) -> Manner {
    Manner {
        pace: Duration::from_millis(pace_ms),
        backoff_max: Duration::from_millis(backoff_max_ms),
    }
}

fn room(kind: &str) -> String {
    format!("{kind}/main")
}

/// Returns a random seed, unless one is given to repeat a run.
fn seed() -> u64 {
    let chosen = std::env::var("WAYFARE_KILLS_SEED").ok();
    let chosen = chosen.map(|text| text.parse().expect("a number"));
    chosen.unwrap_or_else(|| RandomState::new().hash_one(0) % 1_000_000)
}

/// Kills a server many times while everybody talks, and returns the results.
fn besiege(seed: u64, place: Place, times: usize, chance: &mut ChaCha8Rng) -> (Kills, Siege) {
    let start = Instant::now();
    let victim = place.start();
    place.wait_until_ready(&victim).unwrap();
    let (mut siege, quiet) = Siege::begin(seed, place, start.elapsed());
    siege.stage.send_replace(Stage::Talk);
    let start = Instant::now();
    let (kills, survivor) = siege.kill(times, victim, chance);
    let killing = start.elapsed();
    siege.end(&quiet);
    drop(survivor);
    println!("{kills:?} in {killing:.1?}");
    (kills, siege)
}

#[test]
fn a_hundred_kills_lose_nothing_silently() {
    let seed = seed();
    println!("WAYFARE_KILLS_SEED={seed}");
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let place = Place::new(SETTINGS.to_vec(), &mut chance);
    let (kills, siege) = besiege(seed, place, KILLS, &mut chance);
    siege.judge(|sums| too_little(&kills, sums));
}

/// A start takes a second or two there, so there are fewer kills.
#[test]
fn kills_of_a_server_on_etcd_and_postgres_lose_nothing() {
    let seed = seed();
    println!("WAYFARE_KILLS_SEED={seed}");
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let services = Services::start();
    let place = Place::new(SETTINGS.to_vec(), &mut chance).with(services.arguments());
    let (kills, siege) = besiege(seed, place, KILLS_ON_SERVICES, &mut chance);
    siege.judge(|sums| match sums {
        [square, ..] => short(&[
            (kills.serving, 5, "kills of a server that takes players"),
            (square.acknowledged, 100, "acknowledged commands, square"),
        ]),
        [] => Vec::new(),
    });
}

#[test]
fn kills_of_postgres_lose_nothing_acknowledged() {
    let seed = seed();
    println!("WAYFARE_KILLS_SEED={seed}");
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut services = Services::start();
    let place = Place::new(SETTINGS.to_vec(), &mut chance).with(services.arguments());
    let start = Instant::now();
    let victim = place.start();
    place.wait_until_ready(&victim).unwrap();
    let (mut siege, quiet) = Siege::begin(seed, place, start.elapsed());
    siege.stage.send_replace(Stage::Talk);
    for _ in 0..KILLS_OF_STORAGE {
        let life = Duration::from_millis(chance.random_range(LIFE_MS));
        siege.or_fail(victim.spare(life));
        services.postgres.kill();
        services.postgres.restart();
    }
    siege.or_fail(victim.spare(LIFE_AFTER));
    siege.end(&quiet);
    drop(victim);
    siege.judge(|sums| match sums {
        [square, garden, plaza] => {
            let fell = garden.fell_back + plaza.fell_back;
            let mut wrong = short(&[
                (square.acknowledged, 100, "acknowledged commands, square"),
                (plaza.acknowledged, 500, "acknowledged commands, plaza"),
            ]);
            // A room that needs no storage is not affected.
            wrong.extend((fell > 0).then(|| format!("{fell} falls back without a kill")));
            wrong
        }
        _ => Vec::new(),
    });
}

/// Returns what is missing for a meaningful run: one in which little happened proves little.
fn too_little(kills: &Kills, sums: &[Sum]) -> Vec<String> {
    let [square, garden, plaza] = sums else {
        return vec!["not all rooms were looked at".into()];
    };
    short(&[
        (kills.serving, 80, "kills of a server that takes players"),
        (kills.starting, 1, "kills of a server that starts"),
        (square.acknowledged, 2_000, "acknowledged commands, square"),
        (garden.acknowledged, 2_000, "acknowledged commands, garden"),
        (plaza.acknowledged, 2_000, "acknowledged commands, plaza"),
        (square.events, 4 * 2_000, "events, square"),
        (
            garden.acknowledged - garden.undone,
            500,
            "commands that stand, garden",
        ),
        (garden.fell_back, 50, "falls back, garden"),
        (plaza.fell_back, 50, "falls back, plaza"),
    ])
}

fn short(enough: &[(usize, usize, &str)]) -> Vec<String> {
    let short = enough.iter().filter(|(count, least, _)| count < least);
    let told = short.map(|(count, least, what)| format!("only {count} of {least} {what}"));
    told.collect()
}

fn times(accounts: &[Account]) -> String {
    let lasted = accounts.iter().flat_map(Account::interruptions);
    let mut lasted: Vec<Duration> = lasted.collect();
    lasted.sort_unstable();
    let half = lasted.get(lasted.len() / 2).copied().unwrap_or_default();
    let longest = lasted.last().copied().unwrap_or_default();
    let times = lasted.len();
    format!("p50 {half:.2?}, max {longest:.2?} ({times} times)")
}
