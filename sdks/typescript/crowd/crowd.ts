// A hundred clients in one room of a real server: they all talk, some lose their connection meanwhile,
// and everybody must hear everything once and in one order.

import { WebSocket } from "ws";
import type { Room, WebSocketConstructor } from "../src/index.js";
import { connect } from "../src/index.js";

const CLIENTS = 100;
const LINES = 20;
/** One in so many loses its connection half-way. */
const CUT_EVERY = 10;
const TIME_MAX = 120_000;

interface PlazaTypes {
  Join: { color: string };
  Command: { say: string };
  Reply: null;
  Event: { said: { who: string; text: string } };
}

interface Member {
  readonly room: Room<PlazaTypes>;
  readonly heard: string[];
  readonly cut: () => void;
  readonly close: () => Promise<void>;
  resumes: number;
}

/** What every client must hear of every other, in their order. */
const linesOf = (number: number) => Array.from({ length: LINES }, (_, line) => `${number}:${line}`);

async function member(url: string, room: string, number: number): Promise<Member> {
  let socket: WebSocket | undefined;
  const Socket = class extends WebSocket {
    constructor(address: string) {
      super(address);
      socket = this;
    }
  };
  const client = await connect(url, {
    guest: `client ${number}`,
    WebSocket: Socket as unknown as WebSocketConstructor,
  });
  const joined = await client.join<PlazaTypes>(room, { payload: { color: "teal" } });
  const heard: string[] = [];
  joined.on("said", ({ text }) => heard.push(text));
  joined.on("resync", () => fail(`client ${number} had to be resynced`));
  const stays = joined.on("left", ({ reason }) => fail(`client ${number} is out: ${reason}`));
  const cut = () => socket?.terminate();
  const close = () => {
    stays();
    return client.close();
  };
  const member: Member = { room: joined, heard, cut, close, resumes: 0 };
  client.on("state", (state) => {
    member.resumes += state.status === "connected" && state.resumed ? 1 : 0;
  });
  return member;
}

async function talk(member: Member, number: number): Promise<void> {
  for (const [line, text] of linesOf(number).entries()) {
    if (line === LINES / 2 && number % CUT_EVERY === 0) {
      member.cut();
    }
    await member.room.send({ say: text });
  }
}

async function heardAll(member: Member): Promise<void> {
  if (member.heard.length < CLIENTS * LINES) {
    await new Promise<void>((resolve) => {
      const stop = member.room.on("said", () => {
        if (member.heard.length >= CLIENTS * LINES) {
          stop();
          resolve();
        }
      });
    });
  }
}

function check(members: readonly Member[]): void {
  const [first] = members;
  for (const [number, { heard }] of members.entries()) {
    for (const [speaker] of members.entries()) {
      const said = heard.filter((text) => text.startsWith(`${speaker}:`));
      if (said.join() !== linesOf(speaker).join()) {
        fail(`client ${number} heard of client ${speaker}: ${said.join(" ")}`);
      }
    }
    if (heard.join() !== first?.heard.join()) {
      fail(`client ${number} heard the room in another order than client 0`);
    }
  }
}

async function run(url: string, room: string): Promise<void> {
  const begin = performance.now();
  const numbers = Array.from({ length: CLIENTS }, (_, number) => number);
  const members = await Promise.all(numbers.map((number) => member(url, room, number)));
  await Promise.all(members.map(talk));
  await Promise.all(members.map(heardAll));
  check(members);
  const resumes = members.reduce((sum, { resumes }) => sum + resumes, 0);
  if (resumes !== CLIENTS / CUT_EVERY) {
    fail(`${resumes} connections were resumed`);
  }
  await Promise.all(members.map(({ close }) => close()));
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const events = CLIENTS * CLIENTS * LINES;
  console.log(
    `${CLIENTS} clients, ${CLIENTS * LINES} commands, ${events} events in ${seconds} s:` +
      ` one order, none lost, none twice, ${resumes} connections resumed`,
  );
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}

const [url, room = "plaza/crowd"] = process.argv.slice(2);
if (url === undefined) {
  fail("usage: npm run test:crowd -- ws://host:port [kind/key of a plaza]");
}
setTimeout(() => fail(`not done within ${TIME_MAX} ms`), TIME_MAX).unref();
await run(url, room);
process.exit(0);
