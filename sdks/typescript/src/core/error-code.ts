// What can go wrong, as one number on the wire, and what each means for coming back.

/** By ranges, in the order of their numbers: a name's place in its range is what its number ends in. */
const NAMES = {
  1000: [
    "BadFrame",
    "VersionUnsupported",
    "TooLarge",
    "SequenceGap",
    "HandshakeTimeout",
  ],
  1100: [
    "TokenInvalid",
    "TokenExpired",
    "GuestsRefused",
  ],
  1200: [
    "TicketInvalid",
    "TicketExpired",
    "TicketSuperseded",
    "SessionReplaced",
    "AlreadyConnected",
    "SessionKicked",
    "SessionResumed",
  ],
  1300: [
    "KindUnknown",
    "RoomNotFound",
    "RoomExists",
    "RoomFull",
    "RoomLocked",
    "NotAllowed",
    "RoomsPerSession",
    "RoomNameInvalid",
    "AlreadyJoined",
    "RoomClosed",
  ],
  1400: [
    "Refused",
    "PayloadInvalid",
    "HandlerFailed",
  ],
  1500: [
    "ShuttingDown",
    "Unavailable",
    "SlowReader",
    "RateLimited",
    "Full",
    "Silent",
    "Internal",
  ],
} as const;

type Name = (typeof NAMES)[keyof typeof NAMES][number];

/**
 * The code of an error on the wire. Ranges carry the meaning for a client that does not know a code:
 * 1000 the client broke the protocol, 1100 who it is, 1200 its session, 1300 joining, 1400 the room's
 * answer, 1500 the server's state. Each has a page `docs/errors/<code>.md`.
 */
export const ErrorCode: Readonly<Record<Name, number>> = Object.fromEntries(
  Object.entries(NAMES).flatMap(([first, names]) =>
    names.map((name, place) => [name, Number(first) + place]),
  ),
) as Record<Name, number>;

/** Its name, if this build knows it. */
export function codeName(code: number): string | undefined {
  return Object.entries(ErrorCode).find(([, known]) => known === code)?.[0];
}

/** What a client does with its connection after an `Ended`. */
export type Reconnect =
  /** Connect again and present the ticket. */
  | "resume"
  /** The session is gone: connect again with the credential, tell the application. */
  | "afresh"
  /** Coming back by itself would not help. */
  | "never";

const RETRYABLE: readonly number[] = [
  ErrorCode.HandshakeTimeout,
  ErrorCode.AlreadyConnected,
  ErrorCode.RoomFull,
  ErrorCode.RoomLocked,
  ErrorCode.RoomClosed,
];

/** About how this connection was used. */
const OF_CONDUCT: readonly number[] = [
  ErrorCode.HandshakeTimeout,
  ErrorCode.SequenceGap,
  ErrorCode.Silent,
  ErrorCode.SlowReader,
  ErrorCode.RateLimited,
];

/** What to do on a code from the wire, known or not: the range decides for a later one. */
export function reconnectOf(code: number): Reconnect {
  if (code >= ErrorCode.TicketInvalid && code <= ErrorCode.TicketSuperseded) {
    return "afresh";
  }
  return isOfTheServersState(code) || isOfConduct(code) ? "resume" : "never";
}

/** Whether the same request may succeed later without anybody changing anything. */
export function isRetryable(code: number): boolean {
  return isOfTheServersState(code) || RETRYABLE.includes(code);
}

/** Whether another endpoint would do no better: the fault is this connection's conduct. */
export function isOfConduct(code: number): boolean {
  return OF_CONDUCT.includes(code);
}

/** It may pass; a defect of the server does not pass by itself. */
function isOfTheServersState(code: number): boolean {
  return code >= 1500 && code <= 1599 && code !== ErrorCode.Internal;
}
