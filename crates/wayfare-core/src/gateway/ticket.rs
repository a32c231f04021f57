//! Tickets: what a client presents to resume its session, signed so that nobody else can make one.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wayfare_protocol::{Epoch, PlayerId, SessionId};

/// The first byte of every ticket; another form gets another.
const FORM: u8 = 1;
const MAC_BYTES: usize = 32;
const FIXED_BYTES: usize = 1 + 16 + 8 + 1;

/// The content of a ticket. The record of the session says whether it is still valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) player: PlayerId,
    pub(crate) name: std::sync::Arc<str>,
    pub(crate) guest: bool,
    pub(crate) session: SessionId,
    /// The session's epoch when the ticket was issued.
    pub(crate) epoch: Epoch,
}

/// A ticket that was not made with this key, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forged;

impl Ticket {
    /// The bytes a client gets, with their HMAC-SHA-256 (RFC 2104).
    pub(crate) fn seal(&self, key: &[u8; 32]) -> Bytes {
        let player = self.player.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(FIXED_BYTES + 2 + player.len() + MAC_BYTES);
        bytes.push(FORM);
        bytes.extend_from_slice(&self.session.to_bytes());
        bytes.extend_from_slice(&self.epoch.0.to_be_bytes());
        bytes.push(u8::from(self.guest));
        // Ids and names are at most 255 bytes long (limits.rs).
        bytes.push(player.len() as u8);
        bytes.extend_from_slice(player);
        bytes.extend_from_slice(self.name.as_bytes());
        let mac = mac(key, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&mac);
        bytes.into()
    }

    /// The ticket of these bytes, if it was sealed with this key.
    pub(crate) fn open(bytes: &[u8], key: &[u8; 32]) -> Result<Self, Forged> {
        let (body, tag) = bytes
            .split_at_checked(bytes.len().wrapping_sub(MAC_BYTES))
            .ok_or(Forged)?;
        // Compares in constant time.
        mac(key, body).verify_slice(tag).map_err(|_| Forged)?;
        Self::parse(body).ok_or(Forged)
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let (form, rest) = body.split_first()?;
        let (session, rest) = rest.split_at_checked(16)?;
        let (epoch, rest) = rest.split_at_checked(8)?;
        let (guest, rest) = rest.split_first()?;
        let (length, rest) = rest.split_first()?;
        let (player, name) = rest.split_at_checked(usize::from(*length))?;
        (*form == FORM).then_some(())?;
        Some(Self {
            player: PlayerId::new(std::str::from_utf8(player).ok()?).ok()?,
            name: std::str::from_utf8(name).ok()?.into(),
            guest: *guest != 0,
            session: SessionId::from_slice(session)?,
            epoch: Epoch(u64::from_be_bytes(epoch.try_into().ok()?)),
        })
    }
}

fn mac(key: &[u8; 32], body: &[u8]) -> Hmac<Sha256> {
    // A key of the block's size or less is taken as it is: there is no length to refuse.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            player: PlayerId::new("ada").unwrap(),
            name: "Ada L.".into(),
            guest: false,
            session: SessionId(77),
            epoch: Epoch(3),
        }
    }

    #[test]
    fn a_ticket_comes_back_whole() {
        assert_eq!(
            Ticket::open(&ticket().seal(&[1; 32]), &[1; 32]),
            Ok(ticket())
        );
    }

    #[test]
    fn any_changed_byte_another_key_or_a_cut_is_forgery() {
        let sealed = ticket().seal(&[1; 32]);
        assert_eq!(Ticket::open(&sealed, &[2; 32]), Err(Forged));
        for index in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[index] ^= 1;
            assert_eq!(
                Ticket::open(&changed, &[1; 32]),
                Err(Forged),
                "byte {index}"
            );
            assert_eq!(
                Ticket::open(&sealed[..index], &[1; 32]),
                Err(Forged),
                "cut at {index}"
            );
        }
    }
}
