//! The URL of an etcd cluster: `etcd://user:password@host1:2379,host2:2379/prefix`.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::config::{Config, Login, Tls};

/// The default port of etcd.
const PORT: u16 = 2379;

/// Mistakes in a URL. The error never contains the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The scheme is wrong.
    #[error("an address of etcd begins with etcd:// or, over TLS, etcds://")]
    Scheme,
    /// There is no host, or an empty one among several.
    #[error("an address of etcd names its members: etcd://host1:2379,host2:2379/prefix")]
    NoHost,
    /// A host or a port is invalid.
    #[error("`{0}` is not host:port")]
    Host(String),
    /// A member is named twice. It would count as two.
    #[error("`{0}` is named twice")]
    HostTwice(String),
    /// A user without a password, or a password without a user.
    #[error("a login is user:password, both percent-encoded where they hold : @ / or ,")]
    Login,
    /// Percent encoding that does not decode to UTF-8.
    #[error("the {0} does not decode as UTF-8")]
    Encoding(&'static str),
    /// An unknown text behind the prefix.
    #[error("`{0}` is not known: behind the prefix there may be ?ca=, cert=, key= and domain=")]
    Rest(String),
    /// Files for TLS in a URL without TLS.
    #[error("`{0}` is for TLS: write etcds:// to speak it")]
    NoTls(String),
    /// TLS without an authority to trust.
    #[error(
        "etcds:// needs the authority that signed the members' certificates: ?ca=/etc/wayfare/ca.pem"
    )]
    NoAuthority,
    /// A certificate without its key, or a key without its certificate.
    #[error("cert= and key= belong together: a certificate and its key")]
    Identity,
}

pub(crate) fn parse(text: &str) -> Result<Config, UrlError> {
    let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let tls = match scheme {
        "etcd" => no_tls(query)?,
        "etcds" => Some(parse_tls(query)?),
        _ => return Err(UrlError::Scheme),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (Some(parse_login(login)?), hosts),
        None => (None, authority),
    };
    let default = Config::default();
    let prefix = parse_prefix(path)?.unwrap_or_else(|| default.prefix.clone());
    Ok(Config {
        endpoints: parse_hosts(hosts)?,
        prefix,
        tls,
        login,
        ..default
    })
}

fn parse_login(text: &str) -> Result<Login, UrlError> {
    let (user, password) = text.split_once(':').ok_or(UrlError::Login)?;
    if user.is_empty() || password.is_empty() || password.contains(':') {
        return Err(UrlError::Login);
    }
    Ok(Login {
        user: decode(user, "user")?,
        password: decode(password, "password")?,
    })
}

fn no_tls(query: &str) -> Result<Option<Tls>, UrlError> {
    if query.is_empty() {
        return Ok(None);
    }
    // For an unknown parameter that error is more helpful.
    parse_tls(query).or_else(|wrong| match wrong {
        UrlError::NoAuthority | UrlError::Identity => Ok(Tls::default()),
        other => Err(other),
    })?;
    Err(UrlError::NoTls(query.to_owned()))
}

fn parse_tls(query: &str) -> Result<Tls, UrlError> {
    let (mut tls, mut cert, mut key) = (Tls::default(), None, None);
    for pair in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value, "path")?;
        match name {
            _ if value.is_empty() => return Err(UrlError::Rest(name.to_owned())),
            "ca" => tls.ca = value.into(),
            "cert" => cert = Some(PathBuf::from(value)),
            "key" => key = Some(PathBuf::from(value)),
            "domain" => tls.domain = Some(value),
            _ => return Err(UrlError::Rest(name.to_owned())),
        }
    }
    if tls.ca.as_os_str().is_empty() {
        return Err(UrlError::NoAuthority);
    }
    tls.identity = match (cert, key) {
        (None, None) => None,
        (Some(cert), Some(key)) => Some((cert, key)),
        _ => return Err(UrlError::Identity),
    };
    Ok(tls)
}

fn parse_hosts(text: &str) -> Result<Vec<String>, UrlError> {
    let mut hosts = Vec::new();
    for host in text.split(',') {
        let host = parse_host(host)?;
        if hosts.contains(&host) {
            return Err(UrlError::HostTwice(host));
        }
        hosts.push(host);
    }
    Ok(hosts)
}

