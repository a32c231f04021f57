// Why a stay in a room is over.

import { LeaveReason as Wire } from "../generated/wayfare_pb.js";

/** By their numbers on the wire. */
const REASONS = [
  /** A reason that this version does not know. */
  "unknown",
  /** The client left. */
  "requested",
  /** The room removed the member. */
  "kicked",
  "closed",
  /** Another session of the player took the place. */
  "replaced",
  /** The connection was gone for too long. */
  "expired",
  /** The session ended. */
  "ended",
  /** The room restarted without this member. */
  "restarted",
  "not_a_member",
  "room_gone",
] as const;

/**
 * Why a stay in a room is over. `expired`: the connection was gone for longer than the room's grace.
 * `ended`: the session ended. `restarted`: the room failed and started again without this member.
 * `room_gone`: the room was lost with its server and will not come back, or will not have this client
 * back; a room that can be had anew is joined again and no reason to leave.
 */
export type LeaveReason = (typeof REASONS)[number];

/** A room that is lost is joined again, so that it is never the end of a stay but as one that is gone. */
export function leaveReasonOf(wire: Wire): LeaveReason {
  return wire === Wire.LEAVE_ROOM_LOST ? "room_gone" : (REASONS[wire] ?? "unknown");
}
