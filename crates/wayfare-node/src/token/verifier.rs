//! Verification of tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};
use wayfare_core::game::{Player, Refusal};
use wayfare_protocol::limits::CREDENTIAL_BYTES_MAX;
use wayfare_protocol::{ErrorCode, PlayerId};

use super::Key;
use crate::shards::Authenticator;

/// The clock difference that is tolerated between this machine and the token's issuer.
const LEEWAY_SECONDS: f64 = 30.0;
/// A token that is valid for longer than this, a century, counts in other units.
const EXPIRES_WITHIN_MAX_SECONDS: f64 = 100.0 * 366.0 * 86_400.0;

/// A verifier with one key, or with none.
pub(crate) struct Verifier {
    key: Option<DecodingKey>,
    validation: Validation,
}

impl Verifier {
    /// Accepts tokens that are signed with `key`. Without a key, accepts none.
    pub(crate) fn new(key: Option<&Key>) -> Self {
        // The algorithm is fixed here and never taken from the token. The claims are checked below,
        // where each can be named; the key is shared only by this game's servers, so it already
        // implies the audience.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims::<&str>(&[]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        Self {
            key: key.map(Key::decoding),
            validation,
        }
    }
}

impl Authenticator for Verifier {
    fn authenticate(&self, token: &str) -> Result<Player, Refusal> {
        let Some(key) = &self.key else {
            return Err(invalid(
                "this server has no token key and lets only guests in: connect without a token",
            ));
        };
        if token.len() > CREDENTIAL_BYTES_MAX {
            return Err(invalid("the token is too long"));
        }
        let token = jsonwebtoken::decode(token, key, &self.validation);
        let claims = token.map_err(|error| refusal(error.kind()))?.claims;
        player_of(&claims, now())
    }
}

type Claims = Map<String, Value>;

/// Returns the player whom the claims name, if they hold `now`: seconds since 1970.
fn player_of(claims: &Claims, now: f64) -> Result<Player, Refusal> {
    let Some(sub) = text(claims, "sub", "the player's id")? else {
        return Err(invalid("the token has no `sub`, which names the player"));
    };
    let id = PlayerId::new(sub)
        .map_err(|why| invalid(format!("the token's `sub` names no player: {why}")))?;
    let Some(expires) = seconds(claims, "exp")? else {
        let message = "the token has no `exp`, and one that never expires is not accepted";
        return Err(invalid(message));
    };
    if expires + LEEWAY_SECONDS <= now {
        let message = "the token has expired: get a new one from where this one came from";
        return Err(Refusal::with_code(ErrorCode::TokenExpired, message));
    }
    if expires > now + EXPIRES_WITHIN_MAX_SECONDS {
        return Err(invalid(
            "the token's `exp` is more than a century away: it counts seconds since 1970, not \
             milliseconds",
        ));
    }
    if seconds(claims, "nbf")?.is_some_and(|from| from > now + LEEWAY_SECONDS) {
        return Err(invalid(
            "the token does not hold yet (`nbf`): is the clock right where it was made?",
        ));
    }
    let name = text(claims, "name", "the name that others see")?;
    Ok(Player::named(id, name.unwrap_or_default(), false))
}

/// Returns a claim that is a text; `None` if the token has no such claim.
fn text<'a>(claims: &'a Claims, claim: &str, meaning: &str) -> Result<Option<&'a str>, Refusal> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => {
            let kind = kind_of(other);
            let message = format!("the token's `{claim}` is {kind}, and must be a text: {meaning}");
            Err(invalid(message))
        }
    }
}

/// Returns a claim that is a time; `None` if the token has no such claim.
fn seconds(claims: &Claims, claim: &str) -> Result<Option<f64>, Refusal> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(other) => {
            let kind = kind_of(other);
            let message = format!(
                "the token's `{claim}` is {kind}, and must be a number: seconds since 1970"
            );
            Err(invalid(message))
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Seconds since 1970, by this machine's clock.
fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64()
}

/// Makes a refusal that does not repeat any part of the token, because refusals are logged and
/// shown.
fn refusal(kind: &ErrorKind) -> Refusal {
    match kind {
        ErrorKind::InvalidSignature => {
            invalid("the token is signed with another key than this server's")
        }
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            invalid("the token is not signed with HS256, the only algorithm accepted here")
        }
        ErrorKind::Json(_) => invalid(
            "the token is not a JSON Web Token whose claims this server can read: `sub` must be a \
             text, and `exp` a number, seconds since 1970",
        ),
        _ => invalid("the token is not a JSON Web Token with `sub` and `exp`"),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::with_code(ErrorCode::TokenInvalid, message)
}
