// A hundred clients in one room of a real server: they all talk, connections are lost and the server is
// killed meanwhile, and everybody must hear everything once and in one order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "./audit.js";
import { Member } from "./member.js";
import type { ServerOptions } from "./server.js";
import { Server } from "./server.js";

const CLIENTS = 100;
const LINES = 20;
const ALL_LINES = CLIENTS * LINES;
/** One in so many loses its connection half-way. */
const CUT_EVERY = 5;
const TIME_MAX = 120_000;
/** Of the complaints, the first are enough to begin with. */
const COMPLAINTS_MAX = 20;

/** A crowd, from the first to come in until each has heard the last word. */
async function crowd(server: Server, room: string, meanwhile: (first: Member) => Promise<void>) {
  const begin = performance.now();
  const url = `ws://${server.address}`;
  const numbers = Array.from({ length: CLIENTS }, (_, number) => number);
  const members = await Promise.all(
    numbers.map((number) => Member.join(url, room, `client ${number}`)),
  );
  const [first] = members;
  assert.ok(first);
  await Promise.all([meanwhile(first), ...members.map(talk)]);
  await Promise.all(members.map((member) => member.hears(ALL_LINES)));
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  await Promise.all(members.map((member) => member.close()));

  const histories = members.map(({ history }) => history);
  const complaints = audit(histories);
  assert.deepEqual(complaints.slice(0, COMPLAINTS_MAX), [], `${complaints.length}\n${server.log}`);
  const resumes = histories.reduce((sum, { resumes }) => sum + resumes, 0);
  const events = histories.reduce((sum, { heard }) => sum + heard.length, 0);
  assert.equal(events, CLIENTS * ALL_LINES);
  console.log(
    `${room}: ${CLIENTS} clients, ${ALL_LINES} commands, ${events} events in ${seconds} s:` +
      ` one order, none lost, none twice, ${resumes} connections resumed`,
  );
  return histories;
}

async function talk(member: Member, number: number): Promise<void> {
  for (let line = 0; line < LINES; line += 1) {
    if (line === LINES / 2 && number % CUT_EVERY === 0) {
      member.cut();
    }
    await member.say(`${number}:${line}`);
  }
}

async function onServer(options: ServerOptions, play: (server: Server) => Promise<void>) {
  const server = await Server.start(options);
  try {
    await play(server);
  } finally {
    await server.end();
  }
}

const DEV = ["dev", "--bots", "0"];

test("a hundred clients hear the same, though some lose their connection", { timeout: TIME_MAX }, () =>
  onServer({ args: DEV }, async (server) => {
    const histories = await crowd(server, "plaza/crowd", async () => {});
    const resumes = histories.map(({ resumes }) => resumes);
    assert.deepEqual(resumes, resumes.map((_, number) => (number % CUT_EVERY === 0 ? 1 : 0)));
  }),
);

/** What a hundred miss until they are back must fit, or a resync would be right. */
const HISTORY = ["history_events=20000", "history_bytes=2MiB", "history_age=10m"];
const DURABLE = [...DEV, ...HISTORY.flatMap((setting) => ["--kind", `square.${setting}`])];

test("a durable room's hundred lose nothing to kill -9", { timeout: TIME_MAX }, () =>
  onServer({ args: DURABLE }, async (server) => {
    const histories = await crowd(server, "square/crowd", async (first) => {
      for (const lines of [ALL_LINES / 4, ALL_LINES / 2]) {
        await first.hears(lines);
        await server.kill();
        await server.restart();
      }
    });
    assert.ok(histories.every(({ resumes }) => resumes >= 2), "each came back from each kill");
  }),
);
