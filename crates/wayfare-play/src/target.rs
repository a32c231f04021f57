//! The addresses and the room that a person names.

use std::net::Ipv6Addr;

use anyhow::{Result, bail};

/// The port of a server if an address names none.
const PORT: u16 = 7777;

/// The servers to try, and the room to join.
#[derive(Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) urls: Vec<String>,
    pub(crate) room: String,
}

impl Target {
    /// Tells addresses from rooms. A room is `kind/key`, or a kind, which means its room `main`.
    /// If no room is named, it is the room `main` of `kind`.
    ///
    /// # Errors
    /// If several rooms are named, or none and there is no `kind`, or an address is of another
    /// protocol.
    pub(crate) fn of(words: &[String], kind: Option<&str>) -> Result<Self> {
        let (mut urls, mut rooms) = (Vec::new(), Vec::new());
        for word in words {
            match address(word)? {
                Some(url) => urls.push(url),
                None if word.contains('/') => rooms.push(word.clone()),
                None => rooms.push(format!("{word}/main")),
            }
        }
        if urls.is_empty() {
            urls.push(format!("ws://127.0.0.1:{PORT}"));
        }
        let room = match (rooms.as_slice(), kind) {
            ([room], _) => room.clone(),
            ([], Some(kind)) => format!("{kind}/main"),
            ([], None) => bail!("name a room, as KIND/KEY"),
            (rooms, _) => bail!("one room at a time, not {}", rooms.join(" and ")),
        };
        Ok(Self { urls, room })
    }
}

/// Returns the address of a server as a client connects to it; nothing if the word is a room.
fn address(word: &str) -> Result<Option<String>> {
    if let Some((scheme, rest)) = word.split_once("://") {
        return Ok(Some(match scheme {
            // The page of a game is at the address to which its players connect.
            "ws" | "http" => format!("ws://{rest}"),
            "wss" | "https" => format!("wss://{rest}"),
            _ => bail!("{word}: a server's address begins with ws:// or http://"),
        }));
    }
    if let Ok(ip) = word.parse::<Ipv6Addr>() {
        return Ok(Some(format!("ws://[{ip}]:{PORT}")));
    }
    // A kind of room has neither a dot nor a colon in its name.
    let host = word.split('/').next().unwrap_or_default();
    let has_port = host.contains(':') && !host.ends_with(']');
    Ok(match host {
        _ if has_port => Some(format!("ws://{word}")),
        _ if host == "localhost" || host.contains(['.', '[']) => {
            let path = &word[host.len()..];
            Some(format!("ws://{host}:{PORT}{path}"))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "ws://127.0.0.1:7777";

    fn of(words: &[&str]) -> Result<Target> {
        let words: Vec<String> = words.iter().map(|word| (*word).into()).collect();
        Target::of(&words, Some("chess"))
    }

    #[test]
    fn addresses_and_room_come_in_any_order() {
        let check = |words: &[&str], urls: &[&str], room: &str| {
            let expected = Target {
                urls: urls.iter().map(|url| (*url).into()).collect(),
                room: room.into(),
            };
            assert_eq!(of(words).unwrap(), expected, "{words:?}");
        };
        check(&[], &[HERE], "chess/main");
        check(&["ws://a:1", "chess/7"], &["ws://a:1"], "chess/7");
        check(
            &["chess/7", "ws://a:1", "ws://b:1"],
            &["ws://a:1", "ws://b:1"],
            "chess/7",
        );
        check(&["plaza"], &[HERE], "plaza/main");
        check(&["127.0.0.1:7779"], &["ws://127.0.0.1:7779"], "chess/main");
        check(&["http://127.0.0.1:7777", "plaza"], &[HERE], "plaza/main");
        assert!(of(&["chess/7", "chess/8"]).is_err());
    }

    #[test]
    fn an_address_is_known_by_its_form() {
        let check = |word: &str, url: &str| {
            assert_eq!(of(&[word]).unwrap().urls, [url], "{word}");
        };
        check("localhost", "ws://localhost:7777");
        check("localhost:80", "ws://localhost:80");
        check("game.example", "ws://game.example:7777");
        check("game.example/ws", "ws://game.example:7777/ws");
        check("10.0.0.7:7777/", "ws://10.0.0.7:7777/");
        check("::1", "ws://[::1]:7777");
        check("[::1]", "ws://[::1]:7777");
        check("[::1]:80", "ws://[::1]:80");
        check("https://game.example", "wss://game.example");
        assert!(of(&["ftp://game.example"]).is_err());
    }
}
