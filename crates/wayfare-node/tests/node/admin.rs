//! Tests of the operator's API and commands.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::server_frame;

use crate::http_client::{local, remote};
use crate::player::Player;
use crate::running::{Running, command};
use crate::stub_room::game;

#[test]
fn a_room_is_listed_shown_and_closed() {
    let node = Running::new("--admin off");
    let ready = &node.ready;
    assert_eq!(
        local(ready, "GET /v1/rooms").json(),
        json!({ "total": 0, "rooms": [] })
    );

    let _first = Player::in_room(ready, "plaza/main");
    let _second = Player::in_room(ready, "plaza/a b/ü%");
    let listed = local(ready, "GET /v1/rooms").json();
    assert_eq!(listed["total"], 2);
    assert_eq!(listed["rooms"][0]["room"], "plaza/a b/ü%");
    assert_eq!(listed["rooms"][1]["room"], "plaza/main");
    assert_eq!(listed["rooms"][1]["members"], 1);
    assert_eq!(listed["rooms"][1]["kept"], "volatile");
    let cut = local(ready, "GET /v1/rooms?limit=1").json();
    assert_eq!(
        (
            cut["total"].as_u64(),
            cut["rooms"].as_array().unwrap().len()
        ),
        (Some(2), 1)
    );

    let shown = local(ready, "GET /v1/rooms/plaza/a%20b/%C3%BC%25").json();
    assert_eq!(shown["room"], "plaza/a b/ü%");
    assert_eq!(shown["present"][0]["connected"], true);

    let closed = local(ready, "DELETE /v1/rooms/plaza/main").json();
    assert_eq!(closed, json!({ "closed": "plaza/main" }));
    assert_eq!(local(ready, "GET /v1/rooms").json()["total"], 1);
    assert_eq!(
        local(ready, "DELETE /v1/rooms/plaza/main").code(),
        "room_not_found"
    );
}

#[test]
fn a_session_is_listed_and_ended() {
    let node = Running::new("--admin off");
    let mut player = Player::in_room(&node.ready, "plaza/main");
    let listed = local(&node.ready, "GET /v1/sessions").json();
    assert_eq!(listed["total"], 1);
    let session = &listed["sessions"][0];
    assert_eq!(
        (&session["guest"], &session["rooms"]),
        (&json!(true), &json!(["plaza/main"]))
    );

    let name = session["player"].as_str().unwrap();
    let kicked = local(&node.ready, &format!("DELETE /v1/sessions/{name}")).json();
    assert_eq!(kicked, json!({ "kicked": name }));
    let ended = player.until(|body| matches!(body, server_frame::Body::Ended(_)));
    let server_frame::Body::Ended(ended) = ended else {
        unreachable!()
    };
    assert_eq!(ended.error.unwrap().code, ErrorCode::SessionKicked.code());
    let again = local(&node.ready, &format!("DELETE /v1/sessions/{name}"));
    assert_eq!(
        (again.status, again.code().as_str()),
        (404, "session_not_found")
    );
}

#[test]
fn impossible_requests_are_answered_with_a_code() {
    let node = Running::new("--admin off");
    let check = |line: &str, status: u16, code: &str| {
        let answer = local(&node.ready, line);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{line}"
        );
    };
    check("GET /v1/rooms/plaza/nowhere", 404, "room_not_found");
    check("GET /v1/rooms/Plaza/x", 400, "bad_request");
    check("GET /v1/rooms/plaza/%ff", 400, "bad_request");
    check("GET /v1/rooms?limit=all", 400, "bad_request");
    check("DELETE /v1/sessions/nobody", 404, "session_not_found");
    check("DELETE /v1/sessions", 405, "method_not_allowed");
    check("GET /v1/room", 404, "not_found");
    check("GET /", 404, "not_found");
}

#[test]
fn over_tcp_only_probes_answer_without_a_key() {
    let node = Running::new("--admin 127.0.0.1:0");
    let ready = &node.ready;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(
            remote(ready, &format!("GET {path}"), "").status,
            200,
            "{path}"
        );
    }
    for line in [
        "GET /v1/rooms",
        "DELETE /v1/sessions/ada",
        "GET /v1/nothing",
    ] {
        let answer = remote(ready, line, "Authorization: Bearer \r\n");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "admin_key_not_set"),
            "{line}"
        );
    }
}

