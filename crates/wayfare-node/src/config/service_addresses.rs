//! The addresses of a node's two services: the data folder, memory, or a URL that is never shown
//! with its password.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::value::Value;

/// The place of coordination, where entities and sessions have their owners recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CoordinationChoice {
    /// A file in the data folder.
    Embedded,
    /// The memory of this process, lost with it.
    Memory,
    /// An etcd cluster.
    Etcd(Address),
}

/// The place of storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StorageChoice {
    /// A file in the data folder.
    Embedded,
    /// The memory of this process, lost with it.
    Memory,
    /// A PostgreSQL database.
    Postgres(Address),
}

/// A URL that may contain a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

/// The user and password in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    None,
    /// A user without a password.
    User,
    Whole,
}

/// A stand-in for a password that is in a file, used where only the URL's form is checked.
const SOME_PASSWORD: &str = "password";

impl CoordinationChoice {
    /// Returns the URL, if the service is remote.
    pub(crate) fn address(&self) -> Option<&Address> {
        match self {
            Self::Etcd(address) => Some(address),
            Self::Embedded | Self::Memory => None,
        }
    }
}

impl StorageChoice {
    /// Returns the URL, if the service is remote.
    pub(crate) fn address(&self) -> Option<&Address> {
        match self {
            Self::Postgres(address) => Some(address),
            Self::Embedded | Self::Memory => None,
        }
    }
}

impl Address {
    /// Returns the URL with the password of the password file, if there is one.
    pub(crate) fn with_password(&self, password: Option<&str>) -> String {
        match (password, self.split()) {
            (Some(password), (scheme, Some(login), rest)) => {
                let password = utf8_percent_encode(password, NON_ALPHANUMERIC);
                format!("{scheme}://{login}:{password}@{rest}")
            }
            _ => self.0.clone(),
        }
    }

    pub(crate) fn login(&self) -> Login {
        match self.split() {
            (_, Some(login), _) if login.contains(':') => Login::Whole,
            (_, Some(_), _) => Login::User,
            (_, None, _) => Login::None,
        }
    }

    /// Returns the URL in a form that its parser accepts, whether or not the password is in a file.
    fn whole(&self) -> String {
        match self.login() {
            Login::User => self.with_password(Some(SOME_PASSWORD)),
            Login::None | Login::Whole => self.0.clone(),
        }
    }

    /// Splits the URL into scheme, login and rest.
    fn split(&self) -> (&str, Option<&str>, &str) {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        // Split at the last `@`: a password may contain an unencoded one.
        match rest.rsplit_once('@') {
            Some((login, rest)) => (scheme, Some(login), rest),
            None => (scheme, None, rest),
        }
    }

    /// Checks for reserved characters in the password. They would end it early, and the rest would
    /// be shown as a host.
    fn is_torn(&self) -> bool {
        let (_, login, _) = self.split();
        login.is_some_and(|login| login.contains(['/', '?', '#', '@']))
    }
}

/// The query parameters that may be shown. Any other may contain a password.
const SHOWN: &[&str] = &[
    "application_name",
    "ca",
    "cert",
    "connect_timeout",
    "domain",
    "key",
    "schema",
    "sslmode",
    "sslrootcert",
];

/// Shows the URL without the password, wherever it is.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, login, rest) = self.split();
        write!(f, "{scheme}://")?;
        if login.is_some_and(|login| login.contains('?')) {
            // The last `@` may be in the query, with a password before it.
            return f.write_str("…");
        }
        match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, "")) => write!(f, "{user}@")?,
            Some((user, _)) => write!(f, "{user}:…@")?,
            None => {}
        }
        // PostgreSQL's URLs may have the password in the query, too.
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        match login.is_none() && is_perhaps_a_login(place) {
            true => f.write_str("…")?,
            false => f.write_str(place)?,
        }
        for (index, pair) in query.split('&').filter(|it| !it.is_empty()).enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            match pair.split_once('=') {
                Some((name, _)) if !SHOWN.contains(&name) => write!(f, "{separator}{name}=…")?,
                _ => write!(f, "{separator}{pair}")?,
            }
        }
        Ok(())
    }
}

