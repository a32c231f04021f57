//! `token mint` and `token key`.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use wayfare_core::game::Player;
use wayfare_protocol::PlayerId;

use super::say;
use crate::chance;
use crate::config::{Config, Inputs, Mode, SettingFlags, Value, show_duration};
use crate::shards::Authenticator;
use crate::token::{Key, Verifier, mint};

/// The subcommands of `token`.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Print a token that lets a player in, signed with the token key of the settings
    Mint {
        /// The player's id
        #[arg(long, value_name = "PLAYER")]
        sub: PlayerId,
        /// The name that other players see [default: the id]
        #[arg(long)]
        name: Option<String>,
        /// The time for which the token is valid
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
        ttl: Duration,
        /// The settings that name the key.
        #[command(flatten)]
        flags: SettingFlags,
    },
    /// Print a fresh key, for token_key or admin_key
    Key,
}

pub(super) fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Key => say(&chance::secret()?),
        TokenCommand::Mint {
            sub,
            name,
            ttl,
            flags,
        } => {
            let inputs = Inputs::of_process(Mode::Serve, &flags);
            let (config, refused) = Config::load_what_can_be(&inputs);
            if let Some(refused) = refused {
                return Err(refused.into());
            }
            let Some(key) = Key::of(&config)? else {
                bail!(
                    "there is no token key to sign with: set token_key in wayfare.toml or \
                     WAYFARE_TOKEN_KEY, or name a file with --token-key-file; `token key` makes one"
                );
            };
            let token = mint(&key, &sub, name.as_deref(), ttl)?;
            let Player { id, name, .. } = Verifier::new(Some(&key))
                .authenticate(&token)
                .context("no server would accept this token")?;
            eprintln!(
                "for {id} ({name}), holds for {}, signed with the key from {}",
                show_duration(ttl),
                key.source(),
            );
            say(&token)
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    Duration::parse(text).ok_or_else(|| format!("not {}", Duration::EXPECTED))
}
