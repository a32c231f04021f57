//! `types`: writes the types of a game's messages to a file for clients in TypeScript.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::say;
use crate::game::Game;

/// The arguments of `types`.
#[derive(Clone, Debug, Args)]
pub struct TypesCommand {
    /// The kinds of room [default: all that have types]
    #[arg(value_name = "KIND")]
    kinds: Vec<String>,
    /// Write to this file, only if its content changes
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    out: Option<PathBuf>,
    /// Fail if this file differs from the output, and write nothing
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

type Write = dyn Fn(&[String]) -> anyhow::Result<String> + Send + Sync;

/// The types of a game's messages, made when they are asked for.
#[derive(Default)]
pub struct TypesOf(Option<Box<Write>>);

impl TypesOf {
    /// Makes the types from `write`, which gets the names of kinds and returns the file's text.
    /// Without names it writes all kinds that have types.
    pub fn new(
        write: impl Fn(&[String]) -> anyhow::Result<String> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Box::new(write)))
    }

    fn write(&self, kinds: &[String]) -> anyhow::Result<String> {
        match &self.0 {
            Some(write) => write(kinds),
            None => bail!("this game has no types of its messages"),
        }
    }
}

impl fmt::Debug for TypesOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypesOf").finish_non_exhaustive()
    }
}

pub(super) fn run(game: &Game, command: &TypesCommand) -> anyhow::Result<()> {
    let text = game.types.write(&command.kinds)?;
    match (&command.out, &command.check) {
        (_, Some(path)) => check(path, &text, &remedy(game, &command.kinds, path)),
        (Some(path), None) => write(path, &text),
        (None, None) => say(text.trim_end()),
    }
}

fn check(path: &Path, text: &str, remedy: &str) -> anyhow::Result<()> {
    match read(path)? {
        Some(found) if found == text => say(&format!("{} is up to date", path.display())),
        Some(_) => bail!("{} is stale: run `{remedy}`", path.display()),
        None => bail!("{} is not there: run `{remedy}`", path.display()),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if read(path)?.is_some_and(|found| found == text) {
        return say(&format!("{} is up to date", path.display()));
    }
    replace(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    say(&format!("{} is written", path.display()))
}

/// Returns the content of the file, or `None` if it does not exist.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    if std::fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
        bail!("{} is no file", path.display());
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Replaces the file in one step, so that a bundler that watches it never reads a half-written
/// file.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // If the path is a symbolic link, its target is replaced and the link stays.
    let target = std::fs::canonicalize(path);
    let path = target.as_deref().unwrap_or(path);
    let folder = path.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder)?;
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or(ErrorKind::InvalidInput)?);
    name.push(format!(".{}", std::process::id()));
    let new = folder.join(name);
    let replaced = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, path));
    if replaced.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    replaced
}

/// The command that writes the file, as one would type it here.
fn remedy(game: &Game, kinds: &[String], path: &Path) -> String {
    let mut words = vec![game.name.clone(), "types".to_owned()];
    words.extend_from_slice(kinds);
    format!("{} --out {}", words.join(" "), path.display())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn game() -> Game {
        Game {
            name: "duel".to_owned(),
            types: TypesOf::new(|kinds| Ok(format!("// {}\n", kinds.join(" ")))),
            ..Game::default()
        }
    }

    fn command(out: Option<&Path>, check: Option<&Path>) -> TypesCommand {
        TypesCommand {
            kinds: vec!["arena".to_owned()],
            out: out.map(Path::to_owned),
            check: check.map(Path::to_owned),
        }
    }

    #[test]
    fn a_file_is_written_only_if_that_changes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("src/generated/types.ts");
        let write = || run(&game(), &command(Some(&path), None)).unwrap();
        write();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "// arena\n");

        // A rewritten file has another inode number.
        let number = || std::fs::metadata(&path).unwrap().ino();
        let first = number();
        write();
        assert_eq!(number(), first);
        let beside = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1, "nothing is left beside it");

        std::fs::write(&path, "// edited\n").unwrap();
        write();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "// arena\n");
    }

    #[test]
    fn a_check_names_the_command_and_never_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("types.ts");
        let check = || run(&game(), &command(None, Some(&path)));
        let remedy = format!("run `duel types arena --out {}`", path.display());

        let missing = check().unwrap_err().to_string();
        assert!(
            missing.contains("is not there") && missing.contains(&remedy),
            "{missing}"
        );
        assert!(!path.exists());

        std::fs::write(&path, "// arena").unwrap();
        let stale = check().unwrap_err().to_string();
        assert!(
            stale.contains("is stale") && stale.contains(&remedy),
            "{stale}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "// arena");

        std::fs::write(&path, "// arena\n").unwrap();
        check().unwrap();
    }

    #[test]
    fn links_are_followed_and_devices_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (
            folder.path().join("types.ts"),
            folder.path().join("link.ts"),
        );
        std::fs::write(&path, "// edited\n").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        run(&game(), &command(Some(&link), None)).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "// arena\n");

        let device = Path::new("/dev/null");
        for command in [command(Some(device), None), command(None, Some(device))] {
            let refused = run(&game(), &command).unwrap_err().to_string();
            assert!(refused.contains("/dev/null is no file"), "{refused}");
        }
    }

    #[test]
    fn a_failed_write_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("types.ts");
        std::fs::create_dir(&taken).unwrap();
        let refused = run(&game(), &command(Some(&taken), None)).unwrap_err();
        assert!(refused.to_string().contains("types.ts"), "{refused}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
