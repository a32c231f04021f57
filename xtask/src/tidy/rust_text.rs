//! A Rust file with a second copy of its text in which comments and literals are blank.

use std::iter::Peekable;
use std::str::Chars;

/// A file's path and text. Both copies have the same lines.
pub(crate) struct RustText<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    /// The text without comments and without the content of literals, so that all braces and words
    /// in it are code.
    pub(crate) code: String,
}

impl<'a> RustText<'a> {
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        Self {
            path,
            text,
            code: blank(text),
        }
    }

    /// Returns the line on which `mod tests` with its `#[cfg(test)]` begins, counted from 0; the
    /// number of lines if there is none.
    pub(crate) fn tests_start(&self) -> usize {
        let mut attribute = None;
        for (index, line) in self.code.lines().enumerate() {
            let line = line.trim();
            if line.starts_with("#[cfg(test)]") {
                attribute = Some(index);
            } else if line.starts_with("mod tests")
                && let Some(start) = attribute
            {
                return start;
            } else if !line.is_empty() && !line.starts_with("#[") {
                attribute = None;
            }
        }
        self.code.lines().count()
    }

    /// Returns true if the path is that of test code.
    pub(crate) fn is_test_file(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
    }
}

/// Returns the line of a byte offset, counted from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Returns the offsets at which `word` is a whole word.
pub(crate) fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    text.match_indices(word)
        .map(|(offset, _)| offset)
        .filter(move |&offset| {
            let before = text[..offset].chars().next_back();
            let after = text[offset + word.len()..].chars().next();
            !before.is_some_and(is_name) && !after.is_some_and(is_name)
        })
}

pub(crate) fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn blank(text: &str) -> String {
    let mut blanker = Blanker {
        rest: text.chars().peekable(),
        code: String::new(),
    };
    while blanker.step() {}
    blanker.code
}

struct Blanker<'a> {
    rest: Peekable<Chars<'a>>,
    code: String,
}

impl Blanker<'_> {
    fn step(&mut self) -> bool {
        let Some(character) = self.rest.next() else {
            return false;
        };
        match (character, self.rest.peek().copied()) {
            ('/', Some('/')) => self.line_comment(),
            ('/', Some('*')) => self.block_comment(),
            ('"', _) => self.string(),
            ('\'', _) => self.character_or_lifetime(),
            ('r', Some('"' | '#')) if self.begins_literal() => self.raw_string(),
            _ => self.code.push(character),
        }
        true
    }

    /// Checks whether an `r` begins a raw string. It does not if it ends a name; `br` and `cr` are
    /// prefixes of literals.
    fn begins_literal(&self) -> bool {
        let mut before = self.code.chars().rev();
        match before.next() {
            Some('b' | 'c') => !before.next().is_some_and(is_name),
            Some(character) => !is_name(character),
            None => true,
        }
    }

    fn line_comment(&mut self) {
        self.code.push(' ');
        while self.rest.peek().is_some_and(|&next| next != '\n') {
            self.skip();
        }
    }

    fn block_comment(&mut self) {
        self.code.push(' ');
        self.skip();
        let mut depth = 1;
        while depth > 0 {
            let Some(character) = self.skip() else { return };
            let next = self.rest.peek().copied();
            if (character, next) == ('*', Some('/')) {
                self.skip();
                depth -= 1;
            } else if (character, next) == ('/', Some('*')) {
                self.skip();
                depth += 1;
            }
        }
    }

    fn string(&mut self) {
        self.code.push('"');
        while let Some(&character) = self.rest.peek() {
            if character == '"' {
                self.rest.next();
                break;
            }
            self.skip();
            if character == '\\' {
                self.skip();
            }
        }
        self.code.push('"');
    }

    fn raw_string(&mut self) {
        let mut hashes = 0;
        while self.rest.next_if_eq(&'#').is_some() {
            hashes += 1;
        }
        // `r#name` is a name, not a string.
        if self.rest.next_if_eq(&'"').is_none() {
            self.code.push('r');
            return;
        }
        self.code.push('"');
        while let Some(character) = self.skip() {
            if character == '"' && self.closes_raw_string(hashes) {
                break;
            }
        }
        self.code.push('"');
    }

    fn closes_raw_string(&mut self, hashes: usize) -> bool {
        let mut ahead = self.rest.clone();
        let closes = (0..hashes).all(|_| ahead.next() == Some('#'));
        if closes {
            self.rest = ahead;
        }
        closes
    }

    fn character_or_lifetime(&mut self) {
        self.code.push('\'');
        let mut ahead = self.rest.clone();
        let escaped = ahead.next() == Some('\\');
        if !escaped && ahead.next() != Some('\'') {
            return;
        }
        if escaped {
            self.skip();
        }
        self.skip();
        while self
            .rest
            .peek()
            .is_some_and(|&next| next != '\'' && next != '\n')
        {
            self.skip();
        }
        self.rest.next();
        self.code.push('\'');
    }

    /// Takes a character and leaves a blank, or the line end, in its place.
    fn skip(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        self.code.push(if character == '\n' { '\n' } else { ' ' });
        Some(character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the code of a text, without blanks.
    fn check(text: &str, expect: &str) {
        let code = blank(text);
        assert_eq!(
            code.matches('\n').count(),
            text.matches('\n').count(),
            "lines of {text:?}"
        );
        assert_eq!(code.replace(' ', ""), expect, "of {text:?}");
    }

    #[test]
    fn comments_are_blank() {
        check("a // {\nb", "a\nb");
        check("a /* { \n /* } */ { */ b", "a\nb");
        check("a / b", "a/b");
    }

    #[test]
    fn the_content_of_literals_is_blank() {
        check(r#"f("{ \" }")"#, r#"f("")"#);
        check("f(\"a\\\n b\")", "f(\"\n\")");
        check(r###"f(r#"{ " "#)"###, r#"f("")"#);
        check(r##"f(br"\")"##, r#"f(b"")"#);
        check(r"f('{', '\'', '\u{7d}', b'}')", "f('','','',b'')");
    }

    #[test]
    fn lifetimes_and_names_stay() {
        check("fn f<'a>(x: &'a str)", "fnf<'a>(x:&'astr)");
        check("r#type + for_r", "rtype+for_r");
    }

    #[test]
    fn tests_start_at_their_attribute() {
        let start = |text: &str| RustText::new("a.rs", text).tests_start();
        assert_eq!(start("//! A.\nfn a() {}\n"), 2);
        assert_eq!(start("//! A.\n#[cfg(test)]\nmod tests {\n}\n"), 1);
        assert_eq!(start("#[cfg(test)]\nfn a() {}\nmod tests_of_speed;\n"), 3);
    }

    #[test]
    fn a_word_stands_alone() {
        assert_eq!(words("fn fnord fn", "fn").collect::<Vec<_>>(), [0, 9]);
    }
}
