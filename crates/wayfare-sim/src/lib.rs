//! A simulation of a whole cluster from one seed: nodes, clients, network, engines and faults, in
//! one thread.
//!
//! Read [`World`] first: it drives the real shards and the real client core through the faults that
//! a [`Plan`] allows and the seed draws. A [`Scenario`] is a named plan. `invariants` has one file
//! for each promise, checked against [`history`] and [`ref_room`].

pub mod chance;
pub mod clock;
mod due_times;
pub mod history;
mod invariants;
pub mod plan;
mod presence;
pub mod queue;
mod ranges;
pub mod ref_room;
mod run;
pub mod saying;
mod scenarios;
mod stub_room;
mod stub_state;
mod stub_tally;
pub mod toy;
pub mod trace;
pub mod wire;
mod world;

pub use chance::Chance;
pub use invariants::Violation;
pub use plan::Plan;
pub use ranges::Ranges;
pub use run::{Run, Verdict, difference, run, shrink};
pub use scenarios::{SCENARIOS, Scenario, named};
pub use trace::{Keep, Trace};
pub use world::{Tally, Watch, World};
