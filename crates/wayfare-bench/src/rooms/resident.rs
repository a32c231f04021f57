//! The memory of empty rooms, in a separate server.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use wayfare_protocol::wire::server_frame::Body;

use crate::crowd::{Crowd, Heard};
use crate::output::progress;
use crate::process::raise_open_files;
use crate::server::ServerNode;
use crate::statistics::{rounded, slope};

/// The number of sessions that join and leave, so that each stays below its rate of frames.
const SESSIONS: u32 = 1_000;
const CREATION_TIME_MAX: Duration = Duration::from_secs(120);
/// The time from the last leave to the measurement.
const SETTLE: Duration = Duration::from_secs(2);

/// Returns the memory per room (the slope between two numbers of rooms), and both measurements.
pub(super) fn measure(rooms: (u32, u32)) -> Result<(f64, (u64, u64))> {
    ensure!(
        rooms.0 < rooms.1,
        "a slope needs two different numbers of rooms"
    );
    raise_open_files(u64::from(SESSIONS) + 256)?;
    let node = ServerNode::start()?;
    let mut crowd = Crowd::new(node.process().address(), Instant::now())?;
    let speaks = (0..SESSIONS).map(|client| node.speaks(client, None));
    crowd.arrive(speaks.collect::<Result<_>>()?)?;
    let mut builders = Builders { crowd, made: 0 };
    let mut bytes = |wanted| -> Result<u64> {
        builders.make(wanted)?;
        let bytes = node.process().anonymous_bytes()?;
        progress(format_args!("{wanted} empty rooms: {} KiB", bytes / 1024));
        Ok(bytes)
    };
    let bytes = (bytes(rooms.0)?, bytes(rooms.1)?);
    Ok((rounded(slope(rooms, bytes)), bytes))
}

/// The next action of a client.
#[derive(Clone, Copy, Debug)]
enum Step {
    Join,
    Leave,
}

struct Builders {
    crowd: Crowd,
    made: u32,
}

impl Builders {
    /// Creates rooms up to `wanted`. Each is joined and left.
    fn make(&mut self, wanted: u32) -> Result<()> {
        let deadline = self.crowd.now() + CREATION_TIME_MAX;
        let mut steps: Vec<(usize, Step)> = (0..self.crowd.clients().len())
            .map(|client| (client, Step::Join))
            .collect();
        let mut busy = 0;
        loop {
            for (client, step) in steps.drain(..) {
                match step {
                    Step::Join if self.made < wanted => {
                        self.crowd.join(client, format!("echo/{}", self.made))?;
                        self.made += 1;
                        busy += 1;
                    }
                    Step::Join => {}
                    Step::Leave => self.crowd.leave(client)?,
                }
            }
            if busy == 0 {
                break;
            }
            ensure!(self.crowd.now() < deadline, "rooms are not made in time");
            self.crowd.turn(deadline, |client, _, heard| {
                match heard {
                    Heard::Other(Body::Joined(_)) => steps.push((client, Step::Leave)),
                    Heard::Other(Body::Left(_)) => {
                        busy -= 1;
                        steps.push((client, Step::Join));
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        self.crowd.ping_all()?;
        let settled = self.crowd.now() + SETTLE;
        while self.crowd.now() < settled {
            self.crowd.turn(settled, |_, _, _| Ok(()))?;
        }
        Ok(())
    }
}
