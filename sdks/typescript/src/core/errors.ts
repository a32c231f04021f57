// What can go wrong, one class for each operation.

import type { LeaveReason } from "./leave-reason.js";
import type { ServerError } from "./server-error.js";

/** What all errors of a client have in common: what went wrong, and what the server said, if it did. */
export class WayfareError<Kind extends string = string> extends Error {
  constructor(
    readonly kind: Kind,
    message: string,
    /** What the server stated, where the error is the server's. */
    readonly server?: ServerError | undefined,
  ) {
    super(message);
    this.name = "WayfareError";
  }

  /** The number on the wire, an `ErrorCode`, where the error is the server's. */
  get code(): number | undefined {
    return this.server?.code;
  }

  /** The application's own number for a refusal; 0 if none. */
  get detail(): number {
    return this.server?.detail ?? 0;
  }
}

/**
 * Why there is no client. `invalid`: the address or the options are no such. `timeout`: no endpoint
 * let the client in. `refused`: the server refused for a reason that trying again would not change.
 */
export class ConnectError extends WayfareError<"invalid" | "timeout" | "refused" | "closed"> {
  override name = "ConnectError";
}

/**
 * Why a join did not make a member. Not tried: `invalid_room`, `payload`, `already_joined`,
 * `too_many_rooms`, `too_large`, `closed`. Tried: `refused`, `session_lost`, `timeout` (the room is
 * left again), and `payload`, where it is the view that does not decode.
 */
export class JoinError extends WayfareError<
  | "invalid_room"
  | "payload"
  | "already_joined"
  | "too_many_rooms"
  | "too_large"
  | "refused"
  | "session_lost"
  | "timeout"
  | "closed"
> {
  override name = "JoinError";
}

/**
 * Why a command has no reply. Not taken: `not_a_member`, `too_large`, `backpressure`, and
 * `payload`, where it does not encode, not the reply. `refused`: the room answered so. `reply_lost`: applied, but the
 * reply is lost. `left`: not applied, the stay is over. `room_lost`: nothing of it is left. `unknown`:
 * nobody can tell. `timeout`: nobody waits any more, but the command goes on.
 */
export class CommandError extends WayfareError<
  | "payload"
  | "not_a_member"
  | "too_large"
  | "backpressure"
  | "refused"
  | "reply_lost"
  | "left"
  | "room_lost"
  | "unknown"
  | "timeout"
> {
  override name = "CommandError";
  /** Why the stay is over, if that is what went wrong. */
  leaveReason: LeaveReason | undefined;
}

/** Why there is no listing. */
export class ListError extends WayfareError<
  "too_many" | "too_large" | "refused" | "timeout" | "closed"
> {
  override name = "ListError";
}

/** A payload that does not become, or come from, a value. */
export class PayloadError extends WayfareError<"payload"> {
  override name = "PayloadError";
}

/** The session or the stay is over, and nobody can tell whether the command was applied. */
export function unknown(): CommandError {
  const message = "outcome unknown, the stay in the room is over";
  return new CommandError("unknown", message);
}

/** The stay ended first: the command was not applied and never will be. */
export function left(reason: LeaveReason): CommandError {
  const error = new CommandError("left", `not applied, the stay in the room is over: ${reason}`);
  error.leaveReason = reason;
  return error;
}

export function notAMember(): CommandError {
  return new CommandError("not_a_member", "not a member of that room");
}
