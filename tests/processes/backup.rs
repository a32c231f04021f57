//! Tests of backup and restore of a server in use, with the commands of the operator's page.

use std::path::Path;
use std::process::{Child, Output, Stdio};

use tempfile::TempDir;

use crate::server::{PATIENCE, read_lines, wayfare};
use crate::terminal::Terminal;

const PAGE: &str = include_str!("../../docs/operations/backup.md");

/// Returns the commands on the page, in order.
fn commands() -> Vec<Vec<&'static str>> {
    let lines = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("wayfare "));
    lines
        .map(|line| line.split_whitespace().collect())
        .collect()
}

/// A server in a folder that outlives it.
struct Node {
    child: Child,
    url: String,
}

impl Node {
    fn start(folder: &Path, listen: &str) -> Self {
        let mut child = wayfare()
            .args(["dev", "--kind", "plaza.durability=durable"])
            .args(["--listen", listen, "--admin", "off"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = read_lines(child.stdout.take().unwrap());
        let line = lines.recv_timeout(PATIENCE);
        let line = line.expect("the server says where it is");
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("ws://"));
        let url = url.expect("a URL").to_owned();
        Self { child, url }
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("ws://")
    }

    /// Kills it, like `kill -9`.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn operate(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = wayfare();
    command.args(arguments).current_dir(folder);
    command.output().unwrap()
}

/// Runs a command that must succeed, and returns its output.
fn operated(folder: &Path, arguments: &[&str]) -> String {
    let done = operate(folder, arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments:?}: {said}");
    String::from_utf8(done.stdout).unwrap()
}

fn epoch(folder: &Path) -> u64 {
    let shown = operated(folder, &["room", "show", "plaza/side", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["epoch"].as_u64().unwrap()
}

/// Sends a chat line, and waits until its author receives it: then it is stored.
fn say(terminal: &mut Terminal, text: &str) {
    terminal.type_line(&format!("say {text}"));
    terminal.wait_for(&format!("text=\"{text}\""));
}

/// Returns the chat that a new player sees.
fn chat(url: &str) -> String {
    let terminal = Terminal::join(url, "newcomer", "plaza/side");
    let view = terminal.wait_for("room:");
    drop(terminal);
    view
}

#[test]
fn a_restore_tells_players_what_was_lost() {
    let [backup, restore, force] = &commands()[..] else {
        panic!("the page has three commands");
    };
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let store = folder.join("wayfare-data/wayfare.redb");
    let node = Node::start(folder, "127.0.0.1:0");
    let listen = node.address().to_owned();
    let mut ada = Terminal::join(&node.url, "ada", "plaza/side");
    let early: Vec<String> = (1..=5).map(|number| format!("early {number}")).collect();
    early.iter().for_each(|text| say(&mut ada, text));

    // The bots continue in another room meanwhile, and so does ada.
    let copied = operated(folder, backup);
    assert!(
        copied.starts_with("backed up ") && copied.contains("monday.redb"),
        "{copied}"
    );
    let mut late = Terminal::join(&node.url, "late", "plaza/side");
    say(&mut ada, "late word");
    say(&mut late, "another late word");
    let before = epoch(folder);

    let busy = operate(folder, force);
    assert!(!busy.status.success());
    assert!(String::from_utf8_lossy(&busy.stderr).contains("another node"));
    node.kill();
    std::fs::rename(&store, folder.join("lost.redb")).unwrap();
    let restored = operated(folder, restore);
    assert!(restored.starts_with("restored "), "{restored}");

    let node = Node::start(folder, &listen);
    let view = chat(&node.url);
    for text in &early {
        assert!(view.contains(text), "{text} in {view}");
    }
    assert!(!view.contains("late word"), "{view}");
    assert!(epoch(folder) > before);
    // A player who was there before the backup is notified and continues.
    ada.wait_for_record("\"fell_back\":true");
    say(&mut ada, "a word after");
    // A player whose session began after the backup has none any more.
    late.wait_for_record("left: the session ended");
    drop(late);
    node.kill();

    let there = operate(folder, restore);
    assert!(!there.status.success());
    assert!(String::from_utf8_lossy(&there.stderr).contains("--force"));
    let restored = operated(folder, force);
    assert!(restored.contains("wayfare.redb.before-1"), "{restored}");
    let node = Node::start(folder, &listen);
    let view = chat(&node.url);
    assert!(
        view.contains("early 5") && !view.contains("a word after"),
        "{view}"
    );
    drop(node);
}

#[test]
fn a_stopped_node_is_backed_up_too() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let node = Node::start(folder, "127.0.0.1:0");
    let mut ada = Terminal::join(&node.url, "ada", "plaza/side");
    say(&mut ada, "kept");
    node.kill();
    drop(ada);
    let copied = operated(folder, &["backup", "cold.redb", "--json"]);
    let copied: serde_json::Value = serde_json::from_str(&copied).unwrap();
    let bytes = std::fs::metadata(folder.join("cold.redb")).unwrap().len();
    assert_eq!(copied["bytes"], bytes);
    operated(folder, &["restore", "--force", "cold.redb"]);
    let node = Node::start(folder, "127.0.0.1:0");
    assert!(chat(&node.url).contains("kept"));
}
