//! The machines that a room is composed of, beside its members, its stream and its place in storage.

pub(crate) mod backlog;
pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod identity;
pub(crate) mod metadata;
pub(crate) mod phase;
