// What a room is to the application: its view, its events, its commands, its end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode } from "../src/core/error-code.js";
import { CommandError, JoinError } from "../src/core/errors.js";
import { messagePack, raw } from "../src/shell/codec.js";
import { connected, member } from "./playing.js";

test("a join brings its payload and comes back with the view", async () => {
  const { environment, client } = await connected();
  const joining = client.join("plaza/main", { payload: { hat: "red" }, open: { big: true }, mode: "create" });
  assert.deepEqual(environment.socket.heard(), [
    'JOIN_CREATE plaza/main #1 open={"big":true} {"hat":"red"}',
  ]);
  environment.socket.says('joined plaza/main a #1 m=3 e=5 @10 {"lines":["hi"]}');
  const room = await joining;
  assert.deepEqual([room.id, room.view, room.position, room.isMember], [
    "plaza/main",
    { lines: ["hi"] },
    10,
    true,
  ]);
});

test("a refusal to join has a code and the game's number", async () => {
  const { environment, client } = await connected();
  const joining = client.join("plaza/main");
  environment.socket.says("join-refused plaza/main #1 error=1400 detail=7 not today");
  await assert.rejects(joining, (error: JoinError) => {
    assert.deepEqual([error.kind, error.code, error.detail], ["refused", ErrorCode.Refused, 7]);
    return true;
  });
  for (const name of ["Plaza", "plaza/half-\ud83d"]) {
    await assert.rejects(client.join(name), (error: JoinError) => error.kind === "invalid_room");
  }
});

test("a join that is given up is left", async () => {
  const { environment, client } = await connected();
  const controller = new AbortController();
  const joining = client.join("plaza/main", { signal: controller.signal });
  controller.abort();
  await assert.rejects(joining, { name: "AbortError" });
  environment.socket.heard();
  environment.socket.says("joined plaza/main a #1 m=3 e=5 @10 {}");
  assert.deepEqual(environment.socket.heard(), ["leave a m=3 #2"]);
  const late = client.join("plaza/b", { timeout: 100 });
  environment.pass(100);
  await assert.rejects(late, (error: JoinError) => error.kind === "timeout");
});

test("a view that does not decode is no membership", async () => {
  const { environment, client } = await connected();
  const joining = client.join("plaza/main");
  environment.socket.heard();
  environment.socket.says("joined plaza/main a #1 m=3 e=5 @10 {");
  await assert.rejects(joining, (error: JoinError) => error.kind === "payload");
  assert.deepEqual(environment.socket.heard(), ["leave a m=3 #2"]);
});

test("handlers are called by the variant's name, with what it holds", async () => {
  const { environment, room } = await member();
  const told: unknown[] = [];
  room.on("said", ({ text }) => told.push(text));
  room.on("waved", (nothing) => told.push(nothing));
  room.onEvent("left", ({ who }) => told.push(`${who} is gone`));
  room.on("event", ({ event, position }) => told.push([event, position]));
  environment.socket.says('event a @11 {"said":{"text":"hi"}}');
  environment.socket.says('event a @12 "waved"');
  environment.socket.says('event a @13 {"left":{"who":"ada"}}');
  await Promise.resolve();
  assert.deepEqual(told, [
    [{ said: { text: "hi" } }, 11],
    "hi",
    ["waved", 12],
    undefined,
    [{ left: { who: "ada" } }, 13],
    "ada is gone",
  ]);
  assert.equal(room.position, 13);
});

test("nothing is missed between the join and the first handler", async () => {
  const { environment, room } = await member();
  environment.socket.says('event a @11 {"said":{"text":"early"}}');
  await new Promise((resolve) => setImmediate(resolve));
  const told: string[] = [];
  const stop = room.on("said", ({ text }) => told.push(text));
  environment.socket.says('event a @12 {"said":{"text":"late"}}');
  await Promise.resolve();
  assert.deepEqual(told, ["early", "late"]);
  stop();
  environment.socket.says('event a @13 {"said":{"text":"unheard"}}');
  assert.deepEqual(told, ["early", "late"]);
});

