//! Counters of a shard, kept as plain numbers and added to the metrics once a turn.

use metrics::{Counter, counter};

pub(crate) struct Tally {
    frames: Count,
    sends: Count,
    bytes: Count,
}

struct Count {
    now: u64,
    total: Counter,
}

impl Count {
    fn flush(&mut self) {
        if self.now > 0 {
            self.total.increment(std::mem::take(&mut self.now));
        }
    }
}

impl Tally {
    pub(crate) fn of_shard(index: usize) -> Self {
        let shard = index.to_string();
        let count = |total| Count { now: 0, total };
        Self {
            frames: count(counter!("wayfare_frames_received_total", "shard" => shard.clone())),
            sends: count(counter!("wayfare_sends_total", "shard" => shard.clone())),
            bytes: count(counter!("wayfare_sent_bytes_total", "shard" => shard)),
        }
    }

    pub(crate) fn received(&mut self) {
        self.frames.now += 1;
    }

    pub(crate) fn queued(&mut self, bytes: usize) {
        self.sends.now += 1;
        self.bytes.now += bytes as u64;
    }

    pub(crate) fn flush(&mut self) {
        self.frames.flush();
        self.sends.flush();
        self.bytes.flush();
    }
}
