//! The state of one room or entity, in its stored form.

use std::collections::BTreeMap;

use super::logic::RoomLogic;
use super::refusal::Refusal;

/// A state as it is written to storage: whole, or what there is beside its parts, and the parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredState {
    /// The whole state, or the head of a state in parts.
    pub head: Vec<u8>,
    /// The parts by their numbers: none if the state is written whole.
    pub parts: BTreeMap<u32, Vec<u8>>,
}

impl StoredState {
    /// Encodes the whole state, however much of it changed.
    ///
    /// # Errors
    /// If the head or a part cannot be encoded.
    pub fn of(logic: &dyn RoomLogic) -> Result<Self, Refusal> {
        let mut state = Self::default();
        logic.snapshot(&mut state.head)?;
        for number in logic.part_numbers() {
            let mut part = Vec::new();
            if logic.part(number, &mut part)? {
                state.parts.insert(number, part);
            }
        }
        Ok(state)
    }
}
