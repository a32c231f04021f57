// A member's place in a room, and the room's events in order.

import { CommandError, JoinError, PayloadError } from "../core/errors.js";
import type { RoomCoreEvent, RoomKey } from "../core/output.js";
import type { Calls } from "./client.js";
import type { Codec } from "./codec.js";
import { decoded, encoded } from "./codec.js";
import { Emitter } from "./emitter.js";
import type { RoomEvent } from "./room-event.js";
import type { RoomTypes, TypeOf, VariantName, VariantValue } from "./types.js";
import { variantOf } from "./types.js";
import type { WaitOptions } from "./waiter.js";

/** What a room's handlers are called for, apart from its game's own events. */
const KINDS = new Set(["event", "unreliable", "undecodable", "resync", "fell_back", "left", "unread"]);

/** What is told of a room that was joined. */
export type Happening = Extract<
  RoomCoreEvent,
  { type: "event" | "unreliable" | "resync" | "fell_back" | "left" }
>;

type Kind<T> = RoomEvent<T>["type"];

/** What makes a room. */
export interface RoomParts {
  readonly key: RoomKey;
  readonly id: string;
  readonly codec: Codec;
  readonly eventsMax: number;
  readonly calls: Calls;
}

/**
 * A member's place in a room, made by `Client.join`. Its events are told to handlers (`on`, `onEvent`)
 * or taken one by one (`for await`); while nobody listens they wait, as many as `eventsMax`.
 */
export class Room<T extends Partial<RoomTypes> = RoomTypes> {
  /** The room's name: `kind/key`. */
  readonly id: string;
  readonly #parts: RoomParts;
  readonly #kinds = new Emitter();
  readonly #variants = new Emitter();
  readonly #listeners = new Set<(event: RoomEvent<T>) => void>();
  /** What nobody has taken yet. */
  readonly #waiting: RoomEvent<T>[] = [];
  /** Whether what happens is delivered at once. */
  #delivers = false;
  #delivering = false;
  /** Takes the handlers away from what happens, if there are any. */
  #unhandle: (() => void) | undefined;
  readonly #over = new Emitter();
  #view: unknown;
  #position = 0;
  #end: RoomEvent<T> | undefined;

  /** Not for applications: use `Client.join`. */
  constructor(parts: RoomParts) {
    this.id = parts.id;
    this.#parts = parts;
  }

  /**
   * The room as it was when this member joined, or when the last resync was taken. The events since are
   * the application's to apply.
   */
  get view(): TypeOf<T, "View"> {
    return this.#view as TypeOf<T, "View">;
  }

  /**
   * The number of the last event told, or of the last that the view shows. On the wire it has 64 bits;
   * here it is exact up to 2^53 - 1, which a room that sends a million events a second passes after 285
   * years.
   */
  get position(): number {
    return this.#position;
  }

  /** Whether the stay goes on. */
  get isMember(): boolean {
    return !this.#end;
  }

  /**
   * Calls the handler for what happens in the room: `event`, `unreliable`, `undecodable`, `resync`,
   * `fell_back`, `left`, `unread`; or else for the game's events of this name, as `onEvent` does.
   * Returns what takes the handler away again.
   */
  on<K extends Kind<T>>(
    name: K,
    handler: (event: Extract<RoomEvent<T>, { type: K }>) => void,
  ): () => void;
  on<N extends Exclude<VariantName<TypeOf<T, "Event">>, Kind<T>>, V extends VariantValue<TypeOf<T, "Event">, N>>(
    name: N,
    handler: (value: V) => void,
  ): () => void;
  on(name: string, handler: (value: never) => void): () => void {
    return this.#handle(KINDS.has(name) ? this.#kinds : this.#variants, name, handler);
  }

  /**
   * Calls the handler for the game's events of this name: a variant of a Rust enum as serde writes it,
   * `{ moved: { … } }` or `"waved"`. The handler gets what the variant holds. Unlike `on`, it reaches
   * variants with names like `left` too.
   */
  onEvent<N extends VariantName<TypeOf<T, "Event">>, V extends VariantValue<TypeOf<T, "Event">, N>>(
    name: N,
    handler: (value: V) => void,
  ): () => void {
    return this.#handle(this.#variants, name, handler);
  }

  /**
   * Gives the room a command and waits for its reply; `null` is the reply of a room that says nothing.
   * The command is applied once and in order, through lost connections and moves. Whoever gives up
   * waiting does not take it back.
   *
   * Rejects with a `CommandError`, which tells whether the command was applied, or with the signal's
   * reason.
   */
  async send<R extends TypeOf<T, "Reply">>(
    command: TypeOf<T, "Command">,
    options: WaitOptions = {},
  ): Promise<R> {
    options.signal?.throwIfAborted();
    const { codec, calls, key } = this.#parts;
    const payload = encoded(CommandError, codec, command);
    return decoded(CommandError, codec, await calls.send(key, payload, options)) as R;
  }

