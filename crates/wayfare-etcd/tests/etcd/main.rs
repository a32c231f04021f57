//! Tests of coordination on real etcd servers: its contract, and its behaviour when servers fail.

#[path = "../../../wayfare-engine/tests/blocking/mod.rs"]
mod blocking;
mod cluster;
mod contract;
mod etcd_process;
mod faults;
mod history;
mod lists;
mod logins;
mod outcomes;
mod proxy;
mod space;
mod starts;
mod watches;
