//! The stored form of a kind's states, as functions of their type.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::{Form, Refusal};
use wayfare_protocol::ErrorCode;

use crate::codec::read_named;
use crate::read_back::ReadBack;
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
    write: WritePart<S>,
    restore: RestorePart<S>,
}

type WritePart<S> = fn(&S, Numbered, &ReadBack, &mut Vec<u8>) -> Result<bool, Refusal>;
type RestorePart<S> = fn(&mut S, Numbered, Option<&[u8]>) -> Result<(), Refusal>;

/// The stored form of a kind's states, and the check of what is written.
#[derive(Debug)]
pub(crate) struct StateWriter<S> {
    pub(crate) form: StateForm<S>,
    pub(crate) read_back: ReadBack,
}

impl<S: Serialize + DeserializeOwned> StateWriter<S> {
    /// Appends a snapshot.
    ///
    /// # Errors
    /// If the state does not encode, or does not read back.
    pub(crate) fn snapshot(
        &self,
        version: u32,
        state: &S,
        into: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        snapshot::write_checked(("the state", version), state, &self.read_back, into)
    }

    /// Appends a part; `false` if there is none of this number.
    ///
    /// # Errors
    /// As [`StateWriter::snapshot`].
    pub(crate) fn part(
        &self,
        part: Numbered,
        state: &S,
        into: &mut Vec<u8>,
    ) -> Result<bool, Refusal> {
        self.form.write_part(state, part, &self.read_back, into)
    }
}

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
        read_back: &ReadBack,
        into: &mut Vec<u8>,
    ) -> Result<bool, Refusal> {
        match self {
            Self::Parts(parts) => (parts.write)(state, part, read_back, into),
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

fn write_part<S: Parts>(
    state: &S,
    part: Numbered,
    read_back: &ReadBack,
    into: &mut Vec<u8>,
) -> Result<bool, Refusal> {
    let Some(value) = state.parts().get(part.number) else {
        return Ok(false);
    };
    let what = format!("part {}", part.number);
    snapshot::write_checked((&what, part.version), value, read_back, into)?;
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