#[test]
fn over_tcp_the_key_is_asked_for() {
    let node = Running::new("--admin 127.0.0.1:0 --admin-key open-sesame");
    let check = |header: &str, status: u16| {
        assert_eq!(
            remote(&node.ready, "GET /v1/rooms", header).status,
            status,
            "{header:?}"
        );
    };
    check("Authorization: Bearer open-sesame\r\n", 200);
    check("Authorization: bearer open-sesame\r\n", 200);
    check("", 401);
    check("Authorization: Bearer\r\n", 401);
    check("Authorization: Bearer open-sesam\r\n", 401);
    check("Authorization: Bearer open-sesame2\r\n", 401);
    check("Authorization: Basic open-sesame\r\n", 401);
}

#[test]
fn metrics_count_sessions_and_rooms() {
    let node = Running::new("--admin off");
    let _player = Player::in_room(&node.ready, "plaza/main");
    let body = local(&node.ready, "GET /metrics").body;
    let sum = |name: &str| -> f64 {
        let lines = body
            .lines()
            .filter(|line| line.starts_with(&format!("{name}{{")));
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    };
    // Other nodes of this process share the recorder, so the gauges are those of the node asked
    // last.
    assert!(sum("wayfare_node_info") >= 1.0, "{body}");
    for shard in ["0", "1"] {
        for name in ["connections", "sessions", "rooms", "attachments", "timers"] {
            let gauge = format!("wayfare_{name}{{shard=\"{shard}\"}}");
            assert!(body.contains(&gauge), "{gauge} in {body}");
        }
    }
}

#[test]
fn each_metric_is_explained() {
    let node = Running::new("--admin off");
    let _player = Player::in_room(&node.ready, "plaza/main");
    let body = local(&node.ready, "GET /metrics").body;
    let types = body.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names: Vec<&str> = types.filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"wayfare_rooms"), "{body}");
    for name in names {
        assert!(
            body.contains(&format!("# HELP {name} ")),
            "{name} in {body}"
        );
    }
}

#[test]
fn only_the_owner_may_open_the_socket() {
    let node = Running::new("--admin off");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&node.ready.data), 0o700);
    assert_eq!(mode(&node.ready.data.join("admin.sock")), 0o600);
}

#[test]
fn operator_commands_reach_a_node_or_explain_why_not() {
    let node = Running::new("--admin 127.0.0.1:0 --admin-key open-sesame");
    let _player = Player::in_room(&node.ready, "plaza/main");
    let run = |line: &str| {
        wayfare_node::run(game(), Some(command(line)), None).map_err(|error| format!("{error:#}"))
    };
    let data = node.ready.data.display();
    run(&format!("room list --data {data}")).unwrap();
    run(&format!("room show plaza/main --data {data} --json")).unwrap();
    run(&format!("session list --data {data}")).unwrap();
    let url = format!("--url http://{}", node.ready.admin.unwrap());
    run(&format!("room list {url} --admin-key open-sesame")).unwrap();
    run(&format!(
        "room close plaza/main {url} --admin-key open-sesame"
    ))
    .unwrap();

    let check = |line: &str, parts: &[&str]| {
        let error = run(line).unwrap_err();
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{line}: {error}"
        );
    };
    check(
        &format!("room close plaza/main --data {data}"),
        &["there is no room plaza/main"],
    );
    check(
        &format!("session kick nobody --data {data}"),
        &["player nobody has no session"],
    );
    check(&format!("room list {url}"), &["WAYFARE_ADMIN_KEY"]);
    check(
        "room list --url https://10.0.0.7",
        &["plain HTTP", "ssh -L"],
    );
    check("room list --url nonsense", &["http://10.0.0.7:7778"]);
    let door = format!("room list --url http://{}", node.ready.listen);
    check(&door, &["404", "is this the address of its admin API?"]);
    check(
        "room list --data /nowhere",
        &["/nowhere/admin.sock", "--data", "--url"],
    );
}
