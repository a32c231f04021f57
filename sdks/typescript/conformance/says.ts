// From the words of an exchange to what the server says.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { ServerFrameSchema } from "../src/generated/wayfare_pb.js";
import type { Words } from "./words.js";
import { bigOf, bytesOf } from "./words.js";

type Body = NonNullable<MessageInitShape<typeof ServerFrameSchema>["body"]>;

/** The frame of this name, as bytes. */
export function serverFrame(verb: string, words: Words): Uint8Array {
  const body = plainBody(verb, words) ?? roomBody(verb, handleOf(words.next()), words);
  return toBinary(ServerFrameSchema, create(ServerFrameSchema, { body }));
}

function plainBody(verb: string, words: Words): Body | undefined {
  switch (verb) {
    case "welcome":
      return { case: "welcome", value: welcome(words) };
    case "ended":
      return { case: "ended", value: { error: error(words.next(), words) } };
    case "joined":
      return {
        case: "joined",
        value: {
          room: words.next(),
          handle: handleOf(words.next()),
          sequence: words.marked("#"),
          membership: words.numberOption("m"),
          epoch: words.bigOption("e"),
          position: words.marked("@"),
          applied: words.bigOption("applied"),
          view: bytesOf(words.rest()),
        },
      };
    case "join-refused": {
      const [room, sequence] = [words.next(), words.marked("#")];
      return { case: "joinRefused", value: { room, sequence, ...errorOption(words) } };
    }
    case "pong": {
      const timeMs = words.bigOption("time");
      return { case: "pong", value: { nonce: bigOf(words.next()), timeMs } };
    }
    case "listing":
      return { case: "listing", value: listing(words) };
    default:
      return undefined;
  }
}

function roomBody(verb: string, handle: bigint, words: Words): Body {
  const [sequence, applied] = [words.marked("@"), words.marked("#")];
  const [epoch, membership] = [words.bigOption("e"), words.numberOption("m")];
  switch (verb) {
    case "event":
      return { case: "event", value: { handle, sequence, payload: bytesOf(words.rest()) } };
    case "unreliable":
      return { case: "unreliable", value: { handle, membership, payload: bytesOf(words.rest()) } };
    case "reply": {
      const stated = errorOption(words).error;
      const result = stated
        ? { case: "error" as const, value: stated }
        : { case: "payload" as const, value: bytesOf(words.rest()) };
      return { case: "reply", value: { handle, sequence, command: applied, result } };
    }
    case "applied":
      return { case: "applied", value: { handle, applied } };
    case "position":
      return { case: "position", value: { handle, sequence } };
    case "attached": {
      const failed = words.bigOption("failed");
      return { case: "attached", value: { handle, epoch, from: sequence, applied, failed } };
    }
    case "resync": {
      const failed = words.bigOption("failed");
      // Unless it says otherwise, what is void is what is behind its position.
      const stands = words.bigOption("stands", sequence);
      const view = bytesOf(words.rest());
      const value = { handle, epoch, position: sequence, applied, failed, stands, view };
      return { case: "resync", value };
    }
    case "left": {
      const reason = words.numberOption("reason");
      return { case: "left", value: { handle, membership, reason, applied, message: words.rest() } };
    }
    default:
      throw new Error(`${JSON.stringify(verb)} is no input`);
  }
}

/** Session 1 is the text `1` filled up to 16 bytes. */
function welcome(words: Words) {
  return {
    version: Number(words.option("version") ?? "1"),
    resumed: words.flag("resumed"),
    heartbeatMs: words.numberOption("heartbeat"),
    graceMs: 60_000,
    timeMs: words.bigOption("time"),
    limits: {
      frameBytesMax: words.numberOption("frame"),
      roomsMax: words.numberOption("rooms"),
      framesPerSecond: 100,
    },
    session: bytesOf(words.next().padStart(16, "0")),
    ticket: bytesOf(words.next()),
    player: "ada",
  };
}

function listing(words: Words) {
  const request = Number(words.next());
  const stated = errorOption(words);
  const truncated = words.flag("truncated");
  const rooms = words.rest().split(" ").filter((room) => room !== "");
  return {
    request,
    rooms: rooms.map((room) => ({ room, members: 1, membersMax: 8 })),
    truncated,
    ...stated,
  };
}

function errorOption(words: Words) {
  const code = words.option("error");
  return code === undefined ? {} : { error: error(code, words) };
}

function error(code: string, words: Words) {
  return {
    code: Number(bigOf(code)),
    detail: words.numberOption("detail"),
    retryAfterMs: words.numberOption("retry"),
    message: words.rest(),
  };
}

function handleOf(text: string): bigint {
  return BigInt(`0x${text}`);
}
