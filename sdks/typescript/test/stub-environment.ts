// Clocks that stand still until told otherwise, and sockets whose other end is the test.

import { Names, outputText } from "../conformance/shows.js";
import { serverFrame } from "../conformance/says.js";
import { Words } from "../conformance/words.js";
import type { Alarm } from "../src/shell/alarm.js";
import type { Environment, WebSocketLike } from "../src/shell/environment.js";

interface Timer {
  readonly at: number;
  readonly ring: () => void;
}

export class StubEnvironment implements Environment {
  readonly sockets: StubSocket[] = [];
  readonly WebSocket: Environment["WebSocket"];
  online = true;
  /** How late timers ring, as in a hidden page. */
  granularity = 1;
  watched = false;
  #time = 1000;
  #wall = 1_700_000_000_000;
  #timers = new Set<Timer>();
  #tell = () => {};

  constructor() {
    const { sockets } = this;
    this.WebSocket = class extends StubSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    };
  }

  now(): number {
    return this.#time;
  }

  wallNow(): number {
    return this.#wall;
  }

  isOnline(): boolean {
    return this.online;
  }

  watch(tell: () => void): () => void {
    this.#tell = tell;
    this.watched = true;
    return () => {
      this.watched = false;
    };
  }

  after(delay: number, ring: () => void): () => void {
    const at = Math.ceil((this.#time + delay) / this.granularity) * this.granularity;
    const timer = { at, ring };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  createAlarm(ring: () => void): Alarm {
    let cancel = () => {};
    return {
      set: (delay) => {
        cancel();
        cancel = delay === undefined ? () => {} : this.after(delay, ring);
      },
      stop: () => cancel(),
    };
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** The network goes or comes; or somebody looks. */
  look(online: boolean): void {
    this.online = online;
    this.#tell();
  }

  /** Time passes, and what is due rings. */
  pass(duration: number): void {
    const until = this.#time + duration;
    for (;;) {
      const timers = [...this.#timers].filter((timer) => timer.at <= until);
      const [next] = timers.sort((one, other) => one.at - other.at);
      if (!next) {
        break;
      }
      this.#move(Math.max(next.at, this.#time));
      this.#timers.delete(next);
      next.ring();
    }
    this.#move(until);
  }

  /** Time passes in which nothing rings: what was due rings at its end. */
  freeze(duration: number): void {
    this.#move(this.#time + duration);
    this.pass(0);
  }

  /** Time passes in which the page does something else, which is not over yet. */
  busy(duration: number): void {
    this.#move(this.#time + duration);
  }

  /** The wall clock goes on alone: the device sleeps, or somebody sets it. */
  sleep(duration: number): void {
    this.#wall += duration;
  }

  /** The connection of the moment. */
  get socket(): StubSocket {
    const socket = this.sockets.at(-1);
    if (!socket) {
      throw new Error("no connection was made");
    }
    return socket;
  }

  #move(time: number): void {
    this.#wall += time - this.#time;
    this.#time = time;
  }
}

/** The client's end of a connection, played by a test. */
export class StubSocket implements WebSocketLike {
  binaryType = "blob";
  bufferedAmount = 0;
  closed = false;
  onopen: ((event: object) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: object) => void) | null = null;
  #sent: string[] = [];
  readonly #names = new Names();

  constructor(readonly url: string) {}

  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#sent.push(outputText({ type: "send", frame }, this.#names));
  }

  close(): void {
    this.closed = true;
  }

  /** What the client said since it was last asked, in the words of an exchange. */
  heard(): string[] {
    return this.#sent.splice(0);
  }

  open(): void {
    this.onopen?.({});
  }

  /** The server says a frame, in the words of an exchange. */
  says(line: string): void {
    const words = new Words(line);
    this.saysFrame(serverFrame(words.next(), words));
  }

  saysFrame(frame: Uint8Array): void {
    this.onmessage?.({ data: frame.slice().buffer });
  }

  /** The connection is gone. */
  lose(): void {
    this.onclose?.({ code: 1006, reason: "" });
  }

  welcome(more = ""): void {
    this.open();
    this.says(`welcome 1 t1 ${more}`);
    this.heard();
  }
}
