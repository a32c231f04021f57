// A client: one session with a server, and the application's end of it.

import { JoinError, ListError, CommandError } from "../core/errors.js";
import { HISTORY_EVENTS_MAX } from "../core/limits.js";
import type {
  CoreEvent,
  End,
  Interruption,
  Listing,
  RoomCoreEvent,
  RoomKey,
} from "../core/output.js";
import { ServerError } from "../core/server-error.js";
import type { JoinMode } from "../core/settings.js";
import type { Codec } from "./codec.js";
import { encoded, messagePack } from "./codec.js";
import type { ShellSettings } from "./driver.js";
import { Driver } from "./driver.js";
import { Emitter } from "./emitter.js";
import type { Environment } from "./environment.js";
import { Room } from "./room.js";
import type { RoomTypes, TypeOf } from "./types.js";
import type { Waiter, WaitOptions } from "./waiter.js";
import { waiter } from "./waiter.js";

/** Where a client stands. */
export type State =
  /** The first connection is being made. */
  | { readonly status: "connecting" }
  /** There is a session and a connection. */
  | {
      readonly status: "connected";
      /** Another than before means that the former one was lost, and its rooms. */
      readonly session: string;
      /** Who the client is. */
      readonly player: string;
      /** The same session as before: every stay goes on. */
      readonly resumed: boolean;
    }
  /** There is no connection at the moment. Nothing needs to be done. */
  | {
      readonly status: "interrupted";
      /** When the next attempt begins, in milliseconds from the moment this was told. */
      readonly retryIn: number;
      readonly cause: Interruption;
      /** What the network said, if it was the network. */
      readonly detail: string | undefined;
    }
  /** Nothing is tried any more. */
  | { readonly status: "ended"; readonly end: End };

/** What a join may say. */
export interface JoinOptions<T = unknown> extends WaitOptions {
  /** What the joiner brings. */
  readonly payload?: TypeOf<T, "Join"> | undefined;
  /** What creating the room takes; without effect if it exists. */
  readonly open?: TypeOf<T, "Open"> | undefined;
  /**
   * Whether the room may (the default), must not or must be created. A room that is lost with its
   * server is joined again as one that may.
   */
  readonly mode?: JoinMode;
  /** How the room's payloads are written; the client's codec by default. */
  readonly codec?: Codec;
  /** Events that wait for the application; 1024 by default. Beyond, the room is left: `unread`. */
  readonly eventsMax?: number;
}

/** What a list may say. */
export interface ListOptions extends WaitOptions {
  /** At most so many rooms; 0, the default, means as many as the server lists. */
  readonly limit?: number;
}

/** What a room asks of its client. */
export interface Calls {
  readonly driver: Driver;
  send(room: RoomKey, payload: Uint8Array, options: WaitOptions): Promise<Uint8Array>;
  leave(room: RoomKey): void;
}

/**
 * One session with a server, made by `connect`. Once connected it stays so by itself until it is closed
 * or the server ends it for good.
 */
export class Client {
  readonly #events = new Emitter();
  readonly #driver: Driver;
  readonly #codec: Codec;
  readonly #rooms = new Map<RoomKey, Room>();
  /** By what they wait for. */
  readonly #waiters = new Map<string, Waiter>();
  readonly #calls: Calls;
  #state: State = { status: "connecting" };

  /** Not for applications: use `connect`. */
  constructor(
    endpoints: readonly string[],
    settings: ShellSettings,
    environment: Environment,
    codec: Codec = messagePack,
  ) {
    this.#codec = codec;
    const driver = new Driver(endpoints, settings, environment, (event) => this.#tell(event));
    this.#driver = driver;
    this.#calls = {
      driver,
      send: (room, payload, options) => this.#send(room, payload, options),
      leave: (room) => this.#leave(room),
    };
    driver.call(() => {});
  }

  /** Where the client stands. */
  get state(): State {
    return this.#state;
  }

  /**
   * The ticket that resumes this session in another client, as `resume` of `connect`: a page that keeps
   * it when it is left (`sessionStorage`, at `pagehide`) goes on when it is loaded again. A secret, and
   * good once: when it is used, the session goes on there and ends here. There is none before the first
   * connection and after the end.
   */
  get ticket(): string | undefined {
    const { ticket } = this.#driver.core;
    return ticket && btoa(String.fromCharCode(...ticket));
  }

  /** The milliseconds between the last answered ping and its answer; pings go out every heartbeat. */
  get rtt(): number | undefined {
    return this.#driver.core.roundTrip;
  }

  /**
   * The present time of the server's clock, in milliseconds since 1970: what its rooms have as
   * `cx.server_time()`, for showing how long something will take. It is off by half a round trip at
   * most, and does not jump while the client is connected, unless somebody sets the server's clock.
   */
  serverTime(): number {
    const { core, environment } = this.#driver;
    return Math.round(core.serverTime(environment.now()) ?? environment.wallNow());
  }

