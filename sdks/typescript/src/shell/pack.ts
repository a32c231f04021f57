// MessagePack, as far as values of JavaScript and of serde go: values become bytes.

import { sendable } from "./sendable.js";

/** Values that are nested deeper are refused; servers read up to 128. */
const DEPTH_MAX = 100;

/** The value in MessagePack. Throws for what would arrive as something else. */
export function pack(value: unknown): Uint8Array<ArrayBuffer> {
  const packer = new Packer();
  packer.write(value, 0);
  return packer.bytes();
}

const TEXTS = /* @__PURE__ */ new TextEncoder();

class Packer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  write(value: unknown, depth: number): void {
    switch (typeof value) {
      case "undefined":
        return this.#byte(0xc0);
      case "boolean":
        return this.#byte(value ? 0xc3 : 0xc2);
      case "number":
        return Number.isSafeInteger(value) ? this.#integer(value) : this.#float(value);
      case "bigint":
        return this.#bigInteger(value);
      case "string":
        return this.#text(value);
    }
    if (value === null) {
      return this.#byte(0xc0);
    }
    const kind = sendable(value);
    if (depth >= DEPTH_MAX) {
      throw new RangeError(`nested deeper than ${DEPTH_MAX}`);
    }
    switch (kind) {
      case "Uint8Array":
        return this.#blob(value as Uint8Array, 0xc4);
      case "Array":
        return this.#list(value as readonly unknown[], depth);
      default:
        return this.#map(value as object, depth);
    }
  }

  #list(value: readonly unknown[], depth: number): void {
    this.#head(value.length, 0x90, 0xdc);
    for (const item of value) {
      this.write(item, depth + 1);
    }
  }

  /** Fields that are `undefined` are left out. */
  #map(value: object, depth: number): void {
    const entries = Object.entries(value).filter(([, field]) => field !== undefined);
    this.#head(entries.length, 0x80, 0xde);
    for (const [key, field] of entries) {
      this.#text(key);
      this.write(field, depth + 1);
    }
  }

  /** Half a pair of surrogates becomes U+FFFD, so that it arrives as text. */
  #text(value: string): void {
    if (!this.#shortText(value)) {
      this.#blob(TEXTS.encode(value), 0xd9);
    }
  }

  /** Short texts are mostly ASCII, and an encoder's call costs more than that. False if it is none. */
  #shortText(value: string): boolean {
    const { length } = value;
    if (length >= 32) {
      return false;
    }
    this.#grow(length + 1);
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit >= 0x80) {
        return false;
      }
      this.#bytes[this.#length + 1 + index] = unit;
    }
    this.#bytes[this.#length] = 0xa0 + length;
    this.#length += length + 1;
    return true;
  }

  #integer(value: number): void {
    if (value >= -0x20 && value < 0x80) {
      this.#byte(value & 0xff);
    } else if (value >= 0 ? value > 0xffff_ffff : value < -0x8000_0000) {
      this.#bigInteger(BigInt(value));
    } else if (value >= 0) {
      this.#unsigned(value, 0xcc);
    } else {
      const size = value >= -0x80 ? 0 : value >= -0x8000 ? 1 : 2;
      this.#unsigned(value >>> 0, 0xd0, size);
    }
  }

  #bigInteger(value: bigint): void {
    const small = Number(value);
    if (small >= -0x8000_0000 && small <= 0xffff_ffff) {
      return this.#integer(small);
    }
    if (value !== BigInt.asIntN(64, value) && value !== BigInt.asUintN(64, value)) {
      throw new RangeError(`${value} has more than 64 bits`);
    }
    this.#byte(value < 0n ? 0xd3 : 0xcf);
    this.#grow(8);
    this.#view.setBigUint64(this.#length, BigInt.asUintN(64, value));
    this.#length += 8;
  }

  #float(value: number): void {
    this.#byte(0xcb);
    this.#grow(8);
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  /** The head of a list or a map, of which short ones take one byte. */
  #head(length: number, short: number, code: number): void {
    if (length < 16) {
      this.#byte(short + length);
    } else {
      this.#unsigned(length, code - 1, Math.max(sizeOf(length), 1));
    }
  }

  /** A text or bytes, with their length before them. */
  #blob(bytes: Uint8Array, code: number): void {
    if (code === 0xd9 && bytes.length < 32) {
      this.#byte(0xa0 + bytes.length);
    } else {
      this.#unsigned(bytes.length, code);
    }
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A code, counted from that for one byte, and a number of 1, 2 or 4 bytes. */
  #unsigned(value: number, code: number, size = sizeOf(value)): void {
    this.#byte(code + size);
    for (let shift = (8 << size) - 8; shift >= 0; shift -= 8) {
      this.#byte((value >>> shift) & 0xff);
    }
  }

  #byte(value: number): void {
    this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  #grow(more: number): void {
    const length = this.#length + more;
    if (length > this.#bytes.length) {
      const bytes = new Uint8Array(length * 2);
      bytes.set(this.#bytes);
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
  }
}

/** 0, 1 or 2 for what fits 1, 2 or 4 bytes. */
function sizeOf(value: number): number {
  return value < 0x100 ? 0 : value < 0x1_0000 ? 1 : 2;
}
