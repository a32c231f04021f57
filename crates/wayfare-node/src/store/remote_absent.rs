//! The place of remote services in a program that is built without their clients.

use tokio::runtime::Handle;

use super::open::OpenError;
use super::{Records, States, Store, Waits};
use crate::config::{Address, Settings};

pub(super) async fn coordination(
    _: &Settings,
    _: &Address,
    _: &Handle,
    _: &Waits,
) -> Result<Records, OpenError> {
    Err(OpenError::NotBuilt)
}

pub(super) async fn storage(
    _: &Settings,
    _: &Address,
    _: &Handle,
    _: &Waits,
) -> Result<States, OpenError> {
    Err(OpenError::NotBuilt)
}

pub(super) fn away(_: &Store) -> Vec<String> {
    Vec::new()
}

pub(super) fn finish(_: &Store) {}
