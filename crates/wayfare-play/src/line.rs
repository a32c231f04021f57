//! The meaning of a typed line.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde_json::Value;

pub(crate) const HELP: &str = "\
a line is a command for the room:
  say hello there        → {\"say\": \"hello there\"}
  walk {\"x\": 1, \"y\": 2}  → {\"walk\": {\"x\": 1, \"y\": 2}}
  wave                   → \"wave\"
  {\"any\": \"json\"}        → as it is
/view shows the room as you joined it, /quit leaves, and so does the end of the input";

/// The action for a line.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    Nothing,
    Help,
    View,
    Quit,
    /// A command for the room, as MessagePack.
    Command(Bytes),
}

/// Parses a line. A word followed by text or JSON is a command of that name.
pub(crate) fn parse(typed: &str) -> Result<Line> {
    let typed = typed.trim();
    Ok(match typed {
        "" => Line::Nothing,
        "/help" => Line::Help,
        "/view" => Line::View,
        "/quit" | "/leave" => Line::Quit,
        other if other.starts_with('/') => bail!("no such command: {other}; /help lists them"),
        other => Line::Command(encode(&command(other)?)?),
    })
}

/// Converts JSON to MessagePack.
pub(crate) fn payload(json: &str) -> Result<Bytes> {
    encode(&serde_json::from_str(json)?)
}

fn command(typed: &str) -> Result<Value> {
    match serde_json::from_str(typed) {
        Ok(json) => return Ok(json),
        Err(error) if typed.starts_with(['{', '[', '"']) => {
            return Err(error).context("that is not JSON");
        }
        Err(_) => {}
    }
    let Some((name, rest)) = typed.split_once(char::is_whitespace) else {
        return Ok(Value::String(typed.into()));
    };
    let rest = rest.trim();
    let content = match serde_json::from_str(rest) {
        Ok(json) => json,
        Err(_) if rest.starts_with(['{', '[']) => bail!("what follows {name:?} is not JSON"),
        Err(_) => Value::String(rest.into()),
    };
    Ok(Value::Object(
        [(name.to_owned(), content)].into_iter().collect(),
    ))
}

fn encode(value: &Value) -> Result<Bytes> {
    Ok(rmp_serde::to_vec_named(value)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parsed_as_commands() {
        let check = |typed: &str, json: &str| {
            assert_eq!(
                parse(typed).unwrap(),
                Line::Command(payload(json).unwrap()),
                "{typed}"
            );
        };
        check("say hello there", r#"{"say": "hello there"}"#);
        check(r#"walk {"x": 1}"#, r#"{"walk": {"x": 1}}"#);
        check("bid 5", r#"{"bid": 5}"#);
        check("open true", r#"{"open": true}"#);
        check("choose null", r#"{"choose": null}"#);
        check(r#"say "5""#, r#"{"say": "5"}"#);
        check(r#"say "quoted" words"#, r#"{"say": "\"quoted\" words"}"#);
        check("5", "5");
        check("-1.5", "-1.5");
        check("true", "true");
        check("null", "null");
        check("nullable", r#""nullable""#);
        check("  wave ", r#""wave""#);
        check(r#"{"a": [1]}"#, r#"{"a": [1]}"#);
    }

    #[test]
    fn invalid_lines_are_explained() {
        assert!(parse("walk {x: 1}").is_err());
        assert!(parse("{x").is_err());
        assert!(parse("/nonsense").is_err());
        assert_eq!(parse("  ").unwrap(), Line::Nothing);
    }
}
