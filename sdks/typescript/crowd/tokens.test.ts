// The guide's page on players from one's own backend, as its reader takes it: its code signs, a server
// lets in.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { WebSocket } from "ws";
import { ConnectError } from "../src/core/errors.js";
import { connect } from "../src/shell/connect.js";
import { repository } from "../test/repository.js";
import { Server } from "./server.js";

interface Page {
  tokenFor(user: { id: unknown; name?: unknown }, key: string): string;
}

async function page(): Promise<Page> {
  const text = readFileSync(repository("docs/guide/players-from-your-backend.md"), "utf8");
  const [, code] = /```js\n(import [^]*?)```/.exec(text) ?? [];
  assert.ok(code, "the page signs a token");
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Page;
}

test("a backend that follows the guide lets its players in", async () => {
  const key = Server.run("token", "key");
  const { tokenFor } = await page();
  const env = { WAYFARE_TOKEN_KEY: key, WAYFARE_GUESTS: "false" };
  const server = await Server.start({ env });
  const enter = (token: string) => connect(`ws://${server.address}`, { token, WebSocket: WebSocket as never });
  try {
    const client = await enter(tokenFor({ id: 7, name: "n".repeat(200) }, key));
    const { state } = client;
    assert.equal(state.status === "connected" && state.player, "7");
    const room = await client.join<{ View: { members: { id: string; name: string }[] } }>("relay/tokens");
    assert.deepEqual(room.view.members.map(({ name }) => name), ["n".repeat(64)]);
    await client.close();
    const refused = (error: ConnectError) => error.kind === "refused" && /`name` is a number/.test(error.message);
    await assert.rejects(enter(tokenFor({ id: 7, name: 7 }, key)), refused);
  } finally {
    await server.end();
  }
});
