// One WebSocket at a time.

import type { ClientCore } from "../core/client.js";
import type { Environment, WebSocketLike } from "./environment.js";

/** How long a goodbye may take to be written, in milliseconds. */
const CLOSE_TIME_MAX = 1000;

/** What comes before the first word on a connection. */
export type Prepare = () => Promise<void>;

/** Hands what happens to the core. */
export type Call = (happen: (core: ClientCore, now: number) => void) => void;

export class Connection {
  /** What the network said when the last connection went. */
  failure: string | undefined;
  /** Over when the last connection is closed, or has had its time to. */
  closing: Promise<void> = Promise.resolve();
  readonly #environment: Environment;
  readonly #call: Call;
  #socket: WebSocketLike | undefined;

  constructor(environment: Environment, call: Call) {
    this.#environment = environment;
    this.#call = call;
  }

  /** Bytes that the network has not taken yet. */
  get backlog(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  open(url: string, prepare?: Prepare): void {
    this.failure = undefined;
    let socket: WebSocketLike;
    try {
      socket = new this.#environment.WebSocket(url);
    } catch (error) {
      // A page's policy may forbid it; told later, like any other failure.
      return queueMicrotask(() => this.#lost(String(error)));
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    const whileCurrent =
      <E>(happen: (event: E) => void) =>
      (event: E) => {
        if (this.#socket === socket) {
          happen(event);
        }
      };
    const greet = whileCurrent(() => this.#call((core, now) => core.handleConnected(now)));
    const giveUp = whileCurrent((error) => {
      this.failure = `no token: ${error}`;
      socket.close();
    });
    socket.onopen = prepare ? () => prepare().then(greet, giveUp) : greet;
    socket.onmessage = whileCurrent(({ data }: { data: unknown }) => {
      // A text is not of this protocol, which the core finds out by its contents.
      const bytes = data instanceof ArrayBuffer ? data : new TextEncoder().encode(String(data));
      this.#call((core, now) => core.handleFrame(new Uint8Array(bytes), now));
    });
    socket.onerror = whileCurrent(({ message }: { message?: string }) => {
      this.failure = message;
    });
    socket.onclose = whileCurrent(({ code, reason }: { code: number; reason: string }) => {
      this.#socket = undefined;
      this.#lost(this.failure ?? `closed with ${code} ${reason}`.trim());
    });
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#socket?.send(frame);
  }

  /** Once what was sent is written. */
  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      this.closing = new Promise((resolve) => {
        const cancel = this.#environment.after(CLOSE_TIME_MAX, resolve);
        socket.onclose = () => {
          cancel();
          resolve();
        };
      });
      socket.close();
    }
  }

  #lost(failure: string): void {
    this.failure = failure;
    this.#call((core, now) => core.handleDisconnected(now));
  }
}
