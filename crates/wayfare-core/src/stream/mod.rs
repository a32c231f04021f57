//! The stream of a room: its numbered events, their history, and the gate they pass.

pub(crate) mod errand;
pub(crate) mod gate;
pub(crate) mod history;
pub(crate) mod lineage;
pub(crate) mod step_builder;
