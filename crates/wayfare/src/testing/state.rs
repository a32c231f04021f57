//! The decoding of a stored state to its type.

use serde::de::DeserializeOwned;
use wayfare_core::game::StoredState;

use crate::Snapshot;
use crate::state_form::{Numbered, StateForm};

/// Returns the state of this stored form.
///
/// # Panics
/// If it cannot be decoded.
pub(super) fn typed<S: DeserializeOwned>(
    stored: &StoredState,
    form: StateForm<S>,
    version: u32,
) -> S {
    let state = Snapshot::parse(&stored.head).and_then(|snapshot| snapshot.read());
    let mut state: S = state.unwrap_or_else(|refusal| panic!("{refusal}"));
    for (number, bytes) in &stored.parts {
        let number = *number;
        let part = Numbered { number, version };
        if let Err(refusal) = form.restore_part(&mut state, part, Some(bytes)) {
            panic!("part {number}: {refusal}");
        }
    }
    state
}
