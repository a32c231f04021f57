//! The decoding of an observed state to its type.

use serde::de::DeserializeOwned;

use super::watched::Latest;
use crate::Snapshot;
use crate::state_form::{Numbered, StateForm};

/// Returns the state after the last handler, decoded from its stored form.
///
/// # Panics
/// If there is no state, or it cannot be decoded.
pub(super) fn typed<S: DeserializeOwned>(latest: &Latest, form: StateForm<S>, version: u32) -> S {
    let Some(seen) = latest.state() else {
        panic!("there is no state yet");
    };
    let state = Snapshot::parse(&seen.head).and_then(|snapshot| snapshot.read());
    let mut state: S = state.unwrap_or_else(|refusal| panic!("{refusal}"));
    for (number, bytes) in &seen.parts {
        let number = *number;
        let part = Numbered { number, version };
        if let Err(refusal) = form.restore_part(&mut state, part, Some(bytes)) {
            panic!("part {number}: {refusal}");
        }
    }
    state
}
