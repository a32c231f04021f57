//! Printing of shapes as TypeScript, in the layout of prettier.

use super::shape::{Alternative, Field, Record, Shape, Tuple};

/// The maximum length of a line. Longer ones are broken.
const COLUMNS_MAX: usize = 100;
const STEP: usize = 2;

/// Declares a type: an interface for an object, otherwise an alias.
pub(super) fn declaration(name: &str, doc: &str, shape: &Shape) -> String {
    let doc = comment(doc, 0);
    if let Shape::Record(record) = shape {
        return format!("{doc}export interface {name} {}\n", members(record, 0));
    }
    let head = format!("export type {name} =");
    let value = value(shape, 0, head.len() + ";".len());
    format!("{doc}{head}{value};\n")
}

/// Prints a value behind a `=` or `:`, with the blank or line break in between. `taken` is the
/// number of columns already used on its first line.
fn value(shape: &Shape, indent: usize, taken: usize) -> String {
    match flat(shape) {
        Some(flat) if taken + " ".len() + flat.chars().count() <= COLUMNS_MAX => format!(" {flat}"),
        _ => match shape {
            Shape::Union(union) => alternatives(union, indent),
            _ => format!(" {}", broken(shape, indent)),
        },
    }
}

/// Prints on one line; `None` if there is a comment inside.
fn flat(shape: &Shape) -> Option<String> {
    Some(match shape {
        Shape::Unknown => "unknown".to_owned(),
        Shape::Never => "never".to_owned(),
        Shape::Null => "null".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Text => "string".to_owned(),
        Shape::Bytes => "Uint8Array".to_owned(),
        Shape::Literal(text) | Shape::Named(text) => text.clone(),
        Shape::List(item) => format!("{}[]", operand(item)?),
        Shape::Tuple(tuple) => {
            let items = tuple.items.iter().enumerate();
            let place = |(index, item)| Some(flat(item)? + mark(tuple, index));
            let places: Option<Vec<String>> = items.map(place).collect();
            format!("[{}]", places?.join(", "))
        }
        Shape::Map(item) => format!("{{ [key: string]: {} }}", flat(item)?),
        Shape::Record(record) => flat_record(record)?,
        Shape::Union(union) => {
            let one = |one: &Alternative| operand(&one.shape).filter(|_| one.doc.is_empty());
            union
                .iter()
                .map(one)
                .collect::<Option<Vec<_>>>()?
                .join(" | ")
        }
        Shape::Both(parts) => {
            let parts: Option<Vec<String>> = parts.iter().map(operand).collect();
            parts?.join(" & ")
        }
    })
}

/// Prints on one line, as an operand of something that binds more tightly than `|` and `&`.
fn operand(shape: &Shape) -> Option<String> {
    let flat = flat(shape)?;
    Some(match shape {
        Shape::Union(_) | Shape::Both(_) => format!("({flat})"),
        _ => flat,
    })
}

fn flat_record(record: &Record) -> Option<String> {
    let member = |field: &Field| {
        let value = flat(&field.shape).filter(|_| field.doc.is_empty())?;
        Some(format!("{}: {value}", key(field)))
    };
    let mut members: Vec<String> = record.fields.iter().map(member).collect::<Option<_>>()?;
    if record.open {
        members.push("[key: string]: unknown".to_owned());
    }
    Some(format!("{{ {} }}", members.join("; ")))
}

