// The two places there are, and the way between them.

import type { Point } from "./generated/types.js";

export type PlaceName = "plaza" | "square";

export interface Place {
  readonly name: PlaceName;
  /** The room that it is. */
  readonly room: string;
  readonly title: string;
  readonly motto: string;
  /** What the door says of it. */
  readonly welcome: string;
  /** Where the gate is, and which way it leads. */
  readonly gate: Point;
  readonly east: boolean;
  readonly beyond: PlaceName;
}

export const PLACES: Readonly<Record<PlaceName, Place>> = {
  plaza: {
    name: "plaza",
    room: "plaza/main",
    title: "The plaza",
    motto: "What happens here is over when it is over",
    welcome: "There are people on the plaza already.",
    gate: { x: 1000, y: 330 },
    east: true,
    beyond: "square",
  },
  square: {
    name: "square",
    room: "square/main",
    title: "The square",
    motto: "The stones here remember everything",
    welcome: "What is said on the square stays there.",
    gate: { x: 0, y: 330 },
    east: false,
    beyond: "plaza",
  },
};

/** How far a gate reaches into its place, and to either side. */
const GATE = { depth: 26, breadth: 62 };

export function isInGate({ gate }: Place, { x, y }: Point): boolean {
  return Math.abs(x - gate.x) <= GATE.depth && Math.abs(y - gate.y) <= GATE.breadth;
}

/** The place and the token that a fragment like `#square&token=…` names. */
export function readFragment(hash: string): { place: PlaceName | undefined; token: string } {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const place = (["square", "plaza"] as const).find((name) => parts.has(name));
  return { place, token: parts.get("token") ?? "" };
}
