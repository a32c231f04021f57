//! Tests of the precedence of the four layers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::{Args, FromArgMatches};
use wayfare_core::HandlerContext;
use wayfare_core::game::{Durability, Kind, KindSettings, OnLoss, Refusal, RoomKind, RoomLogic};

use super::*;

mod refusals;
mod shown;

struct StubKind;

impl RoomKind for StubKind {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Err(Refusal::new("there is no game here"))
    }

    fn restore(&self, _: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Err(Refusal::new("there is no game here"))
    }
}

fn kind(name: &str) -> Kind {
    let settings = KindSettings {
        tick: Some(Duration::from_millis(50)),
        ..KindSettings::default()
    };
    Kind {
        name: name.into(),
        logic: Box::new(StubKind),
        settings,
    }
}

/// A temporary folder, with `wayfare.toml` if text is given. Removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(file: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "wayfare-config-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        if !file.is_empty() {
            std::fs::write(path.join("wayfare.toml"), file).unwrap();
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn flags(line: &str) -> SettingFlags {
    let command = SettingFlags::augment_args(clap::Command::new("test").no_binary_name(true));
    let matches = command
        .try_get_matches_from(line.split_whitespace())
        .unwrap();
    SettingFlags::from_arg_matches(&matches).unwrap()
}

fn load(
    mode: Mode,
    file: &str,
    environment: &[(&str, &str)],
    line: &str,
) -> Result<Config, String> {
    let folder = Folder::new(file);
    let inputs = Inputs {
        mode,
        flags: &flags(line),
        environment: environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        folder: folder.0.clone(),
    };
    Config::load(&inputs, &[kind("plaza"), kind("war-room")]).map_err(|refused| refused.to_string())
}

#[test]
fn each_layer_overrides_the_ones_before() {
    let check = |file: &str, environment: &[(&str, &str)], line: &str, expect: [&str; 2]| {
        let config = load(Mode::Serve, file, environment, line).unwrap();
        let shown = config.show();
        let heartbeat = shown
            .iter()
            .map(super::show::Shown::cells)
            .find(|cells| cells[0] == "heartbeat");
        assert_eq!(heartbeat.unwrap()[1..], expect);
    };
    let file = "listen = '127.0.0.1:1'\nheartbeat = '7s'";
    let environment = [("WAYFARE_HEARTBEAT", "8s")];
    check("", &[], "", ["10s", "default"]);
    check(file, &[], "", ["7s", "file wayfare.toml:2"]);
    check(file, &environment, "", ["8s", "env WAYFARE_HEARTBEAT"]);
    check(
        file,
        &environment,
        "--heartbeat 9s",
        ["9s", "flag --heartbeat"],
    );
    // Shells and compose files write "not set" as an empty variable.
    check(
        file,
        &[("WAYFARE_HEARTBEAT", "")],
        "",
        ["7s", "file wayfare.toml:2"],
    );
}

#[test]
fn a_kind_is_set_by_every_layer_too() {
    let check = |file: &str, environment: &[(&str, &str)], line: &str, expect: &str| {
        let config = load(Mode::Serve, file, environment, line).unwrap();
        let mut kinds = [kind("plaza"), kind("war-room")];
        config.apply(&mut kinds);
        assert_eq!(show_duration(kinds[1].settings.tick.unwrap()), expect);
        assert_eq!(kinds[0].settings, kind("plaza").settings);
    };
    let file = "[kind.war-room]\ntick_hz = 10";
    let environment = [("WAYFARE_KIND_WAR_ROOM_TICK_HZ", "5")];
    check("", &[], "", "50ms");
    check(file, &[], "", "100ms");
    check(file, &environment, "", "200ms");
    check(file, &environment, "--kind war-room.tick_hz=0.5", "2s");
}

#[test]
fn dev_has_its_own_defaults() {
    let dev = load(Mode::Dev, "", &[], "").unwrap().settings;
    let serve = load(Mode::Serve, "", &[], "").unwrap().settings;
    assert_eq!(
        (dev.listen.to_string().as_str(), dev.shard.guests),
        ("127.0.0.1:7777", true)
    );
    assert_eq!(
        (serve.listen.to_string().as_str(), serve.shard.guests),
        ("0.0.0.0:7777", false)
    );
}

