//! The messages of the client protocol, generated from `proto/wayfare.proto`.

#![allow(
    missing_docs,
    clippy::all,
    reason = "generated code; proto/wayfare.proto has the words"
)]

include!("generated/wayfare.v1.rs");
