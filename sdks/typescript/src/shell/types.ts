// The types of a room, as its game names them.

/**
 * What a room's types are; those that are left out are `unknown`. A game written in Rust gives them as
 * serde writes them: an enum is `{ moved: { … } } | "waved"`.
 */
export interface RoomTypes {
  /** What a joiner brings. */
  Join: unknown;
  /** What a member sends, and what comes back. */
  Command: unknown;
  Reply: unknown;
  /** What the room sends. */
  Event: unknown;
  /** What a joiner sees. */
  View: unknown;
  /** What creating the room takes. */
  Open: unknown;
}

/** One of a room's types. */
export type TypeOf<T, Name extends keyof RoomTypes> = Name extends keyof T ? T[Name] : unknown;

/** The names of an enum's variants; any text where the type is not known. */
export type VariantName<E> = unknown extends E
  ? string
  : E extends string
    ? E
    : E extends object
      ? keyof E & string
      : never;

/** What a variant holds; `undefined` if it is nothing but its name. */
export type VariantValue<E, Name extends string> = unknown extends E
  ? unknown
  : E extends Name
    ? undefined
    : E extends { readonly [Key in Name]: infer Value }
      ? Value
      : never;

/** The variant of a value, in the form that serde writes unless told otherwise. */
export function variantOf(value: unknown): readonly [name: string, value: unknown] | undefined {
  if (typeof value === "string") {
    return [value, undefined];
  }
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return entries.length === 1 ? entries[0] : undefined;
}
