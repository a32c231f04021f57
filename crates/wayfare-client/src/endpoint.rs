//! The address of a server.

use tokio_tungstenite::tungstenite::http::Uri;

use crate::ConnectError;

/// A `ws://` address.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint(Uri);

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, ConnectError> {
        let invalid = |reason: String| ConnectError::InvalidEndpoint {
            endpoint: text.into(),
            reason,
        };
        let uri: Uri = text.parse().map_err(|error| invalid(format!("{error}")))?;
        match uri.scheme_str() {
            Some("ws") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(Self(uri)),
            Some("ws") => Err(invalid("it names no host".into())),
            Some("wss") => Err(ConnectError::NoTls {
                endpoint: text.into(),
            }),
            _ => Err(invalid("it does not begin with ws://".into())),
        }
    }

    pub(crate) fn uri(&self) -> Uri {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_websocket_address_is_accepted() {
        assert!(Endpoint::parse("ws://127.0.0.1:7777").is_ok());
        assert!(Endpoint::parse("ws://[::1]:7777/play").is_ok());
        let check = |text: &str, expect: &str| {
            let error = Endpoint::parse(text).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(
            "wss://play.example",
            "asks for TLS, which this build does not have",
        );
        check("http://play.example", "does not begin with ws://");
        check("127.0.0.1:7777", "does not begin with ws://");
        check("", "is not an address");
    }
}
