//! The settings as command-line arguments, made from the table of settings.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use super::keys::KEYS;
use super::settings::Secret;

/// The settings on the command line. They are checked together with the file and the environment.
#[derive(Clone, Debug, Default)]
pub struct SettingFlags {
    pub(crate) config: Option<PathBuf>,
    /// Each value is wrapped as a secret, because any may be one, so that `Debug` shows none.
    pub(crate) values: Vec<(&'static str, Secret)>,
    pub(crate) kinds: Vec<String>,
}

const HEADING: &str = "Settings (also in wayfare.toml, and as WAYFARE_… in the environment)";

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("The settings file [default: wayfare.toml, if there is one]");
        let kinds = Arg::new("kind")
            .long("kind")
            .value_name("KIND.KEY=VALUE")
            .action(ArgAction::Append)
            .help("A setting of one kind of room, such as plaza.tick_hz=20");
        let settings = KEYS.iter().map(|key| {
            let arg = Arg::new(key.name)
                .long(key.flag())
                .value_name(key.value_name)
                .help(key.about);
            match key.value_name {
                // `--guests` without a value means true.
                "true|false" => arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true"),
                _ => arg,
            }
        });
        let args = std::iter::once(config)
            .chain(settings)
            .chain(std::iter::once(kinds));
        command.args(args.map(|arg| arg.help_heading(HEADING)))
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
