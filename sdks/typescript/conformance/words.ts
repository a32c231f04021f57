// The words of one line of an exchange, of which `key=value`, `#n` and `@n` may stand anywhere.

export class Words {
  #words: string[];

  constructor(line: string) {
    this.#words = line.split(/\s+/).filter((word) => word !== "");
  }

  next(): string {
    return this.#words.shift() ?? "";
  }

  option(key: string): string | undefined {
    return this.#take((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
  }

  flag(flag: string): boolean {
    return this.#take((word) => word === flag) !== undefined;
  }

  marked(mark: string): bigint {
    const word = this.#take((word) => word.startsWith(mark));
    return word === undefined ? 0n : bigOf(word.slice(1));
  }

  bigOption(key: string, otherwise = 0n): bigint {
    const text = this.option(key);
    return text === undefined ? otherwise : bigOf(text);
  }

  numberOption(key: string): number {
    return Number(this.bigOption(key));
  }

  rest(): string {
    return this.#words.splice(0).join(" ");
  }

  #take(matches: (word: string) => boolean): string | undefined {
    const index = this.#words.findIndex(matches);
    return index < 0 ? undefined : this.#words.splice(index, 1)[0];
  }
}

export function bigOf(text: string): bigint {
  if (text === "max") {
    return 2n ** 64n - 1n;
  }
  if (!/^\d+$/.test(text)) {
    throw new Error(`${JSON.stringify(text)} is no number`);
  }
  return BigInt(text);
}

/** In milliseconds. */
export function durationOf(text: string): number {
  const [, digits, unit] = /^(\d+)(ms|s)$/.exec(text) ?? [];
  if (digits === undefined) {
    throw new Error(`${JSON.stringify(text)} is no duration`);
  }
  return Number(digits) * (unit === "s" ? 1000 : 1);
}

/** `x*3` repeats a part. */
export function payloadOf(text: string): Uint8Array<ArrayBuffer> {
  const star = text.indexOf("*");
  const plain = star < 0 ? text : text.slice(0, star).repeat(Number(text.slice(star + 1)));
  return bytesOf(plain);
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
