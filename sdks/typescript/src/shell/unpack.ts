// MessagePack: bytes become values.

/** Payloads that are nested deeper are refused, for each level costs stack. */
const DEPTH_MAX = 500;

/** A value of a type that MessagePack leaves to others; none that a room of ours sends. */
export interface Extension {
  readonly extension: number;
  readonly data: Uint8Array;
}

/**
 * The value of bytes in MessagePack. Everything that is well formed has one: keys of maps that are no
 * texts become such (`null`, `true`, `7`, bytes as hexadecimal digits, the rest as JSON), and a key
 * like `__proto__` is a key like any other. Texts share no memory with the bytes, byte strings do.
 */
export function unpack(bytes: Uint8Array): unknown {
  const unpacker = new Unpacker(bytes);
  const value = unpacker.read(0);
  unpacker.finish();
  return value;
}

/** A byte order mark is a letter like any other. */
const TEXTS = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

class Unpacker {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  finish(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) {
      throw new RangeError(`${rest} bytes follow the value`);
    }
  }

  read(depth: number): unknown {
    const head = this.#unsigned(1);
    if (head < 0x80) {
      return head;
    } else if (head < 0x90) {
      return this.#map(head & 0x0f, depth);
    } else if (head < 0xa0) {
      return this.#list(head & 0x0f, depth);
    } else if (head < 0xc0) {
      return this.#text(head & 0x1f);
    } else if (head >= 0xe0) {
      return head - 0x100;
    }
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return head === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#unsigned(1 << (head - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#unsigned(1 << (head - 0xc7)));
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (head - 0xcc));
      case 0xcf:
        return Number(this.#view.getBigUint64(this.#skip(8)));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return Number(this.#view.getBigInt64(this.#skip(8)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (head - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (head - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#unsigned(2 << (head - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (head - 0xde)), depth);
    }
    throw new TypeError(`0x${head.toString(16)} begins no value`);
  }

  #list(length: number, depth: number): unknown[] {
    this.#deeper(depth);
    // It grows with its items: a length that is only stated takes no memory.
    const list: unknown[] = [];
    while (list.length < length) {
      list.push(this.read(depth + 1));
    }
    return list;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    this.#deeper(depth);
    const map: Record<string, unknown> = {};
    for (let entry = 0; entry < length; entry += 1) {
      const key = keyOf(this.read(depth + 1));
      const value = this.read(depth + 1);
      if (key === "__proto__") {
        // Assigned, it would be the prototype.
        const own = { value, configurable: true, enumerable: true, writable: true };
        Object.defineProperty(map, key, own);
      } else {
        map[key] = value;
      }
    }
    return map;
  }

  #deeper(depth: number): void {
    if (depth >= DEPTH_MAX) {
      throw new RangeError(`nested deeper than ${DEPTH_MAX}`);
    }
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    return (length < 32 ? shortText(bytes) : undefined) ?? TEXTS.decode(bytes);
  }

  #extension(length: number): Extension {
    const extension = this.#view.getInt8(this.#skip(1));
    return { extension, data: this.#take(length) };
  }

  #take(length: number): Uint8Array {
    const from = this.#skip(length);
    return this.#bytes.subarray(from, this.#at);
  }

  #unsigned(size: number): number {
    const from = this.#skip(size);
    let value = 0;
    for (let at = from; at < this.#at; at += 1) {
      value = value * 0x100 + (this.#bytes[at] ?? 0);
    }
    return value;
  }

  /** Goes on behind so many bytes, and returns where they begin. */
  #skip(length: number): number {
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) {
      throw new RangeError("the payload ends within a value");
    }
    return from;
  }
}

/** As a text, if it is nothing but ASCII: a decoder's call costs more than that. */
function shortText(bytes: Uint8Array): string | undefined {
  let text = "";
  for (const byte of bytes) {
    if (byte >= 0x80) {
      return undefined;
    }
    text += String.fromCharCode(byte);
  }
  return text;
}

function keyOf(key: unknown): string {
  if (key instanceof Uint8Array) {
    return Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return typeof key === "object" && key !== null ? JSON.stringify(key) : String(key);
}
