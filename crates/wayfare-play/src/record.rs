//! A client's record of what it sent and received, for checks of promises: one JSON object per
//! line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use rmpv::Value;
use serde_json::json;
use wayfare_client::{CommandError, RoomEvent, State};

use crate::names::Names;
use crate::print;

/// The outcome of a command, with the reply's bytes.
pub(crate) type Answer = Result<bytes::Bytes, CommandError>;

/// A record, or nothing if no file was requested.
pub(crate) struct Record(Option<BufWriter<File>>);

impl Record {
    pub(crate) fn create(path: Option<&Path>) -> Result<Self> {
        let create = |path: &Path| {
            let file = File::create(path);
            file.with_context(|| format!("cannot write the record {}", path.display()))
        };
        Ok(Self(path.map(create).transpose()?.map(BufWriter::new)))
    }

    pub(crate) fn joined(&mut self, view: &str) -> Result<()> {
        self.write(&json!({ "joined": view }))
    }

    pub(crate) fn sent(&mut self, number: u64, typed: &str) -> Result<()> {
        self.write(&json!({ "sent": number, "command": typed }))
    }

    pub(crate) fn answered(&mut self, number: u64, answer: &Answer) -> Result<()> {
        match answer {
            Ok(payload) => {
                let reply = match rmp_serde::from_slice::<Value>(payload) {
                    Ok(reply) => print::json(&reply),
                    Err(_) => String::new(),
                };
                self.write(&json!({ "answered": number, "reply": reply }))
            }
            Err(error) => self.write(&json!({ "answered": number, "error": error.to_string() })),
        }
    }

    pub(crate) fn event(&mut self, event: &RoomEvent<Value>) -> Result<()> {
        self.write(&match event {
            RoomEvent::Event(payload) => json!({ "event": payload }),
            RoomEvent::Unreliable(payload) => json!({ "unreliable": payload }),
            RoomEvent::Resync(resync) => json!({
                "resync": print::view(resync.view.decode::<Value>(), &Names::default()),
                "lost_replies": resync.lost_replies,
                "fell_back": resync.fell_back,
            }),
            other => json!({ "notice": print::event(other, &Names::default()).join("\n") }),
        })
    }

    pub(crate) fn state(&mut self, state: &State) -> Result<()> {
        self.write(&json!({ "state": print::state(state) }))
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        match &mut self.0 {
            Some(file) => file.flush().context("the record could not be written"),
            None => Ok(()),
        }
    }

    /// Writes and flushes a line, so that a program that follows the file sees it at once.
    fn write(&mut self, line: &serde_json::Value) -> Result<()> {
        if let Some(file) = &mut self.0 {
            writeln!(file, "{line}")
                .and_then(|()| file.flush())
                .context("the record could not be written")?;
        }
        Ok(())
    }
}
