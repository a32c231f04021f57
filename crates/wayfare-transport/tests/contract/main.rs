//! What every connection promises, run against each kind of them.

mod rig;
#[path = "../stub_stream/mod.rs"]
mod stub_stream;
mod suite;

macro_rules! contract {
    ($promises:tt for $($kind:ident)+) => { $(contract!($kind keeps $promises);)+ };
    ($kind:ident keeps { $($promise:ident)+ }) => {
        mod $kind {
            $(#[test]
            fn $promise() {
                crate::suite::$promise(crate::rig::Rig::$kind);
            })+
        }
    };
}

contract!({
    messages_of_any_size_arrive_in_order_once
    many_small_pieces_arrive_in_order
    a_piece_of_several_frames_is_several_messages
    a_client_that_does_not_read_is_waited_for
    a_server_that_does_not_read_is_waited_for
    what_was_written_is_given_up
    what_is_fanned_out_is_shared
    a_close_arrives_behind_what_was_queued
    nothing_is_heard_or_said_after_a_close
    a_close_of_the_client_is_answered
    a_message_over_the_limit_ends_the_connection
    a_lost_client_is_reported_after_what_it_sent
    a_lost_server_is_reported_after_what_it_sent
} for tcp stub memory);
