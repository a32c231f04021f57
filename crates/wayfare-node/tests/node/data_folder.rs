//! Tests of the store in the data folder, and of problems with it at a start.

use std::path::{Path, PathBuf};

use wayfare_engine::{Coordination, Embedded};
use wayfare_protocol::coordination::Record;
use wayfare_protocol::wire::{Guest, Welcome, hello::Credential, server_frame};

use crate::http_client::local;
use crate::player::Player;
use crate::running::{Folder, Running, command};
use crate::stub_room::game;

fn store(folder: &Folder) -> PathBuf {
    folder.0.join("wayfare.redb")
}

fn run(line: &str) -> Result<(), String> {
    wayfare_node::run(game(), Some(command(line)), None).map_err(|error| format!("{error:#}"))
}

fn welcome(node: &Running, credential: Credential) -> Welcome {
    match Player::connect(&node.ready).hello(credential) {
        server_frame::Body::Welcome(welcome) => welcome,
        other => panic!("{other:?}"),
    }
}

/// Reads the record of the node that has stopped.
fn node_record(path: &Path) -> Record {
    let engine = Embedded::open(path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let read = runtime.block_on(engine.get("node/local".into())).unwrap();
    read.record.expect("the run is written down")
}

#[test]
fn tickets_and_the_number_of_runs_outlive_a_run() {
    let folder = Folder::new();
    let node = Running::on(&folder, "--admin off").unwrap();
    let first = welcome(&node, Credential::Guest(Guest { name: "Ada".into() }));
    node.stopped().unwrap();
    let record = node_record(&store(&folder));

    let node = Running::on(&folder, "--admin off").unwrap();
    let second = welcome(&node, Credential::Ticket(first.ticket.clone()));
    assert_eq!(
        (&second.player, &second.session, second.resumed),
        (&first.player, &first.session, true)
    );
    node.stopped().unwrap();
    let later = node_record(&store(&folder));
    assert!(later.revision > record.revision);
    assert_ne!(later.value, record.value);
}

#[test]
fn git_ignores_a_new_data_folder_and_no_other() {
    let folder = Folder::new();
    Running::on(&folder, "--admin off")
        .unwrap()
        .stopped()
        .unwrap();
    let ignored = folder.0.join(".gitignore");
    assert_eq!(std::fs::read_to_string(&ignored).unwrap(), "*\n");
    std::fs::remove_file(&ignored).unwrap();
    Running::on(&folder, "--admin off")
        .unwrap()
        .stopped()
        .unwrap();
    assert!(!ignored.exists(), "the folder was there before");
}

#[test]
fn a_node_of_memory_leaves_no_file() {
    let folder = Folder::new();
    let node = Running::on(&folder, "--admin off --storage memory").unwrap();
    welcome(&node, Credential::Guest(Guest { name: "Ada".into() }));
    let answer = local(&node.ready, "POST /v1/backup?to=/tmp/x");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "nothing_to_back_up")
    );
    node.stopped().unwrap();
    assert!(!store(&folder).exists());
}

#[test]
fn an_unusable_store_is_named_with_advice() {
    let folder = Folder::new();
    Running::on(&folder, "--admin off")
        .unwrap()
        .stopped()
        .unwrap();
    let whole = std::fs::read(store(&folder)).unwrap();
    let check = |bytes: &[u8], says: &str| {
        std::fs::write(store(&folder), bytes).unwrap();
        let refused = Running::on(&folder, "--admin off")
            .err()
            .expect("a refusal");
        for part in [says, "wayfare.redb", "wayfare restore"] {
            assert!(refused.contains(part), "{part}: {refused}");
        }
        assert_eq!(std::fs::read(store(&folder)).unwrap().len(), bytes.len());
    };
    check(b"", "not a store");
    check(b"{\"this\": \"is something else\"}", "not a store");
    check(&whole[..whole.len() / 2], "damaged");
    let mut flipped = whole.clone();
    flipped.iter_mut().skip(4096).for_each(|byte| *byte ^= 0x5a);
    check(&flipped, "damaged");
    // With its old content back, the file is usable.
    std::fs::write(store(&folder), whole).unwrap();
    Running::on(&folder, "--admin off").unwrap();
}

#[test]
fn a_store_in_use_is_refused() {
    let folder = Folder::new();
    std::fs::create_dir(&folder.0).unwrap();
    let other = Embedded::open(&store(&folder)).unwrap();
    let refused = Running::on(&folder, "--admin off")
        .err()
        .expect("a refusal");
    assert!(
        refused.contains("wayfare.redb") && refused.contains("in use"),
        "{refused}"
    );
    drop(other);
    Running::on(&folder, "--admin off").unwrap();
}

#[test]
fn a_node_stops_with_its_store_closed() {
    let folder = Folder::new();
    let node = Running::on(&folder, "--admin off").unwrap();
    let _player = Player::in_room(&node.ready, "plaza/main");
    node.stopped().unwrap();
    // This process keeps running, and nothing in it has the file open.
    Embedded::open(&store(&folder)).unwrap();
}

#[test]
fn storage_is_measured() {
    let node = Running::new("--admin off");
    let body = local(&node.ready, "GET /metrics").body;
    for name in [
        "requests_total",
        "commits_total",
        "syncs_total",
        "written_bytes_total",
        "queue",
        "file_bytes",
        "failed",
    ] {
        let name = format!("\nwayfare_storage_{name} ");
        assert!(body.contains(&name), "{name} in {body}");
    }
}

#[test]
fn backups_work_anytime_and_restores_only_when_idle() {
    let folder = Folder::new();
    let (data, to) = (folder.0.display(), folder.0.join("copy"));
    let (first, second) = (format!("{}.1", to.display()), format!("{}.2", to.display()));
    let node = Running::on(&folder, "--admin off").unwrap();
    let ada = welcome(&node, Credential::Guest(Guest { name: "Ada".into() }));
    run(&format!("backup {first} --data {data}")).unwrap();
    let again = run(&format!("backup {first} --data {data}")).unwrap_err();
    assert!(again.contains("is there already"), "{again}");
    let busy = run(&format!("restore {first} --data {data}")).unwrap_err();
    assert!(busy.contains("another node"), "{busy}");
    node.stopped().unwrap();

    run(&format!("backup {second} --data {data} --json")).unwrap();
    let there = run(&format!("restore {first} --data {data}")).unwrap_err();
    assert!(there.contains("--force"), "{there}");
    run(&format!("restore {first} --data {data} --force")).unwrap();
    assert!(folder.0.join("wayfare.redb.before-1").exists());
    std::fs::remove_file(store(&folder)).unwrap();
    run(&format!("restore {second} --data {data} --json")).unwrap();
    let node = Running::on(&folder, "--admin off").unwrap();
    let back = welcome(&node, Credential::Ticket(ada.ticket));
    assert_eq!(back.session, ada.session);
    node.stopped().unwrap();
}

#[test]
fn impossible_backups_are_explained() {
    let check = |line: &str, part: &str| {
        let refused = run(line).unwrap_err();
        assert!(refused.contains(part), "{line}: {refused}");
    };
    check(
        "backup /tmp/x --data /nowhere",
        "there is no data folder /nowhere",
    );
    let folder = Folder::new();
    std::fs::create_dir(&folder.0).unwrap();
    let data = folder.0.display();
    check(
        &format!("backup /tmp/x --data {data}"),
        "it holds no wayfare.redb",
    );
    check(&format!("restore /nowhere --data {data}"), "/nowhere");
}
