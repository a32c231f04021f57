//! Records in coordination: how one is brought to a value, and how one is given up.

pub(crate) mod release;
pub(crate) mod settle;
