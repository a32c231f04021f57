// Runs golden vectors: frames as bytes and as fields, both ways.

import type { DescMessage } from "@bufbuild/protobuf";
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { ClientFrameSchema, ServerFrameSchema } from "../src/generated/wayfare_pb.js";

/** One entry of proto/golden/frames.json, its numbers as exact as they are written. */
export interface Vector {
  readonly name: string;
  readonly frame: "client" | "server";
  readonly hex: string;
  readonly fields: Fields;
}

type Fields = { readonly [name: string]: Field };
type Field = string | number | bigint | boolean | Fields | readonly Field[];

/** The file's vectors: numbers that a double does not hold are kept as they are. */
export function vectorsOf(text: string): Vector[] {
  const exact = text.replace(/(?<=: )\d{16,}(?=[,\n])/g, '"$&"');
  return JSON.parse(exact) as Vector[];
}

/** Throws if the bytes do not become the fields, or the fields the bytes. */
export function checkVector({ name, frame, hex, fields }: Vector): void {
  const schema: DescMessage = frame === "client" ? ClientFrameSchema : ServerFrameSchema;
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const message = fromBinary(schema, bytes);
  same(name, toJson(schema, message, { useProtoFieldName: true }), plain(schema, fields));
  same(name, [...toBinary(schema, message)], [...bytes]);
  const read = fromJson(schema, plain(schema, fields) as never);
  same(name, [...toBinary(schema, read)], [...bytes]);
}

/** The file has bytes as hexadecimal digits and 64 bits as numbers; protobuf's JSON has other ways. */
function plain(schema: DescMessage, fields: Fields): unknown {
  const entries = Object.entries(fields).map(([name, value]) => {
    const field = schema.fields.find((field) => field.name === name);
    if (!field) {
      throw new Error(`${schema.typeName} has no ${name}`);
    }
    if (field.fieldKind === "message") {
      return [name, plain(field.message, value as Fields)];
    }
    if (field.fieldKind === "list" && field.listKind === "message") {
      return [name, (value as Fields[]).map((part) => plain(field.message, part))];
    }
    return [name, field.fieldKind === "scalar" ? scalar(field.scalar, value) : value];
  });
  return Object.fromEntries(entries);
}

const [UINT64, FIXED64, BYTES] = [4, 6, 12];

function scalar(type: number, value: Field): Field {
  switch (type) {
    case UINT64:
    case FIXED64:
      return String(value);
    case BYTES: {
      const codes = String(value).match(/../g) ?? [];
      return btoa(codes.map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join(""));
    }
    default:
      return value;
  }
}

function same(name: string, one: unknown, other: unknown): void {
  const [left, right] = [sorted(one), sorted(other)];
  if (left !== right) {
    throw new Error(`${name}: ${left} is not ${right}`);
  }
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}
