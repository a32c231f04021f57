//! The configuration: servers, read from a URL, and settings with defaults.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::error::{ConfigError, describe};
use crate::tls::{Roots, Tls};

/// The configuration of storage on PostgreSQL.
///
/// It is parsed from `postgres://user:password@host:port/database?sslmode=…`. Several hosts,
/// separated by commas, are tried in order until one accepts writes. `Debug` and `Display` omit the
/// password.
///
/// TLS always verifies certificate and name: `require`, `verify-ca` and `verify-full` mean the
/// same. Without `sslmode`, TLS is required except for loopback and sockets. `sslrootcert` names a
/// file of authorities to trust instead of the system's. `schema` is [`Config::schema`].
#[derive(Clone)]
pub struct Config {
    pub(crate) server: tokio_postgres::Config,
    pub(crate) tls: Tls,
    pub(crate) schema: String,
    pub(crate) lanes: usize,
    pub(crate) readers: usize,
    pub(crate) deadline: Duration,
    pub(crate) is_unsafe_allowed: bool,
}

/// The number of writing connections. The groups of one connection wait for each other's commit; a
/// second connection prepares the next group meanwhile, see docs/decisions/postgres-layout.md.
const LANES: usize = 2;
const READERS: usize = 2;
const DEADLINE: Duration = Duration::from_secs(10);
/// The time limit of a connection attempt to one host.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// The idle time after which keepalive probes check the server.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const SCHEMA_BYTES_MAX: usize = 63;

impl Config {
    /// Sets the schema that holds all tables, `wayfare` by default. Use one for each cluster in a
    /// database.
    ///
    /// # Errors
    /// [`ConfigError::Schema`].
    pub fn schema(mut self, name: &str) -> Result<Self, ConfigError> {
        let is_allowed =
            |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "_-".contains(it);
        if name.is_empty() || name.len() > SCHEMA_BYTES_MAX || !name.chars().all(is_allowed) {
            return Err(ConfigError::Schema(name.to_owned()));
        }
        name.clone_into(&mut self.schema);
        Ok(self)
    }

    /// Sets the number of connections that write and that read, at least one each. Another one is
    /// used for values that are too large to be sent at once.
    #[must_use]
    pub fn connections(mut self, writing: usize, reading: usize) -> Self {
        self.lanes = writing.max(1);
        self.readers = reading.max(1);
        self
    }

    /// Sets the time limit of a request, including the wait for an unavailable server. The default
    /// is 10 s.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Accepts a server that does not sync acknowledged commits, for measurements and throw-away
    /// clusters.
    #[must_use]
    pub const fn allow_unsafe_server(mut self) -> Self {
        self.is_unsafe_allowed = true;
        self
    }
}

impl FromStr for Config {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        let (rest, tls) = Parameters::split_off(url)?;
        let mut server: tokio_postgres::Config = rest
            .parse()
            .map_err(|error| ConfigError::Url(describe(&error)))?;
        if server.get_hosts().is_empty() {
            return Err(ConfigError::Url("a host is missing".into()));
        }
        let mode = match tls.mode.as_deref() {
            Some("disable") => SslMode::Disable,
            Some("prefer" | "allow") => SslMode::Prefer,
            Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some(other) => return Err(ConfigError::TlsMode(other.to_owned())),
            None if server.get_hosts().iter().all(is_this_machine) => SslMode::Disable,
            None => SslMode::Require,
        };
        let roots = match tls.roots {
            Some(path) => Roots::File(path),
            None => Roots::System,
        };
        server
            .ssl_mode(mode)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_IDLE / 2)
            .keepalives_retries(3)
            .tcp_user_timeout(DEADLINE);
        if server.get_connect_timeout().is_none() {
            server.connect_timeout(CONNECT_TIME_MAX);
        }
        if server.get_application_name().is_none() {
            server.application_name("wayfare");
        }
        let config = Self {
            tls: Tls::new(mode, &roots)?,
            server,
            schema: "wayfare".into(),
            lanes: LANES,
            readers: READERS,
            deadline: DEADLINE,
            is_unsafe_allowed: false,
        };
        match tls.schema {
            Some(name) => config.schema(&name),
            None => Ok(config),
        }
    }
}

