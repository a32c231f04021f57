//! The text form of values, the same in file, environment and flags.

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use wayfare_core::SecondLogin;
use wayfare_core::game::{Durability, OnLoss, OnPanic, Who};
use wayfare_protocol::NodeId;

use super::nearest::nearest;
use super::settings::{LogFilter, LogFormat, Secret};

/// A type that settings have.
pub(crate) trait Value: Sized {
    /// The placeholder of a value in `--help`.
    const NAME: &'static str;
    /// The expected form with an example; continues "is not …".
    const EXPECTED: &'static str;

    /// Parses a text, if it is a valid value.
    fn parse(text: &str) -> Option<Self>;

    /// Returns the value as `config show` prints it.
    fn show(&self) -> serde_json::Value;

    /// Quotes a text for a message; `None` is a list or a section.
    fn repeat(text: Option<&str>) -> String {
        quoted(text)
    }

    /// Explains further why a text is not a valid value.
    fn wrong(_: &str) -> Option<String> {
        None
    }
}

pub(super) fn quoted(text: Option<&str>) -> String {
    text.map_or("a list or a section".into(), |text| format!("{text:?}"))
}

macro_rules! from_str {
    ($type:ty, $name:literal, $expected:literal, $show:expr) => {
        impl Value for $type {
            const NAME: &'static str = $name;
            const EXPECTED: &'static str = $expected;

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn show(&self) -> serde_json::Value {
                let show: fn(&Self) -> serde_json::Value = $show;
                show(self)
            }
        }
    };
}

from_str!(bool, "true|false", "true or false", |value| json!(value));
from_str!(u32, "COUNT", "a whole number such as 1000", |value| json!(
    value
));
from_str!(
    usize,
    "COUNT",
    "a whole number such as 1000",
    |value| json!(value)
);
from_str!(
    NonZeroU16,
    "COUNT",
    "a whole number from 1 to 65535, such as 4",
    |value| json!(value)
);
from_str!(
    NonZeroU32,
    "COUNT",
    "a whole number from 1, such as 100",
    |value| json!(value)
);
from_str!(
    NonZeroUsize,
    "COUNT",
    "a whole number from 1, such as 100",
    |value| json!(value)
);
from_str!(
    SocketAddr,
    "ADDRESS",
    "an IP address with a port, such as 127.0.0.1:7777 or [::]:7777",
    |value| json!(value.to_string())
);
from_str!(
    NodeId,
    "NAME",
    "a name of at most 63 bytes, such as europe-1",
    |value| json!(value.as_str())
);

macro_rules! choice {
    ($type:ty, $name:literal, $expected:literal, { $($text:literal => $value:path),+ }) => {
        impl Value for $type {
            const NAME: &'static str = $name;
            const EXPECTED: &'static str = $expected;

            fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some($value),)+
                    _ => None,
                }
            }

            fn show(&self) -> serde_json::Value {
                match self {
                    $($value => json!($text),)+
                }
            }
        }
    };
}

choice!(SecondLogin, "replace|refuse", "replace or refuse", {
    "replace" => SecondLogin::Replace, "refuse" => SecondLogin::Refuse
});
choice!(LogFormat, "human|json", "human or json", {
    "human" => LogFormat::Human, "json" => LogFormat::Json
});
choice!(Who, "anyone|authenticated|nobody", "anyone, authenticated or nobody", {
    "anyone" => Who::Anyone, "authenticated" => Who::Authenticated, "nobody" => Who::Nobody
});
choice!(Durability, "volatile|durable", "volatile or durable", {
    "volatile" => Durability::Volatile, "durable" => Durability::Durable
});
choice!(OnLoss, "reopen|gone", "reopen or gone", {
    "reopen" => OnLoss::Reopen, "gone" => OnLoss::Gone
});
choice!(OnPanic, "restart|close", "restart or close", {
    "restart" => OnPanic::Restart, "close" => OnPanic::Close
});

impl Value for PathBuf {
    const NAME: &'static str = "PATH";
    const EXPECTED: &'static str = "a path such as ./wayfare-data";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && !text.contains('\0')).then(|| text.into())
    }

    fn show(&self) -> serde_json::Value {
        json!(self.display().to_string())
    }
}

impl Value for Secret {
    const NAME: &'static str = "SECRET";
    const EXPECTED: &'static str = "a secret text";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.into()))
    }

    fn show(&self) -> serde_json::Value {
        json!("(set)")
    }

    fn repeat(_: Option<&str>) -> String {
        "…".into()
    }
}

impl Value for LogFilter {
    const NAME: &'static str = "FILTER";
    const EXPECTED: &'static str =
        "a log level such as info, or directives such as warn,wayfare_node=debug";

    fn parse(text: &str) -> Option<Self> {
        let are_levels = text.split(',').all(|directive| !is_unknown_word(directive));
        EnvFilter::try_new(text).ok().filter(|_| are_levels)?;
        Some(Self(text.into()))
    }

    fn wrong(text: &str) -> Option<String> {
        let word = text
            .split(',')
            .find(|directive| is_unknown_word(directive))?;
        nearest(word.trim(), LEVELS).map(|level| format!("did you mean {level}?"))
    }