  /**
   * Gives the room a command and does not wait for its reply. It is as reliable as any. Throws a
   * `CommandError` if it is not taken.
   */
  cast(command: TypeOf<T, "Command">): void {
    const { key, codec, calls } = this.#parts;
    const payload = encoded(CommandError, codec, command);
    calls.driver.call((core, now) => core.command(key, payload, now));
  }

  /**
   * Sends a message without any promise: it is dropped where there is no connection, or where much
   * waits to be sent already. Throws a `CommandError` if it could not be sent on any connection.
   */
  sendUnreliable(message: TypeOf<T, "Command">): void {
    const { key, codec, calls } = this.#parts;
    const payload = encoded(CommandError, codec, message);
    if (!calls.driver.isClogged) {
      calls.driver.call((core, now) => core.sendUnreliable(key, payload, now));
    }
  }

  /** Leaves the room; over when the stay is. */
  async leave(): Promise<void> {
    if (!this.#end) {
      const left = new Promise((resolve) => this.#over.on("over", resolve));
      this.#parts.calls.leave(this.#parts.key);
      await left;
    }
  }

  /**
   * What happens, in order, until the stay is over. Several may iterate; each gets everything from when
   * it began. Stopping does not leave the room: what is not taken waits for the next to listen.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<RoomEvent<T>, void, undefined> {
    const queue: RoomEvent<T>[] = [];
    let wake = () => {};
    const stop = this.#listen((event) => {
      this.#keep(queue, event);
      wake();
    });
    try {
      // What waited is handed over in the meantime.
      await undefined;
      while (queue.length > 0 || !this.#end) {
        const event = queue.shift();
        if (event) {
          yield event;
        } else {
          await new Promise<void>((resolve) => (wake = resolve));
        }
      }
    } finally {
      stop();
      if (this.#listeners.size === 0) {
        this.#waiting.unshift(...queue);
      }
    }
  }

  /** Not for applications: the stay has begun. Throws a `JoinError` if the view does not decode. */
  begin(view: Uint8Array, position: bigint): void {
    this.#view = decoded(JoinError, this.#parts.codec, view);
    this.#position = Number(position);
  }

  /** Not for applications: something happened. */
  tell(event: Happening): void {
    if (!this.#end) {
      this.#happen(this.#understand(event));
    }
  }

  #happen(event: RoomEvent<T>): void {
    if ("position" in event) {
      this.#position = event.position;
    }
    if (event.type === "resync") {
      this.#view = event.view;
    }
    if (event.type === "left" || event.type === "unread") {
      this.#end = event;
    }
    this.#keep(this.#waiting, event);
    this.#deliver();
    if (this.#end === event) {
      this.#over.emit("over", event);
    }
  }

  #understand({ room: _, ...event }: Happening): RoomEvent<T> {
    const decode = (bytes: Uint8Array) => decoded(PayloadError, this.#parts.codec, bytes);
    try {
      switch (event.type) {
        case "event": {
          const decoded = decode(event.payload) as TypeOf<T, "Event">;
          return { type: event.type, event: decoded, position: Number(event.position) };
        }
        case "unreliable":
          return { type: event.type, event: decode(event.payload) as TypeOf<T, "Event"> };
        case "resync": {
          const view = decode(event.view) as TypeOf<T, "View">;
          return { ...event, view, position: Number(event.position), stands: Number(event.stands) };
        }
        default:
          return event;
      }
    } catch (error) {
      return { type: "undecodable", error: error as PayloadError };
    }
  }

  /** Bounded: an application that takes nothing is told so, once. */
  #keep(queue: RoomEvent<T>[], event: RoomEvent<T>): void {
    queue.push(event);
    if (queue.length > this.#parts.eventsMax && !this.#end) {
      this.#parts.calls.leave(this.#parts.key);
      this.#happen({ type: "unread" });
    }
  }

  /** In order, and for as long as somebody listens. */
  #deliver(): void {
    if (this.#delivering) {
      return;
    }
    this.#delivering = true;
    while (this.#delivers && this.#waiting.length > 0) {
      const [event] = this.#waiting.splice(0, 1) as [RoomEvent<T>];
      for (const listener of [...this.#listeners]) {
        listener(event);
      }
    }
    this.#delivering = false;
  }

  #handle(emitter: Emitter, name: string, handler: (value: never) => void): () => void {
    const off = emitter.on(name, handler);
    this.#unhandle ??= this.#listen((event) => {
      this.#kinds.emit(event.type, event);
      const variant = event.type === "event" ? variantOf(event.event) : undefined;
      if (variant) {
        this.#variants.emit(...variant);
      }
    });
    return () => {
      off();
      if (this.#kinds.isEmpty && this.#variants.isEmpty) {
        this.#unhandle?.();
        this.#unhandle = undefined;
      }
    };
  }

  /** Whoever listens first gets what waited, once all that is said in the same breath is said. */
  #listen(listener: (event: RoomEvent<T>) => void): () => void {
    if (this.#listeners.size === 0) {
      queueMicrotask(() => {
        this.#delivers = this.#listeners.size > 0;
        this.#deliver();
      });
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      this.#delivers &&= this.#listeners.size > 0;
    };
  }
}
