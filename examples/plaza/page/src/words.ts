// What went wrong, in words for whoever plays.

import { ConnectError, type End, ErrorCode, type LeaveReason, WayfareError } from "@wayfare/client";

/** By the number that the server states. */
const REFUSALS: Readonly<Record<number, string>> = {
  [ErrorCode.TokenInvalid]: "The server does not accept this token",
  [ErrorCode.TokenExpired]: "This token is too old",
  [ErrorCode.GuestsRefused]: "You need a token to come in here",
  [ErrorCode.SessionReplaced]: "You came in from somewhere else",
  [ErrorCode.SessionKicked]: "You were sent away",
  [ErrorCode.AlreadyConnected]: "You are here already, from somewhere else",
  [ErrorCode.RoomFull]: "It is full at the moment",
  [ErrorCode.RoomLocked]: "It lets nobody in at the moment",
  [ErrorCode.RoomClosed]: "It is closed",
  [ErrorCode.Full]: "The server is full at the moment",
  [ErrorCode.ShuttingDown]: "The server is shutting down",
};

const REASONS: Readonly<Partial<Record<LeaveReason, string>>> = {
  kicked: "You were asked to leave",
  closed: "This place was closed",
  replaced: "You came in from somewhere else",
  expired: "Your connection was gone for too long",
  restarted: "This place started anew, without you",
  room_gone: "This place was lost with its server",
};

/** Why one did not get in. */
export function refusalOf(error: unknown): string {
  if (!(error instanceof WayfareError)) {
    return words(error);
  }
  const known = error.code === undefined ? undefined : REFUSALS[error.code];
  if (known !== undefined) {
    return join(known, error.server?.message ?? "");
  }
  if (error instanceof ConnectError && error.kind === "timeout") {
    return "The server does not answer. Is it running?";
  }
  return words(error);
}

/** Why the client ended. */
export function endOf({ message, server }: End): string {
  const known = server && REFUSALS[server.code];
  return known ? join(known, server.message) : sentence(server?.message || message);
}

/** Why the stay is over. */
export function leftFor(reason: LeaveReason, message: string): string {
  return join(REASONS[reason] ?? "Your stay is over", message);
}

/** The server's words where there are some. */
export function words(error: unknown): string {
  if (error instanceof WayfareError && error.server?.message) {
    return sentence(error.server.message);
  }
  return sentence(error instanceof Error ? error.message : String(error));
}

function join(known: string, reason: string): string {
  return reason === "" ? `${known}.` : `${known}: ${reason}.`;
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
