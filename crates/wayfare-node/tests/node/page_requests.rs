//! Tests of a game's page on the players' port.

use std::io::{Read, Write};
use std::net::TcpStream;

use rust_embed::Embed;
use wayfare_node::{Game, Ready};

use crate::http_client::door;
use crate::player::Player;
use crate::running::{Folder, Running};
use crate::stub_room::game;

#[derive(Embed)]
#[folder = "tests/node/page"]
struct Page;

const INDEX: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/assets/stub-1a2b3c.js");

fn game_with_page() -> Game {
    Game {
        page: Some(Page::get),
        ..game()
    }
}

fn node(folder: &Folder) -> Running {
    Running::playing(game_with_page(), folder, "--admin off").unwrap()
}

/// Returns the whole answer, head and body.
fn raw(ready: &Ready, request: &str) -> String {
    let mut stream = TcpStream::connect(ready.listen).unwrap();
    let request = format!("{request}Host: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_browser_gets_the_page_where_players_connect() {
    let folder = Folder::new();
    let node = node(&folder);
    assert_eq!(
        node.ready.page.as_deref(),
        Some(node.ready.url.replace("ws://", "http://").as_str())
    );
    for path in ["/", "/index.html", "/?room=square"] {
        let page = door(&node.ready, &format!("GET {path}"), "");
        assert_eq!((page.status, page.body.as_str()), (200, INDEX), "{path}");
    }
    let script = door(&node.ready, "GET /assets/stub-1a2b3c.js", "");
    assert_eq!((script.status, script.body.as_str()), (200, SCRIPT));
    let _player = Player::in_room(&node.ready, "plaza/main");
    let beside = Player::connect_at(&node.ready, "/games/index.html");
    drop(beside);
    let told = door(&node.ready, "GET /ws", "");
    assert!(
        told.body.starts_with("stub 1.2.3, a Wayfare"),
        "{}",
        told.body
    );
}

#[test]
fn a_page_serves_only_its_files() {
    let folder = Folder::new();
    let node = node(&folder);
    for path in [
        "/assets",
        "/assets/",
        "/nothing.js",
        "/../page.rs",
        "/%2e%2e/page.rs",
        "//etc/passwd",
        "/assets/../../page.rs",
    ] {
        assert_eq!(
            door(&node.ready, &format!("GET {path}"), "").status,
            404,
            "{path}"
        );
    }
    for line in ["POST /", "PUT /assets/stub-1a2b3c.js", "DELETE /index.html"] {
        let answer = raw(
            &node.ready,
            &format!("{line} HTTP/1.1\r\nContent-Length: 0\r\n"),
        );
        assert!(answer.starts_with("HTTP/1.1 405 "), "{line}: {answer}");
        assert!(answer.contains("allow: GET, HEAD\r\n"), "{line}: {answer}");
    }
}

#[test]
fn a_rebuilt_page_shows_at_the_next_reload_in_dev() {
    let folder = Folder::new();
    let node = Running::developing(game_with_page(), &folder).unwrap();
    for path in ["/", "/assets/stub-1a2b3c.js"] {
        let answer = raw(&node.ready, &format!("GET {path} HTTP/1.1\r\n"));
        assert!(answer.contains("cache-control: no-cache\r\n"), "{answer}");
    }
}

#[test]
fn browsers_cache_hashed_files_and_revalidate_others() {
    let folder = Folder::new();
    let node = node(&folder);
    let first = raw(&node.ready, "GET / HTTP/1.1\r\n");
    assert!(
        first.contains("content-type: text/html; charset=utf-8\r\n"),
        "{first}"
    );
    assert!(first.contains("cache-control: no-cache\r\n"), "{first}");
    assert!(
        first.contains("x-content-type-options: nosniff\r\n"),
        "{first}"
    );
    let tag = first
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .expect("a tag");
    for known in [
        tag.to_owned(),
        format!("W/{tag}"),
        format!("\"other\", {tag}"),
        "*".into(),
    ] {
        let request = format!("GET / HTTP/1.1\r\nIf-None-Match: {known}\r\n");
        let again = raw(&node.ready, &request);
        assert!(again.starts_with("HTTP/1.1 304 "), "{known}: {again}");
        assert!(again.ends_with("\r\n\r\n"), "no body: {again}");
    }
    let other = raw(
        &node.ready,
        "GET / HTTP/1.1\r\nIf-None-Match: \"other\"\r\n",
    );
    assert!(other.starts_with("HTTP/1.1 200 "), "{other}");
    let old = raw(&node.ready, "GET / HTTP/1.0\r\n");
    assert!(old.contains(" 200 ") && old.ends_with(INDEX), "{old}");
    let head = raw(&node.ready, "HEAD / HTTP/1.1\r\n");
    assert!(
        head.contains(&format!("content-length: {}\r\n", INDEX.len())),
        "{head}"
    );
    assert!(head.ends_with("\r\n\r\n"), "no body: {head}");
    let script = raw(&node.ready, "GET /assets/stub-1a2b3c.js HTTP/1.1\r\n");
    assert!(script.contains("immutable\r\n"), "{script}");
    assert!(
        script.contains("content-type: text/javascript; charset=utf-8\r\n"),
        "{script}"
    );
}

#[test]
fn a_page_may_take_longer_than_a_handshake() {
    let folder = Folder::new();
    let game = Game {
        page: Some(Page::get),
        ..game()
    };
    let node = Running::playing(game, &folder, "--admin off --handshake-time-max 500ms").unwrap();
    let mut browser = TcpStream::connect(node.ready.listen).unwrap();
    let mut fetch = || {
        browser
            .write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        while !answer.ends_with(INDEX) {
            let mut bytes = [0; 1024];
            let length = browser.read(&mut bytes).unwrap();
            assert_ne!(length, 0, "the connection lasts: {answer}");
            answer.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        }
    };
    fetch();
    // This client connected later, requested nothing, and its time is over.
    let mut silent = TcpStream::connect(node.ready.listen).unwrap();
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
    fetch();
}
