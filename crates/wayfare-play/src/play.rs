//! The arguments of `play`, and the way into a room.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use wayfare_client::{Client, ConnectError, Credential, Interruption, JoinMode, Room};

use crate::conversation::Conversation;
use crate::record::Record;
use crate::target::Target;
use crate::{line, screen};

/// The arguments of `play`.
#[derive(Args, Clone, Debug)]
pub struct Play {
    /// The server, as HOST:PORT or a URL, and the room, as KIND/KEY or KIND
    /// [default: 127.0.0.1:7777, and the room `main` of the first kind]
    #[arg(value_name = "ADDRESS|ROOM")]
    targets: Vec<String>,
    /// A token of `token mint`; without one you are a guest
    #[arg(long, env = "WAYFARE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Your name, as a guest
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// The data of the join, as JSON
    #[arg(long, value_name = "JSON")]
    join: Option<String>,
    /// The settings of the room if the join creates it, as JSON
    #[arg(long, value_name = "JSON")]
    open: Option<String>,
    /// Join only if the room exists
    #[arg(long)]
    existing: bool,
    /// The longest wait before a reconnect, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    backoff_max: u64,
    /// Write everything sent, answered and received to this file, as one JSON object per line
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// The time after which a person is told that no server answers.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Plays until the input ends, the person leaves, the membership ends, or nobody reads the output.
/// If no room is named, the room `main` of `kind` is joined.
///
/// # Errors
/// If the server or the room refuses, or the session ends. The message is written for the person.
pub fn run(play: &Play, kind: Option<&str>) -> Result<()> {
    let record = Record::create(play.record.as_deref())?;
    let target = Target::of(&play.targets, kind)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (client, room) = enter(play, &target).await?;
        Conversation::start(client, room, record)?
            .run(&target.room)
            .await
    })
}

async fn enter(play: &Play, target: &Target) -> Result<(Client, Room)> {
    let brings = play.join.as_deref().map(line::payload).transpose();
    let brings = brings.context("--join is not JSON")?.unwrap_or_default();
    let open = play.open.as_deref().map(line::payload).transpose();
    let open = open.context("--open is not JSON")?;
    let mut builder = Client::builder().credential(match &play.token {
        Some(token) => Credential::Token(token.clone()),
        None => Credential::Guest {
            name: play.name.clone(),
        },
    });
    builder = builder.backoff_max(Duration::from_millis(play.backoff_max));
    for url in &target.urls {
        builder = builder.endpoint(url);
    }
    let urls = target.urls.join(", ");
    screen::notice(&format!("connecting to {urls} …"));
    let client = builder.connect_within(CONNECT_TIME_MAX).connect().await;
    let client = client.map_err(|error| not_connected(&urls, error))?;
    let mut join = client.room(&target.room);
    if play.existing {
        join = join.mode(JoinMode::Existing);
    }
    if let Some(open) = open {
        join = join.open_raw(open);
    }
    let room = join
        .join_raw(brings)
        .await
        .with_context(|| format!("cannot join {}", target.room))?;
    Ok((client, room))
}

/// Says who did not answer, or what was wrong with the answer.
fn not_connected(urls: &str, error: ConnectError) -> anyhow::Error {
    match error {
        ConnectError::NotInTime { cause, detail, .. } => {
            let detail = detail.unwrap_or_default();
            match cause {
                // The text with which the WebSocket library reports an answer of plain HTTP.
                Interruption::Unreachable if detail.starts_with("HTTP error") => anyhow!(
                    "what answers at {urls} is not a Wayfare server ({detail}): its address is \
                     the setting `listen`, not `admin`"
                ),
                Interruption::Unreachable => anyhow!(
                    "no server answered at {urls} ({detail}); start one with `dev`, or name \
                     another address"
                ),
                cause => anyhow!("no session at {urls}: {cause}"),
            }
        }
        ConnectError::Ended(end) => anyhow!("the server at {urls} refused: {end}"),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cause: Interruption, detail: &str, expect: &str) {
        let error = ConnectError::NotInTime {
            after: CONNECT_TIME_MAX,
            cause,
            detail: Some(detail.into()),
        };
        let said = not_connected("ws://a:1", error).to_string();
        assert!(said.starts_with(expect), "{said}");
    }

    #[test]
    fn no_server_answered_only_if_none_did() {
        check(
            Interruption::Unreachable,
            "Connection refused",
            "no server answered at ws://a:1 (Connection refused)",
        );
        check(
            Interruption::Unreachable,
            "HTTP error: 404 Not Found",
            "what answers at ws://a:1 is not a Wayfare server",
        );
        check(
            Interruption::HandshakeTimeout,
            "",
            "no session at ws://a:1: the handshake took too long",
        );
        check(
            Interruption::Silent,
            "",
            "no session at ws://a:1: the server stopped responding",
        );
    }
}
