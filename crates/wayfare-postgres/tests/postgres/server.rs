//! A PostgreSQL server for a test: in a temporary folder, on a socket, stopped with the test.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

#[allow(
    clippy::duplicate_mod,
    reason = "a test binary may start both etcd and PostgreSQL"
)]
#[path = "../../../wayfare-engine/tests/free_port/mod.rs"]
mod free_port;
#[path = "programs.rs"]
mod programs;

const START_TIME_MAX: Duration = Duration::from_secs(60);
const USER: &str = "wayfare";
/// The port. Any number works, because the socket is in a folder of its own.
const PORT: u16 = 5432;

pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    options: Vec<String>,
    port: u16,
    postmaster: Child,
}

impl Server {
    /// Starts a server with `fsync` on, as in production. `options` are lines of `postgresql.conf`.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_at(PORT, options)
    }

    /// Starts a server that listens on loopback, too.
    pub(crate) fn start_listening(options: &[&str]) -> Self {
        let port = free_port::free_port();
        let options = [options, &["listen_addresses=127.0.0.1"]].concat();
        Self::start_at(port, &options)
    }

    fn start_at(port: u16, options: &[&str]) -> Self {
        Self::make(port, options, |programs, data| {
            let mut initdb = command(programs, "initdb");
            initdb.arg("--pgdata").arg(data).args([
                "--username",
                USER,
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
            ]);
            // The empty cluster need not survive a crash of this machine. The data of tests must.
            initdb.arg("--no-sync");
            initdb
        })
    }

    /// Starts a primary that acknowledges only what its standby has on disk.
    pub(crate) fn start_primary() -> Self {
        let waits = "synchronous_standby_names=*";
        Self::start(&["wal_level=replica", "max_wal_senders=4", waits])
    }

    /// Starts a standby of this server, and waits until it follows.
    pub(crate) fn start_standby(&self) -> Self {
        let options = ["wal_level=replica", "max_wal_senders=4"];
        Self::make(self.port, &options, |programs, data| {
            let mut copy = command(programs, "pg_basebackup");
            copy.arg("--pgdata").arg(data);
            copy.arg("--host").arg(self.folder.path());
            copy.arg("--port").arg(self.port.to_string());
            copy.args(["--username", USER, "--write-recovery-conf"]);
            copy.args(["--checkpoint=fast", "--no-sync"]);
            copy
        })
    }

    /// Promotes a standby, so that it accepts writes.
    pub(crate) fn promote(&self) {
        let mut promote = command(&self.programs, "pg_ctl");
        promote.arg("promote").arg("--wait").arg("--pgdata");
        promote.arg(self.folder.path().join("data"));
        succeed(promote);
    }

    fn make(port: u16, options: &[&str], data: impl FnOnce(&Path, &Path) -> Command) -> Self {
        let programs = folder_of_programs();
        let folder = tempfile::Builder::new()
            .prefix("wayfare-postgres-")
            .tempdir_in("/tmp")
            .expect("a folder");
        if let Some(user) = User::for_root() {
            chown(folder.path(), Some(user.uid), Some(user.gid)).expect("the folder given away");
        }
        succeed(data(&programs, &folder.path().join("data")));
        let mut options: Vec<String> = options.iter().map(|it| (*it).to_owned()).collect();
        options.push(format!("port={port}"));
        let postmaster = run(&programs, folder.path(), &options);
        let server = Self {
            folder,
            programs,
            options,
            port,
            postmaster,
        };
        server.await_ready();
        server
    }

    /// Returns the URL of its socket.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@{}/postgres", self.host())
    }

    /// Returns a URL with both servers, of which the one that accepts writes is used.
    pub(crate) fn url_with(&self, standby: &Self) -> String {
        format!(
            "postgres://{USER}@{},{}/postgres",
            self.host(),
            standby.host()
        )
    }

    fn host(&self) -> String {
        let folder = self.folder.path().display().to_string();
        format!("{}:{}", folder.replace('/', "%2F"), self.port)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{}", self.port))
    }

    /// Returns its TCP port, if it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills the server, like a power failure except for data in the system's cache.
    pub(crate) fn kill(&mut self) {
        let pids = self.backends();
        self.postmaster.kill().expect("the postmaster killed");
        self.postmaster.wait().expect("the postmaster reaped");
        for pid in &pids {
            let _ = kill_process(*pid, Signal::KILL);
        }
        // Two servers on one folder would be an unrealistic fault.
        while pids.iter().any(|it| is_alive(*it)) {
            std::thread::yield_now();
        }
    }

    pub(crate) fn restart(&mut self) {
        // The old lock file names a process id that may be reused.
        let _ = fs::remove_file(self.folder.path().join("data/postmaster.pid"));
        let _ = fs::remove_file(
            self.folder
                .path()
                .join(format!(".s.PGSQL.{}.lock", self.port)),
        );
        self.postmaster = run(&self.programs, self.folder.path(), &self.options);
        self.await_ready();
    }

    /// Returns its processes that serve connections.
    pub(crate) fn serving(&self) -> Vec<Pid> {
        let serves = |pid: &Pid| {
            let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
            let line = fs::read_to_string(path).unwrap_or_default();
            line.contains(&format!(": {USER} "))
        };
        self.backends().into_iter().filter(serves).collect()
    }

    /// Returns all its processes, those that serve connections and others.
    pub(crate) fn backends(&self) -> Vec<Pid> {
        let id = self.postmaster.id();
        let path = format!("/proc/{id}/task/{id}/children");
        let text = fs::read_to_string(path).unwrap_or_default();
        let pids = text.split_whitespace().filter_map(|it| it.parse().ok());
        pids.filter_map(Pid::from_raw).collect()
    }

    fn await_ready(&self) {
        let start = Instant::now();
        let mut wait = Command::new(self.programs.join("pg_isready"));
        wait.arg("--host").arg(self.folder.path());
        wait.arg("--port").arg(self.port.to_string());
        wait.args([
            "--timeout",
            "1",
            "--quiet",
            "--dbname",
            "postgres",
            "--username",
            USER,
        ]);
        while !wait.status().expect("pg_isready runs").success() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(
                start.elapsed() < START_TIME_MAX,
                "PostgreSQL does not start:\n{log}"
            );
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for pid in self.backends() {
            // A process that a test has stopped must continue before it can end.
            let _ = kill_process(pid, Signal::CONT);
        }
        let pid = Pid::from_child(&self.postmaster);
        if kill_process(pid, Signal::QUIT).is_ok() {
            let _ = self.postmaster.wait();
        }
    }
}

