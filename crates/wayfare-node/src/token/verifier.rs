//! Verification of tokens.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use wayfare_core::game::{Player, Refusal};
use wayfare_protocol::limits::{CREDENTIAL_BYTES_MAX, NAME_BYTES_MAX};
use wayfare_protocol::{ErrorCode, PlayerId};

use super::Key;
use crate::shards::Authenticator;

/// The clock difference that is tolerated between this machine and the token's issuer.
const LEEWAY_SECONDS: u64 = 30;

/// A verifier with one key, or with none.
pub(crate) struct Verifier {
    key: Option<DecodingKey>,
    validation: Validation,
}

/// The claims that are read of a token. The library checks `exp` and `nbf`; others are ignored.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    name: Option<String>,
}

impl Verifier {
    /// Accepts tokens that are signed with `key`. Without a key, accepts none.
    pub(crate) fn new(key: Option<&Key>) -> Self {
        // The algorithm is fixed here and never taken from the token.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECONDS;
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_nbf = true;
        // The key is shared only by this game's servers, so it already implies the audience.
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
        let data = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .map_err(|error| refusal(error.kind()))?;
        let Claims { sub, name } = data.claims;
        let id = PlayerId::new(&sub).map_err(|_| {
            invalid("the token's `sub` is empty, too long or has control characters")
        })?;
        let name = match name {
            Some(name) => checked_name(&name)?,
            None => id.as_str().into(),
        };
        Ok(Player {
            id,
            name,
            guest: false,
        })
    }
}

fn checked_name(name: &str) -> Result<Arc<str>, Refusal> {
    let bad = name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control);
    if bad {
        return Err(invalid(format!(
            "the token's `name` is empty, longer than {NAME_BYTES_MAX} bytes or has control characters"
        )));
    }
    Ok(name.into())
}

/// Makes a refusal that does not repeat any part of the token, because refusals are logged and
/// shown.
fn refusal(kind: &ErrorKind) -> Refusal {
    match kind {
        ErrorKind::ExpiredSignature => Refusal::with_code(
            ErrorCode::TokenExpired,
            "the token has expired: get a new one from where this one came from",
        ),
        ErrorKind::ImmatureSignature => {
            invalid("the token does not hold yet (`nbf`): is the clock right where it was made?")
        }
        ErrorKind::InvalidSignature => {
            invalid("the token is signed with another key than this server's")
        }
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            invalid("the token is not signed with HS256, the only algorithm accepted here")
        }
        ErrorKind::MissingRequiredClaim(claim) if claim == "exp" => {
            invalid("the token has no `exp`, and one that never expires is not accepted")
        }
        ErrorKind::MissingRequiredClaim(_) => {
            invalid("the token has no `sub`, which names the player")
        }
        ErrorKind::InvalidClaimFormat(_) => invalid("a claim of the token has the wrong type"),
        _ => invalid("the token is not a JSON Web Token with `sub` and `exp`"),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::with_code(ErrorCode::TokenInvalid, message)
}
