//! Where etcd is, how to log in there, and how long to wait for it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::url::{self, UrlError};

/// Everything [`crate::Etcd`] is told.
///
/// `Config::default()` is one member on this machine; [`Config::parse`] reads
/// `etcd://user:password@host1:2379,host2:2379/prefix`.
#[derive(Clone, Debug)]
pub struct Config {
    /// All members, as `host:port`. Give all of them: one that is not named is not asked when the
    /// others are gone.
    pub endpoints: Vec<String>,
    /// What every key begins with, without slashes around it: the name of the cluster. Others may
    /// use the same etcd under another prefix.
    pub prefix: String,
    /// How to speak TLS; `None` speaks in clear.
    pub tls: Option<Tls>,
    /// Who to be; `None` if etcd asks for nobody.
    pub login: Option<Login>,
    /// How long a connect waits for a first answer.
    pub connect_time_max: Duration,
    /// How long a request is passed on from member to member, as long as it was certainly not
    /// carried out.
    pub call_time_max: Duration,
    /// How long one member is waited for with a change. One that was sent and not answered by then
    /// is unknown.
    pub answer_time_max: Duration,
    /// How long one member is waited for with a read, before the next is asked. Shorter, since a
    /// read may be repeated, and etcd drops some that arrive in the middle of an election.
    pub read_time_max: Duration,
    /// How often a member that nobody asks is asked how it is. Not by pings of HTTP/2: etcd cuts
    /// who pings more than once in 5 s.
    pub greeting_interval: Duration,
    /// How long a watch may hear nothing, not even that there is nothing, before it asks elsewhere.
    pub watch_silence_max: Duration,
    /// Changes held for a reader of a watch that is slow.
    pub watch_changes_max: usize,
    /// Requests under way at once; more wait their turn.
    pub calls_max: usize,
    /// Records asked for at once in a list.
    pub list_page: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoints: vec!["127.0.0.1:2379".to_owned()],
            prefix: "wayfare".to_owned(),
            tls: None,
            login: None,
            // So that who waits for it is soon told why; it may be tried again.
            connect_time_max: Duration::from_secs(1),
            // Longer than an election, which takes etcd 1 to 2 s with its own settings.
            call_time_max: Duration::from_secs(3),
            // Some hundred times a good answer, half an election.
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
    /// Of `etcd://[user:password@]host[:port][,host[:port]…][/prefix]`; `etcds://` is the same over
    /// TLS, with `?ca=FILE` and, if need be, `&cert=FILE&key=FILE&domain=NAME` behind it, which are
    /// those of [`Tls`]. User, password, prefix and files may be percent-encoded.
    ///
    /// # Errors
    /// What is wrong with it, without the password.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        url::parse(text)
    }
}

/// How to speak TLS.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Who must have signed the members' certificates: a file of PEM certificates. There is no
    /// default: an etcd that any public authority could vouch for is no closed system.
    pub ca: PathBuf,
    /// What to show to members that want to know who is there: files of a PEM certificate chain
    /// and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The name in the members' certificates, where it is not the host they are reached by.
    pub domain: Option<String>,
}

/// Who to be.
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
