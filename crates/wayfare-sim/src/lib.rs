//! A whole cluster from one seed: nodes, clients, network, engines and their faults, in one thread.
//!
//! Read [`World`] first: it drives the real shards and the real client core through whatever a
//! [`Plan`] says and the seed draws. [`Scenario`] names plans. What must hold is in `invariants`,
//! one file for each promise, against what [`history`] and [`ref_room`] know.

pub mod chance;
pub mod clock;
pub mod history;
mod invariants;
pub mod plan;
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
