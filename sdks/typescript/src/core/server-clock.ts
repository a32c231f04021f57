// The server's clock, as far as its words and the time they took tell.

/** How much two clocks come apart in a second, in seconds: 100 parts in a million. */
const DRIFT = 1e-4;

/** All times are in milliseconds; those without a name are by the core's clock. */
export class ServerClock {
  /** What it showed then, give or take the error. */
  #shown: number | undefined;
  #at = 0;
  #error = Infinity;

  /** The server said its time, in answer to what was sent then. */
  heard(timeMs: bigint, sent: number, now: number): void {
    if (timeMs === 0n) {
      return;
    }
    // It was said at some moment in between.
    const error = (now - sent) / 2;
    const shown = Number(timeMs) + error;
    const known = this.now(now) ?? shown;
    const knownError = this.#error + (now - this.#at) * DRIFT;
    // The better word counts; of two that contradict each other, the later: somebody set the clock.
    if (error <= knownError || Math.abs(shown - known) > error + knownError) {
      this.#shown = shown;
      this.#at = now;
      this.#error = error;
    }
  }

  /** This much time has passed that the core's clock did not count. */
  miss(duration: number): void {
    this.#at -= duration;
  }

  /** Milliseconds since 1970. */
  now(now: number): number | undefined {
    return this.#shown === undefined ? undefined : this.#shown + now - this.#at;
  }
}