/// Prints on several lines. The first one begins at the present position.
fn broken(shape: &Shape, indent: usize) -> String {
    let (here, deeper) = (" ".repeat(indent), indent + STEP);
    let inner = " ".repeat(deeper);
    match shape {
        Shape::List(item) => match item.as_ref() {
            Shape::Union(union) => format!("({}\n{here})[]", alternatives(union, indent)),
            Shape::Both(_) => format!("({})[]", broken(item, indent)),
            _ => format!("{}[]", broken(item, indent)),
        },
        Shape::Tuple(tuple) => {
            let mut text = "[\n".to_owned();
            for (index, item) in tuple.items.iter().enumerate() {
                let value = value(item, deeper, deeper);
                let mark = mark(tuple, index);
                text += &format!("{inner}{}{mark},\n", value.trim_start_matches(' '));
            }
            text + &here + "]"
        }
        Shape::Map(item) => {
            let head = format!("{inner}[key: string]:");
            let value = value(item, deeper, head.len() + ";".len());
            format!("{{\n{head}{value};\n{here}}}")
        }
        Shape::Record(record) => members(record, indent),
        Shape::Both(parts) => {
            let parts = parts.iter().map(|part| match part {
                Shape::Union(union) => format!("({}\n{here})", alternatives(union, indent)),
                _ => broken(part, indent),
            });
            parts.collect::<Vec<String>>().join(" & ")
        }
        Shape::Union(union) => alternatives(union, indent),
        _ => flat(shape).unwrap_or_default(),
    }
}

/// Prints each alternative on a line of its own, below the present position.
fn alternatives(union: &[Alternative], indent: usize) -> String {
    let deeper = indent + STEP;
    let mut text = String::new();
    for alternative in union {
        let head = format!("{}|", " ".repeat(deeper));
        let value = value(&alternative.shape, deeper + STEP, head.len() + ";".len());
        text += "\n";
        text += &comment(&alternative.doc, deeper);
        text += &head;
        text += &match alternative.shape {
            Shape::Both(_) => format!(" ({})", value.trim_start()),
            _ => value,
        };
    }
    text
}

fn members(record: &Record, indent: usize) -> String {
    let deeper = indent + STEP;
    let inner = " ".repeat(deeper);
    let mut text = "{\n".to_owned();
    for field in &record.fields {
        let head = format!("{inner}{}:", key(field));
        text += &comment(&field.doc, deeper);
        text += &head;
        text += &value(&field.shape, deeper, head.chars().count() + ";".len());
        text += ";\n";
    }
    if record.open {
        text += &format!("{inner}[key: string]: unknown;\n");
    }
    text + &" ".repeat(indent) + "}"
}

fn mark(tuple: &Tuple, index: usize) -> &'static str {
    if index < tuple.required { "" } else { "?" }
}

/// Prints a field's name, in quotes if necessary.
fn key(field: &Field) -> String {
    let mut characters = field.name.chars();
    let starts = characters
        .next()
        .is_some_and(|first| is_of_name(first) && !first.is_ascii_digit());
    let mark = if field.optional { "?" } else { "" };
    match starts && characters.all(is_of_name) {
        true => format!("{}{mark}", field.name),
        false => format!("{}{mark}", serde_json::Value::from(field.name.as_str())),
    }
}

/// Checks for plain letters only, because Unicode and TypeScript may disagree about others.
fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$'
}

/// Prints a comment with its line break; nothing for an empty one.
pub(super) fn comment(doc: &str, indent: usize) -> String {
    let here = " ".repeat(indent);
    let doc = plain(doc.trim()).replace("*/", "*\\/");
    let short = format!("{here}/** {doc} */\n");
    if doc.is_empty() {
        return String::new();
    }
    if !doc.contains('\n') && short.trim_end().chars().count() <= COLUMNS_MAX {
        return short;
    }
    let mut text = format!("{here}/**\n");
    for line in doc.lines() {
        let line = format!("{here} * {}", line.trim_end());
        text += line.trim_end();
        text += "\n";
    }
    text + &here + " */\n"
}

/// Replaces links to Rust items by their texts, because TypeScript cannot resolve them.
fn plain(doc: &str) -> String {
    let mut text = String::new();
    let mut rest = doc;
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((words, after)) = after.split_once("`]") else {
            break;
        };
        text += &format!("{before}`{words}`");
        let target = after
            .strip_prefix('(')
            .and_then(|after| after.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    text + rest
}
