//! The contract of every connection, checked for each kind of connection.

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
    several_frames_in_one_piece_are_several_messages
    the_server_waits_for_a_client_that_does_not_read
    the_client_waits_for_a_server_that_does_not_read
    written_bytes_are_freed
    bytes_for_many_clients_are_shared
    a_close_arrives_after_queued_bytes
    nothing_is_sent_or_received_after_a_close
    a_close_of_the_client_is_answered
    a_message_over_the_limit_ends_the_connection
    a_lost_client_is_reported_after_its_messages
    a_lost_server_is_reported_after_its_messages
} for tcp stub memory);