  /** Calls the handler whenever the state changes. Returns what takes it away again. */
  on(name: "state", handler: (state: State) => void): () => void {
    return this.#events.on(name, handler);
  }

  /**
   * Joins the room of this name, `kind/key`. It is created if there is none, and may be. Without a
   * connection it waits for one. Given up, it is left again.
   *
   * Rejects with a `JoinError`, or with the signal's reason.
   */
  async join<T extends Partial<RoomTypes> = RoomTypes>(
    id: string,
    options: JoinOptions<T> = {},
  ): Promise<Room<T>> {
    options.signal?.throwIfAborted();
    const { codec = this.#codec, mode = "or_create", eventsMax = HISTORY_EVENTS_MAX } = options;
    const payload = encoded(JoinError, codec, options.payload);
    const open = encoded(JoinError, codec, options.open);
    return (await this.#driver.call((core, now) => {
      const key = core.join({ room: id, mode, open, payload }, now);
      const room = new Room({ key, id, codec, eventsMax, calls: this.#calls });
      this.#rooms.set(key, room);
      return this.#answer(`join ${key}`, options, JoinError, () => this.#leave(key));
    })) as Room<T>;
  }

  /**
   * Asks for the rooms of a kind that have all of these properties. Rejects with a `ListError`, or with
   * the signal's reason.
   */
  async list(
    kind: string,
    properties: Readonly<Record<string, string>> = {},
    options: ListOptions = {},
  ): Promise<Listing> {
    options.signal?.throwIfAborted();
    const { limit = 0 } = options;
    return (await this.#driver.call((core, now) =>
      this.#answer(`list ${core.list(kind, properties, limit, now)}`, options, ListError),
    )) as Listing;
  }

  /** Ends the session: all rooms are left, and the server is told. Over when that is done. */
  async close(): Promise<void> {
    this.#driver.call((core, now) => core.bye(now));
    await this.#driver.connection.closing;
  }

  async #send(room: RoomKey, payload: Uint8Array, options: WaitOptions): Promise<Uint8Array> {
    return (await this.#driver.call((core, now) =>
      this.#answer(`command ${core.command(room, payload, now)}`, options, CommandError),
    )) as Uint8Array;
  }

  #leave(key: RoomKey): void {
    try {
      this.#driver.call((core, now) => core.leave(key, now));
    } catch {
      // Of a stay that is over, or that is being left, there is nothing to leave.
    }
  }

  /**
   * Waits for what is answered under this name. To be called where it is asked: the answer may come
   * with whatever the core does next.
   */
  #answer(
    name: string,
    options: WaitOptions,
    Timeout: new (kind: "timeout", message: string) => Error,
    abandoned?: () => void,
  ): Promise<unknown> {
    const answer = waiter(
      this.#driver.environment,
      options,
      (message) => new Timeout("timeout", message),
      () => {
        this.#waiters.delete(name);
        abandoned?.();
      },
    );
    this.#waiters.set(name, answer);
    return answer.promise;
  }

  #settle(name: string, result: unknown): void {
    this.#waiters.get(name)?.settle(result);
    this.#waiters.delete(name);
  }

  #tell(event: CoreEvent): void {
    switch (event.type) {
      case "connected": {
        const { type: status, ...rest } = event;
        return this.#become({ status, ...rest });
      }
      case "interrupted": {
        const { type: status, ...rest } = event;
        return this.#become({ status, ...rest, detail: this.#driver.connection.failure });
      }
      // The next state shows another session, and every room has been told.
      case "session_lost":
        return;
      case "ended":
        this.#ended(event.end);
        return this.#become({ status: event.type, end: event.end });
      case "listing": {
        const { list, result } = event;
        const refused = result instanceof ServerError;
        const error = refused && new ListError("refused", result.toString(), result);
        return this.#settle(`list ${list}`, error || result);
      }
      case "reply":
        return this.#settle(`command ${event.command}`, event.result);
      default:
        this.#tellRoom(event);
    }
  }

  #tellRoom(event: Exclude<RoomCoreEvent, { type: "reply" }>): void {
    const name = `join ${event.room}`;
    const room = this.#rooms.get(event.room);
    switch (event.type) {
      case "joined":
        try {
          room?.begin(event.view, event.position);
          this.#settle(name, room);
        } catch (error) {
          this.#settle(name, error);
          this.#leave(event.room);
        }
        break;
      case "join_refused":
        this.#settle(name, event.error);
        this.#rooms.delete(event.room);
        break;
      default:
        room?.tell(event);
        if (event.type === "left") {
          this.#rooms.delete(event.room);
        }
    }
  }

  /** Of what waits, lists alone are not answered by the core. */
  #ended(end: End): void {
    const error = new ListError("closed", end.message, end.server);
    this.#waiters.forEach((waiter) => waiter.settle(error));
    this.#driver.stop();
  }

  #become(state: State): void {
    this.#state = state;
    this.#events.emit("state", state);
  }
}
