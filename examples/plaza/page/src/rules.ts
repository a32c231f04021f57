// What the game says of itself, beside its messages.

import type { Color } from "./generated/types.js";

/** The plaza reaches from 0 to here, in both directions. */
export const SIZE = 1000;
/** Steps that a walker takes in a second. */
export const SPEED = 120;
/** The longest thing one can say, in characters. */
export const TEXT_CHARS_MAX = 200;
/** The lines of chat that the page keeps; the plaza itself remembers fewer. */
export const CHAT_LINES_MAX = 100;
/** The longest name a server takes. */
export const NAME_BYTES_MAX = 64;

export const COLORS: Readonly<Record<Color, string>> = {
  red: "#d6453d",
  orange: "#e9853b",
  yellow: "#ebbd3c",
  green: "#55a257",
  teal: "#2c9d95",
  blue: "#3d78cc",
  purple: "#8157b8",
  pink: "#df709f",
  grey: "#8b919b",
};
