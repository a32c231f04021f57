// What a client takes from where it runs: clocks, alarms, sockets, and word of the network.

import type { Alarm } from "./alarm.js";
import { createAlarm } from "./alarm.js";

/** What a client needs of a WebSocket; the platform's own, and that of the package `ws`, will do. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

export interface Environment {
  readonly WebSocket: WebSocketConstructor;
  /** Milliseconds of a clock that nobody sets; it may stand still while the device sleeps. */
  now(): number;
  /** Milliseconds of a clock that goes on in sleep; it may be set. */
  wallNow(): number;
  /** An alarm of one's own, which survives in a hidden page. */
  createAlarm(ring: () => void): Alarm;
  /** Rings once, unless it is cancelled by what this returns. */
  after(delay: number, ring: () => void): () => void;
  isOnline(): boolean;
  /**
   * Tells when the network goes, when it comes, and when somebody looks: then `online` as well. Until
   * what this returns is called.
   */
  watch(tell: () => void): () => void;
}

export function environmentOf(WebSocket: WebSocketConstructor): Environment {
  return {
    WebSocket,
    now: () => performance.now(),
    wallNow: () => Date.now(),
    createAlarm,
    after(delay, ring) {
      const alarm = createAlarm(ring);
      alarm.set(delay);
      return alarm.stop;
    },
    // Node has a navigator that does not know.
    isOnline: () => globalThis.navigator?.onLine !== false,
    watch,
  };
}

function watch(tell: () => void): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  for (const type of ["online", "offline", "pageshow"]) {
    // Not everywhere is a global scope that things happen to.
    globalThis.addEventListener?.(type, tell, { signal });
  }
  const { document } = globalThis;
  for (const type of ["visibilitychange", "resume"]) {
    document?.addEventListener(type, () => document.hidden || tell(), { signal });
  }
  return () => controller.abort();
}
