//! Checks of the ports a node listens on, and of who is let in.

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
        .map(|(name, address)| port(name, address, config, (mode, is_running)))
        .collect();
    findings.push(players(config, mode));
    findings
}

fn port(
    name: &'static str,
    address: SocketAddr,
    config: &Config,
    (mode, is_running): (Mode, bool),
) -> Finding {
    let source = config.source(name);
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(name, format!("{address} ({source}) is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match is_running {
            true => {
                let found = format!("{address} is taken, by the running node if it listens there");
                Finding::ok(name, found)
            }
            false if mode == Mode::Dev && !config.is_set(name) => {
                let found = format!("{address} is taken; `dev` takes the next one that is free");
                Finding::ok(name, found)
            }
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
    let guests = config.settings.shard.guests;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Verdict;
    use super::*;
    use crate::config::{Inputs, Secret, SettingFlags};

    fn config(mode: Mode, flags: &[(&'static str, &str)]) -> Config {
        let flags = SettingFlags {
            values: flags
                .iter()
                .map(|(name, text)| (*name, Secret((*text).to_owned())))
                .collect(),
            ..SettingFlags::default()
        };
        let inputs = Inputs {
            mode,
            flags: &flags,
            environment: BTreeMap::new(),
            folder: "/nowhere".into(),
        };
        Config::load(&inputs, &[]).unwrap()
    }

    #[test]
    fn a_port_taken_by_the_running_node_is_fine() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let text = address.to_string();
        let chosen = config(Mode::Dev, &[("listen", &text)]);
        let check = |config: &Config, mode: Mode, is_running: bool, verdict: Verdict| {
            let finding = port("listen", address, config, (mode, is_running));
            assert_eq!(finding.verdict, verdict, "{finding:?}");
        };
        check(&chosen, Mode::Dev, true, Verdict::Ok);
        check(&chosen, Mode::Dev, false, Verdict::Fail);
        check(&config(Mode::Dev, &[]), Mode::Dev, false, Verdict::Ok);
        check(&config(Mode::Serve, &[]), Mode::Serve, false, Verdict::Fail);
        drop(taken);
        check(&chosen, Mode::Dev, false, Verdict::Ok);
    }

    #[test]
    fn a_node_that_lets_nobody_in_fails_the_check() {
        let key = "0123456789abcdef0123456789abcdef";
        let check = |mode: Mode, flags: &[(&'static str, &str)], verdict: Verdict| {
            let finding = players(&config(mode, flags), mode);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(!format!("{finding:?}").contains(key));
        };
        check(Mode::Serve, &[], Verdict::Fail);
        check(Mode::Dev, &[], Verdict::Ok);
        check(Mode::Serve, &[("guests", "true")], Verdict::Warn);
        check(Mode::Serve, &[("token_key", key)], Verdict::Ok);
        check(Mode::Serve, &[("token_key", "short")], Verdict::Fail);
        check(
            Mode::Serve,
            &[("token_key_file", "/nowhere")],
            Verdict::Fail,
        );
    }
}
