//! Progress on standard error, and results on standard output as a table or JSON.

use std::fmt::{self, Display, Write as _};
use std::io::Write;

use anyhow::Result;
use serde::Serialize;

/// True if this program was built for tests and not for speed.
const IS_DEBUG_BUILD: bool = cfg!(debug_assertions);
const DEBUG_BUILD: &str = "a DEBUG BUILD, several times slower: use `cargo run --release`";

/// Prints a line of progress.
pub(crate) fn progress(line: fmt::Arguments<'_>) {
    // It is no error if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints the result.
pub(crate) fn print<'a, R>(json: bool, report: &'a R) -> Result<()>
where
    R: Serialize,
    Table: From<&'a R>,
{
    let text = if json {
        let mut report = serde_json::to_value(report)?;
        if let Some(fields) = report.as_object_mut() {
            fields.insert("debug_build".to_owned(), IS_DEBUG_BUILD.into());
        }
        serde_json::to_string_pretty(&report)? + "\n"
    } else if IS_DEBUG_BUILD {
        format!("{DEBUG_BUILD}\n{}", Table::from(report).0)
    } else {
        Table::from(report).0
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// A table of names and values, line by line.
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