    fn show(&self) -> serde_json::Value {
        json!(self.0)
    }
}

/// The levels of a log filter. `off` is one to the filter.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Returns true for a directive that is a single word and no level. The filter would take it for
/// the name of a module, and log everything in a module that does not exist.
fn is_unknown_word(directive: &str) -> bool {
    let word = directive.trim();
    !word.is_empty() && !word.contains(['=', '[', ':']) && word.parse::<LevelFilter>().is_err()
}

/// An address or `off`, which is `None`, for a setting that has a default.
impl Value for Option<SocketAddr> {
    const NAME: &'static str = "ADDRESS|off";
    const EXPECTED: &'static str = "an IP address with a port such as 127.0.0.1:7778, or off";

    fn parse(text: &str) -> Option<Self> {
        or_off(text)
    }

    fn show(&self) -> serde_json::Value {
        self.as_ref().map_or(json!("off"), Value::show)
    }
}

impl Value for Option<Duration> {
    const NAME: &'static str = "DURATION|off";
    const EXPECTED: &'static str = "a duration such as 30s, 500ms or 2m, or off";

    fn parse(text: &str) -> Option<Self> {
        or_off(text)
    }

    fn show(&self) -> serde_json::Value {
        self.as_ref().map_or(json!("off"), Value::show)
    }
}

fn or_off<T: Value>(text: &str) -> Option<Option<T>> {
    match text {
        "off" => Some(None),
        value => T::parse(value).map(Some),
    }
}

/// Implements [`Value`] for the `Option` of a type, `None` until it is set.
macro_rules! optional {
    ($($type:ty),+) => {$(
        impl Value for Option<$type> {
            const NAME: &'static str = <$type as Value>::NAME;
            const EXPECTED: &'static str = <$type as Value>::EXPECTED;

            fn parse(text: &str) -> Option<Self> {
                <$type as Value>::parse(text).map(Some)
            }

            fn show(&self) -> serde_json::Value {
                self.as_ref().map_or(serde_json::Value::Null, Value::show)
            }

            fn repeat(text: Option<&str>) -> String {
                <$type as Value>::repeat(text)
            }
        }
    )+};
}

optional!(PathBuf, Secret);

/// A century. A longer time is a typing mistake, and adding it to a clock may overflow.
const DURATION_MAX: Duration = Duration::from_secs(100 * 366 * 86_400);

impl Value for Duration {
    const NAME: &'static str = "DURATION";
    const EXPECTED: &'static str = "a duration such as 30s, 500ms or 2m";

    /// Parses whole milliseconds, as one or more numbers with units: `1h30m`.
    fn parse(text: &str) -> Option<Self> {
        let duration = humantime::parse_duration(text.trim()).ok()?;
        let is_whole = duration.subsec_nanos().is_multiple_of(1_000_000);
        (is_whole && duration <= DURATION_MAX).then_some(duration)
    }

    fn show(&self) -> serde_json::Value {
        json!(show_duration(*self))
    }
}

/// Formats a duration as in a setting, in the largest unit that gives a whole number.
pub(crate) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let whole = units
        .into_iter()
        .find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{millis}ms"),
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

const SIZE_UNITS: [(usize, &str); 4] = [
    (1 << 30, "GiB"),
    (1 << 20, "MiB"),
    (1 << 10, "KiB"),
    (1, "B"),
];

impl Value for Size {
    const NAME: &'static str = "SIZE";
    const EXPECTED: &'static str = "a size such as 256KiB, 1MiB or 4096B";

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
        let count: usize = text[..unit_at].parse().ok()?;
        let name = text[unit_at..].trim();
        let (unit, _) = SIZE_UNITS.into_iter().find(|(_, unit)| *unit == name)?;
        count.checked_mul(unit).map(Self)
    }

    fn show(&self) -> serde_json::Value {
        let whole = SIZE_UNITS
            .into_iter()
            .find(|(unit, _)| self.0 > 0 && self.0.is_multiple_of(*unit));
        let (unit, name) = whole.unwrap_or((1, "B"));
        json!(format!("{}{name}", self.0 / unit))
    }
}

/// A tick rate; `None` for a kind that does not tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TickRate(pub(crate) Option<Duration>);

impl Value for TickRate {
    const NAME: &'static str = "HZ|off";
    const EXPECTED: &'static str = "ticks per second from 0.01 to 1000, such as 20, or off";

    fn parse(text: &str) -> Option<Self> {
        if text == "off" {
            return Some(Self(None));
        }
        let hz: f64 = text.parse().ok()?;
        (0.01..=1000.0)
            .contains(&hz)
            .then(|| Self(Some(Duration::from_secs_f64(1.0 / hz))))
    }

    fn show(&self) -> serde_json::Value {
        let Some(tick) = self.0 else {
            return json!("off");
        };
        // Rounding to a thousandth hides the rounding of the period to nanoseconds.
        let hz = (1000.0 / tick.as_secs_f64()).round() / 1000.0;
        if hz.fract() == 0.0 {
            json!(hz as u64)
        } else {
            json!(hz)
        }
    }
}
