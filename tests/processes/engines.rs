//! Tests of a node on etcd and PostgreSQL: what its start waits for and refuses, and its behaviour
//! while one of them is down.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Output, Stdio};
use std::time::Instant;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rustix::process::{Pid, Signal, kill_process};

use crate::kills::victim::{Place, Victim};
use crate::server::{PATIENCE, read_lines, wayfare};
use crate::services::Services;
use crate::terminal::Terminal;

/// Makes a folder and a free port for a node.
fn place(arguments: Vec<String>) -> Place {
    let mut chance = ChaCha8Rng::from_rng(&mut rand::rng());
    Place::new(Vec::new(), &mut chance).with(arguments)
}

fn started(place: &Place) -> Victim {
    let node = place.start();
    place.wait_until_ready(&node).unwrap();
    node
}

/// Waits for a text in the log, which cannot notify this test.
fn wait_for_log(place: &Place, words: &str) {
    let start = Instant::now();
    while !place.logged().contains(words) {
        let logged = place.logged();
        assert!(start.elapsed() < PATIENCE, "never {words:?}:\n{logged}");
        std::thread::yield_now();
    }
}

/// Waits until the node's answer to its operator contains `words`, and returns it.
fn wait_for_answer(place: &Place, path: &str, words: &str) -> String {
    let start = Instant::now();
    loop {
        let answer = ask(place, path);
        if answer.contains(words) {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "never {words:?}: {answer}");
        std::thread::yield_now();
    }
}

fn ask(place: &Place, path: &str) -> String {
    let Ok(mut stream) = UnixStream::connect(place.data().join("admin.sock")) else {
        return String::new();
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: local\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn doctor(place: &Place, more: &[String]) -> (Output, serde_json::Value) {
    let done = wayfare()
        .args(["doctor", "--dev", "--json", "--listen", "127.0.0.1:0"])
        .args(["--admin", "off", "--data"])
        .arg(place.data())
        .args(more)
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&done.stdout).unwrap();
    (done, answer)
}

/// Returns the findings of a check.
fn findings<'a>(answer: &'a serde_json::Value, check: &str) -> Vec<&'a str> {
    let all = answer["findings"].as_array().unwrap().iter();
    let named = all.filter(|it| it["check"] == check);
    named.filter_map(|it| it["verdict"].as_str()).collect()
}

#[test]
fn a_start_waits_for_missing_services_and_reports_it() {
    let mut services = Services::start();
    services.etcd.kill();
    services.postgres.kill();
    let place = place(services.arguments());
    let node = place.start();
    wait_for_log(&place, "waiting for coordination on etcd://127.0.0.1");
    wait_for_log(&place, "waiting for storage on postgres://wayfare@");
    let answer = wait_for_answer(&place, "/readyz", "waiting for storage");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(ask(&place, "/healthz").contains("alive"));
    assert!(ask(&place, "/v1/rooms").starts_with("HTTP/1.1 503"));

    let (done, answer) = doctor(&place, &services.arguments());
    assert!(!done.status.success());
    assert_eq!(findings(&answer, "coordination"), ["fail"], "{answer}");
    assert_eq!(findings(&answer, "storage"), ["fail"], "{answer}");

    node.terminate();
    assert!(node.ended().success(), "a start that waits can be stopped");

    let node = place.start();
    wait_for_log(&place, "waiting for coordination on etcd://127.0.0.1");
    services.etcd.start();
    services.postgres.restart();
    place.wait_until_ready(&node).unwrap();
    let terminal = Terminal::join(&place.url(), "ada", "square/main");
    let answer = wait_for_answer(&place, "/readyz", "ready");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let metrics = ask(&place, "/metrics");
    for name in [
        "wayfare_etcd_member_up{member=\"127.0.0.1:",
        "wayfare_etcd_member_database_bytes",
        "wayfare_postgres_writes_total",
        "wayfare_postgres_up 1",
    ] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    let (done, answer) = doctor(&place, &services.arguments());
    assert!(done.status.success(), "{answer}");
    for check in ["etcd member", "race", "cluster", "storage", "running node"] {
        assert_eq!(findings(&answer, check), ["ok"], "{check}: {answer}");
    }
    // A slow disk would be a warning.
    for check in ["coordination", "commit"] {
        assert_eq!(findings(&answer, check).len(), 1, "{check}: {answer}");
    }
    assert!(!place.data().join("wayfare.redb").exists());
    terminal.end();
}

#[test]
fn a_wrong_password_ends_the_start_and_is_not_shown() {
    let hba = tempfile::Builder::new().tempfile_in("/tmp").unwrap();
    std::fs::write(hba.path(), "local all all scram-sha-256\n").unwrap();
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(hba.path(), readable).unwrap();
    let services = Services::start_with(&[&format!("hba_file={}", hba.path().display())]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "an-open-secret\n").unwrap();
    let from_file = vec![
        services.coordination(),
        services.storage(),
        format!("--storage-password-file={}", file.path().display()),
    ];
    let url = services
        .storage()
        .replace("wayfare@", "wayfare:an-open-secret@");
    for arguments in [from_file, vec![url]] {
        let place = place(arguments.clone());
        let status = place.start().ended();
        let logged = place.logged();
        assert_eq!(status.code(), Some(1), "{logged}");
        assert!(
            logged.contains("password authentication failed"),
            "{logged}"
        );
        let (_, answer) = doctor(&place, &arguments);
        assert_eq!(findings(&answer, "storage"), ["fail"], "{answer}");
        assert!(!format!("{logged}{answer}").contains("an-open-secret"));
    }
}

