//! The lines that a person reads, and the lines that they type.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use unicode_width::UnicodeWidthChar;

const PROMPT: &str = "> ";

/// Output in lines. On a terminal each line is cut to the width, and the prompt stays whole below.
pub(crate) struct Screen {
    printer: Option<Box<dyn ExternalPrinter + Send>>,
    is_terminal: bool,
    /// The reader has closed the pipe. Nothing is printed any more.
    is_gone: bool,
    /// The terminal's mode from before the editor, which is waiting for a line when this ends.
    before: Option<Termios>,
}

/// The source of typed lines. Reading blocks, so it needs a thread of its own.
pub(crate) enum Keyboard {
    /// A person at a terminal.
    Editor(Box<Editor<(), MemHistory>>),
    /// Any other input, one command a line.
    Lines,
}

/// Opens the standard input and output of this process.
///
/// # Errors
/// If the terminal cannot be used.
pub(crate) fn open() -> anyhow::Result<(Screen, Keyboard)> {
    let is_terminal = io::stdout().is_terminal();
    let mut screen = Screen {
        printer: None,
        is_terminal,
        is_gone: false,
        before: None,
    };
    if !is_terminal || !io::stdin().is_terminal() {
        return Ok((screen, Keyboard::Lines));
    }
    screen.before = tcgetattr(stdin()).ok();
    let config = Config::builder().auto_add_history(true).build();
    let mut editor = Editor::with_history(config, MemHistory::new())?;
    screen.printer = Some(Box::new(editor.create_external_printer()?));
    Ok((screen, Keyboard::Editor(Box::new(editor))))
}

impl Screen {
    /// Prints a line of the conversation.
    pub(crate) fn line(&mut self, text: &str) {
        let text = one_line(text);
        let cut = match self.is_terminal {
            true => cut(&text, width()),
            false => text,
        };
        self.print(&cut);
    }

    /// Prints a text that a person asked for: all of it, in several lines if it has them.
    pub(crate) fn text(&mut self, text: &str) {
        let lines: Vec<String> = text.lines().map(one_line).collect();
        self.print(&lines.join("\n"));
    }

    /// Prints a line about the connection, beside the conversation where that is possible.
    pub(crate) fn notice(&mut self, text: &str) {
        if self.printer.is_some() {
            return self.line(text);
        }
        notice(text);
    }

    /// Returns true once nobody reads the output.
    pub(crate) const fn is_gone(&self) -> bool {
        self.is_gone
    }

    fn print(&mut self, text: &str) {
        if self.is_gone {
            return;
        }
        let printed = match &mut self.printer {
            Some(printer) => printer
                .print(format!("{text}\n"))
                .map_err(|_| ErrorKind::BrokenPipe),
            None => writeln!(io::stdout(), "{text}").map_err(|error| error.kind()),
        };
        self.is_gone = printed.is_err();
    }
}

/// Prints a line about the connection, before there is a conversation.
pub(crate) fn notice(text: &str) {
    // Nobody reads it if this fails.
    drop(writeln!(io::stderr(), "{text}"));
}

impl Drop for Screen {
    fn drop(&mut self) {
        let Some(before) = &self.before else { return };
        // The editor may still wait for a line, with the terminal in its mode.
        let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        drop(write!(io::stdout(), "\r\u{1b}[K"));
        drop(io::stdout().flush());
    }
}

impl Keyboard {
    /// Passes each typed line to `take` until it returns false. Returns when the input has ended.
    pub(crate) fn read(self, mut take: impl FnMut(String) -> bool) {
        match self {
            Self::Editor(mut editor) => {
                while let Ok(typed) = editor.readline(PROMPT) {
                    if !take(typed) {
                        return;
                    }
                }
            }
            Self::Lines => {
                for typed in io::stdin().lock().lines() {
                    let Ok(typed) = typed else { return };
                    if !take(typed) {
                        return;
                    }
                }
            }
        }
    }
}

fn width() -> usize {
    let columns = tcgetwinsize(stdout()).map_or(0, |size| size.ws_col);
    match columns {
        // Terminals that do not know their size say 0.
        0 => 80,
        columns => usize::from(columns),
    }
}

/// Shows control characters as symbols: text of others must neither break the line nor control the
/// terminal.
fn one_line(text: &str) -> String {
    let symbol = |character: char| match character {
        '\n' | '\r' | '\t' => ' ',
        control if control.is_control() => '\u{fffd}',
        other => other,
    };
    text.chars().map(symbol).collect()
}

/// Cuts a line to `columns`. The last column of a cut line is an ellipsis.
fn cut(text: &str, columns: usize) -> String {
    let wide = |character: char| character.width().unwrap_or(0);
    if text.chars().map(wide).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |character: &char| {
        used += wide(*character);
        used <= columns
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_to_the_terminal() {
        let check = |text: &str, columns: usize, expect: &str| {
            assert_eq!(cut(text, columns), expect);
        };
        check("hello", 5, "hello");
        check("hello!", 5, "hell…");
        check("日本語です", 5, "日本…");
        check("", 0, "");
    }

    #[test]
    fn texts_of_others_stay_on_their_line() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc"), "a b\u{fffd}[2Jc");
    }
}
