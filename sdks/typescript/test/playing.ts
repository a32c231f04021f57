// A client that is connected, and in a room, in an environment of the test's own.

import type { JoinOptions } from "../src/shell/client.js";
import { json } from "../src/shell/codec.js";
import type { ConnectOptions } from "../src/shell/connect.js";
import { connectIn } from "../src/shell/connect.js";
import { StubEnvironment } from "./stub-environment.js";

/** The types of the room that tests play in. */
export interface StubTypes {
  Join: { hat: string };
  Command: { say: string } | "wave";
  Reply: number;
  Event: { said: { text: string } } | { left: { who: string } } | "waved";
  View: { lines: string[] };
  Open: { big: boolean };
}

export async function connected(options: ConnectOptions = {}) {
  const environment = new StubEnvironment();
  const connecting = connectIn(environment, "ws://play.example", { codec: json, ...options });
  environment.socket.welcome();
  const client = await connecting;
  return { environment, client };
}

export async function member(options: JoinOptions<StubTypes> = {}) {
  const { environment, client } = await connected();
  const joining = client.join<StubTypes>("plaza/main", options);
  environment.socket.says('joined plaza/main a #1 m=3 e=5 @10 {"lines":[]}');
  const room = await joining;
  environment.socket.heard();
  return { environment, client, room };
}
