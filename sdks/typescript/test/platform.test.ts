// What the shell does with a browser's globals, which Node does not have: the test brings them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createAlarm } from "../src/shell/alarm.js";
import { Emitter } from "../src/shell/emitter.js";
import { environmentOf } from "../src/shell/environment.js";

/** Sets globals, and takes away what was not there when the test is over. */
function withGlobals(globals: Record<string, unknown>, work: () => void): void {
  const own = Object.keys(globals).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    work();
  } finally {
    for (const [name, descriptor] of own) {
      if (descriptor) {
        Object.defineProperty(globalThis, name, descriptor);
      } else {
        Reflect.deleteProperty(globalThis, name);
      }
    }
  }
}

class StubWorker {
  static readonly made: StubWorker[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly posted: (readonly [alarm: number, delay: number])[] = [];
  terminated = false;

  constructor() {
    StubWorker.made.push(this);
  }

  postMessage(message: readonly [number, number]): void {
    this.posted.push(message);
  }

  /** The delay that was asked for as this message is over. */
  ring(message: number): void {
    this.onmessage?.({ data: this.posted[message]?.[0] });
  }

  terminate(): void {
    this.terminated = true;
  }
}

test("in a hidden page one worker rings for all alarms", () => {
  const urls: unknown[] = [];
  const URL = { createObjectURL: (blob: unknown) => `blob:${urls.push(blob)}` };
  withGlobals({ document: { hidden: true }, Worker: StubWorker, URL }, () => {
    const rung: string[] = [];
    const lasting = createAlarm(() => rung.push("lasting"));
    lasting.set(10_000);
    lasting.set(20_000);
    const { after } = environmentOf(class {} as never);
    const cancels = [1000, 2000, 3000].map((delay) => after(delay, () => rung.push(`${delay}`)));
    const [worker, ...others] = StubWorker.made.splice(0);
    assert.ok(worker && others.length === 0);
    assert.deepEqual(worker.posted.map(([, delay]) => delay), [10_000, 20_000, 1000, 2000, 3000]);
    worker.ring(3);
    worker.ring(3);
    cancels[0]?.();
    worker.ring(2);
    worker.ring(1);
    assert.deepEqual(rung, ["2000", "lasting"], "each once, and none that is cancelled");
    lasting.set(undefined);
    lasting.stop();
    assert.equal(worker.terminated, false);
    cancels[2]?.();
    assert.equal(worker.terminated, true);
    after(1000, () => {})();
    assert.deepEqual([StubWorker.made.splice(0).length, urls.length], [1, 1]);
  });
});

test("in a page that is seen none is made, and where none may be made the timer has to do", () => {
  withGlobals({ document: { hidden: false }, Worker: StubWorker }, () => {
    const alarm = createAlarm(() => {});
    alarm.set(10_000);
    alarm.stop();
    assert.equal(StubWorker.made.length, 0);
  });
  class Forbidden {
    constructor() {
      throw new Error("the page's policy");
    }
  }
  withGlobals({ document: { hidden: true }, Worker: Forbidden }, () => {
    const alarm = createAlarm(() => {});
    alarm.set(10_000);
    alarm.stop();
  });
});

test("the network's coming and going is told, and that somebody looks, until it is stopped", () => {
  const [scope, page] = [new EventTarget(), Object.assign(new EventTarget(), { hidden: true })];
  const addEventListener = scope.addEventListener.bind(scope);
  withGlobals({ addEventListener, document: page, navigator: { onLine: false } }, () => {
    const environment = environmentOf(class {} as never);
    let told = 0;
    const stop = environment.watch(() => (told += 1));
    assert.equal(environment.isOnline(), false);
    scope.dispatchEvent(new Event("offline"));
    scope.dispatchEvent(new Event("online"));
    assert.equal(told, 2);
    page.dispatchEvent(new Event("visibilitychange"));
    assert.equal(told, 2, "a page that is hidden is not looked at");
    page.hidden = false;
    page.dispatchEvent(new Event("visibilitychange"));
    page.dispatchEvent(new Event("resume"));
    assert.equal(told, 4);
    stop();
    scope.dispatchEvent(new Event("online"));
    page.dispatchEvent(new Event("resume"));
    assert.equal(told, 4);
  });
});

test("where there is nothing to watch, nothing is watched", () => {
  const environment = environmentOf(class {} as never);
  environment.watch(() => {})();
  assert.equal(environment.isOnline(), true);
});

test("a time-out that no timer takes does not ring at once", async () => {
  const { after } = environmentOf(class {} as never);
  let rung = false;
  const stops = [Infinity, 2 ** 31].map((delay) => after(delay, () => (rung = true)));
  await new Promise<void>((resolve) => after(5, resolve));
  stops.forEach((stop) => stop());
  assert.equal(rung, false);
});

test("a handler that is added while others are called hears the next", () => {
  const emitter = new Emitter();
  let calls = 0;
  const once = () => {
    const off = emitter.on("waved", () => {
      off();
      calls += 1;
      once();
    });
  };
  once();
  emitter.emit("waved", undefined);
  assert.equal(calls, 1);
  emitter.emit("waved", undefined);
  assert.equal(calls, 2);
});
