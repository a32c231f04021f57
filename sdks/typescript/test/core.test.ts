// The parts of the core that exchanges cannot show: numbers, delays, names.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Request } from "../src/core/ledger.js";
import { Ledger } from "../src/core/ledger.js";
import { REQUESTS_IN_FLIGHT_MAX } from "../src/core/limits.js";
import { isPlayerName, isRoomName } from "../src/core/names.js";
import { Backoff } from "../src/core/backoff.js";
import { Route } from "../src/core/route.js";
import { settingsOf } from "../src/core/settings.js";

const command = (id: number): Request => ({ id, payload: Uint8Array.of(1, 2) });

/** A stay that joined with 1 and was given 2, 3, 4. */
function ledger(): Ledger {
  const ledger = new Ledger(0n);
  assert.equal(ledger.numberJoin(), 1n);
  for (const id of [2, 3, 4]) {
    ledger.push(command(id));
    assert.equal(ledger.last, BigInt(id));
  }
  return ledger;
}

/** What is to be sent now. */
function open(ledger: Ledger) {
  const sent = [];
  for (let item; (item = ledger.nextToSend()); ) {
    sent.push([item.request.id, Number(item.sequence)]);
  }
  return sent;
}

const MAX = 2n ** 64n - 1n;

test("a reply settles one and acknowledges all before it", () => {
  const kept = ledger();
  assert.equal(kept.replied(3n), 3);
  assert.equal(kept.replied(3n), undefined);
  assert.deepEqual(open(kept), [[4, 4]]);
  assert.deepEqual([kept.length, kept.payloadBytes], [2, 4]);
});

test("what was never sent cannot be applied", () => {
  const kept = ledger();
  assert.equal(kept.replied(MAX), undefined);
  assert.equal(kept.adopt(MAX), false);
  kept.push(command(5));
  assert.equal(kept.last, 5n);
});

test("a fall back numbers on from where the room stands", () => {
  const kept = ledger();
  assert.equal(kept.replied(3n), 3);
  assert.equal(kept.adopt(1n), true);
  assert.deepEqual(open(kept), [
    [2, 2],
    [4, 3],
  ]);
  kept.push(command(9));
  assert.equal(kept.last, 4n);
});

test("what waits for a join is numbered behind it", () => {
  const kept = ledger();
  while (kept.takeFirst()) {}
  assert.equal(kept.numberJoin(), 5n);
  kept.push(command(6));
  kept.push(command(7));
  assert.equal(kept.numberJoin(), 8n);
  assert.deepEqual(open(kept), [
    [6, 9],
    [7, 10],
  ]);
  kept.push(command(8));
  assert.equal(kept.last, 11n);
  assert.equal(kept.replied(10n), 7);
});

test("requests beyond the window wait for acknowledgements", () => {
  const kept = new Ledger(0n);
  for (let id = 1; id <= 3 * REQUESTS_IN_FLIGHT_MAX; id += 1) {
    kept.push(command(id));
  }
  assert.equal(open(kept).length, REQUESTS_IN_FLIGHT_MAX);
  kept.replied(2n);
  assert.deepEqual(open(kept), [
    [65, 65],
    [66, 66],
  ]);
  // A room that fell back gets them again, as many at once.
  assert.equal(kept.adopt(0n), true);
  assert.equal(open(kept).length, REQUESTS_IN_FLIGHT_MAX);
});

test("to adopt the present changes nothing", () => {
  const kept = ledger();
  assert.equal(kept.adopt(2n), false);
  assert.deepEqual(open(kept), [
    [3, 3],
    [4, 4],
  ]);
  assert.equal(kept.applied(2n)?.id, 2);
  assert.equal(kept.applied(2n), undefined);
  assert.equal(kept.takeFirst()?.id, 3);
});

const almostOne = 1 - 2 ** -53;

const route = (endpoints: number, random = Math.random) =>
  new Route(endpoints, new Backoff(settingsOf(endpoints, { guest: "" }), random));

test("the ceiling doubles with each round up to its bound", () => {
  const way = route(2, () => almostOne);
  for (let round = 0; round < 2000; round += 1) {
    for (const delay of [way.delay(0), way.delay(0)]) {
      assert.equal(delay, Math.min(100 * 2 ** round, 10_000) - 1);
    }
  }
});

test("only a connection that lived starts over", () => {
  const way = route(1, () => almostOne);
  for (let attempt = 0; attempt < 10; attempt += 1) {
    way.delay(0);
  }
  way.lost(1999);
  assert.equal(way.delay(0), 9999);
  way.lost(2000);
  assert.equal(way.delay(0), 99);
});

test("never before the server allows it", () => {
  assert.ok(route(1).delay(30_000) >= 30_000);
});

test("a room's name is a kind and a key", () => {
  for (const name of ["plaza/main", "plaza/main/east", "a-b_9/Ω", `plaza/${"k".repeat(128)}`]) {
    assert.ok(isRoomName(name), name);
  }
  const long = `plaza/${"Ω".repeat(65)}`;
  for (const name of ["plaza", "/main", "plaza/", "Plaza/x", "plaza/a\nb", "plaza/\ud83d", `${"k".repeat(33)}/x`, long]) {
    assert.ok(!isRoomName(name), name);
  }
  assert.ok(isPlayerName("ada") && !isPlayerName("") && !isPlayerName("p".repeat(256)));
});