fn parse_host(text: &str) -> Result<String, UrlError> {
    if text.is_empty() {
        return Err(UrlError::NoHost);
    }
    let wrong = || UrlError::Host(text.to_owned());
    // The colons of an IPv6 address are inside brackets.
    let split_at = text.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match text[split_at..].split_once(':') {
        Some((host, port)) => {
            // The text may be a password whose `@` is missing.
            let not_a_port = |_| UrlError::Host(format!("{}{host}:…", &text[..split_at]));
            let port: u16 = port.parse().map_err(not_a_port)?;
            (&text[..split_at + host.len()], port)
        }
        None => (text, PORT),
    };
    let has_no_host = host.is_empty() || port == 0;
    if has_no_host || host.contains(|it: char| it.is_whitespace() || "@?#%".contains(it)) {
        return Err(wrong());
    }
    Ok(format!("{host}:{port}"))
}

fn parse_prefix(path: &str) -> Result<Option<String>, UrlError> {
    if path.contains('#') {
        return Err(UrlError::Rest("#".to_owned()));
    }
    let prefix = decode(path, "prefix")?;
    let prefix = prefix.trim_matches('/');
    Ok((!prefix.is_empty()).then(|| prefix.to_owned()))
}

fn decode(text: &str, what: &'static str) -> Result<String, UrlError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| UrlError::Encoding(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, endpoints: &[&str], prefix: &str, user: Option<&str>) {
        let config = parse(text).unwrap();
        assert_eq!(config.endpoints, endpoints, "{text}");
        assert_eq!(config.prefix, prefix, "{text}");
        let login = config
            .login
            .map(|it| format!("{}:{}", it.user, it.password));
        assert_eq!(login.as_deref(), user, "{text}");
    }

    #[test]
    fn missing_parts_have_defaults() {
        check("etcd://a", &["a:2379"], "wayfare", None);
        check("etcd://a:1/", &["a:1"], "wayfare", None);
        check(
            "etcd://a,b:2,[::1]:3",
            &["a:2379", "b:2", "[::1]:3"],
            "wayfare",
            None,
        );
        check("etcd://[::1]/eu", &["[::1]:2379"], "eu", None);
        check("etcd://a//eu/west/", &["a:2379"], "eu/west", None);
    }

    #[test]
    fn a_login_may_hold_anything_if_encoded() {
        check("etcd://u:p@a/x", &["a:2379"], "x", Some("u:p"));
        check(
            "etcd://u%40b:p%3A%2F%2C@a",
            &["a:2379"],
            "wayfare",
            Some("u@b:p:/,"),
        );
    }

    #[test]
    fn tls_is_another_scheme() {
        assert!(parse("etcd://a").unwrap().tls.is_none());
        let bare = parse("etcds://a/eu?ca=/c%20a.pem").unwrap().tls.unwrap();
        assert_eq!(bare.ca, PathBuf::from("/c a.pem"));
        assert!(bare.identity.is_none() && bare.domain.is_none());
        let whole = parse("etcds://a?ca=ca&cert=c&key=k&domain=etcd.test").unwrap();
        assert_eq!(whole.prefix, "wayfare");
        let whole = whole.tls.unwrap();
        assert_eq!(whole.identity, Some(("c".into(), "k".into())));
        assert_eq!(whole.domain.as_deref(), Some("etcd.test"));
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, expected: UrlError| {
            assert_eq!(parse(text).unwrap_err(), expected, "{text}");
        };
        let host = |text: &str| UrlError::Host(text.to_owned());
        check("http://a", UrlError::Scheme);
        check("a:2379", UrlError::Scheme);
        check("etcd:///x", UrlError::NoHost);
        check("etcd://a,,b", UrlError::NoHost);
        check("etcd://a:x", host("a:…"));
        check("etcd://a:0", host("a:0"));
        check("etcd://:1", host(":1"));
        check("etcd://a b", host("a b"));
        check("etcd://a,a:2379", UrlError::HostTwice("a:2379".to_owned()));
        check("etcd://u@a", UrlError::Login);
        check("etcd://u:p:q@a", UrlError::Login);
        check("etcd://u:%ff@a", UrlError::Encoding("password"));
        check("etcd://a/x?y=1", UrlError::Rest("y".to_owned()));
        check("etcds://a?ca=", UrlError::Rest("ca".to_owned()));
        check("etcd://a/x#y", UrlError::Rest("#".to_owned()));
        check("etcd://a?ca=c", UrlError::NoTls("ca=c".to_owned()));
        check("etcds://a", UrlError::NoAuthority);
        check("etcds://a?ca=c&cert=d", UrlError::Identity);
    }

    #[test]
    fn the_password_is_never_shown() {
        let config = parse("etcd://u:secret@a").unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }
}
