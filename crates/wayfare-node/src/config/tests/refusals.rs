//! Tests of refused configurations and their messages.

use super::*;

/// Checks that this settings file is refused with exactly one problem.
fn check(file: &str, expect: &str) {
    let refused = load(Mode::Serve, file, &[], "").unwrap_err();
    assert_eq!(
        refused,
        format!("the configuration is refused: {expect}"),
        "{file}"
    );
}

#[test]
fn mistakes_in_the_file_are_named_with_their_lines() {
    check(
        "guests = true\nhartbeat = '1s'",
        "`hartbeat` (file wayfare.toml:2) is not a setting; did you mean `heartbeat`?",
    );
    check(
        "session-grace = '1s'",
        "`session-grace` (file wayfare.toml:1) is not a setting; did you mean `session_grace`?",
    );
    check(
        "heartbeat = 10",
        "heartbeat = \"10\" (file wayfare.toml:1) is not a duration such as 30s, 500ms or 2m",
    );
    check(
        "\n\nshards = 0",
        "shards = \"0\" (file wayfare.toml:3) is not a whole number from 1 to 65535, such as 4",
    );
    check(
        "listen = 7777",
        "listen = \"7777\" (file wayfare.toml:1) is not an IP address with a port, such as 127.0.0.1:7777 or [::]:7777",
    );
    check(
        "listen = ['::']",
        "listen = a list or a section (file wayfare.toml:1) is not an IP address with a port, such as 127.0.0.1:7777 or [::]:7777",
    );
    check(
        "[log]\nlevel = 'info'",
        "log = a list or a section (file wayfare.toml:1) is not a log level such as info, or directives such as warn,wayfare_node=debug",
    );
    let log = "is not a log level such as info, or directives such as warn,wayfare_node=debug";
    check(
        "log = 'loud'",
        &format!("log = \"loud\" (file wayfare.toml:1) {log}"),
    );
    check(
        "log = 'warn,wayfare_node=debug,inof'",
        &format!(
            "log = \"warn,wayfare_node=debug,inof\" (file wayfare.toml:1) {log}: did you mean info?"
        ),
    );
    check(
        "guests = 'yes'",
        "guests = \"yes\" (file wayfare.toml:1) is not true or false",
    );
    check(
        "second_login = 'kick'",
        "second_login = \"kick\" (file wayfare.toml:1) is not replace or refuse",
    );
    check(
        "storage = 'disk'",
        "storage = \"disk\" (file wayfare.toml:1) is not embedded, memory or a database, such as postgres://wayfare@db.example:5432/wayfare",
    );
    check(
        "coordination = 'etcd://u:secret@a,a/eu'",
        "coordination = \"etcd://u:…@a,a/eu\" (file wayfare.toml:1) is not embedded, memory or the members of an etcd, such as etcd://10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379/my-cluster: `a:2379` is named twice",
    );
    check(
        "token_key = ['secret']",
        "token_key = … (file wayfare.toml:1) is not a secret text",
    );
    check(
        "guests = true\nguests = true",
        "wayfare.toml line 2 is not TOML: duplicate key",
    );
}

#[test]
fn mistakes_in_a_kind_are_named_with_their_lines() {
    check(
        "[kind.plasa]\ntick_hz = 1",
        "`plasa` (file wayfare.toml:2) is not a kind of room of this game; it has: plaza, war-room",
    );
    check(
        "[kind.plaza]\ntik_hz = 1",
        "`kind.plaza.tik_hz` (file wayfare.toml:2) is not a setting; did you mean `tick_hz`?",
    );
    check(
        "[kind.plaza]\ntick_hz = 0",
        "kind.plaza.tick_hz = \"0\" (file wayfare.toml:2) is not ticks per second from 0.01 to 1000, such as 20, or off",
    );
    check(
        "[kind.plaza]\ndurability = 'mirrored'",
        "kind.plaza.durability = \"mirrored\" (file wayfare.toml:2) is not volatile or durable",
    );
    check(
        "kind.plaza = 1",
        "`kind.plaza` (file wayfare.toml:1) is not a setting; did you mean `[kind.plaza]`?",
    );
}

#[test]
fn an_unknown_name_is_answered_with_all_names() {
    let refused = load(Mode::Serve, "max_players = 3", &[], "").unwrap_err();
    assert!(
        refused.contains("is not a setting; there are: node, listen, admin, "),
        "{refused}"
    );
}

