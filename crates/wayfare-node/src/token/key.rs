//! The key that tokens are signed with, and where it was found.

use std::fmt;
use std::path::{Path, PathBuf};

use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::config::{Config, Secret};

/// A key of the same size as the hash output or larger is required (RFC 7518, section 3.2).
const BYTES_MIN: usize = 32;
/// Far beyond any key; a token_key_file larger than this is another file.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The bytes of a text, as written: no base64 or hex is undone, as most libraries for JWT do it.
#[derive(Clone)]
pub(crate) struct Key {
    secret: Secret,
    source: String,
}

impl Key {
    /// The key of this configuration, if it has one.
    ///
    /// # Errors
    /// If it is too short, or its file cannot be read.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>, KeyError> {
        if let Some(secret) = &config.settings.token_key {
            return Self::new(&secret.0, config.source("token_key").to_string()).map(Some);
        }
        let Some(path) = &config.settings.token_key_file else {
            return Ok(None);
        };
        let text = read(path).map_err(|reason| KeyError::Unreadable {
            path: path.clone(),
            place: config.source("token_key_file").to_string(),
            reason,
        })?;
        Self::new(
            text.trim_end_matches(['\r', '\n']),
            path.display().to_string(),
        )
        .map(Some)
    }

    pub(super) fn new(text: &str, source: String) -> Result<Self, KeyError> {
        let bytes = text.len();
        if bytes < BYTES_MIN {
            return Err(KeyError::TooShort {
                bytes,
                source_name: source,
            });
        }
        Ok(Self {
            secret: Secret(text.to_owned()),
            source,
        })
    }

    /// Where it was found.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn encoding(&self) -> EncodingKey {
        EncodingKey::from_secret(self.secret.0.as_bytes())
    }

    pub(super) fn decoding(&self) -> DecodingKey {
        DecodingKey::from_secret(self.secret.0.as_bytes())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.source)
    }
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path)
        .map_err(|error| error.to_string())?
        .len();
    if bytes > FILE_BYTES_MAX {
        return Err(format!("{bytes} bytes are too many for a key"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Why there is no key to use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// Somebody could guess it.
    #[error(
        "the token key ({source_name}) has {bytes} bytes, and HS256 needs at least {BYTES_MIN} \
         (RFC 7518, section 3.2); make one with `token key` or `head -c 32 /dev/urandom | base64`"
    )]
    TooShort {
        /// Its length.
        bytes: usize,
        /// Where it was found.
        source_name: String,
    },
    /// Its file.
    #[error("token_key_file {} ({place}) cannot be read: {reason}", path.display())]
    Unreadable {
        /// As it was named.
        path: PathBuf,
        /// Where it was named.
        place: String,
        /// What the system says.
        reason: String,
    },
}