#[test]
fn a_switch_without_a_value_is_true() {
    let guests = |line| {
        load(Mode::Serve, "guests = false", &[], line)
            .unwrap()
            .settings
            .shard
            .guests
    };
    assert!(guests("--guests"));
    assert!(!guests("--guests=false"));
    assert!(!guests(""));
}

#[test]
fn an_unknown_variable_is_ignored_and_a_typo_is_a_warning() {
    let environment = [
        ("WAYFARE_PORT", "tcp://10.0.0.1:7777"),
        ("WAYFARE_HARTBEAT", "1s"),
    ];
    let config = load(Mode::Serve, "", &environment, "").unwrap();
    assert_eq!(
        config.warnings,
        ["WAYFARE_HARTBEAT is set and means nothing; did you mean WAYFARE_HEARTBEAT?"]
    );
}

#[test]
fn operator_commands_work_despite_other_mistakes() {
    let folder = Folder::new("data = 'there'\nhartbeat = 1\n[kind.unheard-of]\ntick_hz = 1");
    let inputs = Inputs {
        mode: Mode::Serve,
        flags: &SettingFlags::default(),
        environment: BTreeMap::new(),
        folder: folder.0.clone(),
    };
    let (config, refused) = Config::load_what_can_be(&inputs);
    assert_eq!(config.settings.data, PathBuf::from("there"));
    let refused = refused.unwrap().to_string();
    assert!(
        refused.contains("hartbeat") && !refused.contains("unheard-of"),
        "{refused}"
    );
}

#[test]
fn an_operator_can_set_the_durability_of_a_kind() {
    let line = "--kind plaza.durability=durable --kind plaza.snapshots_every=1m --kind war-room.on_loss=gone";
    let config = load(Mode::Serve, "", &[], line).unwrap();
    let mut kinds = [kind("plaza"), kind("war-room")];
    config.apply(&mut kinds);
    let [plaza, war_room] = kinds.map(|kind| kind.settings);
    assert_eq!(plaza.durability, Durability::Durable);
    assert_eq!(plaza.snapshot_every, Some(Duration::from_secs(60)));
    assert_eq!(war_room.on_loss, OnLoss::Gone);
    assert!(plaza.is_kept() && !war_room.is_kept());
}

/// The settings in the packaged service files are valid settings, and each file that they name is one
/// that systemd hands over.
#[test]
fn the_settings_of_the_service_files_are_valid() {
    let unit = include_str!("../../../../../deploy/wayfare/wayfare.service");
    let drop_in = include_str!("../../../../../deploy/wayfare/services.conf");
    let alone = include_str!("../../../../../deploy/wayfare/wayfare.toml");
    let services = include_str!("../../../../../deploy/wayfare/services.toml");
    let check = |file: &str, units: &[&str]| {
        let settings = load(Mode::Serve, file, &[], "").unwrap().settings;
        let files = [&settings.storage_password_file, &settings.token_key_file];
        for file in files.into_iter().flatten() {
            assert!(file.starts_with("/run/credentials/wayfare.service"));
            let name = file.file_name().unwrap().to_str().unwrap();
            let line = format!("\nLoadCredential={name}:");
            assert!(units.iter().any(|unit| unit.contains(&line)), "{name}");
        }
        let loaded = units.concat().matches("\nLoadCredential=").count();
        assert_eq!(files.into_iter().flatten().count(), loaded);
        assert_eq!(settings.data, PathBuf::from("/var/lib/wayfare"));
        settings
    };
    assert!(unit.contains("\nStateDirectory=wayfare\n"));
    let settings = check(alone, &[unit]);
    assert_eq!(settings.coordination, CoordinationChoice::Embedded);
    assert!(settings.token_key_file.is_some());
    let settings = check(services, &[unit, drop_in]);
    assert!(settings.coordination.address().is_some() && settings.storage.address().is_some());
}

#[test]
fn storage_in_memory_implies_coordination_in_memory() {
    let choice = |line| {
        load(Mode::Serve, "", &[], line)
            .unwrap()
            .settings
            .coordination
    };
    assert_eq!(choice(""), CoordinationChoice::Embedded);
    assert_eq!(choice("--storage memory"), CoordinationChoice::Memory);
    let told = "--storage memory --coordination embedded";
    assert_eq!(choice(told), CoordinationChoice::Embedded);
}
