// Which values can be sent.

/** What keeps its meaning on the way. */
const SENDABLE = ["Object", "Array", "Uint8Array"];

/**
 * Which of these a value is that is no plain one. Throws for what would arrive empty or as something
 * else, and says what it is: maps and sets, buffers and typed arrays, dates, functions.
 */
export function sendable(value: unknown): string {
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (!SENDABLE.includes(name)) {
    throw new TypeError(`a ${name} cannot be sent, but objects, arrays and Uint8Array can`);
  }
  return name;
}
