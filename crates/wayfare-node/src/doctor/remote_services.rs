//! Checks of remote services: whether etcd and PostgreSQL answer, can be trusted, and have free
//! space.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;
use wayfare_core::cluster::AdmissionError;
use wayfare_engine::Coordination;
use wayfare_etcd::{Disproof, Etcd, MemberStatus};
use wayfare_postgres::Examination;
use wayfare_protocol::coordination::{Commit, Expect, Failure, Key};

use super::Finding;
use crate::config::{Address, Settings};
use crate::store;

/// The key prefix of the record that the check writes and removes.
const TRIAL: &str = "proof/doctor";
/// The slowest acceptable change. Beyond it every join is slow, and a heartbeat may be late.
const CHANGE_TIME_MAX: Duration = Duration::from_millis(100);
/// The slowest acceptable commit. Beyond it every command of a durable room is slow.
const COMMIT_TIME_MAX: Duration = Duration::from_millis(50);
/// The largest acceptable database: three quarters of etcd's default quota.
const DATABASE_BYTES_MAX: u64 = 3 << 29;
/// The largest acceptable clock difference. Tokens are checked against this machine's clock.
const CLOCK_MS_MAX: i64 = 30_000;
const MIB: u64 = 1 << 20;

/// Checks an etcd cluster.
pub(super) async fn coordination(
    settings: &Settings,
    address: &Address,
    services: &Handle,
) -> Vec<Finding> {
    match connect(settings, address, services).await {
        Ok(etcd) => etcd_findings(settings, address, &etcd, services).await,
        Err(finding) => vec![*finding],
    }
}

async fn connect(
    settings: &Settings,
    address: &Address,
    services: &Handle,
) -> Result<Etcd, Box<Finding>> {
    let fail = |found: String, advice: &str| Box::new(Finding::fail("coordination", found, advice));
    let config = store::remote_coordination(settings, address);
    let config = config.map_err(|error| fail(error.to_string(), ""))?;
    let connecting = services.spawn(Etcd::connect(config)).await;
    let connected = connecting.map_err(|error| fail(error.to_string(), ""))?;
    connected.map_err(|error| {
        let advice = match error.is_passing() {
            true => "start etcd, or look at addresses and firewalls; a node waits for it",
            false => "docs/operations/etcd.md says what each of these means",
        };
        fail(format!("{address}: {error}"), advice)
    })
}

async fn etcd_findings(
    settings: &Settings,
    address: &Address,
    etcd: &Etcd,
    services: &Handle,
) -> Vec<Finding> {
    let check = "coordination";
    let mut findings = vec![match change(etcd).await {
        Ok(took) => {
            let found = format!("{address} answers; a change took {took:.1?}");
            let advice = "its disk or network is slow: give etcd a disk of its own";
            match took > CHANGE_TIME_MAX {
                true => Finding::warn(check, found, advice),
                false => Finding::ok(check, found),
            }
        }
        Err(failure) => Finding::fail(
            check,
            format!("{address} takes no change: {failure}"),
            "see what its members say of themselves, below, and docs/operations/etcd.md",
        ),
    }];
    findings.extend(etcd.members().iter().map(member));
    findings.push(race(etcd, services).await);
    let admitted = store::admit(etcd, &settings.node).await;
    findings.push(match admitted {
        Ok(()) => {
            let found = format!("no other node than `{}` is in this cluster", settings.node);
            Finding::ok("cluster", found)
        }
        Err(error @ AdmissionError::Taken { .. }) => {
            Finding::fail("cluster", error.to_string(), "")
        }
        Err(error @ AdmissionError::Failed(_)) => Finding::warn("cluster", error.to_string(), ""),
    });
    findings
}

/// Measures the time of a compare-and-set.
async fn change(etcd: &Etcd) -> Result<Duration, Failure> {
    let store = etcd.get(TRIAL.into()).await?.store;
    let key: Key = format!("{TRIAL}/{}", store.0).into();
    let begun = Instant::now();
    let put = etcd.put(key.clone(), Bytes::new(), Expect::Absent).await?;
    let took = begun.elapsed();
    if let Commit::Done(revision) = put {
        // A leftover record does no harm.
        drop(etcd.delete(key, revision).await);
    }
    Ok(took)
}

fn member(member: &MemberStatus) -> Finding {
    let check = "etcd member";
    let at = &member.endpoint;
    let Some(said) = &member.said else {
        let why = member.away.as_deref().unwrap_or("says nothing");
        let advice = "start it, or correct its address: without a majority nothing can be changed";
        return Finding::warn(check, format!("{at} {why}"), advice);
    };
    let role = match said.is_leader {
        true => "leads",
        false => "follows",
    };
    let found = format!(
        "{at} has version {}, {role}, is at revision {}, its database has {} MiB of which {} are used",
        said.version,
        said.revision,
        said.database_bytes / MIB,
        said.used_bytes / MIB,
    );
    if !said.errors.is_empty() {
        let found = format!("{found}; it says: {}", said.errors.join("; "));
        let advice =
            "docs/operations/etcd.md says what to do about NOSPACE; other alarms are etcd's own";
        return Finding::fail(check, found, advice);
    }
    match said.database_bytes > DATABASE_BYTES_MAX {
        true => Finding::warn(
            check,
            found,
            "at its quota (2 GiB unless it is set) etcd takes no more changes: see that it compacts",
        ),
        false => Finding::ok(check, found),
    }
}

