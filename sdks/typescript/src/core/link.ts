// The state of the one connection, and the times that belong to it.

/** Where the client is between "no connection" and "welcomed". */
export type Link =
  /** The next attempt begins then; in no case before the server allows it. */
  | { readonly at: "waiting"; until: number; notBefore: number }
  /** `connect` is out. */
  | { readonly at: "connecting"; deadline: number }
  /** The Hello is out. */
  | { readonly at: "greeting"; readonly since: number; deadline: number }
  /** Welcomed. */
  | { readonly at: "open"; readonly pulse: Pulse }
  /** Nothing is tried any more. */
  | { readonly at: "ended" };

/** When to do something at the latest, and what for. */
export interface Timeout {
  readonly at: number;
  readonly reason: string;
}

/** The signs of life of an open connection. */
export class Pulse {
  readonly #heartbeat: number;
  #heard: number;
  #pinged: number;
  /** By then something must be heard, where the connection is in doubt. */
  #doubtedUntil = Infinity;
  #awaited = false;
  #pings = 0n;

  constructor(
    heartbeat: number,
    readonly since: number,
  ) {
    this.#heartbeat = heartbeat;
    this.#heard = this.#pinged = since;
  }

  heard(now: number): void {
    this.#heard = now;
    this.#doubtedUntil = Infinity;
  }

  /** The number of the next ping, which is sent now. */
  ping(now: number): bigint {
    this.#pinged = now;
    this.#awaited = true;
    return ++this.#pings;
  }

  /** The round trip, if this answers the last ping. */
  pong(nonce: bigint, now: number): number | undefined {
    if (!this.#awaited || nonce !== this.#pings) {
      return undefined;
    }
    this.#awaited = false;
    return now - this.#pinged;
  }

  /** Something happened that this connection may not have survived: it is to show that it did. */
  doubt(now: number): void {
    this.#doubtedUntil = Math.min(this.#doubtedUntil, now + this.#heartbeat / 2);
  }

  /** This much time has passed that the clock did not count. */
  miss(duration: number): void {
    this.#heard -= duration;
    this.#pinged -= duration;
    this.#awaited = false;
  }

  /**
   * After a heartbeat of saying nothing, for the server's sake; and after one of hearing nothing, for
   * our own: a client that talks to a silent room would otherwise take the connection for dead.
   */
  pingAt(lastSent: number): number {
    return Math.min(lastSent, Math.max(this.#heard, this.#pinged)) + this.#heartbeat;
  }

  deadAt(): number {
    return Math.min(this.#heard + this.#heartbeat * 2.5, this.#doubtedUntil);
  }
}
