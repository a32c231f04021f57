// How values become payloads, and payloads values.

import { Decoder, Encoder } from "@msgpack/msgpack";

/**
 * How values become payloads, and payloads values. A payload of no bytes is a value that is not there:
 * `null`, but for `raw`.
 */
export interface Codec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/**
 * What rooms speak unless they choose otherwise. Fields that are `undefined` are left out. Integers
 * beyond 2^53 lose their last digits, as in JSON.
 */
export const messagePack: Codec = {
  encode: (value) => new Encoder({ ignoreUndefined: true }).encode(value),
  decode: (bytes) => (bytes.length > 0 ? new Decoder().decode(bytes) : null),
};

export const json: Codec = {
  encode: (value) => new TextEncoder().encode(JSON.stringify(value ?? null)),
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

/** Throws an error of the operation that needs the payload. */
export function encoded(
  Failure: new (kind: "payload", message: string) => Error,
  codec: Codec,
  value: unknown,
): Uint8Array {
  try {
    return codec.encode(value);
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
