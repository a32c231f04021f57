//! Unique names for the types of several rooms in one file.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::Scope;
use super::shape::Shape;

/// A type with all types that it uses. Equal ones are declared once.
pub(super) type Identity = BTreeMap<String, Shape>;

/// The names in a file.
pub(super) struct Names {
    taken: BTreeSet<String>,
    /// The assigned names, by the original name and the type.
    given: BTreeMap<(String, Identity), String>,
}

impl Names {
    pub(super) fn new() -> Self {
        // Names that every file contains, or may contain.
        let taken = ["Kinds", "Uint8Array"].map(str::to_owned).into();
        let given = BTreeMap::new();
        Self { taken, given }
    }

    /// Returns a unique name.
    pub(super) fn claim(&mut self, wanted: &str) -> String {
        let numbered = (2..).map(|number| format!("{wanted}{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        let name = names.find(|name| self.taken.insert(name.clone()));
        name.unwrap_or_default()
    }

    /// Names all types of a scope. A type that is declared already keeps its name. A new one gets
    /// the first free one of its own name, its name behind the kind's, and numbered names. With
    /// `output`, the names of the types that the same room sends, a type that differs there is
    /// named as an input.
    pub(super) fn of_scope(
        &mut self,
        kind: &str,
        scope: &Scope,
        output: Option<&BTreeMap<String, String>>,
    ) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for local in scope.definitions.keys() {
            let identity = (local.clone(), scope.identity(local));
            let name = match self.given.get(&identity) {
                Some(name) => name.clone(),
                None => {
                    let sent = output.and_then(|output| output.get(local));
                    let name = self.free(kind, &pascal(local), sent);
                    self.given.insert(identity, name.clone());
                    name
                }
            };
            names.insert(local.clone(), name);
        }
        names
    }

    fn free(&mut self, kind: &str, own: &str, sent: Option<&String>) -> String {
        let own = match sent {
            Some(sent) => return self.claim(&format!("{sent}Input")),
            None => own.to_owned(),
        };
        if self.taken.insert(own.clone()) {
            return own;
        }
        self.claim(&(pascal(kind) + &own))
    }
}

/// Converts `my-room` to `MyRoom`, a name without another meaning in TypeScript.
pub(super) fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    let is_of_word = |letter: char| letter.is_alphabetic() || letter.is_ascii_digit();
    for word in name.split(|letter| !is_of_word(letter)) {
        let mut letters = word.chars();
        pascal.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        pascal.extend(letters);
    }
    match pascal.chars().next() {
        Some(first) if !first.is_ascii_digit() => pascal,
        _ => format!("T{pascal}"),
    }
}
