//! The listening sockets of a node.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::{TcpListener, TcpSocket};

use crate::config::Config;

/// The number of connections that the system completes before the node accepts them. When a shard
/// dies, all its clients reconnect within a second. The system's own limit (`net.core.somaxconn`)
/// is 4096.
const BACKLOG: u32 = 4096;
/// The number of ports to try after a taken one.
const PORTS_TRIED: u16 = 100;

/// Listens on the address of the setting `name`. If the port is a default and `or_next` is given,
/// the first free port from there on is used.
///
/// # Errors
/// If the address cannot be used. The error names the address, where it was set, and what to do.
pub(super) fn listen(
    address: SocketAddr,
    name: &str,
    config: &Config,
    or_next: bool,
) -> anyhow::Result<TcpListener> {
    let last = match or_next && !config.is_set(name) {
        true => address.port().saturating_add(PORTS_TRIED),
        false => address.port(),
    };
    let mut port = address.port();
    loop {
        match bind(SocketAddr::new(address.ip(), port)) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && port < last => port += 1,
            outcome => {
                let advice = outcome.as_ref().err().map_or("", |error| advice(error));
                return outcome.with_context(|| {
                    format!(
                        "cannot listen on {address} ({name}, {}){advice}",
                        config.source(name)
                    )
                });
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Connections of a node that was just stopped would otherwise block the port for a minute.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AddrInUse => "; choose another, or see with `ss -ltnp` who has it",
        ErrorKind::AddrNotAvailable => "; `ip address` shows the addresses of this machine",
        ErrorKind::PermissionDenied => "; ports below 1024 need a privilege",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{Inputs, Mode, Secret, SettingFlags};

    fn config(flags: &[(&'static str, String)]) -> Config {
        let flags = SettingFlags {
            values: flags
                .iter()
                .map(|(name, text)| (*name, Secret(text.clone())))
                .collect(),
            ..SettingFlags::default()
        };
        let inputs = Inputs {
            mode: Mode::Dev,
            flags: &flags,
            environment: BTreeMap::new(),
            folder: "/nowhere".into(),
        };
        Config::load(&inputs, &[]).unwrap()
    }

    #[tokio::test]
    async fn a_taken_default_port_is_replaced_by_the_next_free_one() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let listener = listen(address, "listen", &config(&[]), true).unwrap();
        assert!(listener.local_addr().unwrap().port() > address.port());

        let check = |config: &Config, or_next: bool, source: &str| {
            let refused = listen(address, "listen", config, or_next)
                .unwrap_err()
                .to_string();
            let expect = format!(
                "cannot listen on {address} (listen, {source}); choose another, or see with `ss -ltnp` who has it"
            );
            assert_eq!(refused, expect);
        };
        check(
            &config(&[("listen", address.to_string())]),
            true,
            "flag --listen",
        );
        check(&config(&[]), false, "default");
    }
}
