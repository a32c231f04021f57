//! Tokens: signed statements of a player's identity (JWT, RFC 7519, with HS256).

mod key;
mod verifier;

pub(crate) use key::Key;
pub(crate) use verifier::Verifier;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use wayfare_protocol::PlayerId;

/// The claims of a token made here.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// The expiry, in seconds since 1970.
    exp: u64,
}

/// Makes a token for `player` that is valid for `ttl` from now on.
///
/// # Errors
/// If the library cannot sign.
pub(crate) fn mint(
    key: &Key,
    player: &PlayerId,
    name: Option<&str>,
    ttl: Duration,
) -> anyhow::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let claims = Claims {
        sub: player.as_str(),
        name,
        exp: (now + ttl).as_secs(),
    };
    let header = Header::new(Algorithm::HS256);
    Ok(jsonwebtoken::encode(&header, &claims, &key.encoding())?)
}

#[cfg(test)]
mod tests;
