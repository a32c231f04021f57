//! Progress on standard error, results on standard output: a table for people, or JSON.

use std::fmt::{self, Display, Write as _};
use std::io::Write;

use anyhow::Result;
use serde::Serialize;

/// One line of progress.
pub(crate) fn progress(line: fmt::Arguments<'_>) {
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The result.
pub(crate) fn print<'a, R>(json: bool, report: &'a R) -> Result<()>
where
    R: Serialize,
    Table: From<&'a R>,
{
    let text = if json {
        serde_json::to_string_pretty(report)? + "\n"
    } else {
        Table::from(report).0
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// Names and values, line by line.
#[derive(Debug, Default)]
pub(crate) struct Table(String);

impl Table {
    pub(crate) fn heading(&mut self, heading: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{heading}");
    }

    pub(crate) fn row(&mut self, name: &str, value: impl Display) {
        let _ = writeln!(self.0, "  {name:<40} {value}");
    }
}
