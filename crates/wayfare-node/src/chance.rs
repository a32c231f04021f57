//! Randomness of the operating system, for keys and seeds.

use rand::TryRng;
use rand::rngs::SysRng;

/// Fresh random bytes.
///
/// # Errors
/// If the system has none to give, which no Linux does after its boot.
pub(crate) fn bytes() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// A secret of 256 random bits that survives every shell, file and environment: hex digits.
///
/// # Errors
/// Those of [`bytes`].
pub(crate) fn secret() -> std::io::Result<String> {
    let bytes = bytes()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
