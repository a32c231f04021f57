//! A short run of each benchmark. Both servers are children of the real program.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

#[allow(dead_code, reason = "the tests of PostgreSQL use the rest")]
#[path = "../../wayfare-postgres/tests/postgres/server.rs"]
mod server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_wayfare-bench");
/// A folder on a disk, even if the system's folder for temporary files is in memory.
const FOLDER: &str = concat!("--folder=", env!("CARGO_TARGET_TMPDIR"));

fn bench(arguments: &[&str]) -> Value {
    let mut command = Command::new(PROGRAM);
    let command = command.arg("bench").args(arguments).arg("--json");
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn number(report: &Value, name: &str) -> f64 {
    let value = report.pointer(name).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("no number {name} in {report}"))
}

#[test]
fn a_fanout_delivers_everything_once() {
    let shape = ["--rooms=2", "--members=5", "--rate=20"];
    let legs = ["--seconds=1", "--pairs=1", "--against=raw"];
    let report = bench(&[&["fanout"], &shape[..], &legs[..]].concat());
    // Twenty a second from each of five, to each of five, in each of two rooms.
    for side in ["", "/raw"] {
        assert_eq!(
            number(&report, &format!("{side}/deliveries")),
            1000.0,
            "{report}"
        );
        for fault in ["lost", "duplicated", "reordered"] {
            assert_eq!(number(&report, &format!("{side}/{fault}")), 0.0, "{report}");
        }
        for figure in [
            "server_cpu_us_per_delivery",
            "latency_ms/p50",
            "latency_ms/max",
        ] {
            assert!(
                number(&report, &format!("{side}/{figure}")) > 0.0,
                "{report}"
            );
        }
    }
    assert!(number(&report, "/raw/ratio") > 0.0);
    // The tests are a debug build, and say so.
    assert_eq!(report["debug_build"], true);
    for said in [
        "pinned",
        "server_saturated",
        "generator_saturated",
        "machine_busy",
    ] {
        assert!(report[said].is_boolean(), "{said} in {report}");
    }
}

#[test]
fn bun_is_asked_for_where_it_is_not() {
    let mut command = Command::new(PROGRAM);
    let words = [
        "bench",
        "fanout",
        "--rooms=1",
        "--members=2",
        "--against=bun",
    ];
    let command = command
        .args(words)
        .env("PATH", "/nowhere")
        .env("RUST_BACKTRACE", "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("error: bun is compared with where it is"),
        "{said}"
    );
}

#[test]
fn the_most_of_a_server_is_found_and_parts_of_it_are_measured() {
    let report = bench(&["fanout", "--rooms=1", "--members=30", "--seconds=0.2"]);
    let most = number(&report, "/wayfare/max_deliveries_per_s");
    let loads = report["wayfare"]["loads"].as_array().unwrap();
    // On a machine that is busy with something else even the first try may be late.
    assert_eq!(loads.len(), if most > 0.0 { 4 } else { 0 }, "{report}");
    for (index, percent) in [25.0, 50.0, 75.0, 100.0]
        .into_iter()
        .take(loads.len())
        .enumerate()
    {
        let load = format!("/wayfare/loads/{index}");
        assert_eq!(number(&report, &format!("{load}/percent")), percent);
        assert!(number(&report, &format!("{load}/deliveries_per_s")) > 0.0);
        assert!(number(&report, &format!("{load}/latency_ms/p99")) > 0.0);
    }
}

#[test]
fn an_echo_comes_back_once() {
    let report = bench(&["echo", "--connections=5", "--rate=20", "--seconds=1"]);
    assert_eq!(number(&report, "/replies"), 100.0);
    assert_eq!(number(&report, "/lost"), 0.0);
    assert!(number(&report, "/rtt_us/p99") > 0.0);
}

#[test]
fn idle_sessions_are_weighed_before_and_after_traffic() {
    let report = bench(&["idle", "--from=10", "--to=60"]);
    number(&report, "/rss_bytes_per_connection");
    number(&report, "/rss_bytes_per_connection_after_traffic");
    number(&report, "/cpu_us_per_connection_per_s");
}

#[test]
fn rooms_are_timed_and_weighed() {
    let report = bench(&["rooms", "--samples=50", "--from=500", "--to=1500"]);
    assert!(number(&report, "/first_reply_us/p50") > 0.0);
    assert!(number(&report, "/rooms_per_s") > 0.0);
    number(&report, "/rss_bytes_per_room");
}

#[test]
fn durable_rooms_hold_acknowledged_commands_after_a_kill() {
    let shape = ["--rooms=5", "--outstanding=3", "--seconds=1", FOLDER];
    for more in [&[][..], &["--changes"], &["--rate=200"], &["--shards=2"]] {
        let report = bench(&[&["durable"], &shape[..], more].concat());
        let acknowledged = number(&report, "/acknowledged");
        assert_eq!(number(&report, "/in_rooms_after_kill"), acknowledged);
        assert!(acknowledged >= number(&report, "/commands"), "{report}");
        for figure in ["commands_per_s", "latency_ms/p99", "syncs_per_s"] {
            let value = number(&report, &format!("/{figure}"));
            assert!(value > 0.0, "{figure} in {report}");
        }
        assert!(number(&report, "/bare/0/syncs_per_s") > 0.0);
    }
}

#[test]
fn durable_rooms_on_postgres_are_compared_with_a_bare_client() {
    let server = server::Server::start(&[]);
    let storage = format!("--storage={}", server.url());
    let shape = ["--rooms=4", "--outstanding=2", "--seconds=1", &storage];
    for more in [&[][..], &["--changes"]] {
        let report = bench(&[&["durable"], &shape[..], more].concat());
        let acknowledged = number(&report, "/acknowledged");
        assert_eq!(number(&report, "/in_rooms_after_kill"), acknowledged);
        for figure in [
            "commands_per_s",
            "transactions_per_s",
            "writes_per_transaction",
            "bare_client/rows_per_s",
        ] {
            let value = number(&report, &format!("/{figure}"));
            assert!(value > 0.0, "{figure} in {report}");
        }
    }
}

#[test]
fn parts_match_their_ticks_before_and_after_a_kill() {
    let shape = [
        "--parts=40",
        "--part-bytes=4096",
        "--seconds=2",
        "--every=1",
        FOLDER,
    ];
    for more in [&[][..], &["--durable"]] {
        let report = bench(&[&["parts"], &shape[..], more].concat());
        assert!(number(&report, "/ticks/run") > 0.0, "{report}");
        assert!(number(&report, "/restart_first_tick_s") > 0.0);
        assert_eq!(number(&report, "/wrong_parts_after_kill"), 0.0);
        if !more.is_empty() {
            // A tick that was received is in storage.
            assert_eq!(number(&report, "/ticks_lost_by_kill"), 0.0, "{report}");
        }
    }
}

#[test]
fn a_server_ends_with_whoever_started_it() {
    for server in ["server", "raw-server"] {
        let folder = std::env::temp_dir().join(format!("bench-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("token.key"), "0123456789abcdef0123456789abcdef").unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["bench", server])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.starts_with("listening on 127.0.0.1:"), "{line}");
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
