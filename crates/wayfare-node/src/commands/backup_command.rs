//! `backup` and `restore`: copy the store of a node to a file, and back.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use hyper::Method;
use serde_json::json;

use super::client::{Node, encoded};
use super::say;
use crate::admin::json::BackupLine;
use crate::admin::socket::DataFolder;
use crate::config::{
    Address, Config, CoordinationChoice, Inputs, Mode, Secret, SettingFlags, Settings,
    StorageChoice,
};
use crate::store::store_file::{self, StoreFile};
use crate::store::{self, backup};

/// The time between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// The arguments of `backup`.
#[derive(Clone, Debug, Args)]
pub struct Backup {
    /// The file to write; it must not be there yet
    #[arg(value_name = "DEST")]
    to: PathBuf,
    /// The node to back up.
    #[command(flatten)]
    folder: Folder,
}

/// The arguments of `restore`.
#[derive(Clone, Debug, Args)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "SRC")]
    from: PathBuf,
    /// Restore even if the folder has a store; that store is kept under another name
    #[arg(long)]
    force: bool,
    /// The node to restore.
    #[command(flatten)]
    folder: Folder,
}

/// The data folder of a node.
#[derive(Clone, Debug, Args)]
pub struct Folder {
    /// The node's data folder [default: the setting `data`]
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// The settings file [default: wayfare.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Folder {
    fn config(&self) -> Config {
        let data = self.data.clone().map(|data| ("data", Secret(data)));
        let flags = SettingFlags {
            config: self.config.clone(),
            values: data.into_iter().collect(),
            kinds: Vec::new(),
        };
        let inputs = Inputs::of_process(Mode::Serve, &flags);
        let (config, refused) = Config::load_what_can_be(&inputs);
        for problem in refused.iter().flat_map(|refused| &refused.0) {
            eprintln!("warning: {problem}");
        }
        config
    }
}

/// Makes the backup: through the running node if there is one, which keeps running, and otherwise
/// in this process.
pub(super) fn back_up(command: &Backup) -> anyhow::Result<()> {
    let settings = command.folder.config().settings;
    if let Some(what) = outside(&settings) {
        eprintln!("warning: {what}: not included in this backup");
    }
    let data = settings.data;
    let to = std::path::absolute(&command.to)?;
    let (bytes, took) = match DataFolder::take_idle(&data)? {
        None => ask(&data, &to)?,
        Some(_held) => copy(&data, &to)?,
    };
    if command.folder.json {
        let millis = u64::try_from(took.as_millis())?;
        let answer = json!({ "path": to, "bytes": bytes, "millis": millis });
        return say(&serde_json::to_string_pretty(&answer)?);
    }
    let (size, seconds) = (show_bytes(bytes), took.as_secs_f64());
    say(&format!(
        "backed up {size} in {seconds:.1} s to {}",
        to.display()
    ))
}

/// Names the state of this node that is outside the data folder, and so is not in the backup.
fn outside(settings: &Settings) -> Option<String> {
    let place = |address: Option<&Address>, is_embedded: bool| match address {
        _ if is_embedded => None,
        Some(address) => Some(address.to_string()),
        None => Some("memory".to_owned()),
    };
    let (records, states) = (&settings.coordination, &settings.storage);
    let records = place(records.address(), *records == CoordinationChoice::Embedded);
    let states = place(states.address(), *states == StorageChoice::Embedded);
    match (records, states) {
        (None, None) => None,
        (Some(records), None) => Some(format!("records of owners are in {records} (coordination)")),
        (None, Some(states)) => Some(format!(
            "rooms, logs and documents are in {states} (storage)"
        )),
        (Some(records), Some(states)) => Some(format!(
            "this node keeps nothing in its data folder, but in {records} (coordination) and \
             {states} (storage)"
        )),
    }
}

fn ask(data: &Path, to: &Path) -> anyhow::Result<(u64, Duration)> {
    let name = to.to_str().with_context(|| {
        format!(
            "{} is not UTF-8 and cannot be sent to the node",
            to.display()
        )
    })?;
    let node = Node::Local {
        data: data.to_owned(),
    };
    let path = format!("/v1/backup?to={}", encoded(name));
    let (mut copied, mut progress) = (None, Progress::default());
    node.lines(&Method::POST, &path, |line: BackupLine| {
        match line {
            BackupLine::Progress { done, of } => progress.tell(done, of),
            BackupLine::Copied { bytes, millis } => {
                copied = Some((bytes, Duration::from_millis(millis)));
            }
            BackupLine::Failed { message } => bail!("{message}"),
        }
        Ok(())
    })?;
    copied.ok_or_else(|| anyhow!("the node stopped before it was done"))
}

fn copy(data: &Path, to: &Path) -> anyhow::Result<(u64, Duration)> {
    let path = store_file::path_in(data);
    if !path.exists() {
        bail!(
            "no node runs on the data folder {}, and it holds no {}: nothing was kept there",
            data.display(),
            path.file_name().unwrap_or_default().display(),
        );
    }
    let store = StoreFile::open(&path)?;
    let mut progress = Progress::default();
    let copied = backup::back_up(&store, to, &mut |done, of| progress.tell(done, of));
    store.close();
    let copied = copied?;
    Ok((copied.bytes, copied.took))
}

pub(super) fn restore(command: &Restore) -> anyhow::Result<()> {
    // A mistyped name must neither create a data folder nor be reported as an existing store.
    let from = command.from.display();
    match std::fs::metadata(&command.from) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no backup {from}: name a file that `backup` has written")
        }
        Err(error) => return Err(error).with_context(|| format!("{from} cannot be read")),
        Ok(it) if it.is_dir() => bail!("{from} is a folder: name a file that `backup` has written"),
        Ok(_) => {}
    }
    let settings = command.folder.config().settings;
    if let Some(what) = outside(&settings) {
        eprintln!("warning: {what}: not restored by this backup");
    }
    let data = settings.data;
    let _held = DataFolder::take(&data)?;
    let restored = store::restore(&command.from, &data, command.force)?;
    if command.folder.json {
        let answer = json!({
            "path": restored.path, "bytes": restored.bytes, "kept": restored.kept,
        });
        return say(&serde_json::to_string_pretty(&answer)?);
    }
    let size = show_bytes(restored.bytes);
    let kept = restored.kept.map_or_else(String::new, |kept| {
        format!("; what was there is {}", kept.display())
    });
    say(&format!(
        "restored {size} to {}{kept}",
        restored.path.display()
    ))
}

/// Progress lines on standard error.
#[derive(Default)]
struct Progress {
    told: Option<Instant>,
}

impl Progress {
    fn tell(&mut self, done: u64, of: u64) {
        let told = self.told.get_or_insert_with(Instant::now);
        if told.elapsed() < PROGRESS_EVERY {
            return;
        }
        *told = Instant::now();
        let percent = (done * 100).checked_div(of).unwrap_or(100);
        eprintln!("{percent} % of {}", show_bytes(of));
    }
}

/// Formats a number of bytes in the largest unit that fits, with one decimal.
fn show_bytes(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit);
    match unit {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        let check = |bytes, expect: &str| assert_eq!(show_bytes(bytes), expect);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1536, "1.5 KiB");
        check(5 << 30, "5.0 GiB");
    }
}
