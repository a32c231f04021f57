// What waits to be polled, and when something was last sent.

import type { Said } from "./frame.js";
import { encode } from "./frame.js";
import type { CoreEvent, Output } from "./output.js";

export class Outbox {
  lastSent = 0;
  #queue: Output[] = [];

  send(body: Said, now: number): void {
    this.lastSent = now;
    this.push({ type: "send", frame: encode(body) });
  }

  event(event: CoreEvent): void {
    this.push({ type: "event", event });
  }

  push(output: Output): void {
    this.#queue.push(output);
  }

  poll(): Output | undefined {
    return this.#queue.shift();
  }
}
