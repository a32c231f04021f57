//! The admin key over TCP, compared in constant time.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::failure::Failure;
use crate::chance;
use crate::config::Secret;

/// A keyed hash of the admin key. Comparing hashes reveals neither the key's bytes nor its length
/// through timing.
pub(crate) struct Credential {
    keyed: Hmac<Sha256>,
    expected: Vec<u8>,
}

impl Credential {
    /// Makes a credential that accepts exactly `secret`.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub(crate) fn new(secret: &Secret) -> std::io::Result<Self> {
        let keyed =
            Hmac::<Sha256>::new_from_slice(&chance::bytes()?).map_err(std::io::Error::other)?;
        let expected = keyed
            .clone()
            .chain_update(&secret.0)
            .finalize()
            .into_bytes()
            .to_vec();
        Ok(Self { keyed, expected })
    }

    fn accepts(&self, presented: &[u8]) -> bool {
        let hashed = self.keyed.clone().chain_update(presented);
        hashed.verify_slice(&self.expected).is_ok()
    }
}

pub(super) async fn require(
    State(credential): State<Arc<Option<Credential>>>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let Some(credential) = credential.as_ref() else {
        return Err(Failure::api_off());
    };
    let presented = request.headers().get(AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.as_bytes().split_at_checked("Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)
    });
    match presented {
        Some(key) if credential.accepts(key) => Ok(next.run(request).await),
        _ => Err(Failure::unauthorized()),
    }
}
