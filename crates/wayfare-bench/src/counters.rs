//! Counters of a server's storage engine, read as an operator does: `GET /metrics`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// The storage engine of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    File,
    Postgres,
}

/// Counters since the server's start. PostgreSQL's own writes and syncs are not known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) requests: u64,
    pub(crate) commits: u64,
    pub(crate) syncs: u64,
    pub(crate) written_bytes: u64,
}

impl Counters {
    /// Reads the counters. Blocks until the server has answered.
    pub(crate) fn read(admin: SocketAddr, engine: Engine) -> Result<Self> {
        let mut stream = TcpStream::connect(admin)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        ensure!(
            text.starts_with("HTTP/1.1 200"),
            "the server tells no metrics: {text}"
        );
        Self::parse(&text, engine)
    }

    fn parse(text: &str, engine: Engine) -> Result<Self> {
        let value = |name: &str| -> Result<u64> {
            let values = text.lines().filter_map(|line| line.split_once(' '));
            let mut found = values.filter(|(key, _)| *key == name);
            let (_, value) = found.next().with_context(|| format!("no metric {name}"))?;
            Ok(value.trim().parse()?)
        };
        Ok(match engine {
            Engine::File => Self {
                requests: value("wayfare_storage_requests_total")?,
                commits: value("wayfare_storage_commits_total")?,
                syncs: value("wayfare_storage_syncs_total")?,
                written_bytes: value("wayfare_storage_written_bytes_total")?,
            },
            Engine::Postgres => Self {
                requests: value("wayfare_postgres_writes_total")?,
                commits: value("wayfare_postgres_transactions_total")?,
                ..Self::default()
            },
        })
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            requests: self.requests - earlier.requests,
            commits: self.commits - earlier.commits,
            syncs: self.syncs - earlier.syncs,
            written_bytes: self.written_bytes - earlier.written_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_among_other_metrics() {
        let text = "HTTP/1.1 200 OK\r\n\r\n# TYPE wayfare_storage_syncs_total counter\n\
                    wayfare_storage_syncs_total 7\nwayfare_rooms{shard=\"0\"} 3\n\
                    wayfare_storage_requests_total 1\nwayfare_storage_commits_total 2\n\
                    wayfare_storage_written_bytes_total 4096\n";
        let counters = Counters::parse(text, Engine::File).unwrap();
        assert_eq!((counters.syncs, counters.written_bytes), (7, 4096));
        assert!(Counters::parse("wayfare_storage_syncs_total 7", Engine::File).is_err());
        assert!(Counters::parse(text, Engine::Postgres).is_err());
    }
}
