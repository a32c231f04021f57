//! The room of `bench durable`: it counts its commands and copies the bytes of each into its state.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use wayfare::{Changes, Context, Player, Raw, Refusal, Room, ViewContext};

/// The size of a command: its number in the room, from 1, and the bytes to write.
pub(crate) const COMMAND_BYTES: usize = 64;

/// The room. With `CHANGES` a step is logged as the bytes of the command, otherwise as the whole
/// state.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ledger<const CHANGES: bool> {
    count: u64,
    entries: ByteBuf,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Entry(ByteBuf);

/// Encodes a command.
pub(super) fn command(number: u64) -> [u8; COMMAND_BYTES] {
    let mut bytes = [0x5a; COMMAND_BYTES];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Decodes the number in a reply or a view.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.first_chunk()?))
}

impl<const CHANGES: bool> Changes for Ledger<CHANGES> {
    type Change = Entry;

    fn apply(&mut self, Entry(entry): Entry) {
        let places = (self.entries.len() / COMMAND_BYTES).max(1);
        let place = (self.count % places as u64) as usize * COMMAND_BYTES;
        self.count += 1;
        for (kept, byte) in self.entries[place..].iter_mut().zip(entry) {
            *kept = byte;
        }
    }
}

impl<const CHANGES: bool> Room for Ledger<CHANGES> {
    /// The size of the state, as four bytes.
    type Open = Raw;
    type Join = ();
    type Command = Raw;
    type Reply = Raw;
    type Event = ();
    type View = Raw;
    type Note = ();

    fn open(Raw(size): Raw, _: &Context<'_, Self>) -> Result<Self, Refusal> {
        let Ok(size) = size.try_into().map(u32::from_le_bytes) else {
            return Err(Refusal::new("this room is not as it was left"));
        };
        Ok(Self {
            count: 0,
            entries: ByteBuf::from(vec![0; size as usize]),
        })
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) -> Raw {
        Raw(self.count.to_le_bytes().to_vec())
    }

    fn command(
        &mut self,
        _: &Player,
        Raw(entry): Raw,
        cx: &Context<'_, Self>,
    ) -> Result<Raw, Refusal> {
        let next = self.count + 1;
        if number(&entry) != Some(next) {
            return Err(Refusal::new(format!(
                "command {next} is next, not {entry:?}"
            )));
        }
        let entry = Entry(ByteBuf::from(entry));
        if CHANGES {
            cx.apply(self, entry);
        } else {
            self.apply(entry);
        }
        Ok(Raw(next.to_le_bytes().to_vec()))
    }
}
