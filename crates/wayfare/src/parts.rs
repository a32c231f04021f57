//! Large states in numbered parts: [`Parts`], [`PartMap`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::Refusal;

use crate::Snapshot;

/// A room or an entity with a state that is too large to be written as a whole: over 4 MiB, or so
/// large that a turn would feel it. The most of it lies in a [`PartMap`], of which only the parts
/// that were touched are written; the rest of the struct is the *head*, written as a whole.
///
/// It takes this trait, `#[serde(skip)]` at the map, and [`in_parts`](crate::Kind::in_parts) on the
/// kind. A forgotten `skip` does not compile. Without `in_parts` the map is not kept at all.
///
/// A part should stay below 1 MiB encoded, which is what one turn encodes: a step with a larger
/// one is refused by its name, as a state above its limit is, and undone. Parts of some 16 to 256
/// KiB are good: a chunk of a map, a region, a shelf of a warehouse.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wayfare::prelude::*;
///
/// #[derive(Serialize, Deserialize)]
/// struct World {
///     day: u32,
///     #[serde(skip)]
///     chunks: PartMap<Chunk>,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Chunk {
///     blocks: Vec<u8>,
/// }
///
/// impl Parts for World {
///     type Part = Chunk;
///
///     fn parts(&self) -> &PartMap<Chunk> {
///         &self.chunks
///     }
///
///     fn parts_mut(&mut self) -> &mut PartMap<Chunk> {
///         &mut self.chunks
///     }
/// }
///
/// # impl Room for World {
/// #   type Open = ();
/// #   type Join = ();
/// #   type Command = u32;
/// #   type Reply = ();
/// #   type Event = ();
/// #   type View = ();
/// #   type Note = ();
/// #   fn open(_: (), _: &Context<Self>) -> Result<Self, Refusal> { Ok(Self { day: 0, chunks: PartMap::new() }) }
/// #   fn view(&self, _: &Player) {}
/// fn command(&mut self, _: &Player, chunk: u32, _: &Context<Self>) -> Result<(), Refusal> {
///     let Some(chunk) = self.chunks.get_mut(chunk) else {
///         return Err(Refusal::new("there is no such chunk"));
///     };
///     chunk.blocks.push(7); // this chunk is written, and no other
///     Ok(())
/// }
/// # }
///
/// fn settings(kind: Kind<World>) -> Kind<World> {
///     kind.durability(Durable).in_parts()
/// }
/// ```
///
/// Without the `skip`, there is no such room:
///
/// ```compile_fail
/// # use serde::{Deserialize, Serialize};
/// # use wayfare::PartMap;
/// #[derive(Serialize, Deserialize)]
/// struct World {
///     chunks: PartMap<Vec<u8>>,
/// }
/// ```
pub trait Parts: Sized + 'static {
    /// One part.
    type Part: Serialize + DeserializeOwned;

    /// Where the parts are.
    fn parts(&self) -> &PartMap<Self::Part>;

    /// The same, to change them.
    fn parts_mut(&mut self) -> &mut PartMap<Self::Part>;

    /// Makes a part of one that another `VERSION` wrote, which is `from`. A part stays as it was
    /// written until it is touched, so that `from` may be any version there was.
    ///
    /// Reads it as it is, unless written otherwise: right as long as parts only gained fields with
    /// a `#[serde(default)]`.
    ///
    /// # Errors
    /// If it cannot.
    fn upgrade_part(from: u32, number: u32, part: Snapshot<'_>) -> Result<Self::Part, Refusal> {
        let _ = (from, number);
        part.read()
    }
}

/// Parts by their numbers, and which of them were touched since they were last written.
///
/// Numbers are the game's, and need not be dense. Iteration is in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct PartMap<T> {
    parts: BTreeMap<u32, T>,
    touched: BTreeSet<u32>,
}

impl<T> PartMap<T> {
    /// No parts.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            parts: BTreeMap::new(),
            touched: BTreeSet::new(),
        }
    }

    /// The part of this number.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&T> {
        self.parts.get(&number)
    }

    /// The part of this number, to change it: it will be written, whether it was changed or not.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let part = self.parts.get_mut(&number)?;
        self.touched.insert(number);
        Some(part)
    }

    /// The part of this number, to change it; made by `make` if there is none.
    pub fn get_or_insert_with(&mut self, number: u32, make: impl FnOnce() -> T) -> &mut T {
        self.touched.insert(number);
        self.parts.entry(number).or_insert_with(make)
    }

    /// Puts a part in its place, and gives back the one that was there.
    pub fn insert(&mut self, number: u32, part: T) -> Option<T> {
        self.touched.insert(number);
        self.parts.insert(number, part)
    }

    /// Takes a part out.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let part = self.parts.remove(&number)?;
        self.touched.insert(number);
        Some(part)
    }

    /// Whether there is a part of this number.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        self.parts.contains_key(&number)
    }

    /// All parts with their numbers.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &T)> {
        self.parts.iter().map(|(number, part)| (*number, part))
    }

    /// All numbers, to go through the parts with [`get_mut`](PartMap::get_mut) and touch those
    /// that have to change.
    pub fn numbers(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.parts.keys().copied()
    }

    /// How many parts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The numbers touched since this was last asked, each once.
    pub(crate) fn take_touched(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.touched).into_iter().collect()
    }

    /// As storage has it, so that it need not be written.
    pub(crate) fn restore(&mut self, number: u32, part: Option<T>) {
        self.touched.remove(&number);
        match part {
            Some(part) => self.parts.insert(number, part),
            None => self.parts.remove(&number),
        };
    }
}

impl<T> Default for PartMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> FromIterator<(u32, T)> for PartMap<T> {
    fn from_iter<I: IntoIterator<Item = (u32, T)>>(parts: I) -> Self {
        let parts: BTreeMap<u32, T> = parts.into_iter().collect();
        let touched = parts.keys().copied().collect();
        Self { parts, touched }
    }
}

impl<T: fmt::Debug> fmt::Debug for PartMap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
