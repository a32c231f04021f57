//! `config show`: every value with its source.

use serde::Serialize;

use super::keys::KEYS;
use super::kind_keys::KIND_KEYS;
use super::layers::{Config, KindConfig};
use super::source::Source;

/// A line of `config show`.
#[derive(Serialize)]
pub(crate) struct Shown {
    key: String,
    value: serde_json::Value,
    source: String,
}

impl Shown {
    /// The line as cells of a table.
    pub(crate) fn cells(&self) -> [String; 3] {
        [self.key.clone(), plain(&self.value), self.source.clone()]
    }
}

impl Config {
    /// Returns every value with its source. Of a secret it only says that it is set.
    pub(crate) fn show(&self) -> Vec<Shown> {
        let node = KEYS.iter().map(|key| Shown {
            key: key.name.into(),
            value: (key.show)(&self.settings),
            source: self.source(key.name).to_string(),
        });
        node.chain(self.kinds.iter().flat_map(KindConfig::show))
            .collect()
    }
}

impl KindConfig {
    pub(super) fn source(&self, name: &str) -> Source {
        self.sources.get(name).cloned().unwrap_or(Source::Game)
    }

    fn show(&self) -> impl Iterator<Item = Shown> {
        KIND_KEYS.iter().map(|key| Shown {
            key: format!("kind.{}.{}", self.name, key.name),
            value: (key.show)(&self.settings),
            source: self.source(key.name).to_string(),
        })
    }
}

/// Formats a value without JSON's quotes.
pub(super) fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => "(not set)".into(),
        other => other.to_string(),
    }
}
