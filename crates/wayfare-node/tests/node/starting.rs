//! Tests of the start of a node, and of its refusals.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use crate::http_client::local;
use crate::running::{Folder, Running, command};
use crate::stub_room::game;

/// Returns the error of a refused command.
fn refusal(line: &str) -> String {
    let error = wayfare_node::run(game(), Some(command(line)), None).unwrap_err();
    format!("{error:#}")
}

#[test]
fn two_nodes_do_not_share_a_data_folder() {
    let folder = Folder::new();
    let first = Running::on(&folder, "--admin off").unwrap();
    let refused = Running::on(&folder, "--admin off")
        .err()
        .expect("a refusal");
    let process = std::process::id().to_string();
    assert!(
        refused.contains("another node") && refused.contains(&process),
        "{refused}"
    );
    assert!(refused.contains("--data"), "{refused}");
    // The first node is not affected.
    assert_eq!(local(&first.ready, "GET /readyz").status, 200);
    first.stopped().unwrap();
    Running::on(&folder, "--admin off").unwrap();
}

#[test]
fn leftovers_of_a_crashed_node_are_replaced() {
    let folder = Folder::new();
    std::fs::create_dir(&folder.0).unwrap();
    drop(UnixListener::bind(folder.0.join("admin.sock")).unwrap());
    std::fs::create_dir(folder.0.join(".new")).unwrap();
    std::fs::write(folder.0.join("node.lock"), "1\n").unwrap();
    let node = Running::on(&folder, "--admin off").unwrap();
    assert_eq!(local(&node.ready, "GET /healthz").status, 200);
}

#[test]
fn a_taken_port_is_named_with_its_source() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = Folder::new();
    let refused = refusal(&format!(
        "serve --guests --listen {address} --data {}",
        folder.0.display()
    ));
    assert!(
        refused.contains(&format!(
            "cannot listen on {address} (listen, flag --listen)"
        )),
        "{refused}"
    );
}

#[test]
fn serve_needs_a_token_key_or_guests() {
    let refused = refusal("serve");
    for way in ["WAYFARE_TOKEN_KEY", "--token-key-file", "--guests", "`dev`"] {
        assert!(refused.contains(way), "{way}: {refused}");
    }
    assert!(refusal("serve --token-key short").contains("5 bytes"));
    assert!(
        refusal("serve --token-key-file /nowhere").contains("/nowhere (flag --token-key-file)")
    );
}

#[test]
fn a_token_cannot_be_made_without_a_key() {
    assert!(refusal("token mint --sub ada").contains("`token key` makes one"));
}