#[test]
fn running_rooms_continue_without_etcd() {
    let mut services = Services::start();
    let place = place(services.arguments());
    let _node = started(&place);
    let mut ada = Terminal::join(&place.url(), "ada", "plaza/main");
    let bo = Terminal::join(&place.url(), "bo", "plaza/main");
    services.etcd.kill();
    let answer = wait_for_answer(&place, "/readyz", "coordination does not answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    ada.type_line("say still here");
    bo.wait_for("still here");
    services.etcd.start();
    let cy = Terminal::join(&place.url(), "cy", "plaza/main");
    ada.type_line("say all of us");
    cy.wait_for("all of us");
    assert_eq!(ada.end().interruptions(), 0);
}

#[test]
fn a_second_node_is_refused_and_a_second_run_supersedes() {
    let services = Services::start();
    let first = place(services.arguments());
    let node = started(&first);

    let name = || vec!["--node".to_owned(), "other".to_owned()];
    let second = place([services.arguments(), name()].concat());
    let status = second.start().ended();
    let logged = second.logged();
    assert_eq!(status.code(), Some(1), "{logged}");
    assert!(logged.contains("--node local"), "{logged}");

    // The same name again, as by a unit that is started on two machines: the later node wins.
    let third = place(services.arguments());
    let _later = started(&third);
    let status = node.ended();
    let logged = first.logged();
    assert_eq!(status.code(), Some(1), "{logged}");
    assert!(logged.contains("gives way to it"), "{logged}");
    let terminal = Terminal::join(&third.url(), "ada", "square/main");
    terminal.end();
}

/// Every combination works. Only what is in memory is lost.
#[test]
fn all_combinations_of_services_work() {
    let services = Services::start();
    let mixes = [
        [services.coordination(), "--storage=embedded".into()],
        ["--coordination=embedded".into(), services.storage()],
        ["--coordination=memory".into(), services.storage()],
        ["--coordination=memory".into(), "--storage=embedded".into()],
    ];
    for (number, mix) in mixes.into_iter().enumerate() {
        // Each combination with PostgreSQL gets a schema of its own.
        let mix = mix.map(|it| match it.contains("postgres://") {
            true => format!("{it}?schema=mix_{number}"),
            false => it,
        });
        let place = place(mix.to_vec());
        let node = started(&place);
        let mut ada = Terminal::join(&place.url(), "ada", "square/main");
        ada.type_line("say before the kill");
        ada.wait_for("before the kill");
        node.kill();
        let _node = started(&place);
        let bo = Terminal::join(&place.url(), "bo", "square/main");
        let view = bo.wait_for("room:");
        assert!(view.contains("before the kill"), "{mix:?}: {view}");
        // The records of owners and sessions are still there.
        if !mix[0].ends_with("memory") {
            ada.type_line("say behind the kill");
            bo.wait_for("behind the kill");
            let (status, account) = ada.end_anyhow();
            assert!(status.success(), "{mix:?}: {status}");
            assert_eq!(account.answered().len(), 2, "{mix:?}");
        }
        bo.end();
    }
}

/// Follows the page's commands, with the addresses of the test's services.
#[test]
fn the_page_leads_to_a_running_node() {
    const PAGE: &str = include_str!("../../docs/operations/one-node.md");
    let services = Services::start();
    let settings = PAGE.split("```toml\n").nth(1).unwrap();
    let settings = settings.split("```").next().unwrap();
    let settings = settings
        .replace(
            "127.0.0.1:2379",
            &format!("127.0.0.1:{}", services.etcd.client_port),
        )
        .replace(
            "postgres://wayfare@127.0.0.1:5432/wayfare",
            &services.postgres.url(),
        );
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let ports = "listen = '127.0.0.1:0'\nadmin = '127.0.0.1:0'\n";
    std::fs::write(file("wayfare.toml"), settings + ports).unwrap();
    std::fs::write(file("storage.password"), "change me\n").unwrap();
    let commands = PAGE.lines().filter(|line| line.starts_with("wayfare "));
    let commands: Vec<&str> = commands.collect();
    let expect = [
        "wayfare token key > token.key",
        "wayfare doctor",
        "wayfare serve",
    ];
    assert_eq!(commands, expect);

    let run = |command: &str| wayfare().arg(command).current_dir(folder.path()).output();
    let key = wayfare().args(["token", "key"]).output().unwrap().stdout;
    std::fs::write(file("token.key"), key).unwrap();
    let done = run("doctor").unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("ok    storage"), "{said}");
    let mut serving = wayfare();
    let serving = serving.arg("serve").current_dir(folder.path());
    let mut serving = serving.stderr(Stdio::piped()).spawn().unwrap();
    let lines = read_lines(serving.stderr.take().unwrap());
    let ready = std::iter::from_fn(|| lines.recv_timeout(PATIENCE).ok());
    let mut ready = ready.skip_while(|line| !line.contains("takes players"));
    let takes_players = ready.next().is_some();
    kill_process(Pid::from_child(&serving), Signal::TERM).unwrap();
    let status = serving.wait().unwrap();
    assert!(
        takes_players && status.success(),
        "{takes_players}, {status}"
    );
}
