// People on one plaza: they see each other come, walk, talk and go.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { repository } from "../../sdks/typescript/test/repository.js";
import { onStage } from "./stage.js";

/** How far down its western edge the square's gate is, as the page has it. */
function squareGate(): number {
  const places = readFileSync(repository("examples/plaza/page/src/places.ts"), "utf8");
  const [, y] = /gate: \{ x: 0, y: (\d+) \}/.exec(places) ?? [];
  assert.ok(y, "the square has a gate");
  return Number(y);
}

test("two pages see each other move and talk", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada");
    const bob = await stage.enter("Bob");
    const before = await ada.sees("Bob");
    await bob.sees("Ada");

    await bob.say("hello, Ada");
    await ada.reads("hello, Ada");
    await ada.say("hello, Bob");
    await Promise.all([ada.reads("hello, Bob"), bob.reads("hello, Bob")]);
    assert.deepEqual(await ada.lines(), ["hello, Ada", "hello, Bob"]);
    assert.deepEqual(await bob.lines(), await ada.lines());

    // On the left, for the chat lies over the right.
    await bob.clickGround(0.3, before.y > 500 ? 0.35 : 0.7);
    await ada.seesWalk(before);
    await bob.seesWalk(before);
    await bob.page.waitForFunction(() => /\d+ ms/.test(document.querySelector("#rtt")?.textContent ?? ""));

    await bob.page.close();
    await ada.misses("Bob");
    assert.deepEqual([...ada.errors, ...bob.errors], []);
  }));

test("a page that is loaded again goes on as the same", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada");
    const bob = await stage.enter("Bob");
    const { who } = await bob.sees("Ada");
    await ada.say("before");
    await bob.reads("before");

    for (const line of ["once", "twice"]) {
      await ada.page.reload();
      await ada.is("connected");
      assert.deepEqual(await ada.states(), ["joining", "connected"]);
      await ada.reads("before");
      await ada.say(line);
      await bob.reads(line);
      assert.equal((await bob.sees("Ada", '[data-away="false"]')).who, who);
      assert.equal((await bob.people()).filter(({ name }) => name === "Ada").length, 1);
    }
    assert.deepEqual([...ada.errors, ...bob.errors], []);
  }));

test("keys walk, and whoever lets go stops", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada");
    const bob = await stage.enter("Bob");
    const before = await bob.sees("Ada");
    const key = before.x > 500 ? "ArrowLeft" : "ArrowRight";
    await ada.page.locator("#ground").focus();
    await ada.page.keyboard.down(key);
    await bob.seesWalk(before, 150);
    await ada.page.keyboard.up(key);
    const stopped = await bob.seesStop("Ada");
    assert.ok(Math.abs(stopped.y - before.y) < 5, "straight along");
    assert.ok((stopped.x < before.x) === (key === "ArrowLeft"), "in that direction");
    assert.deepEqual(ada.errors, []);
  }));

test("a finger walks too", () =>
  onStage(async (stage) => {
    const phone = { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 }, deviceScaleFactor: 1 };
    const ada = await stage.enter("Ada", stage.address, phone);
    const bob = await stage.enter("Bob");
    const before = await bob.sees("Ada");
    await ada.tapGround(0.5, before.y > 500 ? 0.35 : 0.6);
    await bob.seesWalk(before);
    assert.deepEqual(ada.errors, []);
  }));

test("through the gate to the square and back", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada");
    const bob = await stage.enter("Bob");
    await bob.sees("Ada");
    await bob.say("on the plaza");
    await ada.reads("on the plaza");

    await bob.reads("on the plaza");
    await ada.travel();
    await ada.isIn("square");
    await bob.sawLeave("Ada");
    assert.deepEqual(await ada.lines(), [], "what is said on the plaza stays there");
    await ada.say("on the square");
    await ada.reads("on the square");

    await ada.travel();
    await ada.isIn("plaza");
    await bob.sees("Ada");
    assert.deepEqual(await bob.lines(), ["on the plaza"]);
    assert.deepEqual([...ada.errors, ...bob.errors], []);
  }));

test("the gate takes whoever walks into it", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada", `${stage.address}#square`);
    await ada.isIn("square");
    await ada.page.locator("#ground").focus();
    await ada.walkTo("Ada", squareGate());
    await ada.page.keyboard.down("ArrowLeft");
    await ada.isIn("plaza");
    await ada.page.keyboard.up("ArrowLeft");
    assert.deepEqual(ada.errors, []);
  }));

test("a page whose stay is over stands before the door, and its name is remembered", () =>
  onStage(async (stage) => {
    const ada = await stage.enter("Ada");
    const visitor = { name: "Ada", token: "", color: "red" };
    for (const stay of [JSON.stringify({ ticket: "AAAA", visitor }), "{"]) {
      const page = await stage.arrive();
      await page.page.evaluate(([stay]) => sessionStorage.setItem("plaza-stay", stay ?? ""), [stay]);
      await page.page.reload();
      await page.is("form");
      await page.enter("Ada");
      await page.page.close();
    }
    await ada.page.locator("#out").evaluate((button) => (button as HTMLElement).click());
    await ada.is("form");
    await ada.page.reload();
    await ada.is("form");
    assert.equal(await ada.page.getByLabel("Your name").inputValue(), "Ada");
    assert.deepEqual(ada.errors, []);
  }));

for (const colorScheme of ["light", "dark"] as const) {
  test(`nothing is complained of where it is ${colorScheme}`, () =>
    onStage(async (stage) => {
      const ada = await stage.enter("Ada", stage.address, { colorScheme });
      assert.equal(await ada.page.locator("html").getAttribute("data-theme"), colorScheme);
      await ada.page.locator("#theme").click();
      const other = colorScheme === "dark" ? "light" : "dark";
      await ada.page.waitForSelector(`html[data-theme="${other}"]`);
      assert.deepEqual(ada.errors, []);
    }));
}
