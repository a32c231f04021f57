// Which texts name a room and a player.

import { KEY_BYTES_MAX, KIND_BYTES_MAX, PLAYER_BYTES_MAX } from "./limits.js";

// Half a pair of surrogates (Cs) is no text: it would arrive as another.
const ROOM = /^[a-z0-9_-]+\/[^\p{Cc}\p{Cs}]+$/u;
const PLAYER = /^\P{Cc}+$/u;

/** Whether a text is a room's name: `kind/key`. */
export function isRoomName(text: string): boolean {
  const slash = text.indexOf("/");
  return ROOM.test(text) && slash <= KIND_BYTES_MAX && bytesOf(text) - slash - 1 <= KEY_BYTES_MAX;
}

export function isPlayerName(text: string): boolean {
  return PLAYER.test(text) && bytesOf(text) <= PLAYER_BYTES_MAX;
}

/** The length of a text in UTF-8. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
