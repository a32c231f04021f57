// What owns the client core: it reads the clocks and the socket, and decides nothing.

import { ClientCore } from "../core/client.js";
import { BACKLOG_BYTES_SOFT } from "../core/limits.js";
import type { CoreEvent } from "../core/output.js";
import type { Settings } from "../core/settings.js";
import type { Alarm } from "./alarm.js";
import type { Prepare } from "./connection.js";
import { Connection } from "./connection.js";
import type { Environment } from "./environment.js";

/** Clocks that come apart by more than this were not merely read at different times; milliseconds. */
const GAP_MIN = 5000;

const LOOPBACK = /^wss?:\/\/(localhost|127\.|\[::1\])/;

/** The core's, and what comes before the Hello of a connection without a ticket. */
export interface ShellSettings extends Settings {
  prepare?: Prepare;
}

export class Driver {
  readonly core: ClientCore;
  readonly connection: Connection;
  readonly environment: Environment;
  readonly #endpoints: readonly string[];
  readonly #tell: (event: CoreEvent) => void;
  readonly #settings: ShellSettings;
  readonly #alarm: Alarm;
  readonly #unwatch: () => void;
  /** How far the wall clock is ahead of the other. */
  #lead: number;
  #draining = false;

  constructor(
    endpoints: readonly string[],
    settings: ShellSettings,
    environment: Environment,
    tell: (event: CoreEvent) => void,
  ) {
    this.#endpoints = endpoints;
    this.environment = environment;
    this.#tell = tell;
    this.#settings = settings;
    this.connection = new Connection(environment, (happen) => this.call(happen));
    this.#alarm = environment.createAlarm(() => this.call(() => {}));
    const now = environment.now();
    this.#lead = environment.wallNow() - now;
    this.core = new ClientCore(settings, Math.random, now);
    this.#unwatch = environment.watch(() => this.#look());
  }

  /** What the application, the network or time does to the core, and then what comes of it. */
  call<T>(happen: (core: ClientCore, now: number) => T): T {
    const { core } = this;
    const now = this.#now();
    try {
      return happen(core, now);
    } finally {
      // Alarms come late where pages are put to sleep: whatever happens is an occasion to look.
      if ((core.pollTimeout()?.at ?? Infinity) <= now) {
        core.handleTimeout(now);
      }
      this.#drain();
    }
  }

  /** Whether so much waits to be sent that another message would only make it older. */
  get isClogged(): boolean {
    return this.connection.backlog > BACKLOG_BYTES_SOFT;
  }

  #drain(): void {
    // What is told may well call again: it is told in order all the same.
    if (this.#draining) {
      return;
    }
    this.#draining = true;
    for (let output; (output = this.core.pollOutput()); ) {
      switch (output.type) {
        case "connect":
          this.connection.open(
            this.#endpoints[output.endpoint] ?? "",
            this.core.ticket ? undefined : this.#settings.prepare,
          );
          break;
        case "send":
          this.connection.send(output.frame);
          break;
        case "disconnect":
          this.connection.close();
          break;
        case "event":
          this.#tell(output.event);
      }
    }
    this.#draining = false;
    const timeout = this.core.pollTimeout();
    this.#alarm.set(timeout && Math.max(timeout.at - this.environment.now(), 0));
  }

  /** The application's last event is out. */
  stop(): void {
    this.#unwatch();
    this.#alarm.stop();
  }

  #look(): void {
    this.call((core, now) => {
      if (this.environment.isOnline()) {
        core.handleOnline(now);
      } else if (!this.#endpoints.some((endpoint) => LOOPBACK.test(endpoint))) {
        core.handleOffline();
      }
    });
  }

  /** The present; time that only the wall clock counted is a gap. */
  #now(): number {
    const now = this.environment.now();
    const lead = this.environment.wallNow() - now;
    const gap = lead - this.#lead;
    this.#lead = lead;
    if (gap > GAP_MIN) {
      this.core.handleGap(gap, now);
    }
    return now;
  }
}
