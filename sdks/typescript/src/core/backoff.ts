// Delays that grow from one attempt to the next.

import type { Settings } from "./settings.js";

/** Uniform in `[0, 1)`. Jitter needs spread, not secrecy. */
export type Random = () => number;

export class Backoff {
  readonly #settings: Settings;
  readonly #random: Random;

  constructor(settings: Settings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  /**
   * How many milliseconds to wait before the next attempt, of which this many rounds have failed; never
   * less than the server asks for.
   */
  delay(rounds: number, retryAfter: number): number {
    const { backoffMin, backoffMax } = this.#settings;
    const ceiling = Math.min(backoffMin * 2 ** rounds, backoffMax);
    return retryAfter + Math.floor(this.#random() * ceiling);
  }
}
