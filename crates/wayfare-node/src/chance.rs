//! Random bytes of the operating system, for keys and seeds.

use rand::TryRng;
use rand::rngs::SysRng;

/// Returns 32 random bytes.
///
/// # Errors
/// If the system has no randomness, which does not happen on Linux after the boot.
pub(crate) fn bytes() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// Returns a secret of 256 random bits as hex digits, which need no quoting in shells, files and
/// environments.
///
/// # Errors
/// Those of [`bytes`].
pub(crate) fn secret() -> std::io::Result<String> {
    let bytes = bytes()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
