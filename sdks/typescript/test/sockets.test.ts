// The shell on real sockets: against a server of a few lines, which stops and comes back.

import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { WebSocket, WebSocketServer } from "ws";
import { serverFrame } from "../conformance/says.js";
import { Words } from "../conformance/words.js";
import { ClientFrameSchema } from "../src/generated/wayfare_pb.js";
import { connect, ConnectError, json } from "../src/index.js";

/** Answers each sort of frame with these lines, in the words of an exchange. */
async function serve(answers: Record<string, string[]>, port = 0): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const { body } = fromBinary(ClientFrameSchema, data);
      for (const line of answers[body.case ?? ""] ?? []) {
        const words = new Words(line);
        socket.send(serverFrame(words.next(), words));
      }
    });
  });
  await once(server, "listening");
  return server;
}

const portOf = (server: WebSocketServer) => (server.address() as AddressInfo).port;

function stop(server: WebSocketServer): Promise<unknown> {
  server.clients.forEach((socket) => socket.terminate());
  const closed = once(server, "close");
  server.close();
  return closed;
}

test("a server that stops and comes back costs nothing that was promised", async () => {
  const first = await serve({
    hello: ["welcome 1 t1"],
    join: ['joined plaza/main a #1 m=3 e=5 @10 "view"', 'event a @11 "early"'],
  });
  const port = portOf(first);
  const client = await connect(`ws://127.0.0.1:${port}`, { WebSocket, codec: json, backoffMax: 50 });
  const room = await client.join("plaza/main");
  const heard: unknown[] = [];
  room.on("event", ({ event, position }) => heard.push([event, position]));
  const sending = room.send("go");
  await stop(first);
  const second = await serve(
    {
      hello: ["welcome 1 t2 resumed"],
      attach: ["attached a e=6 @11 #1", 'event a @12 "late"'],
      command: ['reply a @13 #2 "gone"'],
    },
    port,
  );
  assert.equal(await sending, "gone");
  assert.deepEqual(heard, [
    ["early", 11],
    ["late", 12],
  ]);
  await client.close();
  await stop(second);
});

test("the next of several servers is tried", async () => {
  const gone = await serve({});
  const port = portOf(gone);
  await stop(gone);
  const server = await serve({ hello: ["welcome 1 t1"] });
  const urls = [`ws://127.0.0.1:${port}`, `ws://127.0.0.1:${portOf(server)}`];
  const client = await connect(urls, { WebSocket });
  assert.equal(client.state.status, "connected");
  await client.close();
  await stop(server);
});

test("nobody there is told as what the network says", async () => {
  const gone = await serve({});
  const port = portOf(gone);
  await stop(gone);
  const connecting = connect(`ws://127.0.0.1:${port}`, { WebSocket, timeout: 200 });
  await assert.rejects(connecting, (error: ConnectError) => {
    assert.match(error.message, /cannot be reached \(.*ECONNREFUSED.*\)/);
    return error.kind === "timeout";
  });
});

test("a platform without a WebSocket is told what it lacks", async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Reflect.deleteProperty(globalThis, "WebSocket");
  await assert.rejects(connect("ws://127.0.0.1:1"), /no WebSocket/);
  if (own) {
    Object.defineProperty(globalThis, "WebSocket", own);
  }
});
