// What values become on the way, with another implementation of MessagePack as the judge.

import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Decoder, encode } from "@msgpack/msgpack";
import type { JoinError } from "../src/core/errors.js";
import { ServerFrameSchema } from "../src/generated/wayfare_pb.js";
import { json, messagePack } from "../src/shell/codec.js";
import type { JoinOptions } from "../src/shell/client.js";
import type { RoomTypes } from "../src/shell/types.js";
import { connected, member } from "./playing.js";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const HALF = "\ud83d";

/** A map with `key` as it is on the wire, beside a field `a` that is 1. */
const keyed = (key: string) => bytes(`82 ${key} a3796573 a161 01`);

const KEYS: readonly (readonly [name: string, wire: string, key: string])[] = [
  ["null", "c0", "null"],
  ["false", "c2", "false"],
  ["true", "c3", "true"],
  ["a number", "2a", "42"],
  ["a float", "cb3ff8000000000000", "1.5"],
  ["bytes", "c402ff00", "ff00"],
  ["a list", "9201a178", '[1,"x"]'],
  ["a map", "81a16101", '{"a":1}'],
  ["__proto__", "a95f5f70726f746f5f5f", "__proto__"],
  ["constructor", "ab636f6e7374727563746f72", "constructor"],
];

for (const [name, wire, key] of KEYS) {
  test(`a map whose key is ${name} is read whole`, () => {
    const read = messagePack.decode(keyed(wire)) as object;
    assert.deepEqual(Object.entries(read), [
      [key, "yes"],
      ["a", 1],
    ]);
    assert.equal(Object.getPrototypeOf(read), Object.prototype);
  });
}

test("a key like __proto__ is sent like any other", () => {
  const value = JSON.parse('{"__proto__":{"x":1},"a":2}') as unknown;
  const read = messagePack.decode(messagePack.encode(value)) as object;
  assert.deepEqual(Object.entries(read), [
    ["__proto__", { x: 1 }],
    ["a", 2],
  ]);
  assert.equal(({} as { x?: number }).x, undefined);
});

test("a view with such keys is a view", async () => {
  const { environment, client } = await connected({ codec: messagePack });
  const joining = client.join("plaza/main");
  const joined = { room: "plaza/main", sequence: 1n, handle: 10n, view: keyed("c0") };
  const frame = create(ServerFrameSchema, { body: { case: "joined", value: joined } });
  environment.socket.saysFrame(toBinary(ServerFrameSchema, frame));
  assert.deepEqual((await joining).view, { null: "yes", a: 1 });
});

const VALUES: readonly unknown[] = [
  [0, 1, 31, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1],
  [-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53) + 1],
  [0.5, -0.25, 1e300, 2 ** 53, NaN, Infinity, -Infinity],
  [true, false, null, "", "Ω", "👋", "\ufeffmark", "nul\0"],
  ["x".repeat(31), "x".repeat(32), "Ω".repeat(128), "x".repeat(65_535), "x".repeat(65_536)],
  [new Uint8Array(), new Uint8Array(255), new Uint8Array(256), new Uint8Array(65_536).fill(7)],
  [[], Array(15).fill(1), Array(16).fill(1), Array(65_536).fill(null)],
  [{}, fields(15), fields(16), fields(65_536), { left: undefined, right: 1 }],
  { nested: [{ deep: [[["er"]]] }] },
];

function fields(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, index]));
}

test("every value is written as others write it, and reads back", () => {
  for (const value of VALUES) {
    const written = messagePack.encode(value);
    assert.ok(Buffer.from(written).equals(encode(value, { ignoreUndefined: true })));
    assert.deepEqual(messagePack.decode(written), new Decoder().decode(written));
  }
  assert.equal(messagePack.decode(bytes("ca3fc00000")), 1.5);
  assert.equal(messagePack.decode(bytes("cf0000000000000007")), 7);
  assert.equal(messagePack.decode(bytes("d3fffffffffffffff9")), -7);
});

test("what is not well formed is refused, wherever it ends", () => {
  const whole = messagePack.encode({ list: [1, 1000, 1e9, 2 ** 40, 0.5, -200, "x".repeat(40)] });
  for (let length = 1; length < whole.length; length += 1) {
    assert.throws(() => messagePack.decode(whole.subarray(0, length)), RangeError);
  }
  assert.throws(() => messagePack.decode(bytes("01 02")), /1 bytes follow/);
  assert.throws(() => messagePack.decode(bytes("c1")), /0xc1 begins no value/);
  assert.throws(() => messagePack.decode(bytes("ddffffffff c0")), RangeError);
  assert.throws(() => messagePack.decode(new Uint8Array(60_000).fill(0x91)), /nested deeper/);
});

