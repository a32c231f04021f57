//! The names of players, as the messages of any game tell them.

use std::collections::BTreeMap;

use rmpv::Value;

/// Fields that hold the id of a player in an event.
const ID_FIELDS: [&str; 4] = ["who", "player", "id", "from"];
/// Names kept, far more than a person can tell apart. The first of them stay.
const NAMES_MAX: usize = 10_000;

/// The known names, by id.
///
/// Games say who is who in their own messages. Two forms are understood, at any depth: a map from
/// ids to maps that all have a `name`; and a map with an id in a field such as `who`, and a `name`
/// in it or in one of its fields.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// Learns the names that an event tells. An event is a map from the name of its variant.
    pub(crate) fn learn_event(&mut self, event: &Value) {
        match event.as_map().map(Vec::as_slice) {
            Some([(_, content)]) => self.learn(content),
            _ => self.learn(event),
        }
    }

    /// Learns the names that a view tells.
    pub(crate) fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.learn(value)),
            Value::Map(fields) => {
                self.learn_fields(fields);
                fields.iter().for_each(|(_, value)| self.learn(value));
            }
            _ => {}
        }
    }

    /// Returns the value with names in the place of ids.
    pub(crate) fn put_into(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.as_str().and_then(|id| self.shown(id)) {
                Some(name) => name.into(),
                None => value.clone(),
            },
            Value::Array(values) => {
                Value::Array(values.iter().map(|value| self.put_into(value)).collect())
            }
            Value::Map(fields) => Value::Map(
                fields
                    .iter()
                    .map(|(key, value)| (self.put_into(key), self.put_into(value)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    fn learn_fields(&mut self, fields: &[(Value, Value)]) {
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key.as_str() == Some(name));
            found.map(|(_, value)| value)
        };
        let id = ID_FIELDS.iter().find_map(|name| field(name)?.as_str());
        match id {
            Some(id) => {
                let inner = fields.iter().find_map(|(_, value)| name_in(value));
                let name = field("name").and_then(Value::as_str).or(inner);
                name.into_iter().for_each(|name| self.insert(id, name));
            }
            None if fields.iter().all(|(_, value)| name_in(value).is_some()) => {
                for (key, value) in fields {
                    if let (Some(id), Some(name)) = (key.as_str(), name_in(value)) {
                        self.insert(id, name);
                    }
                }
            }
            None => {}
        }
    }

    fn insert(&mut self, id: &str, name: &str) {
        if !name.is_empty() && (self.0.len() < NAMES_MAX || self.0.contains_key(id)) {
            self.0.insert(id.to_owned(), name.to_owned());
        }
    }

    /// Returns the name of a player, with the end of its id if others have the same name.
    fn shown(&self, id: &str) -> Option<String> {
        let name = self.0.get(id)?;
        let alike = self.0.values().filter(|other| *other == name).count();
        if alike == 1 {
            return Some(name.clone());
        }
        let end = id.char_indices().rev().nth(3).map_or(0, |(start, _)| start);
        Some(format!("{name} (…{})", &id[end..]))
    }
}

fn name_in(value: &Value) -> Option<&str> {
    let fields = value.as_map()?;
    let (_, name) = fields
        .iter()
        .find(|(key, _)| key.as_str() == Some("name"))?;
    name.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        rmp_serde::from_slice(&rmp_serde::to_vec_named(&json).unwrap()).unwrap()
    }

    fn check(learnt: &[&str], printed: &str, expect: &str) {
        let mut names = Names::default();
        learnt
            .iter()
            .for_each(|json| names.learn_event(&value(json)));
        assert_eq!(names.put_into(&value(printed)), value(expect));
    }

    const VIEW: &str =
        r#"{"chat": [], "walkers": {"guest-1": {"name": "Ada"}, "guest-2": {"name": "Bob"}}}"#;

    #[test]
    fn a_view_tells_names_by_id() {
        check(
            &[VIEW],
            r#"{"waved": {"who": "guest-1"}}"#,
            r#"{"waved": {"who": "Ada"}}"#,
        );
        check(
            &[VIEW],
            r#"["guest-2", "guest-3"]"#,
            r#"["Bob", "guest-3"]"#,
        );
        check(&[VIEW], r#"{"guest-1": 5}"#, r#"{"Ada": 5}"#);
    }

    #[test]
    fn an_event_tells_the_name_of_who_comes() {
        let joined = r#"{"joined": {"who": "guest-7", "walker": {"name": "Eve", "color": "red"}}}"#;
        check(&[joined], r#""guest-7""#, r#""Eve""#);
        let said = r#"{"said": {"who": "guest-8", "name": "Hal", "text": "no"}}"#;
        check(&[said], r#""guest-8""#, r#""Hal""#);
    }

    #[test]
    fn a_field_is_not_an_id() {
        let renamed = r#"{"renamed": {"name": "Eve"}}"#;
        check(&[renamed], renamed, renamed);
        let owned = r#"{"size": 5, "owner": {"name": "Eve"}}"#;
        check(&[owned], owned, owned);
    }

    #[test]
    fn players_with_the_same_name_stay_apart() {
        let other = r#"{"who": "guest-987654", "name": "Ada"}"#;
        check(&[VIEW, other], r#""guest-987654""#, r#""Ada (…7654)""#);
    }
}
