//! The account of a player: its actions, what it saw, and whether that keeps the promises.

use std::collections::BTreeMap;

use wayfare_client_core::{CommandError, CommandId};

/// The account of a player.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) name: String,
    /// Commands in the order in which they were given.
    pub(crate) given: Vec<(CommandId, String)>,
    pub(crate) answers: BTreeMap<CommandId, Vec<Result<String, CommandError>>>,
    /// Events heard, by their sequence, in the order in which they came.
    pub(crate) events: Vec<(u64, String)>,
    pub(crate) joined_at: u64,
    pub(crate) resyncs: usize,
    /// The room as it was when the player joined.
    pub(crate) view: String,
}

impl Record {
    /// Against the room's own log of what it executed.
    pub(crate) fn check(&self, room_log: &[String], seed: u64) {
        let prefix = format!("{}: ", self.name);
        let executed: Vec<&str> = room_log
            .iter()
            .filter_map(|line| line.strip_prefix(&prefix))
            .collect();
        // What the room failed on left no trace in it.
        let given = self.given.iter().map(|(_, text)| text.as_str());
        let given: Vec<&str> = given.filter(|text| !text.starts_with("panic")).collect();
        assert_eq!(
            executed, given,
            "seed {seed} {}: applied once each, in order",
            self.name
        );
        for (id, text) in &self.given {
            let answers = self.answers.get(id).map_or(&[][..], Vec::as_slice);
            assert_eq!(
                answers.len(),
                1,
                "seed {seed} {}: {text} answered {answers:?}",
                self.name
            );
            self.check_answer(text, &answers[0], seed);
        }
        let sequences: Vec<u64> = self.events.iter().map(|(sequence, _)| *sequence).collect();
        assert!(
            sequences.is_sorted_by(|a, b| a < b),
            "seed {seed} {}: order",
            self.name
        );
    }

    fn check_answer(&self, text: &str, answer: &Result<String, CommandError>, seed: u64) {
        let expected = match text.split_once(' ') {
            Some(("echo", rest)) => rest.to_owned(),
            _ => String::new(),
        };
        match answer {
            Ok(reply) => assert_eq!(*reply, expected, "seed {seed} {}: {text}", self.name),
            Err(CommandError::Refused(_)) if text.starts_with("panic") => {}
            Err(CommandError::ReplyLost) if self.resyncs > 0 => {}
            Err(error) => panic!("seed {seed} {}: {text} ended as {error}", self.name),
        }
    }
}
