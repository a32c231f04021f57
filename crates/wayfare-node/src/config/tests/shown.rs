//! Tests of `config show`.

use super::*;
use crate::config::show;
use crate::config::value::{Size, TickRate};

#[test]
fn show_prints_values_with_sources_but_no_secrets() {
    let file = "shards = 4\ntoken_key = 'correct horse battery staple and more'\n[kind.plaza]\ntick_hz = 30";
    let environment = [("WAYFARE_LISTEN", "[::]:9000")];
    let config = load(Mode::Serve, file, &environment, "--guests").unwrap();
    let shown = config.show();
    let lines: Vec<String> = shown.iter().map(|line| line.cells().join(" | ")).collect();
    let expect = [
        "node | local | default",
        "listen | [::]:9000 | env WAYFARE_LISTEN",
        "admin | 127.0.0.1:7778 | default",
        "admin_key | (not set) | default",
        "data | ./wayfare-data | default",
        "coordination | embedded | default",
        "coordination_password_file | (not set) | default",
        "storage | embedded | default",
        "storage_password_file | (not set) | default",
        "shards | 4 | file wayfare.toml:1",
        "guests | true | flag --guests",
        "token_key | (set) | file wayfare.toml:2",
        "token_key_file | (not set) | default",
        "second_login | replace | default",
        "session_grace | 1m | default",
        "heartbeat | 10s | default",
        "silence_max | 25s | default",
        "handshake_time_max | 10s | default",
        "frames_per_second | 100 | default",
        "frames_burst | 200 | default",
        "rooms_max | 250000 | default",
        "sessions_max | 250000 | default",
        "slow_handler | 50ms | default",
        "hung_handler | 30s | default",
        "stop_grace | 5s | default",
        "log | info | default",
        "log_format | human | default",
        "kind.plaza.tick_hz | 30 | file wayfare.toml:4",
        "kind.plaza.members_max | 1000 | game",
        "kind.plaza.grace | 30s | game",
        "kind.plaza.empty_after | 30s | game",
        "kind.plaza.history_events | 1024 | game",
        "kind.plaza.history_bytes | 256KiB | game",
        "kind.plaza.history_age | 1m | game",
        "kind.plaza.create | anyone | game",
        "kind.plaza.join | anyone | game",
        "kind.plaza.list | anyone | game",
        "kind.plaza.on_panic | restart | game",
        "kind.plaza.durability | volatile | game",
        "kind.plaza.snapshots_every | off | game",
        "kind.plaza.on_loss | reopen | game",
    ];
    assert_eq!(lines[..expect.len()], expect);
    let json = serde_json::to_value(&shown).unwrap();
    let listen = serde_json::json!({
        "key": "listen", "value": "[::]:9000", "source": "env WAYFARE_LISTEN"
    });
    assert_eq!(json[1], listen);
    assert!(!format!("{json} {config:?}").contains("horse"));
}

#[test]
fn shown_values_can_be_parsed_again() {
    fn check<T: Value>(text: &str, expect: &str) {
        let shown = T::parse(text).map_or("-".into(), |value| show::plain(&value.show()));
        assert_eq!(shown, expect, "{text}");
        if expect != "-" {
            let again = T::parse(&shown).map(|value| show::plain(&value.show()));
            assert_eq!(again.as_deref(), Some(expect));
        }
    }
    use std::time::Duration;
    check::<Duration>("1500ms", "1500ms");
    check::<Duration>("1m30s", "90s");
    check::<Duration>("24h", "1d");
    check::<Duration>("0s", "0ms");
    check::<Duration>("1 s", "1s");
    check::<Duration>("1.5s", "1500ms");
    check::<Duration>("2min", "2m");
    for bad in [
        "",
        "s",
        "1",
        "-1s",
        "1us",
        "1sm",
        "99999999999999999999s",
        "999999d",
    ] {
        check::<Duration>(bad, "-");
    }
    check::<Size>("1024B", "1KiB");
    check::<Size>("3 MiB", "3MiB");
    for bad in ["", "1", "1MB", "MiB", "99999999999999999999GiB"] {
        check::<Size>(bad, "-");
    }
    check::<TickRate>("30", "30");
    check::<TickRate>("12.5", "12.5");
    check::<TickRate>("off", "off");
    for bad in ["0", "-1", "1001", "NaN", "inf"] {
        check::<TickRate>(bad, "-");
    }
}
