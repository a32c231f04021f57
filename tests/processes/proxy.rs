//! A TCP proxy that cuts connections while they transfer data.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A proxy that cuts each connection after a number of bytes that depends on its seed, until it has
/// cut often enough. Then it only forwards.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts a proxy in front of `server` that cuts `cuts_max` times, after up to `bytes_max`
    /// bytes each.
    pub(crate) fn start(server: String, cuts_max: usize, bytes_max: u64, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&cuts);
        thread::spawn(move || {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(upstream) = TcpStream::connect(&server) else {
                    return;
                };
                let budget = if counted.load(Ordering::SeqCst) < cuts_max {
                    (chance.next_u64() % bytes_max) as i64
                } else {
                    i64::MAX
                };
                carry(client, upstream, budget, &counted);
            }
        });
        Self { address, cuts }
    }

    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

/// Transfers bytes in both directions until their common budget is used up.
fn carry(client: TcpStream, upstream: TcpStream, budget: i64, cuts: &Arc<AtomicUsize>) {
    let budget = Arc::new(AtomicI64::new(budget));
    let pairs = [
        (client.try_clone().unwrap(), upstream.try_clone().unwrap()),
        (upstream, client),
    ];
    for (mut from, mut to) in pairs {
        let (budget, cuts) = (Arc::clone(&budget), Arc::clone(cuts));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                let left = budget.fetch_sub(read as i64, Ordering::SeqCst);
                let pass = read.min(usize::try_from(left).unwrap_or(0));
                if to.write_all(&buffer[..pass]).is_err() {
                    break;
                }
                if pass < read {
                    // Counted by the direction that used up the budget, not by the one that found
                    // it used up.
                    cuts.fetch_add(usize::from(left >= 0), Ordering::SeqCst);
                    break;
                }
            }
            // Either connection may be closed already.
            drop(from.shutdown(Shutdown::Both));
            drop(to.shutdown(Shutdown::Both));
        });
    }
}
