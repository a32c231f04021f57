//! The check after each step of a kind that logs changes: the stored state must equal the state in
//! memory.

use serde_json::Value;
use wayfare_core::game::StoredState;
use wayfare_protocol::EntityId;

use super::driver::Driver;
use crate::Snapshot;

/// Reads the entity's state from storage, and compares it with the one in memory.
///
/// # Panics
/// If a change is missing there, because it was made outside of `cx.apply`.
pub(super) fn check(driver: &mut Driver, entity: &EntityId) {
    // Ticks that nobody could notice are not written yet: the next step shows them.
    let room = driver.room(entity);
    if room.is_none_or(|room| room.summary.ticks_unwritten) {
        return;
    }
    let Some(state) = driver.state(entity) else {
        return;
    };
    match driver.stored(entity) {
        Ok(Some(stored)) if stored != state => panic!(
            "the logged changes do not make the room's state: something was changed outside of \
             `cx.apply`, or `Changes::apply` depends on more than the state and the change.\n{}",
            difference(&state, &stored)
        ),
        Ok(_) => {}
        Err(unreadable) => panic!("the room's state cannot be read from storage: {unreadable}"),
    }
}

/// Describes the first difference between the two.
fn difference(state: &StoredState, recovered: &StoredState) -> String {
    let (Some(state), Some(recovered)) = (readable(&state.head), readable(&recovered.head)) else {
        let (state, recovered) = (state.head.escape_ascii(), recovered.head.escape_ascii());
        return format!("  in memory: {state}\n  recovered: {recovered}");
    };
    let (path, state, recovered) = first_difference(String::new(), &state, &recovered);
    let path = if path.is_empty() { "the state" } else { &path };
    let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    let (state, recovered) = (show(state), show(recovered));
    format!("  {path} in memory: {state}\n  {path} recovered: {recovered}")
}

fn readable(state: &[u8]) -> Option<Value> {
    Snapshot::parse(state).ok()?.read().ok()
}

fn first_difference<'a>(
    path: String,
    one: &'a Value,
    other: &'a Value,
) -> (String, Option<&'a Value>, Option<&'a Value>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys());
            for key in keys {
                let path = match path.is_empty() {
                    true => key.clone(),
                    false => format!("{path}.{key}"),
                };
                match (one.get(key), other.get(key)) {
                    (Some(one), Some(other)) if one == other => {}
                    (Some(one), Some(other)) => return first_difference(path, one, other),
                    (one, other) => return (path, one, other),
                }
            }
            (path, None, None)
        }
        _ => (path, Some(one), Some(other)),
    }
}
