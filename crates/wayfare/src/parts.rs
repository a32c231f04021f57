//! Large states in numbered parts: [`Parts`], [`PartMap`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::Refusal;

use crate::Snapshot;

/// A room or an entity whose state is too large to be written as a whole: over 4 MiB, or so large
/// that it slows a turn down. Most of it lies in a [`PartMap`], of which only touched parts are
/// written. The rest of the struct is the *head*, which is written as a whole.
///
/// It needs this trait, `#[serde(skip)]` on the map, and [`in_parts`](crate::Kind::in_parts) on the
/// kind. A forgotten `skip` does not compile. Without `in_parts` the map is not stored.
///
/// A part should stay below 1 MiB encoded, which is the amount that a turn encodes. A step with a
/// larger part is refused with the part's number and undone, like a state above its limit. Good
/// sizes are about 16 to 256 KiB: a chunk of a map, a region, a shelf of a warehouse.
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
/// #   fn view(&self, _: &Player, _: &ViewContext) {}
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
/// Without the `skip`, the code does not compile:
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
    /// The type of a part.
    type Part: Serialize + DeserializeOwned;

    /// Returns the parts.
    fn parts(&self) -> &PartMap<Self::Part>;

    /// Returns the parts, to change them.
    fn parts_mut(&mut self) -> &mut PartMap<Self::Part>;

    /// Makes a part of one that another `VERSION` (`from`) wrote. A part keeps its form until it is
    /// touched, so `from` may be any earlier version.
    ///
    /// The default reads it unchanged, which is right as long as parts only gained fields with a
    /// `#[serde(default)]`.
    ///
    /// # Errors
    /// If it is not possible.
    fn upgrade_part(from: u32, number: u32, part: Snapshot<'_>) -> Result<Self::Part, Refusal> {
        let _ = (from, number);
        part.read()
    }
}

/// A map of parts by number, which records the parts touched since they were last written.
///
/// The game chooses the numbers, which need not be dense. Iteration is in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct PartMap<T> {
    parts: BTreeMap<u32, T>,
    touched: BTreeSet<u32>,
}

impl<T> PartMap<T> {
    /// Makes an empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            parts: BTreeMap::new(),
            touched: BTreeSet::new(),
        }
    }

    /// Returns the part with this number.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&T> {
        self.parts.get(&number)
    }

    /// Returns the part with this number for a change. It will be written, even if it is not
    /// changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let part = self.parts.get_mut(&number)?;
        self.touched.insert(number);
        Some(part)
    }

    /// Returns the part with this number for a change, and inserts the result of `make` if it is
    /// missing.
    pub fn get_or_insert_with(&mut self, number: u32, make: impl FnOnce() -> T) -> &mut T {
        self.touched.insert(number);
        self.parts.entry(number).or_insert_with(make)
    }

    /// Inserts a part and returns the previous one.
    pub fn insert(&mut self, number: u32, part: T) -> Option<T> {
        self.touched.insert(number);
        self.parts.insert(number, part)
    }

    /// Removes a part.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let part = self.parts.remove(&number)?;
        self.touched.insert(number);
        Some(part)
    }

    /// Returns true if there is a part with this number.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        self.parts.contains_key(&number)
    }

    /// Returns all parts with their numbers.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &T)> {
        self.parts.iter().map(|(number, part)| (*number, part))
    }

    /// Returns all numbers, to visit the parts with [`get_mut`](PartMap::get_mut) and touch only
    /// those that change.
    pub fn numbers(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.parts.keys().copied()
    }

    /// Returns the number of parts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Returns true if there are no parts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the numbers touched since the last call, each once.
    pub(crate) fn take_touched(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.touched).into_iter().collect()
    }

    /// Restores a part from storage, so that it need not be written.
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
