//! The settings as command-line arguments, made from the table of settings.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use super::keys::{KEYS, Key};
use super::settings::{Mode, Secret, Settings};
use super::show::plain;

/// The settings on the command line. They are checked together with the file and the environment.
#[derive(Clone, Debug, Default)]
pub struct SettingFlags {
    pub(crate) config: Option<PathBuf>,
    /// Each value is wrapped as a secret, because any may be one, so that `Debug` shows none.
    pub(crate) values: Vec<(&'static str, Secret)>,
    pub(crate) kinds: Vec<String>,
}

/// The settings that `-h` lists. `--help` lists all.
const SHORT: &[&str] = &[
    "listen",
    "admin",
    "data",
    "coordination",
    "storage",
    "guests",
    "token_key_file",
    "log",
];
const FILE_HEADING: &str = "Settings";
const AFTER_SHORT: &str = "--help explains all settings";
const AFTER_LONG: &str = "Each setting can also be in wayfare.toml, and in the environment as \
    WAYFARE_… in capitals. A flag overrides the environment, which overrides the file.";

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help_heading(FILE_HEADING)
            .help("The settings file [default: wayfare.toml, if there is one]");
        let kinds = Arg::new("kind")
            .long("kind")
            .value_name("KIND.KEY=VALUE")
            .action(ArgAction::Append)
            .help_heading(FILE_HEADING)
            .hide_short_help(true)
            .help("A setting of one kind of room, such as plaza.tick_hz=20");
        let defaults = Mode::ALL.map(Settings::of);
        let settings = KEYS.iter().map(|key| {
            let arg = Arg::new(key.name)
                .long(key.flag())
                .value_name(key.value_name)
                .help_heading(key.group)
                .hide_short_help(!SHORT.contains(&key.name))
                .help(format!("{}{}", key.about, default(key, &defaults)));
            match key.value_name {
                // `--guests` without a value means true.
                "true|false" => arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true"),
                _ => arg,
            }
        });
        let args = [config, kinds].into_iter().chain(settings);
        command
            .args(args)
            .after_help(AFTER_SHORT)
            .after_long_help(AFTER_LONG)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let value = |name: &'static str| {
            let text = matches.get_one::<String>(name)?;
            Some((name, Secret(text.clone())))
        };
        Ok(Self {
            config: matches.get_one::<PathBuf>("config").cloned(),
            values: KEYS.iter().filter_map(|key| value(key.name)).collect(),
            kinds: matches
                .get_many::<String>("kind")
                .unwrap_or_default()
                .cloned()
                .collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Returns the default of a setting as a part of its help; nothing if it is not set by default, or
/// if its meaning names the default.
fn default(key: &Key, [dev, serve]: &[Settings; 2]) -> String {
    let [dev, serve] = [dev, serve].map(|settings| (key.show)(settings));
    if serve.is_null() || key.about.contains("by default") {
        return String::new();
    }
    match dev == serve {
        true => format!(" [default: {}]", plain(&serve)),
        false => format!(" [default: {}, in dev {}]", plain(&serve), plain(&dev)),
    }
}
