//! Coordination on real etcd servers: what it owes, and what becomes of it when they fail.

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
