//! The effects of a turn of a room, on their way through its gate.

use wayfare_protocol::Address;

use crate::peer::{Item, Step};

use super::errand::Errand;

/// The effects of a turn of a room: released together or not at all.
#[derive(Debug)]
pub(crate) struct Effects {
    pub(crate) step: Step,
    /// Every gateway that had attached members, or a session that the step names, in this turn. In
    /// rising order, so that they are told in the same order in every run.
    pub(crate) gateways: Vec<Address>,
    pub(crate) errands: Vec<Errand>,
    bytes: usize,
}

impl Effects {
    pub(crate) fn new(
        step: Step,
        attached: impl Iterator<Item = Address>,
        errands: Vec<Errand>,
    ) -> Self {
        Self {
            gateways: gateways_of(&step, attached),
            bytes: bytes_of(&step) + errands.iter().map(Errand::bytes).sum::<usize>(),
            step,
            errands,
        }
    }

    /// The memory that they take, in bytes: an estimate.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn gateways_of(step: &Step, attached: impl Iterator<Item = Address>) -> Vec<Address> {
    let mut all: Vec<Address> = attached.collect();
    for item in &step.items {
        if let Item::Session { session, .. } = item
            && !all.contains(&session.gateway)
        {
            all.push(session.gateway.clone());
        }
    }
    all.sort_unstable();
    all
}

fn bytes_of(step: &Step) -> usize {
    let items = step.items.iter().map(|item| match item {
        Item::Frames { bytes, .. } | Item::Session { bytes, .. } => bytes.len(),
    });
    items.sum()
}
