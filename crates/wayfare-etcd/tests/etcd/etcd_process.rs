//! An etcd server as a child process, with free ports and a folder of its own.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

#[allow(
    clippy::duplicate_mod,
    reason = "a test binary may start both etcd and PostgreSQL"
)]
#[path = "../../../wayfare-engine/tests/free_port/mod.rs"]
mod free_port;

#[allow(unused_imports, reason = "for tests")]
pub(crate) use free_port::free_port;

/// The time limit of a start, longer than any start on a busy machine.
const START_TIME_MAX: Duration = Duration::from_secs(40);

/// A process of etcd, killed when this is dropped.
pub(crate) struct Member {
    pub(crate) client_port: u16,
    arguments: Vec<String>,
    health_port: u16,
    folder: PathBuf,
    process: Option<Child>,
}

/// The settings of a member, made before the others are known.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) client_port: u16,
    pub(crate) peer_port: u16,
    pub(crate) folder: PathBuf,
}

impl Plan {
    pub(crate) fn new(index: usize, folder: &Path) -> Self {
        let name = format!("member-{index}");
        let folder = folder.join(&name);
        Self {
            name,
            client_port: free_port(),
            peer_port: free_port(),
            folder,
        }
    }

    pub(crate) fn peer(&self) -> String {
        format!("{}=http://127.0.0.1:{}", self.name, self.peer_port)
    }
}

impl Member {
    /// Makes a member. `scheme` is for its clients; `more` are additional arguments.
    pub(crate) fn new(plan: &Plan, peers: &str, scheme: &str, more: &[String]) -> Self {
        let health_port = free_port();
        let client = format!("{scheme}://127.0.0.1:{}", plan.client_port);
        let peer = format!("http://127.0.0.1:{}", plan.peer_port);
        let data = plan.folder.join("data").to_string_lossy().into_owned();
        let health = format!("http://127.0.0.1:{health_port}");
        let pairs = [
            ("--name", plan.name.as_str()),
            ("--data-dir", &data),
            ("--listen-client-urls", &client),
            ("--advertise-client-urls", &client),
            ("--listen-peer-urls", &peer),
            ("--initial-advertise-peer-urls", &peer),
            ("--listen-metrics-urls", &health),
            ("--initial-cluster", peers),
            ("--initial-cluster-state", "new"),
            ("--logger", "zap"),
            ("--log-outputs", "stderr"),
        ];
        let arguments = pairs.iter().map(|(flag, value)| format!("{flag}={value}"));
        Self {
            client_port: plan.client_port,
            arguments: arguments.chain(more.iter().cloned()).collect(),
            health_port,
            folder: plan.folder.clone(),
            process: None,
        }
    }

    /// Makes a member with the configuration file of a single member, but with other ports and
    /// another folder.
    #[allow(dead_code, reason = "for tests")]
    pub(crate) fn of_file(plan: &Plan, text: &str) -> Self {
        let health_port = free_port();
        let data = plan.folder.join("data").to_string_lossy().into_owned();
        let ports = [
            ("127.0.0.1:2379", "<client>", plan.client_port),
            ("127.0.0.1:2380", "<peer>", plan.peer_port),
            ("127.0.0.1:2381", "<health>", health_port),
        ];
        let mut text = text.replace("/var/lib/etcd/wayfare", &data);
        // In two steps: a new port may begin with the digits of a documented one.
        for (documented, mark, _) in ports {
            text = text.replace(documented, mark);
        }
        for (_, mark, port) in ports {
            text = text.replace(mark, &format!("127.0.0.1:{port}"));
        }
        fs::create_dir_all(&plan.folder).unwrap();
        let file = plan.folder.join("etcd.yml");
        fs::write(&file, text).unwrap();
        Self {
            client_port: plan.client_port,
            arguments: vec![format!("--config-file={}", file.display())],
            health_port,
            folder: plan.folder.clone(),
            process: None,
        }
    }

    /// Starts it if it does not run. Does not wait for it.
    pub(crate) fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        fs::create_dir_all(&self.folder).unwrap();
        let log = File::options().create(true).append(true).open(self.log());
        let started = Command::new("etcd")
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        let process = started.unwrap_or_else(|error| {
            panic!(
                "cannot start etcd ({error}): these tests need one of version 3.4.23 or newer in \
                 the PATH. Run `cargo xtask test`, which installs it or says how"
            )
        });
        self.process = Some(process);
    }

    /// Waits until it answers a request that needs a majority.
    pub(crate) fn wait_until_healthy(&mut self) {
        wait_for("etcd to be healthy", START_TIME_MAX, || {
            if let Some(process) = &mut self.process
                && let Some(status) = process.try_wait().unwrap()
            {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                panic!("etcd ended at its start with {status}:\n{log}");
            }
            let health = http(self.health_port, "GET", "/health", "");
            health.is_ok_and(|it| it.contains(r#""health":"true""#))
        });
    }

    /// Kills it, like `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            drop(process.kill());
            drop(process.wait());
        }
    }

    /// Deletes all its data, as if newly set up. Its cluster keeps its number, because that is
    /// derived from its addresses.
    #[allow(dead_code, reason = "for tests")]
    pub(crate) fn wipe(&mut self) {
        self.kill();
        fs::remove_dir_all(self.folder.join("data")).unwrap();
    }

    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends a request to its JSON gateway, as an administrator would, without the engine.
    pub(crate) fn ask(&self, path: &str, body: &str) -> String {
        http(self.client_port, "POST", path, body).unwrap()
    }

    pub(crate) fn is_leader(&self) -> bool {
        let Ok(status) = http(self.client_port, "POST", "/v3/maintenance/status", "{}") else {
            return false;
        };
        let leader = number_after(&status, r#""leader":""#);
        leader.is_some() && leader == number_after(&status, r#""member_id":""#)
    }

    /// Returns the size of its database in bytes.
    pub(crate) fn database_bytes(&self) -> u64 {
        let status = self.ask("/v3/maintenance/status", "{}");
        number_after(&status, r#""dbSize":""#).unwrap()
    }

    /// Returns its id in the cluster.
    pub(crate) fn id_in_cluster(&self) -> u64 {
        let status = self.ask("/v3/maintenance/status", "{}");
        number_after(&status, r#""member_id":""#).unwrap()
    }

    /// Returns the id of its process.
    #[allow(dead_code, reason = "for benchmarks")]
    pub(crate) fn id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().unwrap();
        kill_process(Pid::from_child(process), signal).unwrap();
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for a condition of another process, which cannot notify this one.
pub(crate) fn wait_for(what: &str, time_max: Duration, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < time_max, "waited in vain for {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn http(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let time_max = Some(Duration::from_secs(5));
    stream.set_read_timeout(time_max)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn number_after(text: &str, what: &str) -> Option<u64> {
    let (_, rest) = text.split_once(what)?;
    rest.split('"').next()?.parse().ok()
}
