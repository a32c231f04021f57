//! The two ends of a request from entity to entity.

use wayfare_protocol::EntityId;

use super::refusal::Refusal;

/// The entity that sent a request, wherever it lives by the time of the reply. It can be kept and stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller {
    /// The entity that asked.
    pub entity: EntityId,
    /// Which of its asks: never used twice by one entity.
    pub ask: u64,
}

/// The time of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// By what was appended to the reply.
    Now,
    /// Not yet: [`HandlerContext::reply`](super::HandlerContext::reply) will, or the caller's deadline ends it.
    Later,
}

/// Why an ask has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It was heard and refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No answer came by the deadline. The request may have been carried out, or may still be.
    #[error("no answer came in time")]
    Late,
}
