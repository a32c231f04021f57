//! The ports a node listens on, and who would get in.

use std::net::{SocketAddr, TcpListener};

use super::Finding;
use crate::config::{Config, Mode};
use crate::token::Key;

pub(super) fn examine(config: &Config, mode: Mode, is_running: bool) -> Vec<Finding> {
    let settings = &config.settings;
    let addresses = [("listen", Some(settings.listen)), ("admin", settings.admin)];
    let named = addresses
        .into_iter()
        .filter_map(|(name, address)| Some((name, address?)));
    let mut findings: Vec<_> = named
        .map(|(name, address)| port(name, address, config, is_running))
        .collect();
    findings.push(players(config, mode));
    findings
}

fn port(name: &'static str, address: SocketAddr, config: &Config, is_running: bool) -> Finding {
    let source = config.source(name);
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(name, format!("{address} ({source}) is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match is_running {
            true => Finding::ok(
                name,
                format!("{address} is taken, by the running node if that listens there"),
            ),
            false => Finding::fail(
                name,
                format!("{address} ({source}) is taken by another program"),
                "choose another, or see with `ss -ltnp` who has it",
            ),
        },
        Err(error) => Finding::fail(
            name,
            format!("nobody can listen on {address} ({source}): {error}"),
            "`ip address` shows the addresses of this machine; ports below 1024 need a privilege",
        ),
    }
}

fn players(config: &Config, mode: Mode) -> Finding {
    let check = "players";
    let guests = config.settings.guests;
    match Key::of(config) {
        Err(error) => Finding::fail(check, error.to_string(), ""),
        Ok(Some(_)) if guests => Finding::warn(
            check,
            "players get in with a token, and guests without one",
            "leave `guests` out if only players with a token should",
        ),
        Ok(Some(_)) => Finding::ok(check, "players get in with a token"),
        Ok(None) if guests && mode == Mode::Serve => Finding::warn(
            check,
            "everybody gets in as a guest (guests = true)",
            "set a token key if players should prove who they are",
        ),
        Ok(None) if guests => Finding::ok(check, "everybody gets in as a guest"),
        Ok(None) => Finding::fail(
            check,
            "nobody gets in: there is no token key, and no guests",
            "make one with `token key`, and set WAYFARE_TOKEN_KEY or token_key_file; or set guests",
        ),
    }
}
