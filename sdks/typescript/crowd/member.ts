// One of a crowd: it says its lines and writes down what happens to it.

import { WebSocket } from "ws";
import type { Client, Room, WebSocketConstructor } from "../src/index.js";
import { connect } from "../src/index.js";
import type { History } from "./history.js";
import { emptyHistory } from "./history.js";

interface PlazaTypes {
  Join: { color: string };
  Command: { say: string };
  Reply: null;
  Event: { said: { who: string; text: string } };
}

export class Member {
  readonly history: History;
  readonly #client: Client;
  readonly #room: Room<PlazaTypes>;
  readonly #cut: () => void;

  private constructor(name: string, client: Client, room: Room<PlazaTypes>, cut: () => void) {
    this.history = emptyHistory(name);
    this.#client = client;
    this.#room = room;
    this.#cut = cut;
    const { heard, told } = this.history;
    client.on("state", (state) => {
      if (state.status === "connected") {
        this.history.resumes += 1;
        if (!state.resumed) {
          told.push("the session was lost");
        }
      }
    });
    room.on("event", ({ event, position }) => {
      if ("said" in event) {
        heard.push({ position, text: event.said.text });
      }
    });
    for (const name of ["resync", "fell_back", "left", "unread", "undecodable"] as const) {
      room.on(name, (event) => void told.push(JSON.stringify(event)));
    }
  }

  static async join(url: string, id: string, name: string): Promise<Member> {
    let socket: WebSocket | undefined;
    const Socket = class extends WebSocket {
      constructor(address: string) {
        super(address);
        socket = this;
      }
    };
    const client = await connect(url, {
      guest: name,
      WebSocket: Socket as unknown as WebSocketConstructor,
      backoffMax: 500,
    });
    const room = await client.join<PlazaTypes>(id, { payload: { color: "teal" } });
    return new Member(name, client, room, () => socket?.terminate());
  }

  /** Its connection is gone, without a word. */
  cut(): void {
    this.#cut();
  }

  /** Over when it is answered. */
  async say(text: string): Promise<void> {
    const said = { text, answers: 0 };
    this.history.said.push(said);
    try {
      await this.#room.send({ say: text });
      said.answers += 1;
    } catch (error) {
      this.history.told.push(String(error));
    }
  }

  /** Over when so many lines have come, or the stay is over. */
  async hears(lines: number): Promise<void> {
    while (this.history.heard.length < lines && this.#room.isMember) {
      await new Promise<void>((resolve) => {
        const stops = [this.#room.on("event", done), this.#room.on("left", done)];
        function done() {
          stops.forEach((stop) => stop());
          resolve();
        }
      });
    }
  }

  async close(): Promise<void> {
    const { told } = this.history;
    const { length } = told;
    await this.#client.close();
    // The end of the stay that this is.
    told.length = length;
  }
}
