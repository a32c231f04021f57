//! The text that `dev` prints once it is ready.

use std::fmt;
use std::path::Path;

/// Four lines: the address, how to join, how to look at the node and stop it, where its data is.
pub(super) struct NextSteps<'a> {
    pub(super) title: &'a str,
    pub(super) url: &'a str,
    /// The port that was wanted, if it is taken by another program.
    pub(super) taken: Option<u16>,
    pub(super) page: Option<&'a str>,
    /// The program, as it was started.
    pub(super) program: &'a str,
    pub(super) kind: Option<&'a str>,
    pub(super) look: &'a str,
    /// The data folder, if something is kept in it.
    pub(super) data: Option<&'a Path>,
}

impl fmt::Display for NextSteps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is ready at {}", self.title, self.url)?;
        if let Some(port) = self.taken {
            write!(f, " (port {port} was taken)")?;
        }
        write!(f, "\nplay:  ")?;
        if let Some(page) = self.page {
            write!(f, "open {page} in a browser, or: ")?;
        }
        write!(f, "{} play {}", self.program, self.url)?;
        if let Some(kind) = self.kind {
            write!(f, " {kind}/main")?;
        }
        write!(f, "\nlook:  {}    stop: Ctrl-C", self.look)?;
        if let Some(data) = self.data {
            let data = data.display();
            write!(f, "\ndata:  {data} (delete it to begin anew)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_lines_say_what_to_do_next() {
        let with_page = NextSteps {
            title: "plaza 0.1.0",
            url: "ws://127.0.0.1:7779",
            taken: Some(7777),
            page: Some("http://127.0.0.1:7779"),
            program: "./plaza",
            kind: Some("plaza"),
            look: "./plaza room list",
            data: Some(Path::new("./wayfare-data")),
        };
        let expect = "plaza 0.1.0 is ready at ws://127.0.0.1:7779 (port 7777 was taken)\n\
            play:  open http://127.0.0.1:7779 in a browser, or: ./plaza play ws://127.0.0.1:7779 plaza/main\n\
            look:  ./plaza room list    stop: Ctrl-C\n\
            data:  ./wayfare-data (delete it to begin anew)";
        assert_eq!(with_page.to_string(), expect);
        let without = NextSteps {
            taken: None,
            page: None,
            kind: None,
            data: None,
            ..with_page
        };
        let expect = "plaza 0.1.0 is ready at ws://127.0.0.1:7779\n\
            play:  ./plaza play ws://127.0.0.1:7779\n\
            look:  ./plaza room list    stop: Ctrl-C";
        assert_eq!(without.to_string(), expect);
    }
}
