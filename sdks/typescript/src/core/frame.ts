// How a message becomes bytes, and bytes a message.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ServerFrame } from "../generated/wayfare_pb.js";
import { ClientFrameSchema, ServerFrameSchema } from "../generated/wayfare_pb.js";

type SaidInit = NonNullable<MessageInitShape<typeof ClientFrameSchema>["body"]>;

/** What a client says. */
export type Said = Exclude<SaidInit, { case?: undefined }>;

/** What a server says; without a case if this build has no name for it. */
export type Heard = ServerFrame["body"];

export function encode(body: Said): Uint8Array<ArrayBuffer> {
  return toBinary(ClientFrameSchema, create(ClientFrameSchema, { body }));
}

/** `undefined` if it does not decode. Payloads are views of `bytes`. */
export function decode(bytes: Uint8Array): Heard | undefined {
  try {
    return fromBinary(ServerFrameSchema, bytes).body;
  } catch {
    return undefined;
  }
}