fn succeed(mut command: Command) {
    let output = command.output().expect("a program of PostgreSQL runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn is_alive(pid: Pid) -> bool {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let text = fs::read_to_string(path).unwrap_or_default();
    // The name ends with the last parenthesis. A zombie holds no resources.
    let state = text
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest.trim_start());
    !state.is_empty() && !state.starts_with('Z')
}

fn run(programs: &Path, folder: &Path, options: &[String]) -> Child {
    let log = fs::File::create(folder.join("log")).expect("a log");
    let mut server = command(programs, "postgres");
    server.arg("-D").arg(folder.join("data"));
    let socket = format!("unix_socket_directories={}", folder.display());
    for option in [
        "listen_addresses=",
        &*socket,
        "fsync=on",
        "wal_level=minimal",
        "max_wal_senders=0",
    ] {
        server.arg("-c").arg(option);
    }
    for option in options {
        server.arg("-c").arg(option);
    }
    server
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log);
    server.spawn().expect("postgres runs")
}

/// Makes a command for a program of PostgreSQL, as a user that it accepts: it refuses to run as
/// root.
fn command(programs: &Path, name: &str) -> Command {
    let mut command = Command::new(programs.join(name));
    command
        .env_remove("PGDATA")
        .env_remove("PGHOST")
        .env_remove("PGPORT");
    command.current_dir("/");
    if let Some(user) = User::for_root() {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// The user that the server runs as, if it is another one.
#[derive(Clone, Copy)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// Returns another user if this one is root.
    pub(crate) fn for_root() -> Option<Self> {
        if !getuid().is_root() {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"].iter().find_map(|name| {
            let line = users
                .lines()
                .find(|it| it.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            let uid = fields.next()?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }
}

/// Returns the folder of PostgreSQL's programs.
fn folder_of_programs() -> PathBuf {
    let named = std::env::var_os(programs::VARIABLE);
    let path = std::env::var_os("PATH").unwrap_or_default();
    programs::find(named.as_deref(), &path).expect(
        "PostgreSQL 13 or newer is not installed, and these tests need it: run `cargo xtask test`, \
         which installs it or says how",
    )
}
