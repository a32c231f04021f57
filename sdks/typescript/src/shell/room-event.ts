// What happens in a room.

import type { PayloadError } from "../core/errors.js";
import type { LeaveReason } from "../core/leave-reason.js";
import type { TypeOf } from "./types.js";

/** What happens in a room. */
export type RoomEvent<T = unknown> =
  | RoomMessage<T>
  | UnreliableMessage<T>
  | Undecodable
  | Resync<T>
  | FellBack
  | Left
  | Unread;

/** An event of the room: in order, none lost, none twice. */
export interface RoomMessage<T = unknown> {
  readonly type: "event";
  readonly event: TypeOf<T, "Event">;
  /** Its number. Numbers grow, but not by one: others have events of their own. */
  readonly position: number;
}

/** A message without any promise. */
export interface UnreliableMessage<T = unknown> {
  readonly type: "unreliable";
  readonly event: TypeOf<T, "Event">;
}

/** An event, a message or the view of a resync that the room's codec does not understand. */
export interface Undecodable {
  readonly type: "undecodable";
  readonly error: PayloadError;
}

/**
 * Events were missed, or the room was lost with its server and is had anew; this view takes the place
 * of all before it.
 */
export interface Resync<T = unknown> {
  readonly type: "resync";
  readonly view: TypeOf<T, "View">;
  /** The number of the last event that the view shows. */
  readonly position: number;
  /**
   * Events up to this number that were told are still so; what was told behind it was undone. 0 for a
   * room that this client has joined again by itself.
   */
  readonly stands: number;
  /** How many commands of this client were applied without their replies coming through. */
  readonly lostReplies: number;
  /**
   * The room lost something it had already told: events or acknowledged commands were undone. Always so
   * of a room that was lost with its server.
   */
  readonly fellBack: boolean;
}

/** The room lost commands it had already acknowledged, but no event this client has seen. */
export interface FellBack {
  readonly type: "fell_back";
}

/** The stay is over. The last event. */
export interface Left {
  readonly type: "left";
  readonly reason: LeaveReason;
  /** The room's words, if any; why it is gone, if the server said so. */
  readonly message: string;
}

/** The application did not take the room's events, and the room was left for it. The last event. */
export interface Unread {
  readonly type: "unread";
}
