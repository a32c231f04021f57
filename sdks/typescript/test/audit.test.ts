// The judge of the crowd's histories, judged by forged ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../crowd/audit.js";
import type { Heard, History } from "../crowd/history.js";
import { emptyHistory } from "../crowd/history.js";

/** Ada says a1 and a2, Bob says b1; both hear all of it. */
function honest(): [History, History] {
  const heard: Heard[] = [
    { position: 4, text: "a1" },
    { position: 7, text: "b1" },
    { position: 9, text: "a2" },
  ];
  const said = (...texts: string[]) => texts.map((text) => ({ text, answers: 1 }));
  return [
    { ...emptyHistory("Ada"), said: said("a1", "a2"), heard: [...heard] },
    { ...emptyHistory("Bob"), said: said("b1"), heard: [...heard] },
  ];
}

function check(forge: (ada: History, bob: History) => void, ...expected: string[]): void {
  const histories = honest();
  forge(...histories);
  assert.deepEqual(audit(histories), expected);
}

test("honest histories pass", () => check(() => {}));

test("a loss is found", () =>
  check(
    (_, bob) => bob.heard.pop(),
    "Bob did not hear a2",
  ));

test("a loss for everybody is found", () =>
  check(
    (ada, bob) => [ada.heard.pop(), bob.heard.pop()],
    "Ada did not hear a2",
    "Bob did not hear a2",
  ));

test("a repeat is found, under the same number and under another", () => {
  check(
    (_, bob) => bob.heard.push({ position: 9, text: "a2" }),
    "Bob heard a2 twice",
    "Bob heard 9 after 9",
    "line 3 of Bob is not that of Ada",
  );
  check(
    (ada, bob) => [ada, bob].map(({ heard }) => heard.push({ position: 12, text: "a2" })),
    "Ada heard a2 twice",
    "Bob heard a2 twice",
  );
});

test("another order is found", () =>
  check(
    ({ heard }) => heard.splice(0, 2, { position: 4, text: "b1" }, { position: 7, text: "a1" }),
    "line 0 of Bob is not that of Ada",
  ));

test("another number is found", () =>
  check(
    (_, { heard }) => heard.splice(2, 1, { position: 8, text: "a2" }),
    "line 2 of Bob is not that of Ada",
  ));

test("a speaker's lines in another order are found, though all hear them so", () =>
  check(
    (ada, bob) =>
      [ada, bob].map(({ heard }) =>
        heard.splice(0, 3, ...["a2", "b1", "a1"].map((text, position) => ({ position, text }))),
      ),
    "Ada heard a2 before a1",
    "Bob heard a2 before a1",
  ));

test("an invention is found", () =>
  check(
    (ada, bob) => [ada, bob].map(({ heard }) => heard.push({ position: 12, text: "a3" })),
    "Ada heard a3, never said",
    "Bob heard a3, never said",
  ));

test("an answer too few and one too many are found", () =>
  check(
    ({ said: [first, second] }) => {
      first!.answers = 0;
      second!.answers = 2;
    },
    "Ada was answered 0 times for a1",
    "Ada was answered 2 times for a2",
  ));

test("what should not be told is found", () =>
  check((_, { told }) => told.push("resync"), "Bob was told: resync"));

test("lines that cannot be told apart are found", () =>
  check(
    (_, { said }) => said.splice(0, 1, { text: "a1", answers: 1 }),
    "a1 was said twice: nobody could tell them apart",
    "Ada heard b1, never said",
    "Bob heard b1, never said",
  ));
