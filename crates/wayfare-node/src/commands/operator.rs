//! `room …` and `session …`: commands for a running node.

use std::convert::Infallible;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use hyper::Method;
use serde::Serialize;
use wayfare_protocol::EntityId;

use super::client::{Node, encoded};
use super::say;
use super::table::table;
use crate::admin::json::{
    Closed, Kicked, ROWS_DEFAULT, RoomList, RoomRow, RoomShown, SessionList, SessionRow,
};
use crate::config::{Config, Inputs, Mode, Secret, SettingFlags};

/// The subcommands of `room`.
#[derive(Clone, Debug, Subcommand)]
pub enum RoomCommand {
    /// The rooms that are open
    List {
        /// The size of the list.
        #[command(flatten)]
        listing: Listing,
        /// The node to ask.
        #[command(flatten)]
        reach: Reach,
    },
    /// A room with its members
    Show {
        /// Such as plaza/main
        #[arg(value_name = "KIND/KEY")]
        room: EntityId,
        /// The node to ask.
        #[command(flatten)]
        reach: Reach,
    },
    /// Close a room; its members are notified
    Close {
        /// Such as plaza/main
        #[arg(value_name = "KIND/KEY")]
        room: EntityId,
        /// The node to ask.
        #[command(flatten)]
        reach: Reach,
    },
}

/// The subcommands of `session`.
#[derive(Clone, Debug, Subcommand)]
pub enum SessionCommand {
    /// The sessions of this node
    List {
        /// The size of the list.
        #[command(flatten)]
        listing: Listing,
        /// The node to ask.
        #[command(flatten)]
        reach: Reach,
    },
    /// End a player's session; the player may log in again
    Kick {
        /// The player's id, as `session list` shows it; or the name, if only one player has it
        player: String,
        /// The node to ask.
        #[command(flatten)]
        reach: Reach,
    },
}

/// The size of a list.
#[derive(Clone, Debug, Args)]
pub struct Listing {
    /// Lines at most
    #[arg(long, value_name = "COUNT", default_value_t = ROWS_DEFAULT)]
    limit: usize,
}

/// The address of a running node.
#[derive(Clone, Debug, Args)]
pub struct Reach {
    /// The node's data folder [default: the setting `data`]
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// The node's admin API instead, such as http://10.0.0.7:7778
    #[arg(long, env = "WAYFARE_URL")]
    url: Option<String>,
    /// The node's admin_key, with --url [default: the setting `admin_key`]
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    admin_key: Option<Secret>,
    /// The settings file [default: wayfare.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Reach {
    fn node(&self) -> anyhow::Result<Node> {
        let data = self.data.clone().map(Secret);
        let values = [("data", data), ("admin_key", self.admin_key.clone())];
        let flags = SettingFlags {
            config: self.config.clone(),
            values: values
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            kinds: Vec::new(),
        };
        let inputs = Inputs::of_process(Mode::Serve, &flags);
        let (config, refused) = Config::load_what_can_be(&inputs);
        for problem in refused.iter().flat_map(|refused| &refused.0) {
            eprintln!("warning: {problem}");
        }
        let settings = config.settings;
        // A folder on the command line overrides a URL in the environment.
        match &self.url {
            Some(url) if !url.is_empty() && self.data.is_none() => {
                Node::remote(url, settings.admin_key)
            }
            _ => Ok(Node::Local {
                data: settings.data,
            }),
        }
    }

    fn print<T: Serialize>(
        &self,
        answer: &T,
        for_people: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        match self.json {
            true => say(&serde_json::to_string_pretty(answer)?),
            false => say(&for_people(answer)),
        }
    }
}

/// Wraps the argument, so that `Debug` never shows it.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret(text.to_owned()))
}

pub(super) fn rooms(command: RoomCommand) -> anyhow::Result<()> {
    match command {
        RoomCommand::List { listing, reach } => {
            let path = format!("/v1/rooms?limit={}", listing.limit);
            reach.print(
                &reach.node()?.call::<RoomList>(&Method::GET, &path)?,
                list_rooms,
            )
        }
        RoomCommand::Show { room, reach } => {
            let path = room_path(&room);
            reach.print(
                &reach.node()?.call::<RoomShown>(&Method::GET, &path)?,
                show_room,
            )
        }
        RoomCommand::Close { room, reach } => {
            let answer: Closed = reach.node()?.call(&Method::DELETE, &room_path(&room))?;
            reach.print(&answer, |answer| format!("closed {}", answer.closed))
        }
    }
}

