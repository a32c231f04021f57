//! The configuration of the etcd client: addresses, login and time limits.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::url::{self, UrlError};

/// The configuration of [`crate::Etcd`].
///
/// `Config::default()` is one member on this machine; [`Config::parse`] reads
/// `etcd://user:password@host1:2379,host2:2379/prefix`.
#[derive(Clone, Debug)]
pub struct Config {
    /// All members, as `host:port`. Name all of them: a member that is not named is not used when
    /// the others are down.
    pub endpoints: Vec<String>,
    /// The prefix of every key, without slashes around it: the name of the cluster. Others may use
    /// the same etcd with another prefix.
    pub prefix: String,
    /// The TLS settings; `None` for no TLS.
    pub tls: Option<Tls>,
    /// The login; `None` if etcd needs none.
    pub login: Option<Login>,
    /// The time that a connect waits for a first answer.
    pub connect_time_max: Duration,
    /// The time for which a request is passed from member to member, as long as it was certainly
    /// not executed.
    pub call_time_max: Duration,
    /// The time limit of one member for a change. A change that was sent and is not answered by
    /// then is unknown.
    pub answer_time_max: Duration,
    /// The time limit of one member for a read, before the next member is asked. It is shorter,
    /// because a read may be repeated, and etcd drops some reads during an election.
    pub read_time_max: Duration,
    /// The interval at which an idle member is asked for its status. HTTP/2 pings are not used,
    /// because etcd disconnects clients that ping more than once in 5 s.
    pub greeting_interval: Duration,
    /// The time without any message, even a progress message, after which a watch goes to another
    /// member.
    pub watch_silence_max: Duration,
    /// The number of changes that are queued for a slow reader of a watch.
    pub watch_changes_max: usize,
    /// The maximum number of concurrent requests. Further ones wait.
    pub calls_max: usize,
    /// The number of records in a page of a list.
    pub list_page: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoints: vec!["127.0.0.1:2379".to_owned()],
            prefix: "wayfare".to_owned(),
            tls: None,
            login: None,
            // Short, so that the caller soon gets the reason. It may try again.
            connect_time_max: Duration::from_secs(1),
            // Longer than an election, which takes 1 to 2 s with etcd's default settings.
            call_time_max: Duration::from_secs(3),
            // Some hundred times a normal answer, and half an election.
            answer_time_max: Duration::from_millis(600),
            read_time_max: Duration::from_millis(300),
            greeting_interval: Duration::from_secs(2),
            watch_silence_max: Duration::from_secs(2),
            watch_changes_max: 16 * 1024,
            calls_max: 1024,
            list_page: 1000,
        }
    }
}

impl Config {
    /// Parses `etcd://[user:password@]host[:port][,host[:port]…][/prefix]`. `etcds://` is the same
    /// over TLS, with `?ca=FILE` and optionally `&cert=FILE&key=FILE&domain=NAME` behind it, which
    /// are the fields of [`Tls`]. User, password, prefix and files may be percent-encoded.
    ///
    /// # Errors
    /// The mistake in the text, without the password.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        url::parse(text)
    }
}

/// The TLS settings.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// A file of PEM certificates: the authority that must have signed the members' certificates.
    /// There is no default, because an etcd cluster is private and should not trust every public
    /// authority.
    pub ca: PathBuf,
    /// The client's identity for members that require one: files of a PEM certificate chain and its
    /// key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The name in the members' certificates, if it differs from their hosts.
    pub domain: Option<String>,
}

/// A user's login.
#[derive(Clone)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
