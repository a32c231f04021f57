// The bounds of the protocol that a client keeps; a test compares them with the server's own.

export const VERSION_MIN = 1;
export const VERSION_MAX = 1;
export const KIND_BYTES_MAX = 32;
export const KEY_BYTES_MAX = 128;
export const PLAYER_BYTES_MAX = 255;
export const FRAME_BYTES_MAX = 64 * 1024;
export const ROOMS_PER_SESSION_MAX = 16;
/** Requests in flight to one room; the rest waits for acknowledgements. */
export const REQUESTS_IN_FLIGHT_MAX = 64;
/** Milliseconds from the connection to a complete, accepted Hello. */
export const HANDSHAKE_TIME_MAX = 10_000;
/** A client that has nothing to say pings this often, in milliseconds. */
export const HEARTBEAT = 10_000;
/** Bytes queued for the network beyond which unreliable messages are dropped. */
export const BACKLOG_BYTES_SOFT = 64 * 1024;
/** Events a room keeps for replay: what a queue of the application must hold. */
export const HISTORY_EVENTS_MAX = 1024;
