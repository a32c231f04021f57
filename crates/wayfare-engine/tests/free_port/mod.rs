//! Ports for servers of tests, which are told their port before they listen.

use std::fs;
use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 10_000;
/// Linux's default, where the system does not say.
const OUTGOING_FROM: u32 = 32_768;

/// Returns a port on which nobody listens, and which this process has not returned before. It lies
/// below the ports of outgoing connections: one of those could take it before the server listens.
pub(crate) fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let outgoing = range.ok().and_then(|range| {
        let first = range.split_whitespace().next()?;
        first.parse().ok()
    });
    let end: u32 = outgoing.unwrap_or(OUTGOING_FROM).max(FIRST + 1);
    // Processes that run at the same time begin at different places.
    let begin = process::id().wrapping_mul(61);
    loop {
        let next = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + next % (end - FIRST)).expect("below the end of a u16");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
