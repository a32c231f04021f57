// Pages that are hidden, frozen or offline, and devices that sleep: they come back, and nothing is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FAR_HOST } from "./chromium.js";
import { Proxy } from "./proxy.js";
import type { Stage } from "./stage.js";
import { IMPATIENT, onStage } from "./stage.js";
import { Tab } from "./tab.js";
import type { Visitor } from "./visitor.js";

const AWAY = '[data-away="true"]';
const HERE = '[data-away="false"]';

/** Ada and Bob talk; Bob is away for longer than a connection may be silent, and comes back. */
async function absence(
  stage: Stage,
  bob: Visitor | Tab,
  go: () => Promise<void>,
  comeBack: () => Promise<void>,
): Promise<void> {
  const ada = await stage.enter("Ada");
  const { who } = await ada.sees("Bob");
  await bob.sees("Ada");
  await ada.say("before");
  await bob.say("I have to go");
  await ada.reads("I have to go");
  await bob.reads("before");

  await go();
  await ada.say("on the way");
  await ada.sees("Bob", AWAY);
  await ada.say("while away");
  await ada.reads("while away");
  await comeBack();

  await bob.reads("while away");
  await bob.is("connected");
  assert.equal((await ada.sees("Bob", HERE)).who, who, "it is the same Bob");
  await bob.say("I am back");
  await ada.reads("I am back");
  await bob.reads("I am back");
  const lines = await ada.lines();
  const later = ["on the way", "while away", "I am back"];
  assert.deepEqual(lines.slice(2), later);
  assert.deepEqual(await bob.lines(), lines);
  const states = ["form", "joining", "connected", "reconnecting", "connected"];
  assert.deepEqual(await bob.states(), states, "one resume, and nothing was joined again");
}

test("a frozen page comes back", () =>
  onStage(async (stage) => {
    const bob = await Tab.open(stage.browser, stage.address);
    await bob.enter("Bob");
    await absence(stage, bob, () => bob.freeze(), () => bob.thaw());
  }, { args: IMPATIENT }));

test("a page without a network waits for it, and comes back with it", () =>
  onStage((stage) =>
    Proxy.to(stage.server.address, async (proxy) => {
      const bob = await stage.enter("Bob", `http://${FAR_HOST}:${proxy.port}/`);
      const context = bob.page.context();
      let sockets = 0;
      const goOffline = async () => {
        await context.setOffline(true);
        proxy.cut();
        await bob.is("reconnecting");
        sockets = bob.sockets;
      };
      const goOnline = async () => {
        assert.equal(bob.sockets, sockets, "without a network nothing is tried");
        await context.setOffline(false);
      };
      await absence(stage, bob, goOffline, goOnline);
    }), { args: IMPATIENT }));

test("a laptop that slept comes back at once, though its connection looks alive", () =>
  onStage((stage) =>
    Proxy.to(stage.server.address, async (proxy) => {
      // Heartbeats of ten seconds: without the leap of the clock it would take 25 to notice.
      const bob = await stage.enter("Bob", `http://127.0.0.1:${proxy.port}/`);
      const leap = await bob.wallClock();
      await absence(stage, bob, async () => proxy.swallow(), () => leap(3_600_000));
    })));

test("a clock that is set forward costs one resume, and backward nothing", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada");
    const leap = await ada.wallClock();
    const { who } = await ada.sees("Ada");
    await leap(-86_400_000);
    await ada.say("yesterday");
    await ada.reads("yesterday");
    await leap(86_400_000);
    await ada.say("today");
    await ada.reads("today");
    await ada.is("connected");
    assert.deepEqual(await ada.lines(), ["yesterday", "today"]);
    assert.equal((await ada.sees("Ada")).who, who);
    const states = ["form", "joining", "connected", "reconnecting", "connected"];
    assert.deepEqual(await ada.states(), states);
  }));

test("a hidden page stays connected, though browsers let its timers ring late", () =>
  onStage((stage) =>
    Proxy.to(stage.server.address, async (proxy) => {
      const ada = await stage.enter("Ada");
      const bob = await Tab.open(stage.browser, `http://127.0.0.1:${proxy.port}/`);
      await bob.enter("Bob");
      await ada.sees("Bob");
      await bob.hide();
      // Each of its heartbeats is a ping; this is many times what a silent connection lives.
      await proxy.hears(12);
      await ada.say("are you there?");
      await bob.reads("are you there?");
      await ada.sees("Bob", HERE);
      assert.equal(await bob.evaluate("document.visibilityState"), "hidden");
      assert.deepEqual(await bob.states(), ["form", "joining", "connected"]);
    }), { args: ["--heartbeat", "1s", "--silence-max", "2500ms"] }));
