// Which endpoint to try next, and when.

import type { Backoff } from "./backoff.js";

/**
 * A connection that lived this long, in milliseconds, was a good one: the next attempt starts over at
 * once. Below it, a server that lets clients in only to drop them is backed off from like one that is
 * down.
 */
export const GOOD_AFTER = 2000;

export class Route {
  /** Where to connect: the last good one, or the next behind one that was not. */
  endpoint = 0;
  readonly #endpoints: number;
  readonly #backoff: Backoff;
  #failures = 0;

  constructor(endpoints: number, backoff: Backoff) {
    this.#endpoints = endpoints;
    this.#backoff = backoff;
  }

  /** This endpoint does not serve now. */
  turn(): void {
    this.endpoint = (this.endpoint + 1) % this.#endpoints;
  }

  /** A connection is gone that lived this long. */
  lost(lived: number): void {
    if (lived >= GOOD_AFTER) {
      this.#failures = 0;
    }
  }

  /** How long to wait before the next attempt. */
  delay(retryAfter: number): number {
    const rounds = Math.floor(this.#failures++ / this.#endpoints);
    return this.#backoff.delay(rounds, retryAfter);
  }
}
