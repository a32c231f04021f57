//! A check that links in pages lead to existing files and headings.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::complaint::Complaint;

const PAGES: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/// Checks relative links in the root's pages and under `docs/`. Links to other sites are not
/// checked.
pub(crate) fn check(
    path: &str,
    text: &str,
    paths: &BTreeSet<String>,
    texts: &BTreeMap<String, String>,
) -> Vec<Complaint> {
    let is_page = PAGES.contains(&path) || path.starts_with("docs/") && path.ends_with(".md");
    if !is_page {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            if leads_nowhere(path, target, paths) {
                let message = format!("the link to {target} leads nowhere: name what is there now");
                complaints.push(Complaint::new(path, index + 1, message));
            } else if let Some(heading) = missing_heading(path, target, texts) {
                let message = format!("{target}: that page has no heading {heading}");
                complaints.push(Complaint::new(path, index + 1, message));
            }
        }
    }
    complaints
}

/// Returns the part of a target behind `#`, if it is the name of no heading of its page.
fn missing_heading<'t>(
    page: &str,
    target: &'t str,
    texts: &BTreeMap<String, String>,
) -> Option<&'t str> {
    let (file, heading) = target.trim_matches(['<', '>']).split_once('#')?;
    if file.contains("://") {
        return None;
    }
    let path = match file.is_empty() {
        true => page.to_owned(),
        false => resolve(page, file)?,
    };
    let text = texts.get(&path).filter(|_| path.ends_with(".md"))?;
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    let is_named = |line: &str| anchor(line.trim_start_matches('#').trim()) == heading;
    (!headings.any(is_named)).then_some(heading)
}

/// Returns the name that Markdown gives to a heading: lower case, with hyphens for blanks.
fn anchor(heading: &str) -> String {
    let letters = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ if letter.is_alphanumeric() => Some(letter),
        _ => None,
    });
    letters.flat_map(char::to_lowercase).collect()
}

/// Finds `[text](target "title")` and `[name]: target` outside of backticks.
fn targets(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    if line.starts_with('[')
        && let Some((_, target)) = line.split_once("]: ")
    {
        targets.extend(target.split_whitespace().next());
    }
    let mut offset = 0;
    while let Some(found) = line[offset..].find("](") {
        let start = offset + found + "](".len();
        let quoted = line[..start].matches('`').count() % 2 == 1;
        let end = line[start..]
            .find(')')
            .map_or(line.len(), |length| start + length);
        if !quoted {
            targets.extend(line[start..end].split_whitespace().next());
        }
        offset = end;
    }
    targets
}

fn leads_nowhere(page: &str, target: &str, paths: &BTreeSet<String>) -> bool {
    let target = target.trim_matches(['<', '>']);
    if target.starts_with('#') || target.contains("://") || target.starts_with("mailto:") {
        return false;
    }
    let file = target.split_once('#').map_or(target, |(file, _)| file);
    resolve(page, file).is_none_or(|path| !path.is_empty() && !paths.contains(&path))
}

/// Resolves a target from the page's directory, or from the root if it begins with `/`. `None` if
/// it is outside of the tree.
fn resolve(page: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(page.split('/'));
        parts.pop();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::tidy::complaint::expect_complaints;

    fn check(path: &str, text: &str, expect: &[&str]) {
        let paths = ["README.md", "docs", "docs/start.md", "docs/errors/1001.md"];
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let start = "# Start\n\n## B: it's `c` d\n".to_owned();
        let mut texts = [("docs/start.md".to_owned(), start)].into();
        BTreeMap::insert(&mut texts, path.to_owned(), text.to_owned());
        expect_complaints(&super::check(path, text, &paths, &texts), expect);
    }

    #[test]
    fn links_that_lead_somewhere() {
        check(
            "README.md",
            "[a](docs/start.md#b-its-c-d) [b](#c) [c](https://a.example#x) [d](docs/)\n# C\n",
            &[],
        );
        check(
            "docs/errors/1001.md",
            "[a](../start.md \"A\") [b](../../README.md) [c](/docs)\n",
            &[],
        );
        check("docs/start.md", "[a]\n\n[a]: errors/1001.md\n", &[]);
    }

    #[test]
    fn links_that_do_not() {
        check(
            "README.md",
            "a\n[a](start.md), [b](docs/b.md)\n",
            &[
                "README.md:2: the link to start.md",
                "README.md:2: the link to docs/b.md",
            ],
        );
        check(
            "docs/start.md",
            "[a]: gone.md\n",
            &["docs/start.md:1: the link to gone.md"],
        );
        check(
            "README.md",
            "[a](../elsewhere.md)\n",
            &["README.md:1: the link to ../elsewhere.md"],
        );
    }

    #[test]
    fn links_to_headings_that_do_not_exist() {
        check(
            "README.md",
            "[a](docs/start.md#b)\n[b](#c)\n# D\n",
            &[
                "README.md:1: docs/start.md#b: that page has no heading b",
                "README.md:2: #c: that page has no heading c",
            ],
        );
    }

    #[test]
    fn what_is_no_link() {
        check("README.md", "`[a](gone.md)`\n```\n[a](gone.md)\n```\n", &[]);
        check("crates/a/README.md", "[a](gone.md)\n", &[]);
    }
}
