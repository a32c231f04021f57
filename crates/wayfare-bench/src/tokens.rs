//! Signed tokens for the clients of a measured node, which log in as players do.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde::Serialize;

/// The validity of a token: longer than the longest benchmark.
const HOLDS: Duration = Duration::from_secs(3600);
/// The name of the key's file in the node's folder.
pub(crate) const KEY_FILE: &str = "token.key";

/// A key for one server.
pub(crate) struct Tokens {
    key: EncodingKey,
    expires: u64,
}

#[derive(Serialize)]
struct Claims {
    sub: String,
    exp: u64,
}

impl Tokens {
    /// Makes a key, and writes it to the file where a server of this folder reads it.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        let mut random = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(folder.join(KEY_FILE), &text)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Self {
            key: EncodingKey::from_secret(text.as_bytes()),
            expires: (now + HOLDS).as_secs(),
        })
    }

    /// Makes a token for this client.
    pub(crate) fn mint(&self, client: u32) -> Result<String> {
        let claims = Claims {
            sub: format!("bench-{client}"),
            exp: self.expires,
        };
        // HS256 is the default of the header, and the only algorithm that a node accepts.
        Ok(encode(&Header::default(), &claims, &self.key)?)
    }
}
