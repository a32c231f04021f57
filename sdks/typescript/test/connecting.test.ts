// How a client comes to its session, and to its end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode } from "../src/core/error-code.js";
import { ConnectError, ListError } from "../src/core/errors.js";
import type { State } from "../src/shell/client.js";
import { connectIn } from "../src/shell/connect.js";
import { connected } from "./playing.js";
import { StubEnvironment } from "./stub-environment.js";

test("a token is presented, and the state tells who that is", async () => {
  const environment = new StubEnvironment();
  const connecting = connectIn(environment, "ws://play.example:7777", { token: "abc", sdk: "game/1" });
  assert.equal(environment.socket.url, "ws://play.example:7777/");
  environment.socket.open();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 game/1 token=abc"]);
  environment.socket.says("welcome 1 t1");
  const client = await connecting;
  assert.deepEqual(client.state, {
    status: "connected",
    session: Buffer.from("1".padStart(16, "0")).toString("hex"),
    player: "ada",
    resumed: false,
  });
  assert.deepEqual(environment.socket.heard(), ["acknowledge"]);
});

/** Lets promises that are settled go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a token is asked for where a session begins, and not where it goes on", async () => {
  const environment = new StubEnvironment();
  let asked = 0;
  const token = async () => `token-${(asked += 1)}`;
  const connecting = connectIn(environment, "ws://play.example", { token, sdk: "game/1" });
  environment.socket.open();
  assert.deepEqual(environment.socket.heard(), [], "not before there is one");
  await settled();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 game/1 token=token-1"]);
  environment.socket.says("welcome 1 t1");
  await connecting;
  environment.socket.lose();
  environment.pass(100);
  environment.socket.open();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 game/1 ticket=t1"]);
  environment.socket.says("ended 1201");
  environment.pass(200);
  environment.socket.open();
  await settled();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 game/1 token=token-2"]);
  assert.equal(asked, 2);
});

test("a token that cannot be had is asked for again, and why is told", async () => {
  const environment = new StubEnvironment();
  const answers = [Promise.reject(new Error("not signed in")), "late but right"];
  const token = () => answers.shift() ?? "";
  const connecting = connectIn(environment, "ws://play.example", { token });
  environment.socket.open();
  await settled();
  assert.equal(environment.socket.closed, true);
  environment.socket.lose();
  environment.pass(100);
  environment.socket.open();
  await settled();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 typescript/0.1.0 token=late but right"]);
  environment.socket.says("welcome 1 t1");
  await connecting;

  const other = new StubEnvironment();
  const failing = connectIn(other, "ws://play.example", {
    token: () => {
      throw new Error("not signed in");
    },
    timeout: 1000,
  });
  other.socket.open();
  await settled();
  other.socket.lose();
  other.pass(1000);
  await assert.rejects(failing, /cannot be reached \(no token: Error: not signed in\)/);
});

test("another client goes on with the ticket that one kept", async () => {
  const { environment: former, client } = await connected();
  const { ticket } = client;
  assert.equal(ticket, btoa("t1"));
  void client.close();
  assert.equal(client.ticket, undefined);
  assert.deepEqual(former.socket.heard(), ["bye"]);

  const environment = new StubEnvironment();
  let asked = 0;
  const token = () => `token-${(asked += 1)}`;
  const connecting = connectIn(environment, "ws://play.example", { resume: ticket, token, sdk: "game/1" });
  environment.socket.open();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 game/1 ticket=t1"]);
  environment.socket.says("welcome 1 t2 resumed");
  const again = await connecting;
  assert.deepEqual([again.state.status === "connected" && again.state.resumed, asked], [true, 0]);
  assert.equal(again.ticket, btoa("t2"));

  const late = new StubEnvironment();
  const connectingLate = connectIn(late, "ws://play.example", { resume: ticket, token, sdk: "game/1" });
  late.socket.open();
  late.socket.says("ended 1201");
  late.pass(100);
  late.socket.open();
  await settled();
  assert.deepEqual(late.socket.heard(), ["hello 1-1 game/1 token=token-1"]);
  late.socket.says("welcome 2 t3");
  const { state } = await connectingLate;
  assert.equal(state.status === "connected" && state.resumed, false);
  const none = connectIn(new StubEnvironment(), "ws://play.example", { resume: "?" });
  await assert.rejects(none, (error: ConnectError) => error.kind === "invalid");
});

test("a token that is missing by mistake makes no guest", async () => {
  for (const options of [{ token: null }, { token: 7 }, { guest: null }, { guest: {} }]) {
    const environment = new StubEnvironment();
    const connecting = connectIn(environment, "ws://play.example", options as never);
    await assert.rejects(connecting, (error: ConnectError) => error.kind === "invalid");
    assert.equal(environment.sockets.length, 0);
  }
  const environment = new StubEnvironment();
  const token = (() => null) as unknown as () => string;
  const connecting = connectIn(environment, "ws://play.example", { token, timeout: 1000 });
  environment.socket.open();
  await settled();
  assert.deepEqual(environment.socket.heard(), []);
  environment.socket.lose();
  environment.pass(1000);
  await assert.rejects(connecting, /no token: .*the answer is null/);
});

test("a token that comes when its connection is gone is said to nobody", async () => {
  const environment = new StubEnvironment();
  const answers: ((token: string) => void)[] = [];
  const token = () => new Promise<string>((resolve) => answers.push(resolve));
  void connectIn(environment, "ws://play.example", { token, timeout: 60_000 }).catch(() => {});
  const { socket } = environment;
  socket.open();
  environment.pass(10_000);
  assert.equal(socket.closed, true);
  answers[0]?.("too late");
  await settled();
  assert.deepEqual(socket.heard(), []);
  environment.pass(100);
  environment.socket.open();
  answers[1]?.("in time");
  await settled();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 typescript/0.1.0 token=in time"]);
});

test("an address that is none is refused before anything is tried", async () => {
  for (const url of ["ftp://play.example", "play.example:7777", "", []]) {
    const connecting = connectIn(new StubEnvironment(), url, {});
    await assert.rejects(connecting, (error) => error instanceof ConnectError && error.kind === "invalid");
  }
});

test("a page's own address will do", async () => {
  const environment = new StubEnvironment();
  void connectIn(environment, new URL("https://play.example/plaza#here"), {}).catch(() => {});
  assert.equal(environment.socket.url, "wss://play.example/plaza");
});

test("a refusal is told with its code and words", async () => {
  const environment = new StubEnvironment();
  const connecting = connectIn(environment, "ws://play.example", { token: "old" });
  environment.socket.open();
  environment.socket.says("ended 1101 that was yesterday");
  await assert.rejects(connecting, (error: ConnectError) => {
    assert.equal(error.kind, "refused");
    assert.equal(error.code, ErrorCode.TokenExpired);
    assert.equal(error.message, "that was yesterday (TokenExpired, 1101)");
    return true;
  });
  assert.equal(environment.timers, 1, "only the goodbye is waited for");
});

test("whoever cannot be reached in time is told with what the network said", async () => {
  const environment = new StubEnvironment();
  const connecting = connectIn(environment, "ws://play.example", { timeout: 3000 });
  for (let time = 0; time < 3000; time += 100) {
    environment.socket.lose();
    environment.pass(100);
  }
  await assert.rejects(
    connecting,
    /no answer in 3000 ms: the server cannot be reached \(closed with 1006\)/,
  );
  assert.equal(environment.watched, false);
});

test("what is asked in the breath in which a client gives up is answered", async () => {
  const { environment, client } = await connected({ giveUpAfter: 500 });
  const joining = client.join("plaza/main");
  environment.socket.says('joined plaza/main a #1 m=3 e=5 @10 {"lines":[]}');
  const room = await joining;
  environment.socket.lose();
  environment.busy(1500);
  const answers = [room.send("wave"), client.list("plaza"), client.join("plaza/other")];
  const settled = await Promise.allSettled(answers);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ["rejected", "rejected", "rejected"],
  );
  assert.equal(client.state.status, "ended");
});

test("connecting can be given up", async () => {
  const environment = new StubEnvironment();
  const controller = new AbortController();
  const connecting = connectIn(environment, "ws://play.example", { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(connecting, /enough/);
  assert.equal(environment.socket.closed, true);
  await assert.rejects(connectIn(environment, "ws://a.example", { signal: controller.signal }), /enough/);
});

test("a socket that may not be made is a failure like any other", async () => {
  const environment = new StubEnvironment();
  const forbidden = Object.assign(environment, {
    WebSocket: class {
      constructor() {
        throw new Error("the page's policy");
      }
    } as never,
  });
  const connecting = connectIn(forbidden, "ws://play.example", { timeout: 100 });
  await Promise.resolve();
  environment.pass(100);
  await assert.rejects(connecting, /cannot be reached \(Error: the page's policy\)/);
});

test("every change of state is told", async () => {
  const { environment, client } = await connected();
  const states: State[] = [];
  const stop = client.on("state", (state) => states.push(state));
  environment.socket.lose();
  environment.pass(100);
  environment.socket.open();
  assert.deepEqual(environment.socket.heard(), ["hello 1-1 typescript/0.1.0 ticket=t1"]);
  environment.socket.says("welcome 1 t2 resumed");
  assert.deepEqual(
    states.map((state) => [state.status, state.status === "connected" && state.resumed]),
    [
      ["interrupted", false],
      ["connected", true],
    ],
  );
  stop();
  environment.socket.lose();
  assert.equal(states.length, 2);
});

test("the round trip is that of the last ping", async () => {
  const { environment, client } = await connected();
  assert.equal(client.rtt, undefined);
  environment.pass(10_000);
  assert.deepEqual(environment.socket.heard(), ["ping 1"]);
  environment.pass(45);
  environment.socket.says("pong 1");
  assert.equal(client.rtt, 45);
});

test("a closed client says goodbye, and is over when the socket is", async () => {
  const { environment, client } = await connected();
  const closing = client.close();
  assert.deepEqual(environment.socket.heard(), ["bye"]);
  assert.equal(environment.socket.closed, true);
  environment.socket.lose();
  await closing;
  assert.equal(client.state.status, "ended");
  assert.deepEqual([environment.timers, environment.watched], [0, false]);
});

test("or when the socket has had its time", async () => {
  const { environment, client } = await connected();
  const closing = client.close();
  environment.pass(1000);
  await closing;
  await client.close();
});

test("lists are answered, refused, given up and ended", async () => {
  const { environment, client } = await connected();
  const listing = client.list("plaza", { map: "sea" });
  assert.deepEqual(environment.socket.heard(), ['list 1 plaza {"map": "sea"}']);
  environment.socket.says("listing 1 truncated plaza/a");
  assert.deepEqual(await listing, {
    rooms: [{ room: "plaza/a", members: 1, membersMax: 8, locked: false, properties: {} }],
    truncated: true,
  });
  const refused = client.list("secret");
  environment.socket.says("listing 2 error=1305");
  await assert.rejects(refused, (error: ListError) => error.code === ErrorCode.NotAllowed);
  const late = client.list("plaza", {}, { timeout: 500 });
  environment.pass(500);
  await assert.rejects(late, (error: ListError) => error.kind === "timeout");
  const open = client.list("plaza");
  void client.close();
  await assert.rejects(open, (error: ListError) => error.kind === "closed");
  await assert.rejects(client.list("plaza"), (error: ListError) => error.kind === "closed");
});
