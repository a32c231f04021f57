//! The processors of a benchmark: one for the server, and another one for the load.
//!
//! On one processor each would wait for the other, and a processor that both are moved to and fro on
//! makes a delivery look dearer than it is.

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The processors, or none if this process may use only one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores(Option<(usize, usize)>);

impl Cores {
    /// Chooses among the processors that this process may use.
    ///
    /// # Errors
    /// If a system call fails.
    pub(crate) fn choose() -> Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut allowed = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let first = allowed.next();
        // The last is the farthest away, on machines where neighbours share a core.
        Ok(Self(first.zip(allowed.next_back())))
    }

    pub(crate) fn are_apart(self) -> bool {
        self.0.is_some()
    }

    /// Moves this thread to the server's processor. A process that it starts stays there.
    pub(crate) fn for_server(self) -> Result<()> {
        self.0.map_or(Ok(()), |(server, _)| pin(server))
    }

    /// Moves this thread to the processor of the load.
    pub(crate) fn for_load(self) -> Result<()> {
        self.0.map_or(Ok(()), |(_, load)| pin(load))
    }
}

fn pin(core: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).with_context(|| format!("processor {core} cannot be used"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_and_load_are_on_different_processors() {
        // A thread of its own, because this moves it.
        let moved = std::thread::spawn(|| {
            let cores = Cores::choose().unwrap();
            let place = |moved: Result<()>| {
                moved.unwrap();
                let allowed = sched_getaffinity(None).unwrap();
                let places = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
                places.collect::<Vec<_>>()
            };
            let all = sched_getaffinity(None).unwrap().count();
            assert_eq!(cores.are_apart(), all > 1);
            if cores.are_apart() {
                let server = place(cores.for_server());
                let load = place(cores.for_load());
                assert_eq!((server.len(), load.len()), (1, 1));
                assert_ne!(server, load);
            }
        });
        moved.join().unwrap();
    }
}
