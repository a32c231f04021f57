// What the compiler says of a room's types; that it compiles is most of the test.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Room } from "../src/index.js";
import type { StubTypes } from "./playing.js";
import { member } from "./playing.js";

/** Never called: it is there to be compiled. */
export function typed(room: Room<StubTypes>, untyped: Room): void {
  room.on("said", ({ text }) => text.toUpperCase());
  room.on("waved", (nothing: undefined) => nothing);
  room.on("resync", ({ view }) => view.lines.length);
  room.onEvent("left", ({ who }) => who);
  room.on("left", ({ reason }) => reason);
  // @ts-expect-error The game's own `left` is reached by `onEvent`.
  room.on("left", ({ who }) => who);
  // @ts-expect-error There is no such event.
  room.on("shouted", () => {});
  // @ts-expect-error There is no such command.
  room.cast({ shout: "hi" });
  void room.send("wave").then((reply) => reply.toFixed());
  untyped.on("moved", ({ x }: { x: number }) => x);
  void untyped.send<number>({ any: "thing" }).then((reply) => reply.toFixed());
}

test("the types are those of what comes", async () => {
  const { room } = await member();
  const lines: string[] = room.view.lines;
  assert.deepEqual(lines, []);
});