pub(super) fn sessions(command: SessionCommand) -> anyhow::Result<()> {
    match command {
        SessionCommand::List { listing, reach } => {
            let path = format!("/v1/sessions?limit={}", listing.limit);
            reach.print(
                &reach.node()?.call::<SessionList>(&Method::GET, &path)?,
                list_sessions,
            )
        }
        SessionCommand::Kick { player, reach } => {
            let answer = kick(&reach.node()?, &player)?;
            reach.print(&answer, |answer| {
                format!("ended the session of {}", answer.kicked)
            })
        }
    }
}

/// Ends the session of the player with this id or, if there is none, with this name.
fn kick(node: &Node, player: &str) -> anyhow::Result<Kicked> {
    let by_id = |id: &str| node.call(&Method::DELETE, &format!("/v1/sessions/{}", encoded(id)));
    let path = format!("/v1/sessions?named={}", encoded(player));
    let named: SessionList = node.call(&Method::GET, &path)?;
    let is_id = named.sessions.iter().any(|row| row.player == player);
    match named.sessions.as_slice() {
        [only] if !is_id => by_id(&only.player),
        [_, _, ..] if !is_id => {
            let ids = named.sessions.iter().map(|row| row.player.as_str());
            let ids: Vec<&str> = ids.collect();
            bail!(
                "{} players are named {player}: name one by its id, {}",
                named.total,
                ids.join(" or ")
            )
        }
        _ => by_id(player),
    }
}

fn room_path(room: &EntityId) -> String {
    format!("/v1/rooms/{}", encoded(room.as_str()))
}

fn list_rooms(list: &RoomList) -> String {
    if list.total == 0 {
        return "no rooms are open".into();
    }
    let row = |row: &RoomRow| {
        let numbers =
            [row.members as u64, row.sequence, row.epoch].map(|number| number.to_string());
        let kept = vec![row.kept.clone(), marks(row)];
        [vec![row.room.clone()], numbers.to_vec(), kept].concat()
    };
    let heading = ["ROOM", "MEMBERS", "SEQUENCE", "EPOCH", "KEPT", "MARKS"];
    let rows = table(&heading, list.rooms.iter().map(row).collect());
    with_rest(rows, list.rooms.len(), list.total)
}

fn marks(row: &RoomRow) -> String {
    let marks = [(row.locked, "locked"), (row.private, "private")];
    let marks = marks
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| name);
    marks.collect::<Vec<_>>().join(",")
}

fn show_room(shown: &RoomShown) -> String {
    let row = &shown.row;
    let facts = [
        ("room", row.room.clone()),
        ("members", row.members.to_string()),
        ("sequence", row.sequence.to_string()),
        ("epoch", row.epoch.to_string()),
        ("kept", row.kept.clone()),
        ("marks", marks(row)),
    ];
    let facts = facts
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value]);
    let properties = shown
        .properties
        .iter()
        .map(|(name, value)| vec![format!("property {name}"), value.clone()]);
    let facts = table(&["WHAT", "VALUE"], facts.chain(properties).collect());
    let members = shown
        .present
        .iter()
        .map(|member| vec![member.player.clone(), yes_or_no(member.connected)]);
    let members = table(&["MEMBER", "CONNECTED"], members.collect());
    format!("{facts}\n\n{members}")
}

fn list_sessions(list: &SessionList) -> String {
    if list.total == 0 {
        return "nobody is here".into();
    }
    let row = |row: &SessionRow| {
        vec![
            row.player.clone(),
            row.name.clone(),
            yes_or_no(row.guest),
            yes_or_no(row.connected),
            row.rooms.join(" "),
        ]
    };
    let heading = ["PLAYER", "NAME", "GUEST", "CONNECTED", "ROOMS"];
    let rows = table(&heading, list.sessions.iter().map(row).collect());
    with_rest(rows, list.sessions.len(), list.total)
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.into()
}

fn with_rest(table: String, listed: usize, total: usize) -> String {
    match total - listed.min(total) {
        0 => table,
        rest => format!("{table}\n… and {rest} more: --limit {total} shows all"),
    }
}