async fn race(etcd: &Etcd, services: &Handle) -> Finding {
    let check = "race";
    let (racer, begun) = (etcd.clone(), Instant::now());
    let raced = services.spawn(async move { wayfare_etcd::prove(&racer).await });
    match raced.await {
        Ok(Ok(())) => Finding::ok(
            check,
            format!(
                "of racing writers exactly one wins ({:.1?})",
                begun.elapsed()
            ),
        ),
        Ok(Err(Disproof::NotRun(failure))) => {
            let found = format!("the race could not be run, so nothing is known: {failure}");
            Finding::warn(check, found, "a start waits until it can be run")
        }
        Ok(Err(error)) => Finding::fail(
            check,
            error.to_string(),
            "this service lets two writers win: do not use it",
        ),
        Err(error) => Finding::fail(check, error.to_string(), ""),
    }
}

/// Checks a PostgreSQL database.
pub(super) async fn storage(
    settings: &Settings,
    address: &Address,
    services: &Handle,
) -> Vec<Finding> {
    let check = "storage";
    let config = match store::remote_storage(settings, address) {
        Ok(config) => config,
        Err(error) => return vec![Finding::fail(check, error.to_string(), "")],
    };
    let examining = services.spawn(wayfare_postgres::examine(config)).await;
    match examining {
        Ok(Ok(found)) => postgres_findings(&found),
        Ok(Err(error)) => {
            let advice = match error.is_passing() {
                true => "start it, or look at address and firewalls; a node waits for it",
                false => "docs/operations/postgres.md says what each of these means",
            };
            vec![Finding::fail(check, error.to_string(), advice)]
        }
        Err(error) => vec![Finding::fail(check, error.to_string(), "")],
    }
}

fn postgres_findings(found: &Examination) -> Vec<Finding> {
    let schema = match found.schema_version {
        None => format!("schema \"{}\" is made by the first start", found.schema),
        Some(version) => format!(
            "schema \"{}\" has version {version} of {}",
            found.schema, found.schema_known
        ),
    };
    let said = format!(
        "{} has version {}, keeps what it acknowledges (fsync and full_page_writes are on); {schema}",
        found.at, found.version
    );
    let took = format!("a commit took {:.1?}", found.commit_time);
    let slow = "its disk or network is slow: every command of a durable room waits for a commit";
    let left = format!(
        "{} connections are left, a node makes {}",
        found.connections_left, found.connections_needed
    );
    let ahead = found.clock_ahead_ms;
    let clock = format!("its clock and this machine's are {} ms apart", ahead.abs());
    vec![
        Finding::ok("storage", said),
        match found.commit_time > COMMIT_TIME_MAX {
            true => Finding::warn("commit", took, slow),
            false => Finding::ok("commit", took),
        },
        match found.connections_left < found.connections_needed {
            true => Finding::fail(
                "connections",
                left,
                "raise max_connections, or see who holds them",
            ),
            false => Finding::ok("connections", left),
        },
        match ahead.abs() > CLOCK_MS_MAX {
            true => Finding::warn(
                "clock",
                clock,
                "one of them is wrong (`timedatectl`): tokens expire by this machine's",
            ),
            false => Finding::ok("clock", clock),
        },
    ]
}

#[cfg(test)]
mod tests {
    use wayfare_etcd::{Said, Version};

    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_member_in_trouble_is_a_warning() {
        let said = Said {
            at: Instant::now(),
            version: Version(3, 5, 21),
            is_leader: true,
            database_bytes: 4 * MIB,
            used_bytes: MIB,
            revision: 7,
            errors: Vec::new(),
        };
        let check = |said: Option<Said>, verdict: Verdict, says: &str| {
            let finding = member(&MemberStatus {
                endpoint: "a:2379".into(),
                away: None,
                said,
            });
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.found.contains(says), "{finding:?}");
        };
        check(Some(said.clone()), Verdict::Ok, "3.5.21, leads");
        let large = Said {
            database_bytes: 2 << 30,
            ..said.clone()
        };
        check(Some(large), Verdict::Warn, "2048 MiB");
        let full = Said {
            errors: vec!["alarm:NOSPACE".into()],
            ..said
        };
        check(Some(full), Verdict::Fail, "NOSPACE");
        check(None, Verdict::Warn, "says nothing");
    }

    #[test]
    fn a_server_without_free_connections_is_named() {
        let found = Examination {
            at: "postgres://u@h/d".into(),
            version: "15.8".into(),
            schema: "wayfare".into(),
            schema_version: Some(1),
            schema_known: 1,
            synchronous_commit: "on".into(),
            commit_time: Duration::from_millis(1),
            connections_left: 4,
            connections_needed: 5,
            clock_ahead_ms: -40_000,
        };
        let verdicts = postgres_findings(&found)
            .iter()
            .map(|it| it.verdict)
            .collect::<Vec<_>>();
        let expect = [Verdict::Ok, Verdict::Ok, Verdict::Fail, Verdict::Warn];
        assert_eq!(verdicts, expect);
    }
}
