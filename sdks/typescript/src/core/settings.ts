// What may be set, and what a join takes.

import type { JoinMode as WireJoinMode } from "../generated/wayfare_pb.js";
import { HANDSHAKE_TIME_MAX } from "./limits.js";

/** Who a client says it is when it has no ticket yet: a signed token, or a guest's wish for a name. */
export type Credential = { readonly token: string } | { readonly guest: string };

/** All times are in milliseconds. */
export interface Settings {
  /** How many endpoints there are. `connect` names one by its index. */
  endpoints: number;
  credential: Credential;
  /** A ticket that an earlier client kept: the first session resumes that client's, if it still lives. */
  resume?: Uint8Array;
  /** Who the client is, for the server's logs. */
  sdk: string;
  /**
   * The ceiling of the first delay before connecting again; each round over all endpoints doubles it.
   * The delay itself is uniform below the ceiling ("full jitter", Brooker 2015), so that clients which
   * lost their node together do not come back together.
   */
  backoffMin: number;
  backoffMax: number;
  /** From the attempt to connect to the Welcome. */
  handshakeTimeMax: number;
  /** How long to go on without a connection before the client ends; infinity is for ever. */
  giveUpAfter: number;
  /**
   * How long to go on joining a room anew that was lost with its server, while it is refused for
   * reasons that may pass. Time without a connection does not count.
   */
  rejoinTimeMax: number;
  /** Commands of one room that wait for their acknowledgement, and bytes of their payloads. */
  outstandingCommandsMax: number;
  outstandingBytesMax: number;
}

export function settingsOf(endpoints: number, credential: Credential): Settings {
  return {
    endpoints,
    credential,
    sdk: "typescript/0.1.0",
    backoffMin: 100,
    backoffMax: 10_000,
    handshakeTimeMax: HANDSHAKE_TIME_MAX,
    giveUpAfter: Infinity,
    // Well beyond the slowest take-over of a room whose server died.
    rejoinTimeMax: 30_000,
    outstandingCommandsMax: 1024,
    outstandingBytesMax: 1024 * 1024,
  };
}

/** By their numbers on the wire. */
const MODES = ["or_create", "existing", "create"] as const;

/** Whether a join may, must not or must create its room. */
export type JoinMode = (typeof MODES)[number];

export function wireModeOf(mode: JoinMode): WireJoinMode {
  return MODES.indexOf(mode);
}

/** It is kept as long as the stay: a room that is lost with its server is joined anew with it. */
export interface Join {
  readonly room: string;
  mode: JoinMode;
  /** What creating the room takes; read only if this join creates it. */
  readonly open: Uint8Array;
  /** What the joiner brings. */
  readonly payload: Uint8Array;
}
