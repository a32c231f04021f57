//! The place of the checks of remote services in a program that is built without their clients. Its
//! settings name none.

use tokio::runtime::Handle;

use super::Finding;
use crate::config::{Address, Settings};

pub(super) async fn coordination(_: &Settings, _: &Address, _: &Handle) -> Vec<Finding> {
    Vec::new()
}

pub(super) async fn storage(_: &Settings, _: &Address, _: &Handle) -> Vec<Finding> {
    Vec::new()
}
