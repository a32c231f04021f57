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
  onmessage: (() => void) | null = null;
  readonly delays: number[] = [];
  terminated = false;

  constructor() {
    StubWorker.made.push(this);
  }

  postMessage(delay: number): void {
    this.delays.push(delay);
  }

  terminate(): void {
    this.terminated = true;
  }
}

test("in a hidden page a worker rings, one for all delays", () => {
  withGlobals({ document: { hidden: true }, Worker: StubWorker }, () => {
    let rings = 0;
    const alarm = createAlarm(() => (rings += 1));
    alarm.set(10_000);
    alarm.set(20_000);
    const [worker] = StubWorker.made.splice(0);
    assert.deepEqual(worker?.delays, [10_000, 20_000]);
    worker.onmessage?.();
    assert.equal(rings, 1);
    alarm.set(undefined);
    alarm.stop();
    assert.equal(worker.terminated, true);
    assert.equal(StubWorker.made.length, 0);
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
