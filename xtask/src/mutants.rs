//! Mutants: defects that are put into a copy of the tree on purpose, each as a piece of text and what
//! takes its place, to see whether the simulation finds them.

use anyhow::{Context, bail};

use crate::workspace::Files;

/// Where they lie, from the root.
const FOLDER: &str = "crates/wayfare-sim/mutants/";

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// What it is asked for by.
    pub(crate) name: String,
    /// What goes wrong with it.
    pub(crate) breaks: String,
    /// The file it is in, from the root of the tree.
    pub(crate) file: String,
    /// The scenario that finds it: free mode, unless it takes one of its own.
    pub(crate) scenario: String,
    /// Seeds of that in which it has to be found.
    pub(crate) seeds_max: u64,
    find: String,
    replace: String,
}

impl Mutant {
    /// Reads one: the text of a file of that name.
    ///
    /// # Errors
    /// If it is not written as one.
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

    /// The file with the defect in it.
    ///
    /// # Errors
    /// If the file is another by now: what is looked for is not there exactly once.
    pub(crate) fn apply(&self, source: &str) -> anyhow::Result<String> {
        let count = source.matches(&self.find).count();
        if count != 1 {
            let (name, file) = (&self.name, &self.file);
            bail!("mutant {name} is looked for in {file} and is there {count} times");
        }
        Ok(source.replace(&self.find, &self.replace))
    }
}

/// All of them, by their names.
///
/// # Errors
/// If one is not written as one.
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

    #[test]
    fn every_mutant_applies_to_the_tree() {
        let files = Workspace::find().unwrap().files().unwrap();
        let mutants = all(&files).unwrap();
        assert!(mutants.len() >= 15, "{}", mutants.len());
        for mutant in mutants {
            mutant.apply(&files.texts[&mutant.file]).unwrap();
        }
    }
}
