//! The check that what is written to storage can be read again, as the same value.
//!
//! Serde's derived code does not promise it. An internally tagged enum reads its content from a
//! buffer, which loses the form of addresses and large numbers; `Some(None)` reads as `None`. Found
//! after a restart, it has cost the room.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_content::{Data, Number, Serializer, Value};
use wayfare_core::game::Refusal;
use wayfare_protocol::ErrorCode;

use crate::by_name::ByName;
use crate::codec::named_reader;

/// Decides which of the states that a kind writes are read back.
#[derive(Clone, Debug)]
pub(crate) enum ReadBack {
    /// All of them: in development builds and in tests. It costs a few times the encoding.
    All,
    /// The first of a process, the second, the fourth, the eighth and so on, by this count.
    Few(Arc<AtomicU32>),
}

impl Default for ReadBack {
    fn default() -> Self {
        match cfg!(debug_assertions) {
            true => Self::All,
            false => Self::Few(Arc::default()),
        }
    }
}

impl ReadBack {
    /// Reads `bytes` back, if it is time to, and compares them with `value`.
    ///
    /// # Errors
    /// The difference, with its field.
    pub(crate) fn check<T>(&self, what: &str, value: &T, bytes: &[u8]) -> Result<(), Refusal>
    where
        T: Serialize + DeserializeOwned,
    {
        let is_due = match self {
            Self::All => true,
            Self::Few(written) => {
                let number = written.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
                number.is_power_of_two()
            }
        };
        if !is_due {
            return Ok(());
        }
        compare(value, bytes).map_err(|difference| {
            let message = format!("{what} does not read back from its stored form: {difference}");
            Refusal::with_code(ErrorCode::Internal, message)
        })
    }
}

/// Reads a value back and compares it with the one that was written.
///
/// # Errors
/// The first difference, with its field.
pub(crate) fn compare<T>(value: &T, bytes: &[u8]) -> Result<(), String>
where
    T: Serialize + DeserializeOwned,
{
    let read: T = serde_path_to_error::deserialize(ByName(&mut named_reader(bytes)))
        .map_err(|error| describe(&error.path().to_string(), &error.inner().to_string()))?;
    // A type that serializes itself for MessagePack only cannot be compared.
    let (Ok(written), Ok(read)) = (content(value), content(&read)) else {
        return Ok(());
    };
    match written == read || canonical(&written) == canonical(&read) {
        true => Ok(()),
        false => {
            let (path, written, read) = first_difference(String::new(), &written, &read);
            let difference = format!("{} was written, and {} read", text(written), text(read));
            Err(describe(&path, &difference))
        }
    }
}

fn describe(path: &str, difference: &str) -> String {
    match path {
        "" | "." => difference.to_owned(),
        path => format!("field `{path}`: {difference}"),
    }
}

fn content<T: Serialize>(value: &T) -> Result<Value<'static>, serde_content::Error> {
    Serializer::new().serialize(value)
}

