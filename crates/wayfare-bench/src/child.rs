//! A server as a child process, so that its processor time and memory are its own.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::folder::Folder;
use crate::process::anonymous_bytes;
use crate::usage::Meter;

/// The time limit from the start of a server to the line with its address.
const START_TIME_MAX: Duration = Duration::from_secs(20);
/// The text before the address on that line.
const LISTENS: &str = "listening on ";
/// The text between it and the operator's address, if there is one.
const ADMIN: &str = ", admin on ";

/// A running server. It ends when this is dropped, or when this process ends for any reason.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    /// The server ends when this pipe closes.
    _stdin: ChildStdin,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    /// The server's folder, removed once the last process that uses it has ended.
    folder: Rc<Folder>,
}

impl ServerProcess {
    /// Runs this program again as `bench <command> <folder> -- <settings>` and waits until it
    /// listens.
    pub(crate) fn start(command: &str, folder: Rc<Folder>, settings: &[String]) -> Result<Self> {
        let program = env::current_exe().context("this program does not know where it lies")?;
        let mut start = Command::new(program);
        start.args(["bench", command]).arg(folder.path());
        start.arg("--").args(settings);
        Self::spawn(start, folder)
    }

    /// Starts a server that prints its address, and waits until it does. Settings in this process's
    /// environment are not passed on.
    pub(crate) fn spawn(mut start: Command, folder: Rc<Folder>) -> Result<Self> {
        let foreign = env::vars_os().map(|(name, _)| name);
        let foreign = foreign.filter(|name| name.to_string_lossy().starts_with("WAYFARE_"));
        for name in foreign {
            start.env_remove(name);
        }
        let mut child = start
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the server did not start")?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        // From here on the guard ends the child after any failure.
        let mut server = Self {
            _stdin: stdin.context("the server has no standard input")?,
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin: None,
            folder,
        };
        let stdout = stdout.context("the server has no standard output")?;
        let (line, first_line) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut text = String::new();
            let outcome = BufReader::new(stdout).read_line(&mut text).map(|_| text);
            // After a timeout nobody waits for the line.
            let _ = line.send(outcome);
        });
        let text = first_line
            .recv_timeout(START_TIME_MAX)
            .context("the server does not listen in time")??;
        let address = text.trim().strip_prefix(LISTENS);
        let address = address.with_context(|| format!("the server said {text:?}"))?;
        let (address, admin) = match address.split_once(ADMIN) {
            Some((address, admin)) => (address, Some(admin.parse()?)),
            None => (address, None),
        };
        server.address = address.parse()?;
        server.admin = admin;
        ensure!(
            server.address.ip().is_loopback(),
            "{address} is no loopback"
        );
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The address at which its counters are read.
    pub(crate) fn admin(&self) -> Result<SocketAddr> {
        self.admin.context("the server has no door for operators")
    }

    /// The server's folder, to start another server there.
    pub(crate) fn folder(&self) -> Rc<Folder> {
        Rc::clone(&self.folder)
    }

    /// Starts to measure its processor time.
    pub(crate) fn meter(&self) -> Result<Meter> {
        Meter::start(self.child.id())
    }

    pub(crate) fn anonymous_bytes(&self) -> Result<u64> {
        anonymous_bytes(self.child.id())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child's side: reports the address to the parent, and ends this process when the parent has
/// ended.
pub(crate) fn announce(address: SocketAddr, admin: Option<SocketAddr>) -> Result<()> {
    thread::spawn(|| {
        let mut stdin = std::io::stdin();
        while !matches!(stdin.read(&mut [0; 64]), Ok(0) | Err(_)) {}
        std::process::exit(0);
    });
    let mut stdout = std::io::stdout();
    let admin = admin.map_or_else(String::new, |admin| format!("{ADMIN}{admin}"));
    writeln!(stdout, "{LISTENS}{address}{admin}")?;
    Ok(stdout.flush()?)
}
