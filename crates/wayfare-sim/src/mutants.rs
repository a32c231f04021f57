//! Mutants: defects that are put into a copy of the tree on purpose, each as a piece of text and what
//! takes its place, to see whether the simulation finds them.

use std::fmt;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// What it is asked for by.
    pub name: String,
    /// What goes wrong with it.
    pub breaks: String,
    /// The file it is in, from the root of the tree.
    pub file: String,
    /// Seeds of free mode in which it has to be found.
    pub seeds_max: u64,
    find: String,
    replace: String,
}

/// A mutant that is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale(pub String);

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Mutant {
    /// Reads one: the text of a file of that name.
    ///
    /// # Errors
    /// If it is not written as one.
    pub fn parse(name: &str, text: &str) -> Result<Self, Stale> {
        let missing = |what: &str| Stale(format!("mutant {name} has no `{what}`"));
        let field = |what: &str| {
            let lines = text.lines();
            let mut values = lines.filter_map(|line| line.strip_prefix(what));
            Ok(values
                .next()
                .ok_or_else(|| missing(what))?
                .trim()
                .to_owned())
        };
        let between = |from: &str, to: &str| {
            let rest = text.split_once(from).ok_or_else(|| missing(from))?.1;
            Ok(rest.split_once(to).ok_or_else(|| missing(to))?.0.to_owned())
        };
        let seeds = field("seeds:")?;
        Ok(Self {
            name: name.to_owned(),
            breaks: field("breaks:")?,
            file: field("file:")?,
            seeds_max: seeds.parse().map_err(|_| missing("seeds:"))?,
            find: between("=== find\n", "\n=== replace\n")?,
            replace: between("=== replace\n", "\n=== end")?,
        })
    }

    /// The file with the defect in it.
    ///
    /// # Errors
    /// If the file is another by now: what is looked for is not there exactly once.
    pub fn apply(&self, source: &str) -> Result<String, Stale> {
        let count = source.matches(&self.find).count();
        if count != 1 {
            let (name, file) = (&self.name, &self.file);
            let what = format!("mutant {name} is looked for in {file} and is there {count} times");
            return Err(Stale(what));
        }
        Ok(source.replace(&self.find, &self.replace))
    }
}