/// A text that two values share if they are the same. The order of a map or a set does not count,
/// since that of a hashed one is another in each process.
fn canonical(value: &Value<'_>) -> String {
    let sorted = |mut texts: Vec<String>| {
        texts.sort_unstable();
        texts.join(",")
    };
    match value {
        Value::Seq(items) => format!("[{}]", sorted(items.iter().map(canonical).collect())),
        Value::Map(pairs) => {
            let pair = |(key, value)| format!("{}:{}", canonical(key), canonical(value));
            format!(
                "{{{}}}",
                sorted(pairs.iter().map(|(k, v)| pair((k, v))).collect())
            )
        }
        Value::Tuple(items) => items.iter().map(canonical).collect(),
        Value::Option(Some(inner)) => format!("Some({})", canonical(inner)),
        Value::Struct(of) => format!("{}{}", of.name, canonical_data(&of.data)),
        Value::Enum(of) => format!("{}::{}{}", of.name, of.variant, canonical_data(&of.data)),
        Value::Number(number) => canonical_number(number),
        Value::Unit
        | Value::Bool(_)
        | Value::Char(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::Option(None) => format!("{value:?}"),
    }
}

/// All that is not a number is the same.
fn canonical_number(number: &Number) -> String {
    match number {
        Number::F32(number) if number.is_nan() => "NaN".to_owned(),
        Number::F64(number) if number.is_nan() => "NaN".to_owned(),
        number => format!("{number:?}"),
    }
}

fn canonical_data(data: &Data<'_>) -> String {
    match data {
        Data::Unit => String::new(),
        Data::NewType { value } => format!("({})", canonical(value)),
        Data::Tuple { values } => values.iter().map(canonical).collect(),
        Data::Struct { fields } => {
            let field = |(name, value): &(_, Value<'_>)| format!("{name}:{};", canonical(value));
            fields.iter().map(field).collect()
        }
    }
}

/// The path of a value, as it was written and as it was read.
type Difference<'a> = (String, &'a Value<'a>, &'a Value<'a>);

/// Walks down as long as exactly one thing differs that has a name or a place.
fn first_difference<'a>(path: String, one: &'a Value<'a>, other: &'a Value<'a>) -> Difference<'a> {
    let (ones, others) = (children(one), children(other));
    let is_deeper = !ones.is_empty() && ones.len() == others.len();
    let pairs = ones.into_iter().zip(others);
    for ((name, one), (_, other)) in pairs.filter(|_| is_deeper) {
        if canonical(one) != canonical(other) {
            let path = match (path.is_empty(), name.is_empty()) {
                (_, true) => path,
                (true, false) => name,
                (false, false) => format!("{path}.{name}"),
            };
            return first_difference(path, one, other);
        }
    }
    (path, one, other)
}

/// The values in a value, each with its name, those of a map in the order of their names.
fn children<'a>(value: &'a Value<'a>) -> Vec<(String, &'a Value<'a>)> {
    match value {
        Value::Seq(values) | Value::Tuple(values) => numbered(values),
        Value::Map(pairs) => {
            let named = pairs.iter().map(|(key, value)| match key {
                Value::String(name) => (name.to_string(), value),
                key => (canonical(key), value),
            });
            let mut named: Vec<_> = named.collect();
            named.sort_by(|(one, _), (other, _)| one.cmp(other));
            named
        }
        Value::Struct(of) => children_of(&of.data),
        Value::Enum(of) => children_of(&of.data),
        Value::Unit
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Char(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::Option(_) => Vec::new(),
    }
}

fn children_of<'a>(data: &'a Data<'a>) -> Vec<(String, &'a Value<'a>)> {
    match data {
        Data::Unit => Vec::new(),
        Data::NewType { value } => vec![(String::new(), value)],
        Data::Tuple { values } => numbered(values),
        Data::Struct { fields } => {
            let named = fields.iter().map(|(name, value)| (name.to_string(), value));
            named.collect()
        }
    }
}

fn numbered<'a>(values: &'a [Value<'a>]) -> Vec<(String, &'a Value<'a>)> {
    let numbered = values.iter().enumerate();
    numbered
        .map(|(index, value)| (index.to_string(), value))
        .collect()
}

/// A value for people; the form of a large one is cut.
fn text(value: &Value<'_>) -> String {
    const LONGEST: usize = 200;
    let text = canonical(value);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::net::IpAddr;

    use serde::Deserialize;

    use super::*;
    use crate::codec::write_named;

    fn compared<T: Serialize + DeserializeOwned>(value: &T) -> Result<(), String> {
        let mut bytes = Vec::new();
        write_named(value, &mut bytes).unwrap();
        compare(value, &bytes)
    }

    #[derive(Serialize, Deserialize)]
    struct Seat {
        name: String,
        team: Option<Option<u8>>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type")]
    enum Guest {
        Local,
        Remote { address: IpAddr },
    }

    #[derive(Serialize, Deserialize)]
    struct Hall {
        seats: Vec<Seat>,
        guests: HashMap<String, Guest>,
    }

    #[test]
    fn a_difference_is_named_by_its_field() {
        let seat = |team| Seat {
            name: "ada".to_owned(),
            team,
        };
        let hall = Hall {
            seats: vec![seat(None), seat(Some(None)), seat(Some(Some(1)))],
            guests: HashMap::new(),
        };
        let difference = compared(&hall).unwrap_err();
        assert_eq!(
            difference,
            "field `seats.1.team`: Some(Option(None)) was written, and Option(None) read"
        );
    }

    #[test]
    fn an_unreadable_field_is_named() {
        let address = IpAddr::from([127, 0, 0, 1]);
        let guests = [("bob", Guest::Local), ("eve", Guest::Remote { address })];
        let hall = Hall {
            seats: Vec::new(),
            guests: guests.map(|(name, guest)| (name.to_owned(), guest)).into(),
        };
        let difference = compared(&hall).unwrap_err();
        assert!(
            difference.starts_with("field `guests.eve`: "),
            "{difference}"
        );
    }

    #[test]
    fn all_that_reads_back_is_the_same() {
        let numbers: HashSet<u32> = (0..100).collect();
        let named: HashMap<u32, HashSet<u32>> = (0..20).map(|key| (key, numbers.clone())).collect();
        assert_eq!(compared(&numbers), Ok(()));
        assert_eq!(compared(&named), Ok(()));
        assert_eq!(compared(&(f64::NAN, f32::NAN, -0.0_f64)), Ok(()));
        assert_eq!(compared(&(u128::MAX, i128::MIN, 'x', [1_u8; 3])), Ok(()));
        assert_eq!(compared(&IpAddr::from([1; 16])), Ok(()));
        assert_eq!(compared(&Some(Some(3))), Ok(()));
    }

    #[test]
    fn production_reads_back_ever_fewer() {
        let read_back = ReadBack::Few(Arc::default());
        let unreadable = Some(None::<u8>);
        let mut bytes = Vec::new();
        write_named(&unreadable, &mut bytes).unwrap();
        let mut found = Vec::new();
        for number in 1..=20 {
            if read_back.check("the state", &unreadable, &bytes).is_err() {
                found.push(number);
            }
        }
        assert_eq!(found, [1, 2, 4, 8, 16]);
    }
}
