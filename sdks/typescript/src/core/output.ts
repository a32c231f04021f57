// What comes out of the client.

import type { CommandError, JoinError } from "./errors.js";
import type { LeaveReason } from "./leave-reason.js";
import type { ServerError } from "./server-error.js";

/** This client's own name for one stay in one room, from the join to its end. Never used again. */
export type RoomKey = number;
/** This client's own name for one command. Never used again. */
export type CommandId = number;
/** This client's own name for one list. */
export type ListId = number;

/** What the driver of a `ClientCore` is to do. */
export type Output =
  /** Open a connection to this endpoint, then say `handleConnected` or `handleDisconnected`. */
  | { readonly type: "connect"; readonly endpoint: number }
  /** Send this frame. */
  | { readonly type: "send"; readonly frame: Uint8Array<ArrayBuffer> }
  /**
   * Close the connection, or give up making it. Nothing more of that connection may be handed in,
   * `handleDisconnected` included.
   */
  | { readonly type: "disconnect" }
  /** Tell the application. */
  | { readonly type: "event"; readonly event: CoreEvent };

/** What the application is told. */
export type CoreEvent =
  | {
      readonly type: "connected";
      /** The session's id, 32 hexadecimal digits: the same through every resume. */
      readonly session: string;
      readonly player: string;
      /** The same session as before: every stay goes on. */
      readonly resumed: boolean;
    }
  | { readonly type: "interrupted"; readonly retryIn: number; readonly cause: Interruption }
  /** Every stay is over, and a new session follows by itself, under the original credential. */
  | { readonly type: "session_lost" }
  /** The last event of all. Lists that wait are not answered. */
  | { readonly type: "ended"; readonly end: End }
  | { readonly type: "listing"; readonly list: ListId; readonly result: Listing | ServerError }
  | RoomCoreEvent;

/** What the application is told of one stay. */
export type RoomCoreEvent = { readonly room: RoomKey } & Told;

/** What is told of a stay, whichever that is. */
export type Told =
  | { readonly type: "joined"; readonly view: Uint8Array; readonly position: bigint }
  | { readonly type: "join_refused"; readonly error: JoinError }
  | { readonly type: "event"; readonly position: bigint; readonly payload: Uint8Array }
  | { readonly type: "unreliable"; readonly payload: Uint8Array }
  /** The one answer to a command; empty if the room replied nothing. */
  | {
      readonly type: "reply";
      readonly command: CommandId;
      readonly result: Uint8Array | CommandError;
    }
  | {
      readonly type: "resync";
      readonly view: Uint8Array;
      readonly position: bigint;
      /** What was seen up to here is still so; what was seen behind it was undone. */
      readonly stands: bigint;
      readonly lostReplies: number;
      readonly fellBack: boolean;
    }
  /** The room lost commands it had already acknowledged, but no event this client has seen. */
  | { readonly type: "fell_back" }
  | { readonly type: "left"; readonly reason: LeaveReason; readonly message: string };

/** Why there is no connection at the moment. */
export interface Interruption {
  /**
   * `unreachable`: none could be made, or it closed before the Welcome. `handshake_timeout`: that took
   * too long. `lost`: it closed without a word. `silent`: nothing was heard for too long. `violation`:
   * the server said something that makes no sense. `ended`: the server ended it, and said why.
   */
  readonly kind: "unreachable" | "handshake_timeout" | "lost" | "silent" | "violation" | "ended";
  /** Words for a person. */
  readonly message: string;
  readonly server: ServerError | undefined;
}

/** Why a client ended. */
export interface End {
  /**
   * `bye`: the application said so. `refused`: the server did, and coming back would not change it.
   * `gave_up`: there was no connection for as long as was set.
   */
  readonly kind: "bye" | "refused" | "gave_up";
  /** Words for a person. */
  readonly message: string;
  readonly server: ServerError | undefined;
}

/** Rooms that may be joined. */
export interface Listing {
  readonly rooms: readonly ListedRoom[];
  /** More rooms matched than were listed. */
  readonly truncated: boolean;
}

/** One room of a `Listing`. */
export interface ListedRoom {
  /** Its name: `kind/key`. */
  readonly room: string;
  readonly members: number;
  readonly membersMax: number;
  /** Whether it takes no new members. */
  readonly locked: boolean;
  /** What it shows of itself. */
  readonly properties: Readonly<Record<string, string>>;
}
