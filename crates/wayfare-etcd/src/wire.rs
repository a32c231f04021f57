//! The messages of etcd that are used here, and the method of each.

use prost::Message;

pub(crate) use generated::*;

#[allow(missing_docs, clippy::all, unreachable_pub, reason = "generated code")]
mod generated {
    include!("generated/etcdserverpb.rs");
}

/// A request message of one method of etcd.
pub(crate) trait Ask: Message + Clone + 'static {
    /// The method's path.
    const PATH: &'static str;
    /// The answer's type.
    type Answer: Message + Default + Answer + 'static;
    /// Asks a member without a leader to fail at once, instead of keeping the request.
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
    // This request asks for the state of the member, not of the service.
    const NEEDS_LEADER: bool = false;
}

/// An answer of a member.
pub(crate) trait Answer {
    /// Returns the header with the cluster and revision of the answer.
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

/// The only method here that is a stream in both directions.
pub(crate) const WATCH: &str = "/etcdserverpb.Watch/Watch";
