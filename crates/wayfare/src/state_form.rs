//! The stored form of a kind's states, as functions of their type.

use wayfare_core::game::{Form, Refusal};
use wayfare_protocol::ErrorCode;

use crate::codec::read_named;
use crate::{Changes, Parts, Snapshot, snapshot};

/// The [`Form`] of states of type `S`, with the functions it needs.
pub(crate) enum StateForm<S> {
    Whole,
    Changes(fn(&mut S, &[u8]) -> Result<(), Refusal>),
    Parts(PartFunctions<S>),
}

pub(crate) struct PartFunctions<S> {
    take_touched: fn(&mut S) -> Vec<u32>,
    numbers: fn(&S) -> Vec<u32>,
    write: fn(&S, Numbered, &mut Vec<u8>) -> Result<bool, Refusal>,
    restore: RestorePart<S>,
}

type RestorePart<S> = fn(&mut S, Numbered, Option<&[u8]>) -> Result<(), Refusal>;

/// A part, with the version of the present state.
#[derive(Clone, Copy)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
    pub(crate) version: u32,
}

impl<S> StateForm<S> {
    pub(crate) fn changes() -> Self
    where
        S: Changes,
    {
        Self::Changes(apply)
    }

    pub(crate) fn parts() -> Self
    where
        S: Parts,
    {
        Self::Parts(PartFunctions {
            take_touched: |state| state.parts_mut().take_touched(),
            numbers: |state| state.parts().numbers().collect(),
            write: write_part,
            restore: restore_part,
        })
    }

    pub(crate) fn form(&self) -> Form {
        match self {
            Self::Whole => Form::Whole,
            Self::Changes(_) => Form::Changes,
            Self::Parts(_) => Form::Parts,
        }
    }

    pub(crate) fn apply(&self, state: &mut S, change: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Changes(apply) => apply(state, change),
            Self::Whole | Self::Parts(_) => Err(unfit("logs no changes")),
        }
    }

    pub(crate) fn take_touched(&self, state: &mut S) -> Vec<u32> {
        match self {
            Self::Parts(parts) => (parts.take_touched)(state),
            Self::Whole | Self::Changes(_) => Vec::new(),
        }
    }

    pub(crate) fn part_numbers(&self, state: &S) -> Vec<u32> {
        match self {
            Self::Parts(parts) => (parts.numbers)(state),
            Self::Whole | Self::Changes(_) => Vec::new(),
        }
    }

    pub(crate) fn write_part(
        &self,
        state: &S,
        part: Numbered,
        into: &mut Vec<u8>,
    ) -> Result<bool, Refusal> {
        match self {
            Self::Parts(parts) => (parts.write)(state, part, into),
            Self::Whole | Self::Changes(_) => Ok(false),
        }
    }

    pub(crate) fn restore_part(
        &self,
        state: &mut S,
        part: Numbered,
        bytes: Option<&[u8]>,
    ) -> Result<(), Refusal> {
        match self {
            Self::Parts(parts) => (parts.restore)(state, part, bytes),
            Self::Whole | Self::Changes(_) => Err(unfit("has no parts: it was written in parts")),
        }
    }
}

impl<S> Clone for StateForm<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for StateForm<S> {}

impl<S> Clone for PartFunctions<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for PartFunctions<S> {}

impl<S> std::fmt::Debug for StateForm<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.form().fmt(f)
    }
}

fn apply<S: Changes>(state: &mut S, change: &[u8]) -> Result<(), Refusal> {
    let change = read_named(change).map_err(|error| {
        let message = format!("a logged change does not decode: {error}");
        Refusal::with_code(ErrorCode::Internal, message)
    })?;
    state.apply(change);
    Ok(())
}

fn write_part<S: Parts>(state: &S, part: Numbered, into: &mut Vec<u8>) -> Result<bool, Refusal> {
    let Some(value) = state.parts().get(part.number) else {
        return Ok(false);
    };
    snapshot::write(part.version, value, into).map_err(|error| {
        let message = format!("part {} does not encode: {error}", part.number);
        Refusal::with_code(ErrorCode::Internal, message)
    })?;
    Ok(true)
}

fn restore_part<S: Parts>(
    state: &mut S,
    part: Numbered,
    bytes: Option<&[u8]>,
) -> Result<(), Refusal> {
    let value = match bytes {
        Some(bytes) => {
            let written = Snapshot::parse(bytes)?;
            Some(match written.version() {
                version if version == part.version => written.read()?,
                version => S::upgrade_part(version, part.number, written)?,
            })
        }
        None => None,
    };
    state.parts_mut().restore(part.number, value);
    Ok(())
}

fn unfit(what: &str) -> Refusal {
    let message = format!("this kind {what}");
    Refusal::with_code(ErrorCode::Internal, message)
}