test("what happens while all handlers are off waits for the next", async () => {
  const { environment, room } = await member();
  const told: string[] = [];
  const listen = (name: string) => room.on("said", ({ text }) => told.push(`${name}: ${text}`));
  const says = (position: number) =>
    environment.socket.says(`event a @${position} {"said":{"text":"${position}"}}`);
  const one = listen("one");
  await Promise.resolve();
  says(11);
  one();
  one();
  says(12);
  listen("in the same breath")();
  await Promise.resolve();
  says(13);
  const two = listen("two");
  await Promise.resolve();
  says(14);
  const other = room.on("waved", () => {});
  two();
  says(15);
  other();
  assert.deepEqual(told, ["one: 11", "two: 12", "two: 13", "two: 14"]);
});

test("a handler that is taken off by what it hears hears no more", async () => {
  const { environment, room } = await member();
  const told: string[] = [];
  for (const position of [11, 12, 13]) {
    environment.socket.says(`event a @${position} {"said":{"text":"${position}"}}`);
  }
  const once = () => {
    const off = room.on("said", ({ text }) => {
      off();
      told.push(text);
    });
  };
  once();
  await Promise.resolve();
  assert.deepEqual(told, ["11"]);
  for await (const happening of room) {
    told.push(happening.type === "event" ? String(happening.position) : happening.type);
    if (told.length === 2) {
      break;
    }
  }
  once();
  await Promise.resolve();
  assert.deepEqual(told, ["11", "12", "13"]);
});

test("a handler's error is the application's, and stops nobody else", async () => {
  const { environment, room } = await member();
  const told: string[] = [];
  room.on("said", () => {
    throw new Error("of the application");
  });
  room.on("said", ({ text }) => told.push(text));
  await Promise.resolve();
  const uncaught = new Promise<Error>((resolve) => {
    process.setUncaughtExceptionCaptureCallback(resolve);
  });
  environment.socket.says('event a @11 {"said":{"text":"hi"}}');
  assert.equal((await uncaught).message, "of the application");
  process.setUncaughtExceptionCaptureCallback(null);
  assert.deepEqual(told, ["hi"]);
});

test("a command is answered by its reply", async () => {
  const { environment, room } = await member();
  const sending = room.send({ say: "hi" });
  assert.deepEqual(environment.socket.heard(), ['command a m=3 #2 {"say":"hi"}']);
  environment.socket.says("reply a @11 #2 42");
  assert.equal(await sending, 42);
  const silent = room.send("wave");
  environment.socket.says("applied a #3");
  assert.equal(await silent, null);
});

test("a command's refusal tells why", async () => {
  const { environment, room } = await member();
  const sending = room.send("wave");
  environment.socket.says("reply a @11 #2 error=1400 detail=3 not here");
  await assert.rejects(sending, (error: CommandError) => {
    assert.deepEqual([error.kind, error.code, error.detail], ["refused", ErrorCode.Refused, 3]);
    assert.equal(error.message, "not here (Refused, 1400)");
    return true;
  });
});