#[test]
fn mistakes_in_flags_and_environment_are_named() {
    let check = |environment: &[(&str, &str)], line: &str, expect: &str| {
        let refused = load(Mode::Serve, "", environment, line).unwrap_err();
        assert_eq!(refused, format!("the configuration is refused: {expect}"));
    };
    check(
        &[("WAYFARE_SHARDS", "many")],
        "",
        "shards = \"many\" (env WAYFARE_SHARDS) is not a whole number from 1 to 65535, such as 4",
    );
    check(
        &[],
        "--stop-grace soon",
        "stop_grace = \"soon\" (flag --stop-grace) is not a duration such as 30s, 500ms or 2m",
    );
    check(
        &[],
        "--kind plaza",
        "--kind \"plaza\" is not of the form KIND.KEY=VALUE, such as plaza.tick_hz=20",
    );
    check(
        &[],
        "--kind arena.grace=1s",
        "`arena` (flag --kind) is not a kind of room of this game; it has: plaza, war-room",
    );
    check(
        &[],
        "--config other.toml",
        "other.toml cannot be read: No such file or directory (os error 2)",
    );
    check(
        &[("WAYFARE_CONFIG", "other.toml")],
        "",
        "other.toml cannot be read: No such file or directory (os error 2)",
    );
}

#[test]
fn contradicting_settings_are_both_named() {
    check(
        "hung_handler = '1s'",
        "hung_handler = 1s (file wayfare.toml:1) must be more than 1s and slow_handler, or off",
    );
    check(
        "heartbeat = '15s'",
        "silence_max = 25s (default) must be more than twice heartbeat = 15s (file wayfare.toml:1): raise silence_max above 30s or lower heartbeat",
    );
    check(
        "session_grace = '25s'\n[kind]\nplaza.grace = '1s'\nwar-room.grace = '1s'",
        "session_grace = 25s (file wayfare.toml:1) must be longer than silence_max = 25s (default), or a client that lost its connection comes back too late",
    );
    check(
        "heartbeat = '0s'",
        "heartbeat = 0ms (file wayfare.toml:1) must be at least 100ms",
    );
    check(
        "frames_burst = 4",
        "frames_burst = 4 (file wayfare.toml:1) must be at least 5, which is what a join is charged as",
    );
    check(
        "admin = '0.0.0.0:7777'",
        "admin = 0.0.0.0:7777 (file wayfare.toml:1) and listen = 0.0.0.0:7777 (default) must differ",
    );
    check(
        "token_key = 'k'\ntoken_key_file = 'f'",
        "token_key (file wayfare.toml:1) and token_key_file (file wayfare.toml:2) are both set: keep one of them",
    );
    check(
        "coordination = 'etcd://u@a'",
        "coordination (file wayfare.toml:1) names a user without a password: write user:password@, or set coordination_password_file",
    );
    check(
        "storage = 'postgres://u:p@localhost/d'\nstorage_password_file = 'f'",
        "storage_password_file (file wayfare.toml:2) is set, and storage (file wayfare.toml:1) has a password already: keep one of them",
    );
    check(
        "storage_password_file = 'f'",
        "storage_password_file (file wayfare.toml:1) is set, and storage (default) is at no URL, and so needs no password: leave it out",
    );
    check(
        "[kind.plaza]\ngrace = '2m'",
        "kind.plaza.grace = 2m (file wayfare.toml:2) must not be longer than session_grace = 1m (default): a member cannot outstay its session",
    );
    check(
        "[kind.plaza]\nsnapshots_every = '10ms'",
        "kind.plaza.snapshots_every = 10ms (file wayfare.toml:2) must be at least 100ms, or off",
    );
    check(
        "[kind.plaza]\ndurability = 'durable'\non_loss = 'gone'",
        "kind.plaza.on_loss = gone (file wayfare.toml:3) is for rooms of which nothing is kept: set durability = volatile and snapshots_every = off, which are kind.plaza.durability = durable (file wayfare.toml:2) and kind.plaza.snapshots_every = off (game), or leave it out",
    );
    check(
        "[kind.plaza]\nhistory_bytes = '3MiB'",
        "kind.plaza.history_bytes = 3MiB (file wayfare.toml:2) must be less than 3MiB, so that a whole replay fits into a client's queue",
    );
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let refused = load(
        Mode::Serve,
        "shards = 0\nlisten = 'here'",
        &[],
        "--guests=maybe",
    )
    .unwrap_err();
    assert_eq!(refused.lines().count(), 4, "{refused}");
}