test("a type that MessagePack leaves to others costs only itself", () => {
  const read = messagePack.decode(bytes("82 a161 d4ff07 a162 c7030801 0203"));
  assert.deepEqual(read, {
    a: { extension: -1, data: Uint8Array.of(7) },
    b: { extension: 8, data: Uint8Array.of(1, 2, 3) },
  });
});

test("whole numbers of 64 bits can be sent as bigint", () => {
  const cases: readonly (readonly [bigint, string])[] = [
    [7n, "07"],
    [-1n, "ff"],
    [2n ** 32n, "cf0000000100000000"],
    [2n ** 64n - 1n, "cfffffffffffffffff"],
    [-(2n ** 63n), "d38000000000000000"],
  ];
  for (const [value, wire] of cases) {
    assert.equal(Buffer.from(messagePack.encode(value)).toString("hex"), wire);
  }
  for (const value of [2n ** 64n, -(2n ** 63n) - 1n]) {
    assert.throws(() => messagePack.encode({ value }), /more than 64 bits/);
  }
  assert.deepEqual(json.decode(json.encode([7n, -7n])), [7, -7]);
  assert.throws(() => json.encode({ id: 2n ** 60n }), /1152921504606846976 cannot be sent as JSON/);
});

test("what would arrive as something else is refused by its name", async () => {
  const { client } = await connected({ codec: messagePack });
  const things: readonly (readonly [string, unknown])[] = [
    ["Map", new Map([["a", 1]])],
    ["Set", new Set([1])],
    ["ArrayBuffer", new ArrayBuffer(2)],
    ["Float32Array", Float32Array.of(1)],
    ["Promise", Promise.resolve()],
    ["RegExp", /x/],
    ["Error", new Error("x")],
    ["URLSearchParams", new URLSearchParams("a=1")],
    ["Function", () => {}],
    ["Symbol", Symbol("x")],
  ];
  for (const [name, thing] of things) {
    const refused = new RegExp(`a ${name} cannot be sent`);
    const joining = client.join("plaza/main", { payload: { brought: [thing] } });
    await assert.rejects(joining, (error: JoinError) => error.kind === "payload");
    await assert.rejects(client.join("plaza/main", { payload: thing }), refused);
    assert.throws(() => json.encode({ brought: [thing] }), refused);
  }
  assert.throws(() => messagePack.encode({ at: new Date(0) }), /a Date cannot be sent/);
  assert.deepEqual(json.decode(json.encode({ at: new Date(0) })), { at: "1970-01-01T00:00:00.000Z" });
  assert.throws(() => json.encode({ picture: Uint8Array.of(1) }), /a Uint8Array cannot be sent as JSON/);
});

test("values that are nested too deep, or for ever, are refused", () => {
  const ring: unknown[] = [];
  ring.push(ring);
  assert.throws(() => messagePack.encode(ring), /nested deeper than 100/);
});

test("half an emoji is sent as a text", () => {
  for (const codec of [messagePack, json]) {
    const sent = codec.decode(codec.encode({ [`k${HALF}`]: [`a${HALF}b`, "\ude00", "👋", "\\ud83d", "\\"] }));
    assert.deepEqual(sent, { "k\ufffd": ["a\ufffdb", "\ufffd", "👋", "\\ud83d", "\\"] });
    const text = new TextDecoder("utf-8", { fatal: true });
    text.decode(codec.encode(`${"x".repeat(5)}${HALF}`).subarray(codec === json ? 0 : 1));
  }
});

test("nothing said is no bytes, and null is null", async () => {
  const { environment, client, room } = await member();
  const options: JoinOptions<RoomTypes>[] = [
    {},
    { payload: undefined, open: undefined },
    { payload: null, open: null },
  ];
  for (const said of options) {
    void client.join(`relay/${environment.now()}`, said).catch(() => {});
    environment.pass(1);
  }
  (room.cast as (nothing?: unknown) => void).call(room);
  assert.deepEqual(environment.socket.heard(), [
    "JOIN_OR_CREATE relay/1000 #1",
    "JOIN_OR_CREATE relay/1001 #1",
    "JOIN_OR_CREATE relay/1002 #1 open=null null",
    "command a m=3 #2",
  ]);
});
