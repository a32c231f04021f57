//! Formatting of any game's payloads as lines for a person.

use std::fmt::Display;

use rmpv::Value;
use wayfare_client::{RoomEvent, State};

use crate::names::Names;
use crate::record::Answer;

/// Formats a value as JSON, and an enum's variant with its fields as `name field=value …`.
fn value(value: &Value) -> String {
    if let Some([(name, content)]) = value.as_map().map(Vec::as_slice)
        && let Some(name) = name.as_str()
    {
        return match content {
            Value::Map(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(key, value)| format!(" {}={}", plain(key), json(value)));
                format!("{name}{}", fields.collect::<String>())
            }
            other => format!("{name} {}", plain(other)),
        };
    }
    plain(value)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| json(value), str::to_owned)
}

/// Formats any MessagePack as JSON text. Values that JSON cannot express are described.
pub(crate) fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| value.to_string())
}

pub(crate) fn view<E: Display>(view: Result<Value, E>, names: &Names) -> String {
    match view {
        Ok(view) => format!("  room: {}", json(&names.put_into(&view))),
        Err(error) => format!("  (the room's view is not MessagePack: {error})"),
    }
}

/// Formats an event as lines: one, or two with a new view.
pub(crate) fn event(event: &RoomEvent<Value>, names: &Names) -> Vec<String> {
    let line = match event {
        RoomEvent::Event(payload) => format!("  {}", value(&names.put_into(payload))),
        RoomEvent::Unreliable(payload) => format!("  ~ {}", value(&names.put_into(payload))),
        RoomEvent::Undecodable(error) => format!("  (an event that is not MessagePack: {error})"),
        RoomEvent::Resync(resync) => {
            let undone = if resync.fell_back {
                ", and some of it was undone"
            } else {
                ""
            };
            let view = view(resync.view.decode::<Value>(), names);
            let missed = format!("  (events were missed{undone}; the room as it is now:)");
            return vec![missed, view];
        }
        RoomEvent::FellBack => "  (the room lost commands it had acknowledged)".into(),
        RoomEvent::Left { reason, message } if message.is_empty() => format!("left: {reason}"),
        RoomEvent::Left { reason, message } => format!("left: {reason}: {message}"),
        RoomEvent::Unread => "left: events were not read in time".into(),
    };
    vec![line]
}

/// Formats an answer; `None` for an empty reply.
pub(crate) fn answer(answer: &Answer, names: &Names) -> Option<String> {
    match answer {
        Ok(payload) if payload.is_empty() => None,
        Ok(payload) => Some(match rmp_serde::from_slice::<Value>(payload) {
            Ok(reply) => format!("  = {}", value(&names.put_into(&reply))),
            Err(error) => format!("  = (not MessagePack: {error})"),
        }),
        Err(error) => Some(format!("  ! {error}")),
    }
}

pub(crate) fn state(state: &State) -> String {
    match state {
        State::Connecting => "connecting …".into(),
        State::Connected { player, .. } => format!("connected as {player}"),
        State::Interrupted {
            retry_in, cause, ..
        } => {
            format!("{cause}; trying again in {} ms", retry_in.as_millis())
        }
        State::Ended(end) => format!("ended: {end}"),
    }
}

#[cfg(test)]
mod tests {
    use wayfare_client::{CommandError, LeaveReason};

    use super::*;

    #[test]
    fn variants_are_printed_as_words() {
        let check = |json: &str, expect: &str| {
            let json: serde_json::Value = serde_json::from_str(json).unwrap();
            let bytes = rmp_serde::to_vec_named(&json).unwrap();
            assert_eq!(value(&rmp_serde::from_slice(&bytes).unwrap()), expect);
        };
        check(
            r#"{"said": {"who": "ada", "text": "hi"}}"#,
            r#"said who="ada" text="hi""#,
        );
        check(r#"{"left": "ada"}"#, "left ada");
        check(r#""started""#, "started");
        check("[1,2]", "[1,2]");
    }

    #[test]
    fn a_lost_room_is_reported() {
        let lost = answer(&Err(CommandError::RoomLost), &Names::default());
        assert_eq!(
            lost.as_deref(),
            Some("  ! the room was lost with its server, and the command with it")
        );
        let gone = RoomEvent::Left {
            reason: LeaveReason::RoomGone,
            message: "not today (Refused, 1400)".into(),
        };
        assert_eq!(
            event(&gone, &Names::default()),
            ["left: the room was lost with its server: not today (Refused, 1400)"]
        );
    }
}
