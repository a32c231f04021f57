//! etcd's messages, as far as they are used here, and which method each belongs to.

use prost::Message;

pub(crate) use generated::*;

#[allow(missing_docs, clippy::all, unreachable_pub, reason = "generated code")]
mod generated {
    include!("generated/etcdserverpb.rs");
}

/// A message that one method of etcd takes.
pub(crate) trait Ask: Message + Clone + 'static {
    /// Where it goes.
    const PATH: &'static str;
    /// What comes back.
    type Answer: Message + Default + Answer + 'static;
    /// Whether a member that knows of no leader shall say so at once, instead of keeping the
    /// question.
    const NEEDS_LEADER: bool = true;
}

impl Ask for RangeRequest {
    const PATH: &'static str = "/etcdserverpb.KV/Range";
    type Answer = RangeResponse;
}

impl Ask for TxnRequest {
    const PATH: &'static str = "/etcdserverpb.KV/Txn";
    type Answer = TxnResponse;
}

impl Ask for AuthenticateRequest {
    const PATH: &'static str = "/etcdserverpb.Auth/Authenticate";
    type Answer = AuthenticateResponse;
}

impl Ask for StatusRequest {
    const PATH: &'static str = "/etcdserverpb.Maintenance/Status";
    type Answer = StatusResponse;
    // How a member is, not how the service is.
    const NEEDS_LEADER: bool = false;
}

/// A message that a member answers with.
pub(crate) trait Answer {
    /// Where and when it was given.
    fn header(&self) -> Option<&ResponseHeader>;
}

macro_rules! answers {
    ($($answer:ident),*) => {
        $(impl Answer for $answer {
            fn header(&self) -> Option<&ResponseHeader> {
                self.header.as_ref()
            }
        })*
    };
}

answers!(
    RangeResponse,
    TxnResponse,
    AuthenticateResponse,
    StatusResponse
);

/// The one method here that is a stream both ways.
pub(crate) const WATCH: &str = "/etcdserverpb.Watch/Watch";
