//! Tests of coordination on real etcd servers: its contract, and its behaviour when servers fail.

#[path = "../../../wayfare-engine/tests/blocking/mod.rs"]
mod blocking;
mod cluster;
mod contract;
mod faults;
mod history;
mod lists;
mod logins;
mod member;
mod outcomes;
mod proxy;
mod space;
mod starts;
mod watches;
