//! The room of `bench parts`. Each tick changes some of its parts, and its members receive an
//! event.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use wayfare::{Context, Everyone, PartMap, Parts, Player, Raw, Refusal, Room, ViewContext};

/// The size of the stamp in a part: the tick that changed it last.
const STAMP_BYTES: usize = 8;

/// A state that lies mostly in parts.
#[derive(Serialize, Deserialize)]
pub(crate) struct World {
    tick: u64,
    shape: WorldShape,
    #[serde(skip)]
    parts: PartMap<ByteBuf>,
}

/// The size of the state, and the share that a tick changes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct WorldShape {
    pub(super) parts: u32,
    pub(super) part_bytes: u32,
    pub(super) parts_per_tick: u32,
}

/// The event of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beat {
    pub(super) tick: u64,
    /// The room's age.
    pub(super) age_ns: u64,
}

impl Beat {
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (tick, age) = bytes.split_first_chunk()?;
        Some(Self {
            tick: u64::from_le_bytes(*tick),
            age_ns: u64::from_le_bytes(age.try_into().ok()?),
        })
    }

    fn encode(self) -> Vec<u8> {
        let numbers = [self.tick, self.age_ns];
        numbers.map(u64::to_le_bytes).concat()
    }
}

impl WorldShape {
    pub(super) fn bytes(self) -> u64 {
        u64::from(self.parts) * u64::from(self.part_bytes)
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let numbers = [self.parts, self.part_bytes, self.parts_per_tick];
        numbers.map(u32::to_le_bytes).concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes.chunks_exact(4).map(TryInto::try_into);
        let mut next = || Some(u32::from_le_bytes(numbers.next()?.ok()?));
        Some(Self {
            parts: next()?,
            part_bytes: next()?,
            parts_per_tick: next()?,
        })
    }

    /// Returns the parts that a tick changes, in a circular order.
    fn touched(self, tick: u64) -> impl Iterator<Item = u32> {
        let first = tick * u64::from(self.parts_per_tick);
        let places = first..first + u64::from(self.parts_per_tick);
        places.map(move |place| (place % u64::from(self.parts)) as u32)
    }

    /// Returns the last tick up to `tick` that changed this part; 0 if none has.
    fn touched_at(self, part: u32, tick: u64) -> u64 {
        let (parts, each) = (u64::from(self.parts), u64::from(self.parts_per_tick));
        let end = (tick + 1) * each;
        let Some(behind) = end.checked_sub(u64::from(part) + 1) else {
            return 0;
        };
        let last = u64::from(part) + behind / parts * parts;
        last / each
    }
}

impl World {
    /// Counts the parts that do not match the ticks so far.
    fn wrong_parts(&self) -> u64 {
        let numbers = 0..self.shape.parts;
        let is_wrong = |number: &u32| {
            let stamp = self.shape.touched_at(*number, self.tick).to_le_bytes();
            self.parts.get(*number).is_none_or(|part| {
                part.len() != self.shape.part_bytes as usize || !part.starts_with(&stamp)
            })
        };
        numbers.filter(is_wrong).count() as u64
    }
}

impl Parts for World {
    type Part = ByteBuf;

    fn parts(&self) -> &PartMap<ByteBuf> {
        &self.parts
    }

    fn parts_mut(&mut self) -> &mut PartMap<ByteBuf> {
        &mut self.parts
    }
}

impl Room for World {
    /// A [`WorldShape`].
    type Open = Raw;
    type Join = ();
    type Command = ();
    /// The number of wrong parts.
    type Reply = Raw;
    /// A [`Beat`].
    type Event = Raw;
    type View = ();
    type Note = ();

    fn open(Raw(shape): Raw, _: &Context<'_, Self>) -> Result<Self, Refusal> {
        let shape = WorldShape::decode(&shape);
        let shape = shape.ok_or_else(|| Refusal::new("this room is not as it was left"))?;
        let part = |number| {
            // The bytes are written, so that the memory exists before the first tick. No tick has
            // run yet.
            let mut bytes = vec![number as u8 | 1; shape.part_bytes as usize];
            bytes[..STAMP_BYTES].fill(0);
            (number, ByteBuf::from(bytes))
        };
        Ok(Self {
            tick: 0,
            shape,
            parts: (0..shape.parts).map(part).collect(),
        })
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) {}

    fn command(&mut self, _: &Player, (): (), _: &Context<'_, Self>) -> Result<Raw, Refusal> {
        Ok(Raw(self.wrong_parts().to_le_bytes().to_vec()))
    }

    fn tick(&mut self, cx: &Context<'_, Self>) {
        self.tick += 1;
        for number in self.shape.touched(self.tick) {
            if let Some(part) = self.parts.get_mut(number) {
                part[..STAMP_BYTES].copy_from_slice(&self.tick.to_le_bytes());
            }
        }
        let beat = Beat {
            tick: self.tick,
            age_ns: u64::try_from(cx.now().as_nanos()).unwrap_or(u64::MAX),
        };
        cx.send(Everyone, &Raw(beat.encode()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tick_of_each_part_is_known() {
        for (parts, parts_per_tick) in [(10, 3), (7, 7), (16, 4), (5, 1)] {
            let shape = WorldShape {
                parts,
                part_bytes: 8,
                parts_per_tick,
            };
            let mut ref_stamps = vec![0; parts as usize];
            for tick in 1..50 {
                for part in shape.touched(tick) {
                    ref_stamps[part as usize] = tick;
                }
                let stamps: Vec<_> = (0..parts).map(|it| shape.touched_at(it, tick)).collect();
                assert_eq!(stamps, ref_stamps, "{shape:?} at {tick}");
            }
        }
    }

    #[test]
    fn encoded_values_are_decoded_again() {
        let beat = Beat { tick: 3, age_ns: 9 };
        assert_eq!(Beat::decode(&beat.encode()), Some(beat));
        assert_eq!(Beat::decode(b"short"), None);
    }
}
