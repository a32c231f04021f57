//! Runs the exchanges of the folder `exchanges/`, which state every rule of the client.

use crate::exchange::check;

#[test]
fn connect() {
    check(include_str!("../../exchanges/connect.txt"));
}

#[test]
fn heartbeat() {
    check(include_str!("../../exchanges/heartbeat.txt"));
}

#[test]
fn join() {
    check(include_str!("../../exchanges/join.txt"));
}

#[test]
fn commands() {
    check(include_str!("../../exchanges/commands.txt"));
}

#[test]
fn resume() {
    check(include_str!("../../exchanges/resume.txt"));
}

#[test]
fn lost() {
    check(include_str!("../../exchanges/lost.txt"));
}

#[test]
fn restart() {
    check(include_str!("../../exchanges/restart.txt"));
}
