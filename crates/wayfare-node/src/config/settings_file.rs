//! Reading of a settings file into texts with line numbers.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::source::Source;

/// A value in the file.
pub(crate) struct Entry {
    /// The names of its sections, then its own name.
    pub(crate) path: Vec<String>,
    /// The value in its command-line form; `None` if it is a list or a table.
    pub(crate) text: Option<String>,
    /// The line of the value's key.
    pub(crate) source: Source,
}

/// Returns the values of a TOML text, in order. A table is an entry only if it is nested deeper
/// than any setting.
pub(crate) fn entries(path: &Path, text: &str) -> Result<Vec<Entry>, Problem> {
    let table = DeTable::parse(text).map_err(|error| Problem::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line(text, span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut entries = Vec::new();
    let mut walk = Walk {
        path,
        text,
        entries: &mut entries,
    };
    walk.table(table.get_ref(), &mut Vec::new());
    Ok(entries)
}

struct Walk<'a> {
    path: &'a Path,
    text: &'a str,
    entries: &'a mut Vec<Entry>,
}

impl Walk<'_> {
    fn table(&mut self, table: &DeTable<'_>, above: &mut Vec<String>) {
        for (key, value) in table {
            above.push(key.get_ref().to_string());
            match value.get_ref() {
                DeValue::Table(table) if is_section(above) => self.table(table, above),
                value => self.entries.push(Entry {
                    path: above.clone(),
                    text: scalar(value),
                    source: Source::File {
                        path: self.path.to_owned(),
                        line: line(self.text, key.span().start),
                    },
                }),
            }
            above.pop();
        }
    }
}

/// Checks for the only sections that exist: `[kind]` and `[kind.<name>]`.
fn is_section(path: &[String]) -> bool {
    path[0] == "kind" && path.len() <= 2
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.ok().map(|number| number.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn line(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
