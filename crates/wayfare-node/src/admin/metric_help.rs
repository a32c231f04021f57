//! The meaning of each metric, for the `# HELP` lines of `/metrics`.

use metrics::{describe_counter, describe_gauge};

/// Counters, each with its meaning.
const COUNTERS: &[(&str, &str)] = &[
    (
        "wayfare_accept_errors_total",
        "Connections that the system could not hand over.",
    ),
    (
        "wayfare_connections_ended_total",
        "Connections that the server ended, by error code.",
    ),
    (
        "wayfare_coordination_failures_total",
        "Requests that coordination did not execute as needed.",
    ),
    (
        "wayfare_frames_received_total",
        "Frames received from clients.",
    ),
    (
        "wayfare_future_panics_total",
        "Futures of rooms that panicked.",
    ),
    (
        "wayfare_handler_panics_total",
        "Handlers of rooms that panicked.",
    ),
    (
        "wayfare_handshakes_displaced_total",
        "Unfinished handshakes cut to make place for newer connections.",
    ),
    (
        "wayfare_handshakes_late_total",
        "Handshakes cut because they took too long.",
    ),
    (
        "wayfare_log_records_lost_total",
        "Records of game logs that could not be stored.",
    ),
    (
        "wayfare_messages_misdirected_total",
        "Messages dropped because they were for another run of a node.",
    ),
    (
        "wayfare_notes_lost_total",
        "Notes of rooms, such as those of timers, that did not decode.",
    ),
    (
        "wayfare_postgres_chunks_total",
        "Pieces of large values sent to PostgreSQL.",
    ),
    (
        "wayfare_postgres_connections_total",
        "Connections opened to PostgreSQL.",
    ),
    (
        "wayfare_postgres_lost_connections_total",
        "Connections to PostgreSQL that were lost.",
    ),
    (
        "wayfare_postgres_repeated_transactions_total",
        "Transactions sent again because the server refused them whole.",
    ),
    (
        "wayfare_postgres_transactions_total",
        "Transactions sent to PostgreSQL.",
    ),
    (
        "wayfare_postgres_unknown_writes_total",
        "Writes to PostgreSQL whose outcome stayed unknown.",
    ),
    (
        "wayfare_postgres_writes_total",
        "Writes sent to PostgreSQL.",
    ),
    (
        "wayfare_room_restarts_total",
        "Rooms started again after a panic.",
    ),
    ("wayfare_rooms_closed_total", "Rooms closed."),
    (
        "wayfare_rooms_fenced_total",
        "Rooms given up because another owner took them over.",
    ),
    ("wayfare_rooms_opened_total", "Rooms opened."),
    (
        "wayfare_rooms_put_away_total",
        "Idle rooms removed from memory; storage keeps them.",
    ),
    (
        "wayfare_rooms_quarantined_total",
        "Stored rooms that could not be read and were moved to quarantine.",
    ),
    (
        "wayfare_rooms_recovered_total",
        "Rooms restored from storage.",
    ),
    (
        "wayfare_sends_total",
        "Writes to connections, each with all frames of a turn.",
    ),
    ("wayfare_sent_bytes_total", "Bytes sent to clients."),
    ("wayfare_sessions_opened_total", "Sessions opened."),
    (
        "wayfare_slow_handlers_total",
        "Handlers that took longer than slow_handler.",
    ),
    (
        "wayfare_snapshots_failed_total",
        "Snapshots that could not be made.",
    ),
    (
        "wayfare_steps_undone_total",
        "Steps undone because the state could not be stored.",
    ),
    (
        "wayfare_storage_commits_total",
        "Commits to the store in the data folder.",
    ),
    (
        "wayfare_storage_failures_total",
        "Requests of rooms that storage did not execute.",
    ),
    (
        "wayfare_storage_requests_total",
        "Requests to the store in the data folder.",
    ),
    (
        "wayfare_storage_syncs_total",
        "Times that the store in the data folder was synced to disk.",
    ),
    (
        "wayfare_storage_written_bytes_total",
        "Bytes written to the store in the data folder.",
    ),
    (
        "wayfare_ticks_skipped_total",
        "Ticks skipped because their rooms were late.",
    ),
    (
        "wayfare_wall_clock_steps_total",
        "Times that the wall clock of the machine was set.",
    ),
];

/// Gauges, each with its meaning.
const GAUGES: &[(&str, &str)] = &[
    (
        "wayfare_attachments",
        "Memberships of rooms that connected sessions follow, by shard.",
    ),
    ("wayfare_connections", "Open connections, by shard."),
    (
        "wayfare_engine_calls",
        "Requests to coordination and storage in flight, by shard.",
    ),
    (
        "wayfare_etcd_member_database_bytes",
        "Size of the member's database.",
    ),
    (
        "wayfare_etcd_member_errors",
        "Errors that the member reports, such as alarms.",
    ),
    ("wayfare_etcd_member_leads", "1 if the member leads."),
    ("wayfare_etcd_member_revision", "Revision of the member."),
    ("wayfare_etcd_member_up", "1 if the member answers."),
    (
        "wayfare_etcd_member_used_bytes",
        "Bytes of the member's database that are in use.",
    ),
    (
        "wayfare_node_info",
        "Always 1; the labels name the game, its version and the node.",
    ),
    (
        "wayfare_postgres_queue",
        "Writes to PostgreSQL that are not answered yet.",
    ),
    ("wayfare_postgres_up", "1 if PostgreSQL answers."),
    ("wayfare_rooms", "Open rooms, by shard."),
    (
        "wayfare_sessions",
        "Sessions, including those without a connection, by shard.",
    ),
    (
        "wayfare_storage_failed",
        "1 if the store in the data folder has failed.",
    ),
    (
        "wayfare_storage_file_bytes",
        "Size of the store in the data folder.",
    ),
    (
        "wayfare_storage_queue",
        "Requests waiting for the store in the data folder.",
    ),
    ("wayfare_timers", "Pending timers, by shard."),
];

/// Describes all metrics to the recorder of this process.
pub(super) fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(*name, *meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(*name, *meaning);
    }
}
