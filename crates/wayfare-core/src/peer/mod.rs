//! Messages between shards, the same within a node and between nodes, and questions of operators.

mod messages;
pub mod operator;
mod step;

pub use messages::*;
pub use step::{Change, Item, Step};