test("whoever gives up waiting does not take the command back", async () => {
  const { environment, room } = await member();
  const late = room.send("wave", { timeout: 100 });
  environment.pass(100);
  await assert.rejects(late, (error: CommandError) => error.kind === "timeout");
  const controller = new AbortController();
  const aborted = room.send("wave", { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  assert.equal(environment.socket.heard().length, 2);
  await assert.rejects(room.send("wave", { signal: controller.signal }), /enough/);
  assert.deepEqual(environment.socket.heard(), [], "what was aborted before is not sent");
  environment.socket.says("applied a #3");
});

test("a command survives its connection", async () => {
  const { environment, room } = await member();
  const sending = room.send("wave");
  environment.socket.lose();
  environment.pass(100);
  environment.socket.welcome("resumed");
  environment.socket.says("attached a e=5 @10 #1");
  assert.deepEqual(environment.socket.heard(), ['command a m=3 #2 "wave"']);
  environment.socket.says("reply a @11 #2 1");
  assert.equal(await sending, 1);
});

test("too much that waits is refused", async () => {
  const { room } = await member();
  for (let command = 0; command < 1024; command += 1) {
    room.cast("wave");
  }
  assert.throws(() => room.cast("wave"), (error: CommandError) => error.kind === "backpressure");
  await assert.rejects(room.send("wave"), (error: CommandError) => error.kind === "backpressure");
});

test("unreliable messages are dropped where much waits to be sent", async () => {
  const { environment, room } = await member();
  room.sendUnreliable("wave");
  environment.socket.bufferedAmount = 64 * 1024 + 1;
  room.sendUnreliable("wave");
  assert.deepEqual(environment.socket.heard(), ['unreliable a m=3 "wave"']);
  const told: unknown[] = [];
  room.on("unreliable", ({ event }) => told.push(event));
  environment.socket.says('unreliable a "waved"');
  await Promise.resolve();
  assert.deepEqual(told, ["waved"]);
});

test("a resync brings a view", async () => {
  const { environment, room } = await member();
  const told: unknown[] = [];
  room.on("resync", (resync) => told.push(resync));
  environment.socket.says('resync a e=6 @7 #1 {"lines":["new"]}');
  await Promise.resolve();
  const view = { lines: ["new"] };
  const numbers = { position: 7, stands: 7, lostReplies: 0 };
  assert.deepEqual(told, [{ type: "resync", view, ...numbers, fellBack: true }]);
  assert.deepEqual([room.view, room.position], [view, 7]);
});

test("what does not decode is told, and costs nothing else", async () => {
  const { environment, room } = await member();
  const told: string[] = [];
  room.on("undecodable", ({ error }) => told.push(error.name));
  room.on("said", ({ text }) => told.push(text));
  environment.socket.says("event a @11 {");
  environment.socket.says('event a @12 {"said":{"text":"hi"}}');
  await Promise.resolve();
  assert.deepEqual(told, ["PayloadError", "hi"]);
});

test("events can be taken one by one, until the stay is over", async () => {
  const { environment, room } = await member();
  const taken: unknown[] = [];
  environment.socket.says('event a @11 "waved"');
  const taking = (async () => {
    for await (const happening of room) {
      taken.push(happening.type === "event" ? happening.position : happening.type);
      if (happening.type === "event" && happening.position === 11) {
        environment.socket.says('event a @12 "waved"');
        environment.socket.says("left a m=3 reason=2 out");
      }
    }
  })();
  await taking;
  assert.deepEqual(taken, [11, 12, "left"]);
  assert.equal(room.isMember, false);
  for await (const happening of room) {
    assert.fail(`${happening.type} after the end`);
  }
});

test("what one iteration leaves, the next takes", async () => {
  const { environment, room } = await member();
  for (const position of [11, 12, 13]) {
    environment.socket.says(`event a @${position} "waved"`);
  }
  for await (const happening of room) {
    assert.equal(happening.type === "event" && happening.position, 11);
    break;
  }
  environment.socket.says("left a m=3 reason=3");
  const rest: unknown[] = [];
  for await (const happening of room) {
    rest.push(happening.type === "event" ? happening.position : happening.type);
  }
  assert.deepEqual(rest, [12, 13, "left"]);
});

test("a room whose events nobody takes is left", async () => {
  const { environment, room } = await member({ eventsMax: 2 });
  for (const position of [11, 12, 13, 14]) {
    environment.socket.says(`event a @${position} "waved"`);
  }
  assert.deepEqual(environment.socket.heard(), ["leave a m=3 #2"]);
  const types: string[] = [];
  for await (const happening of room) {
    types.push(happening.type);
  }
  assert.deepEqual(types, ["event", "event", "event", "unread"]);
});

test("so it is where one that iterates stops taking them", async () => {
  const { environment, room } = await member({ eventsMax: 2 });
  const types: string[] = [];
  environment.socket.says('event a @11 "waved"');
  for await (const happening of room) {
    types.push(happening.type);
    if (types.length === 1) {
      for (const position of [12, 13, 14, 15]) {
        environment.socket.says(`event a @${position} "waved"`);
      }
    }
  }
  assert.deepEqual(types, ["event", "event", "event", "event", "unread"]);
});

test("a leave is over when the room says so, and answers what waits", async () => {
  const { environment, room } = await member();
  const sending = room.send("wave");
  const leaving = room.leave();
  environment.socket.says("left a m=3 reason=1 #1");
  await leaving;
  await assert.rejects(sending, (error: CommandError) => {
    assert.deepEqual([error.kind, error.leaveReason], ["left", "requested"]);
    return true;
  });
  await room.leave();
  await assert.rejects(room.send("wave"), (error: CommandError) => error.kind === "not_a_member");
  assert.throws(() => room.cast("wave"), (error: CommandError) => error.kind === "not_a_member");
});

test("a lost room is joined again by itself, and told as a resync", async () => {
  const { environment, room } = await member({ payload: { hat: "red" } });
  const told: string[] = [];
  room.on("resync", ({ fellBack }) => told.push(`resync ${fellBack}`));
  room.on("left", ({ reason, message }) => told.push(`${reason} ${message}`));
  const lost = room.send("wave");
  environment.socket.heard();
  environment.socket.says("left a m=3 reason=10");
  await assert.rejects(lost, (error: CommandError) => error.kind === "room_lost");
  assert.deepEqual(environment.socket.heard(), ['JOIN_OR_CREATE plaza/main #3 {"hat":"red"}']);
  environment.socket.says('joined plaza/main b #3 m=1 e=6 @0 {"lines":[]}');
  assert.deepEqual(told, ["resync true"]);
  environment.socket.says("left b m=1 reason=9 no copy");
  assert.deepEqual(told, ["resync true", "room_gone no copy"]);
});

test("a lost session ends the rooms, and a new one follows", async () => {
  const { environment, client, room } = await member();
  const told: string[] = [];
  room.on("left", ({ reason }) => told.push(reason));
  await Promise.resolve();
  const sending = room.send("wave");
  environment.socket.says("ended 1201");
  await assert.rejects(sending, (error: CommandError) => error.kind === "unknown");
  assert.deepEqual(told, ["ended"]);
  environment.pass(100);
  environment.socket.open();
  environment.socket.says("welcome 2 u1");
  assert.equal(client.state.status === "connected" && client.state.resumed, false);
  const joining = client.join("plaza/main");
  environment.socket.says("joined plaza/main a #1 m=4 e=5 @10 null");
  assert.equal((await joining).view, null);
});

test("each room has the codec it asks for", async () => {
  const { environment, client } = await connected();
  const joining = client.join("files/a", { codec: raw, payload: new TextEncoder().encode("hat") });
  assert.deepEqual(environment.socket.heard(), ["JOIN_OR_CREATE files/a #1 hat"]);
  environment.socket.says("joined files/a a #1 m=1 e=1 @0 view");
  const room = await joining;
  assert.deepEqual(room.view, new TextEncoder().encode("view"));
  const sending = room.send(new TextEncoder().encode("go"));
  environment.socket.says("applied a #2");
  assert.deepEqual(await sending, new Uint8Array());
  await assert.rejects(room.send(7), (error: CommandError) => error.kind === "payload");
});

test("MessagePack is what Rust writes with names", () => {
  assert.deepEqual(messagePack.encode({ say: "hi", aside: undefined }), Uint8Array.from(
    Buffer.from("81a3736179a26869", "hex"),
  ));
  assert.deepEqual(messagePack.encode("wave"), Uint8Array.from(Buffer.from("a477617665", "hex")));
  assert.deepEqual(messagePack.encode(undefined), Uint8Array.of(0xc0));
  assert.deepEqual(messagePack.decode(Buffer.from("81a3736179a26869", "hex")), { say: "hi" });
  assert.equal(messagePack.decode(new Uint8Array()), null);
});
