//! The trace of a run, step by step: always as a hash, and as text on request.

use wayfare_protocol::Instant;

/// The amount that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A hash of everything.
    Hash,
    /// A hash for each step, to compare two runs.
    Marks,
    /// A line for each step.
    Lines,
}

/// The trace; see the module's documentation.
#[derive(Debug)]
pub struct Trace {
    keep: Keep,
    hash: u64,
    steps: u64,
    /// The hash after each step.
    marks: Vec<u64>,
    lines: Vec<String>,
}

impl Trace {
    /// Makes an empty trace.
    #[must_use]
    pub const fn new(keep: Keep) -> Self {
        Self {
            keep,
            hash: 0xcbf2_9ce4_8422_2325,
            steps: 0,
            marks: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Records a step: its numbers and bytes, which are hashed, and a line, which is made only if
    /// it is kept.
    pub fn step(
        &mut self,
        at: Instant,
        numbers: &[u64],
        bytes: &[u8],
        line: impl FnOnce() -> String,
    ) {
        self.steps += 1;
        let mut hash = mix(self.hash, at.as_nanos());
        hash = numbers.iter().fold(hash, |hash, number| mix(hash, *number));
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let chunk = chunk.try_into().expect("eight bytes");
            hash = mix(hash, u64::from_le_bytes(chunk));
        }
        let rest = chunks.remainder();
        hash = rest
            .iter()
            .fold(hash, |hash, byte| mix(hash, u64::from(*byte)));
        self.hash = mix(hash, bytes.len() as u64);
        match self.keep {
            Keep::Hash => {}
            Keep::Marks => self.marks.push(self.hash),
            Keep::Lines => {
                let seconds = at.as_nanos() as f64 / 1e9;
                let line = format!("{:>7} {seconds:>11.6} {}", self.steps, line());
                self.marks.push(self.hash);
                self.lines.push(line);
            }
        }
    }

    /// Adds a remark for the reader, which is not a step.
    pub fn remark(&mut self, line: impl FnOnce() -> String) {
        if self.keep == Keep::Lines {
            let line = format!("{:>7} {:>11} {}", "", "", line());
            self.lines.push(line);
        }
    }

    /// Returns the number of steps.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the hash of everything.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns the hash after each step, if kept.
    #[must_use]
    pub fn marks(&self) -> &[u64] {
        &self.marks
    }

    /// Returns all lines, if kept.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// Mixes a word into a hash: fast, and every difference spreads.
fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word) * 0x9e37_79b9_7f4a_7c15_u128;
    ((product >> 64) as u64) ^ (product as u64).rotate_left(23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_step_counts() {
        let hash = |nanos, numbers: &[u64], bytes: &[u8]| {
            let mut trace = Trace::new(Keep::Hash);
            trace.step(Instant::from_nanos(nanos), numbers, bytes, String::new);
            trace.hash()
        };
        let first = hash(1, &[2, 3], b"abcdefghij");
        assert_eq!(first, hash(1, &[2, 3], b"abcdefghij"));
        for other in [
            hash(2, &[2, 3], b"abcdefghij"),
            hash(1, &[3, 2], b"abcdefghij"),
            hash(1, &[2, 3], b"abcdefghik"),
            hash(1, &[2, 3], b"abcdefgh"),
        ] {
            assert_ne!(first, other);
        }
    }
}