/// Parameters that the library's parser does not know, or treats differently.
struct Parameters {
    mode: Option<String>,
    roots: Option<String>,
    schema: Option<String>,
}

impl Parameters {
    fn split_off(url: &str) -> Result<(String, Self), ConfigError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(ConfigError::Url("it begins otherwise".into()));
        }
        let mut found = Self {
            mode: None,
            roots: None,
            schema: None,
        };
        let Some((base, query)) = url.split_once('?') else {
            return Ok((url.to_owned(), found));
        };
        let mut kept = Vec::new();
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => found.mode = Some(mode.to_owned()),
                Some(("sslrootcert", "system")) => found.roots = None,
                Some(("sslrootcert", path)) => found.roots = Some(path.replace("%2F", "/")),
                Some(("schema", name)) => found.schema = Some(name.to_owned()),
                _ => kept.push(pair),
            }
        }
        let rest = match kept[..] {
            [] => base.to_owned(),
            _ => format!("{base}?{}", kept.join("&")),
        };
        Ok((rest, found))
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let address = name.parse::<IpAddr>();
            name == "localhost" || address.is_ok_and(|it| it.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = &self.server;
        write!(f, "postgres://{}@", server.get_user().unwrap_or_default())?;
        for (index, host) in server.get_hosts().iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{separator}{name}")?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{separator}{}", path.display())?,
            }
            // One port may be given for all hosts.
            let ports = server.get_ports();
            if let Some(port) = ports.get(index).or(ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", server.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("server", &format_args!("{self}"))
            .field("schema", &self.schema)
            .field("lanes", &self.lanes)
            .field("readers", &self.readers)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        url.parse::<Config>().unwrap().server.get_ssl_mode()
    }

    #[test]
    fn a_url_is_read() {
        let url = "postgres://me:secret@127.0.0.1:6000,localhost:6001/games?connect_timeout=2";
        let config: Config = url.parse().unwrap();
        assert_eq!(
            config.to_string(),
            "postgres://me@127.0.0.1:6000,localhost:6001/games"
        );
        let timeout = config.server.get_connect_timeout();
        assert_eq!(timeout, Some(&Duration::from_secs(2)));
        assert_eq!(config.server.get_password(), Some(&b"secret"[..]));
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn tls_is_required_except_on_this_machine() {
        assert_eq!(mode("postgres://u@127.0.0.1/d"), SslMode::Disable);
        assert_eq!(mode("postgres://u@%2Frun%2Fp/d"), SslMode::Disable);
        assert_eq!(
            mode("postgres://u@localhost,db/d?sslmode=prefer"),
            SslMode::Prefer
        );
        assert_eq!(mode("postgres://u@[::1]/d"), SslMode::Disable);
        assert_eq!(mode("postgres://u@127.a.example/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@db/d?sslmode=disable"), SslMode::Disable);
        assert_eq!(
            mode("postgres://u@localhost/d?sslmode=verify-full"),
            SslMode::Require
        );
        let cannot_verify = "postgres://u@db/d?sslrootcert=/nowhere".parse::<Config>();
        assert!(matches!(cannot_verify, Err(ConfigError::Roots { .. })));
    }

    #[test]
    fn mistakes_are_named_without_the_password() {
        for (url, expected) in [
            ("mysql://u:secret@h/d", "begins otherwise"),
            ("postgres://u:secret@h:no/d", "port"),
            ("postgres://u:secret@h/d?colour=red", "colour"),
            ("postgres:///d", "host"),
            ("postgres://u:secret@h/d?sslmode=maybe", "sslmode=maybe"),
        ] {
            let text = url.parse::<Config>().unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn a_schema_has_a_plain_name() {
        let config: Config = "postgres://u@localhost/d".parse().unwrap();
        assert_eq!(
            config.clone().schema("eu-west_1").unwrap().schema,
            "eu-west_1"
        );
        let named: Config = "postgres://u@localhost/d?schema=eu".parse().unwrap();
        assert_eq!(named.schema, "eu");
        let bad = "postgres://u@localhost/d?schema=E".parse::<Config>();
        assert!(matches!(bad, Err(ConfigError::Schema(_))));
        for name in ["", "a\"b", "Ä", &"a".repeat(64)] {
            config.clone().schema(name).unwrap_err();
        }
    }
}
