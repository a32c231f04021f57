//! Mutants: deliberate defects, each a text and its replacement, that are applied to a copy of the
//! tree to check that the simulation finds them.

use anyhow::{Context, bail};

use crate::workspace::Files;

/// The folder of the mutants, from the root.
const FOLDER: &str = "crates/wayfare-sim/mutants/";

/// A mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// The name, which selects it on the command line.
    pub(crate) name: String,
    /// The effect of the defect.
    pub(crate) breaks: String,
    /// The file that it changes, from the root of the tree.
    pub(crate) file: String,
    /// The scenario that finds it; free mode by default.
    pub(crate) scenario: String,
    /// The number of seeds within which it must be found.
    pub(crate) seeds_max: u64,
    find: String,
    replace: String,
}

impl Mutant {
    /// Parses the text of the mutant's file.
    ///
    /// # Errors
    /// If the text is malformed.
    pub(crate) fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        let missing = |what: &str| format!("mutant {name} has no `{what}`");
        let field = |what: &str| {
            let mut values = text.lines().filter_map(|line| line.strip_prefix(what));
            let value = values.next().map(|value| value.trim().to_owned());
            value.with_context(|| missing(what))
        };
        let between = |from: &str, to: &str| {
            let rest = text.split_once(from).with_context(|| missing(from))?.1;
            let (found, _) = rest.split_once(to).with_context(|| missing(to))?;
            anyhow::Ok(found.to_owned())
        };
        let seeds = field("seeds:")?;
        let scenario = field("scenario:").unwrap_or_else(|_| "free".to_owned());
        Ok(Self {
            name: name.to_owned(),
            breaks: field("breaks:")?,
            file: field("file:")?,
            scenario,
            seeds_max: seeds.parse().with_context(|| missing("seeds:"))?,
            find: between("=== find\n", "\n=== replace\n")?,
            replace: between("=== replace\n", "\n=== end")?,
        })
    }

    /// Returns the text of its file with the defect in it.
    ///
    /// # Errors
    /// If the file is missing, or the text to replace is not in it exactly once. The error names the
    /// files that hold this text, because a file that was moved is the usual reason.
    pub(crate) fn apply(&self, files: &Files) -> anyhow::Result<String> {
        let (name, file) = (&self.name, &self.file);
        let Some(source) = files.texts.get(file) else {
            bail!("mutant {name}: no file {file}{}", self.places(files));
        };
        let count = source.matches(&self.find).count();
        if count != 1 {
            let places = self.places(files);
            bail!("mutant {name}: {file} holds its text {count} times instead of once{places}");
        }
        let mutated = source.replace(&self.find, &self.replace);
        if mutated == *source {
            bail!("mutant {name} changes nothing in {file}");
        }
        Ok(mutated)
    }

    /// Lists the source files that contain its text, as the end of an error.
    fn places(&self, files: &Files) -> String {
        let sources = files
            .texts
            .iter()
            .filter(|(path, text)| path.ends_with(".rs") && text.contains(&self.find));
        let places: Vec<&str> = sources.map(|(path, _)| path.as_str()).collect();
        match places[..] {
            [] => String::from("; no source file holds its text"),
            _ => format!("; its text is in {}", places.join(", ")),
        }
    }
}

/// Returns all mutants, by name.
///
/// # Errors
/// If one is malformed.
pub(crate) fn all(files: &Files) -> anyhow::Result<Vec<Mutant>> {
    let texts = files.texts.range(FOLDER.to_owned()..);
    let texts = texts.map_while(|(path, text)| Some((path.strip_prefix(FOLDER)?, text)));
    texts
        .filter_map(|(file, text)| Some((file.strip_suffix(".txt")?, text)))
        .map(|(name, text)| Mutant::parse(name, text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    const MUTANT: &str = "breaks: it\nfile: a.rs\nseeds: 1\n=== find\nx\n=== replace\ny\n=== end\n";

    fn files(texts: &[(&str, &str)]) -> Files {
        let texts = texts.iter();
        Files {
            texts: texts.map(|(p, t)| ((*p).into(), (*t).into())).collect(),
            ..Files::default()
        }
    }

    fn refusal(texts: &[(&str, &str)]) -> String {
        let mutant = Mutant::parse("m", MUTANT).unwrap();
        mutant.apply(&files(texts)).unwrap_err().to_string()
    }

    /// All failures are named at once, because moving a folder breaks several.
    #[test]
    fn every_mutant_applies_to_the_tree() {
        let files = Workspace::find().unwrap().files().unwrap();
        let mutants = all(&files).unwrap();
        assert!(mutants.len() >= 24, "{}", mutants.len());
        let refused = mutants.iter().filter_map(|it| it.apply(&files).err());
        let refused: Vec<String> = refused.map(|error| error.to_string()).collect();
        assert!(refused.is_empty(), "\n{}", refused.join("\n"));
    }

    #[test]
    fn every_mutant_names_a_scenario_of_the_simulator() {
        let files = Workspace::find().unwrap().files().unwrap();
        let scenarios = &files.texts["crates/wayfare-sim/src/scenarios.rs"];
        for mutant in all(&files).unwrap() {
            let named = format!("name: \"{}\"", mutant.scenario);
            assert!(scenarios.contains(&named), "{}: no {named}", mutant.name);
        }
    }

    #[test]
    fn a_mutant_replaces_its_text() {
        let mutant = Mutant::parse("m", MUTANT).unwrap();
        assert_eq!(mutant.apply(&files(&[("a.rs", "axb")])).unwrap(), "ayb");
    }

    #[test]
    fn a_mutant_of_a_moved_file_names_the_new_place() {
        assert_eq!(
            refusal(&[("b/c.rs", "x")]),
            "mutant m: no file a.rs; its text is in b/c.rs"
        );
    }

    #[test]
    fn a_mutant_whose_text_is_ambiguous_is_refused() {
        assert_eq!(
            refusal(&[("a.rs", "xx")]),
            "mutant m: a.rs holds its text 2 times instead of once; its text is in a.rs"
        );
        assert_eq!(
            refusal(&[("a.rs", "z")]),
            "mutant m: a.rs holds its text 0 times instead of once; no source file holds its text"
        );
    }
}
