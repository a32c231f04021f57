// Pages that are hidden, frozen or offline, devices that sleep, and clocks that are set.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connectIn } from "../src/shell/connect.js";
import { connected, member } from "./playing.js";
import { StubEnvironment } from "./stub-environment.js";

test("the heartbeat survives timers that ring once a second", async () => {
  const { environment, client } = await connected();
  environment.granularity = 1000;
  for (let minute = 0; minute < 60; minute += 1) {
    environment.pass(1000);
    for (const said of environment.socket.heard()) {
      environment.socket.says(said.replace("ping", "pong"));
    }
  }
  assert.equal(environment.sockets.length, 1);
  assert.equal(client.state.status, "connected");
  assert.equal(client.rtt, 0);
});

test("what is heard is an occasion to ping, where timers do not ring at all", async () => {
  const { environment } = await member();
  environment.granularity = 60_000;
  environment.pass(9000);
  environment.socket.says('event a @11 "waved"');
  assert.deepEqual(environment.socket.heard(), []);
  environment.pass(1000);
  environment.socket.says('event a @12 "waved"');
  assert.deepEqual(environment.socket.heard(), ["ping 1"]);
});

test("a page that was frozen for long connects again at once", async () => {
  const { environment, client, room } = await member();
  const told: string[] = [];
  client.on("state", (state) => told.push(state.status));
  room.on("left", () => told.push("left"));
  environment.freeze(120_000);
  assert.deepEqual(told, ["interrupted"]);
  environment.pass(100);
  assert.equal(environment.sockets.length, 2);
  environment.socket.welcome("resumed");
  assert.deepEqual(told, ["interrupted", "connected"]);
});

test("a page that was frozen for a moment goes on", async () => {
  const { environment } = await connected();
  environment.freeze(12_000);
  assert.deepEqual(environment.socket.heard(), ["ping 1"]);
  environment.socket.says("pong 1");
  assert.equal(environment.sockets.length, 1);
});

test("a device that slept connects again at once, though its clock stood still", async () => {
  const { environment, client } = await connected();
  environment.sleep(3_600_000);
  environment.look(true);
  const { state } = client;
  assert.equal(state.status === "interrupted" && state.cause.kind, "silent");
  environment.pass(100);
  assert.equal(environment.sockets.length, 2);
});

test("it is noticed without anybody looking, too", async () => {
  const { environment } = await connected();
  environment.sleep(3_600_000);
  environment.pass(10_100);
  assert.equal(environment.sockets.length, 2);
});

test("frames of before a sleep are not taken for signs of life", async () => {
  const { environment, client } = await member();
  environment.sleep(60_000);
  environment.socket.says('event a @11 "waved"');
  assert.equal(client.state.status, "interrupted");
});

test("a clock that is set costs one resume forward, and nothing backward", async () => {
  const { environment } = await connected();
  environment.sleep(-86_400_000);
  environment.pass(10_000);
  environment.socket.says("pong 1");
  assert.equal(environment.sockets.length, 1);
  environment.sleep(86_400_000);
  environment.pass(10_100);
  environment.socket.welcome("resumed");
  environment.pass(9000);
  assert.equal(environment.sockets.length, 2);
});

test("a clock that drifts is no sleep", async () => {
  const { environment } = await connected();
  for (let hour = 0; hour < 24; hour += 1) {
    environment.sleep(4000);
    environment.pass(10_000);
    for (const said of environment.socket.heard()) {
      environment.socket.says(said.replace("ping", "pong"));
    }
  }
  assert.equal(environment.sockets.length, 1);
});

test("without a network nothing is tried, and with one at once", async () => {
  const { environment, client } = await connected();
  environment.look(false);
  environment.socket.lose();
  environment.pass(3_600_000);
  assert.equal(environment.sockets.length, 1);
  environment.look(true);
  assert.equal(environment.sockets.length, 2);
  environment.socket.welcome("resumed");
  assert.equal(client.state.status, "connected");
});

test("a server on this device needs no network", async () => {
  const environment = new StubEnvironment();
  const connecting = connectIn(environment, "ws://127.0.0.1:7777", {});
  environment.socket.welcome();
  await connecting;
  environment.look(false);
  environment.socket.lose();
  environment.pass(100);
  assert.equal(environment.sockets.length, 2);
});

test("a long delay is cut short by whoever looks", async () => {
  const { environment } = await connected();
  for (let attempt = 0; attempt < 12; attempt += 1) {
    environment.socket.lose();
    environment.pass(10_000);
  }
  environment.socket.lose();
  const { length } = environment.sockets;
  environment.look(true);
  assert.equal(environment.sockets.length, length + 1);
});

test("a server that restarts costs one resume by ticket", async () => {
  const { environment, client, room } = await member();
  const told: number[] = [];
  room.on("event", ({ position }) => told.push(position));
  environment.socket.says('event a @11 "waved"');
  const sending = room.send("wave");
  environment.socket.says("ended 1500");
  for (let attempt = 0; attempt < 5; attempt += 1) {
    environment.pass(10_000);
    environment.socket.lose();
  }
  environment.pass(10_000);
  environment.socket.open();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 typescript/0.1.0 ticket=t1"]);
  environment.socket.says("welcome 1 t2 resumed");
  assert.deepEqual(environment.socket.heard(), ["acknowledge", "attach plaza/main a m=3 e=5 @11"]);
  environment.socket.says("attached a e=6 @11 #1");
  assert.deepEqual(environment.socket.heard(), ['command a m=3 #2 "wave"']);
  environment.socket.says('event a @12 "waved"');
  environment.socket.says("reply a @13 #2 1");
  assert.equal(await sending, 1);
  assert.deepEqual(told, [11, 12]);
  assert.equal(client.state.status, "connected");
});
