//! The key that signs tokens, and its source.

use std::fmt;
use std::path::{Path, PathBuf};

use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::config::{Config, Secret};

/// The shortest key: the size of the hash output (RFC 7518, section 3.2).
const BYTES_MIN: usize = 32;
/// The largest token_key_file. A larger file is certainly not a key.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The bytes of the text, as written. No base64 or hex is decoded, as in most JWT libraries.
#[derive(Clone)]
pub(crate) struct Key {
    secret: Secret,
    source: String,
}

impl Key {
    /// Returns the key of this configuration, if it has one.
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

    /// The source of the key.
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

/// Reasons why there is no usable key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The key is too short to be safe.
    #[error(
        "the token key ({source_name}) has {bytes} bytes, and HS256 needs at least {BYTES_MIN} \
         (RFC 7518, section 3.2); make one with `token key` or `head -c 32 /dev/urandom | base64`"
    )]
    TooShort {
        /// Its length.
        bytes: usize,
        /// The source of the key.
        source_name: String,
    },
    /// The key's file cannot be read.
    #[error("token_key_file {} ({place}) cannot be read: {reason}", path.display())]
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// The source of the setting.
        place: String,
        /// The error of the system.
        reason: String,
    },
}
