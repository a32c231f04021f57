//! The nodes of a cluster, and which of them an entity is placed on.

pub(crate) mod placement;