/// Checks whether a port in the place of the hosts is not a number: the `@` behind a password may
/// be missing.
fn is_perhaps_a_login(place: &str) -> bool {
    let hosts = place.split('/').next().unwrap_or_default();
    hosts.split(',').any(|host| {
        // The colons of an IPv6 address are inside brackets.
        let (_, behind) = host.rsplit_once(']').unwrap_or(("", host));
        let port = behind.split_once(':').map_or("", |(_, port)| port);
        port.contains(|it: char| !it.is_ascii_digit())
    })
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

const TORN: &str = "the password must be percent-encoded where it holds : / ? # or @ (%3A %2F %3F \
                    %23 %40), or be in a file that is named instead";

#[cfg(feature = "services")]
fn etcd(text: &str) -> Result<Address, String> {
    let address = Address(text.to_owned());
    if address.is_torn() {
        return Err(TORN.into());
    }
    let parsed = wayfare_etcd::Config::parse(&address.whole());
    parsed.map(|_| address).map_err(|wrong| wrong.to_string())
}

#[cfg(feature = "services")]
fn postgres(text: &str) -> Result<Address, String> {
    let address = Address(text.to_owned());
    if address.is_torn() {
        return Err(TORN.into());
    }
    let parsed = address.whole().parse::<wayfare_postgres::Config>();
    parsed.map(|_| address).map_err(|wrong| wrong.to_string())
}

/// Says how to get what this program was built without.
#[cfg(not(feature = "services"))]
const NOT_BUILT: &str = "this program was built without the clients of etcd and PostgreSQL, to be \
                         built quickly: build it with `--features services`";

#[cfg(not(feature = "services"))]
fn etcd(_: &str) -> Result<Address, String> {
    Err(NOT_BUILT.into())
}

#[cfg(not(feature = "services"))]
fn postgres(_: &str) -> Result<Address, String> {
    Err(NOT_BUILT.into())
}

fn masked(text: Option<&str>) -> String {
    let is_word = |text: &str| {
        text.chars()
            .all(|it| it.is_alphanumeric() || "-_ ".contains(it))
    };
    let shown = text.map(|text| match text.contains("://") {
        true => Address(text.to_owned()).to_string(),
        false if is_word(text) => text.to_owned(),
        // A URL that lacks something, or has another form.
        false => "…".to_owned(),
    });
    super::value::quoted(shown.as_deref())
}

macro_rules! service {
    ($type:ident, $remote:ident, $parse:ident, $expected:literal) => {
        impl Value for $type {
            const NAME: &'static str = "embedded|memory|URL";
            const EXPECTED: &'static str = $expected;

            fn parse(text: &str) -> Option<Self> {
                match text {
                    "embedded" => Some(Self::Embedded),
                    "memory" => Some(Self::Memory),
                    text => $parse(text).ok().map(Self::$remote),
                }
            }

            fn show(&self) -> serde_json::Value {
                match self {
                    Self::Embedded => json!("embedded"),
                    Self::Memory => json!("memory"),
                    Self::$remote(address) => json!(address.to_string()),
                }
            }

            fn repeat(text: Option<&str>) -> String {
                masked(text)
            }

            fn wrong(text: &str) -> Option<String> {
                // For a plain word the examples explain enough.
                text.contains("://").then(|| $parse(text).err()).flatten()
            }
        }
    };
}

service!(
    CoordinationChoice,
    Etcd,
    etcd,
    "embedded, memory or the members of an etcd, such as etcd://10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379/my-cluster"
);
service!(
    StorageChoice,
    Postgres,
    postgres,
    "embedded, memory or a database, such as postgres://wayfare@db.example:5432/wayfare"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_shows_a_password() {
        let check = |text: &str, expect: &str| {
            let address = Address(text.to_owned());
            assert_eq!(
                format!("{address} {address:?}"),
                format!("{expect} {expect}")
            );
        };
        check("etcd://a,b:1/eu", "etcd://a,b:1/eu");
        check("etcd://u:p%40@a/eu", "etcd://u:…@a/eu");
        check("postgres://u@db/d?schema=a", "postgres://u@db/d?schema=a");
        check(
            "postgres://u:p@db/d?schema=a&password=p&b=2",
            "postgres://u:…@db/d?schema=a&password=…&b=…",
        );
        check("postgres://u:p/q@r@db/d", "postgres://u:…@db/d");
        check("postgres://u@db/d?password=a@b", "postgres://…");
        check(
            "postgres://u@db?%70assword=p",
            "postgres://u@db?%70assword=…",
        );
        check("postgres://u:p.db:1/d", "postgres://…");
        check(
            "postgres://a:1,[::1]:2,[::1]/d",
            "postgres://a:1,[::1]:2,[::1]/d",
        );
    }

    #[test]
    fn refusals_do_not_repeat_passwords() {
        let check = |text: &str, expect: &str| {
            assert_eq!(StorageChoice::repeat(Some(text)), expect, "{text}");
        };
        check("redb", "\"redb\"");
        check("u:secret@db/d", "\"…\"");
        check("postgres:/u:secret@db/d", "\"…\"");
        check("host=db password=secret", "\"…\"");
    }

    #[test]
    fn a_password_from_a_file_is_put_into_the_url() {
        let address = Address("postgres://u@db/d?sslmode=disable".into());
        assert_eq!(address.login(), Login::User);
        assert_eq!(
            address.with_password(Some("p@/ä")),
            "postgres://u:p%40%2F%C3%A4@db/d?sslmode=disable"
        );
        assert_eq!(
            address.with_password(None),
            "postgres://u@db/d?sslmode=disable"
        );
    }

    #[test]
    fn errors_in_a_url_do_not_show_its_password() {
        let check = |wrong: Option<String>, expect: &str| {
            let wrong = wrong.unwrap();
            assert!(
                wrong.contains(expect) && !wrong.contains("secret"),
                "{wrong}"
            );
        };
        let coordination = CoordinationChoice::wrong;
        check(coordination("http://a"), "etcd://");
        check(coordination("etcd://u:secret/@a"), "percent-encoded");
        check(coordination("etcd://u:secret@a:x"), "`a:…`");
        check(coordination("etcd://u:secret.a:1"), "`u:…`");
        check(coordination("etcd://a?password=secret"), "`password`");
        check(coordination("etcds://u:secret@a"), "?ca=");
        let storage = StorageChoice::wrong;
        check(storage("mysql://u:secret@a/b"), "begins otherwise");
        check(storage("postgres://u:se/secret@a/b"), "percent-encoded");
        check(storage("postgres://u:secret@a/b?sslmode=so"), "sslmode=so");
        assert_eq!(storage("disk"), None);
    }
}
