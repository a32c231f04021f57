//! The progress of a long run, in a file, so that an interrupted run can continue.

use std::fmt::Write as _;
use std::path::PathBuf;

use wayfare_sim::Scenario;

/// The progress: this build has run the seeds from `from` up to `done`.
pub(crate) struct Progress {
    path: PathBuf,
    build: u64,
    pub(crate) done: u64,
}

impl Progress {
    pub(crate) fn of(scenario: &Scenario, from: u64, to: u64) -> Self {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
        let name = format!("{}-{from}-{to}", scenario.name);
        let mut progress = Self {
            path: PathBuf::from(target).join("sim-progress").join(name),
            build: build(),
            done: from,
        };
        let text = std::fs::read_to_string(&progress.path).unwrap_or_default();
        let mut words = text.split(' ').map(|word| word.trim().parse::<u64>());
        // The results of another build say nothing about this one.
        if let (Some(Ok(build)), Some(Ok(done))) = (words.next(), words.next())
            && build == progress.build
        {
            progress.done = done.clamp(from, to);
        }
        progress
    }

    /// Records that all seeds below `done` were run.
    pub(crate) fn note(&mut self, done: u64) {
        self.done = done;
        if let Some(folder) = self.path.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let mut text = String::new();
        let _ = write!(text, "{} {done}", self.build);
        // If this fails, the next run starts at the beginning.
        let _ = std::fs::write(&self.path, text);
    }

    pub(crate) fn finish(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Returns a number that identifies this build.
fn build() -> u64 {
    let program = std::env::current_exe().and_then(std::fs::read);
    let bytes = program.unwrap_or_default();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}
