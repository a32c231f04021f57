//! Complaints of checks, each about one line.

use std::fmt;

/// A complaint. Sorts by place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Complaint {
    pub(crate) path: String,
    /// The line number, from 1.
    pub(crate) line: usize,
    /// The problem, and the way to solve it.
    pub(crate) message: String,
}

impl Complaint {
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Asserts for the tests of checks that each complaint begins with the expected text, in order.
#[cfg(test)]
pub(crate) fn expect_complaints(complaints: &[Complaint], expect: &[&str]) {
    let said: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    let agrees = said.len() == expect.len()
        && said
            .iter()
            .zip(expect)
            .all(|(said, expect)| said.starts_with(expect));
    assert!(agrees, "expected {expect:#?}, the check said {said:#?}");
}
