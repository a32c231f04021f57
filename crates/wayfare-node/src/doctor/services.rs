//! Checks of the two services, wherever they are.

use tokio::runtime::Handle;

use super::{Finding, remote_services};
use crate::config::{CoordinationChoice, Settings, StorageChoice};

pub(super) async fn coordination(settings: &Settings, services: &Handle) -> Vec<Finding> {
    let check = "coordination";
    match &settings.coordination {
        CoordinationChoice::Embedded => {
            vec![Finding::ok(check, "in the store of the data folder")]
        }
        CoordinationChoice::Memory => vec![Finding::warn(
            check,
            "in memory: sessions are forgotten when the node ends",
            "for tests; leave `coordination` out to keep them in the data folder",
        )],
        CoordinationChoice::Etcd(address) => {
            remote_services::coordination(settings, address, services).await
        }
    }
}

pub(super) async fn storage(settings: &Settings, services: &Handle) -> Vec<Finding> {
    let check = "storage";
    match &settings.storage {
        StorageChoice::Embedded => vec![Finding::ok(check, "in the store of the data folder")],
        StorageChoice::Memory => vec![Finding::warn(
            check,
            "in memory: durable rooms, too, are forgotten when the node ends",
            "for tests; leave `storage` out to keep them in the data folder",
        )],
        StorageChoice::Postgres(address) => {
            remote_services::storage(settings, address, services).await
        }
    }
}
