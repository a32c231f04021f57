//! Tests of `play`: its output, and a person at a terminal.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::server::{PATIENCE, Server, wayfare};
use crate::terminal::Terminal;

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let server = Server::start(&["dev", "--bots", "0"]);
    let mut child = wayfare()
        .args(["play", &server.address(), "plaza", "--name", "ada"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert!(line.contains("joined plaza/main"), "{line}");
    drop(output);
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "say hello").unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    assert!(
        !said.contains("panicked") && !said.contains("error"),
        "{said}"
    );
    drop(input);
}

#[test]
fn what_answers_but_is_no_server_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // It ends with the process of the tests.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A request fits into one packet here, and nothing depends on the rest of it.
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).unwrap();
        }
    });
    let played = wayfare().args(["play", &address]).output().unwrap();
    let said = String::from_utf8(played.stderr).unwrap();
    assert_eq!(played.status.code(), Some(1), "{said}");
    let expect = format!("error: what answers at ws://{address} is not a Wayfare server");
    assert!(said.contains(&expect), "{said}");
}

/// A `play` at a terminal of its own.
struct Person {
    child: Child,
    keyboard: File,
    screen: Receiver<String>,
    seen: String,
}

impl Person {
    fn at_terminal(arguments: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let open = || {
            let mut options = File::options();
            options.read(true).write(true).open(name.to_str().unwrap())
        };
        let child = wayfare()
            .args(arguments)
            .env("TERM", "xterm")
            .stdin(open().unwrap())
            .stdout(open().unwrap())
            .stderr(open().unwrap())
            .spawn()
            .unwrap();
        let keyboard = File::from(keyboard);
        let (sender, screen) = sync_channel(10_000);
        let mut output = keyboard.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal that nobody has open any more fails to read.
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            seen: String::new(),
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen shows the text, and returns what it showed before.
    fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let more = self.screen.recv_timeout(PATIENCE);
            self.seen += &more.unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.seen));
        }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn an_event_does_not_tear_the_line_that_is_typed() {
    let server = Server::start(&["dev", "--bots", "0"]);
    let mut other = Terminal::join(&server.url, "bob", "plaza/main");
    let mut person = Person::at_terminal(&["play", &server.address(), "plaza", "--name", "ada"]);
    person.until("joined plaza/main");
    person.until("> ");
    person.type_keys("say hel");
    person.until("say hel");
    other.type_line("say look");
    // The event, with the speaker's name for its id, and then the whole line again.
    let shown = person.until("text=\"look\"");
    assert!(shown.contains("said who=\"bob\""), "{shown:?}");
    person.until("> say hel");
    person.type_keys("lo\r");
    other.wait_for("hello");
    person.type_keys("\u{4}");
    let status = person.child.wait().unwrap();
    assert!(status.success(), "{status}");
}
