// How values become payloads, and payloads values.

import { pack } from "./pack.js";
import { sendable } from "./sendable.js";
import { unpack } from "./unpack.js";

/**
 * How values become payloads, and payloads values. A payload of no bytes is a value that is not there:
 * `null`, but for `raw`. A codec is never asked to encode `undefined`: that is such a payload.
 */
export interface Codec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/**
 * The codec of rooms that choose no other. Fields that are `undefined` are left out; maps, sets,
 * dates, functions and buffers other than `Uint8Array` are refused. A `bigint` of up to 64 bits can be
 * sent; what comes is a number, and integers beyond 2^53 lose their last digits, as in JSON. Keys that
 * are no texts come as texts.
 */
export const messagePack: Codec = {
  encode: pack,
  decode: (bytes) => (bytes.length > 0 ? unpack(bytes) : null),
};

/** As `messagePack`, but a `bigint` beyond 2^53 cannot be sent, nor can bytes. */
export const json: Codec = {
  encode: (value) => new TextEncoder().encode(wellFormed(JSON.stringify(value ?? null, named))),
  decode: (bytes) => (bytes.length > 0 ? JSON.parse(new TextDecoder().decode(bytes)) : null),
};

/** Bytes as they are; nothing is no bytes. */
export const raw: Codec = {
  encode(value) {
    if (value instanceof Uint8Array || value == null) {
      return value ?? new Uint8Array();
    }
    throw new TypeError("not a Uint8Array");
  },
  decode: (bytes) => bytes,
};

/** What JSON is made of; dates and the like have said by then how they are written. */
function named(_: string, value: unknown): unknown {
  switch (typeof value) {
    case "bigint":
      if (!Number.isSafeInteger(Number(value))) {
        throw new RangeError(`${value} cannot be sent as JSON`);
      }
      return Number(value);
    case "object":
    case "function":
    case "symbol":
      if (value !== null && sendable(value) === "Uint8Array") {
        throw new TypeError("a Uint8Array cannot be sent as JSON");
      }
  }
  return value;
}

/** Half a pair of surrogates, which JSON can escape but no text holds, becomes U+FFFD. */
function wellFormed(text: string): string {
  return text.replace(/\\(ud[89a-f]..|.)/g, (escape) => (escape.length > 2 ? "\ufffd" : escape));
}

const NOTHING = new Uint8Array();

/** `undefined` is nothing said, unlike `null`. Throws an error of the operation that needs the payload. */
export function encoded(
  Failure: new (kind: "payload", message: string) => Error,
  codec: Codec,
  value: unknown,
): Uint8Array {
  try {
    return value === undefined ? NOTHING : codec.encode(value);
  } catch (cause) {
    throw new Failure("payload", `the value does not encode: ${cause}`);
  }
}

/** Throws an error of the operation that needs the value. */
export function decoded(
  Failure: new (kind: "payload", message: string) => Error,
  codec: Codec,
  bytes: Uint8Array,
): unknown {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    throw new Failure("payload", `the payload does not decode: ${cause}`);
  }
}
