// What a Welcome gave.

import type { Welcome } from "../generated/wayfare_pb.js";
import { FRAME_BYTES_MAX, HEARTBEAT, ROOMS_PER_SESSION_MAX } from "./limits.js";

/** A server that asks for more than ten pings a second is mistaken; in milliseconds. */
const HEARTBEAT_MIN = 100;

/**
 * All of a command, a join or an unreliable message that is neither payload nor name: at most six keys
 * with a varint each, and a handle.
 */
const FRAME_OVERHEAD_MAX = 80;

export interface Session {
  /** Unknown of a ticket that another client kept. */
  readonly id: string | undefined;
  /** Empty if the server gave none: then the session cannot be resumed. */
  readonly ticket: Uint8Array;
}

/** The server's limits, the protocol's own before it has stated any. */
export interface Limits {
  readonly heartbeat: number;
  readonly frameBytesMax: number;
  readonly roomsMax: number;
}

/** A zero is an unset field. */
export function limitsOf(welcome?: Welcome): Limits {
  return {
    heartbeat: Math.max(welcome?.heartbeatMs || HEARTBEAT, HEARTBEAT_MIN),
    frameBytesMax: welcome?.limits?.frameBytesMax || FRAME_BYTES_MAX,
    roomsMax: welcome?.limits?.roomsMax || ROOMS_PER_SESSION_MAX,
  };
}

/**
 * Why a frame around this much is too large, if it is. On the safe side by a few bytes, so that the
 * answer does not depend on a sequence number's length. `what` is "message", say.
 */
export function excess(
  { frameBytesMax }: Limits,
  what: string,
  contentBytes: number,
  overhead = FRAME_OVERHEAD_MAX,
): string | undefined {
  const bytes = contentBytes + overhead;
  return bytes > frameBytesMax
    ? `a ${what} of ${bytes} bytes is larger than the ${frameBytesMax} allowed`
    : undefined;
}

/** The 16 bytes of a session's id as hexadecimal digits; `undefined` if there are more or fewer. */
export function sessionId(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 16) {
    return undefined;
  }
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
