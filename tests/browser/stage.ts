// What a test plays on: a server of its own and a browser, ended with the test whatever happens.

import type { Browser, BrowserContextOptions } from "playwright-core";
import type { ServerOptions } from "../../sdks/typescript/crowd/server.js";
import { Server } from "../../sdks/typescript/crowd/server.js";
import { launch } from "./chromium.js";
import { Visitor } from "./visitor.js";

/** Longer than anything here takes on a busy machine, in milliseconds; whoever waits, waits for something. */
export const PATIENCE = 30_000;

/** A server that takes a connection for dead in five seconds: more than a busy machine keeps a page from answering. */
export const IMPATIENT = ["--heartbeat", "2s", "--silence-max", "5s"];

/** Broad enough for all there is on the page, and little to draw. */
const SMALL: BrowserContextOptions = {
  viewport: { width: 760, height: 480 },
  deviceScaleFactor: 0.5,
};

export interface StageOptions extends ServerOptions {
  /** Nobody is on the plaza unless a test says so. */
  readonly bots?: number;
}

export class Stage {
  readonly #visitors: Visitor[] = [];

  constructor(
    readonly server: Server,
    readonly browser: Browser,
  ) {}

  /** Where the page is, as the server says. */
  get address(): string {
    return `http://${this.server.address}/`;
  }

  /** Somebody in front of the door, in a browser of their own. */
  async arrive(address = this.address, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await this.browser.newContext({ ...SMALL, ...options });
    context.setDefaultTimeout(PATIENCE);
    const visitor = await Visitor.open(context, address);
    this.#visitors.push(visitor);
    return visitor;
  }

  /** Somebody who is in. */
  async enter(name: string, address?: string, options?: BrowserContextOptions): Promise<Visitor> {
    const visitor = await this.arrive(address, options);
    await visitor.enter(name);
    return visitor;
  }

  /** What is known where something goes wrong. */
  account(): string {
    const pages = this.#visitors.map((visitor) => visitor.account());
    return ["the server's log:", this.server.log, ...pages].join("\n");
  }
}

/** Plays on a stage of its own. */
export async function onStage(
  play: (stage: Stage) => Promise<void>,
  { args = [], env = {}, bots = 0 }: StageOptions = {},
): Promise<void> {
  const server = await Server.start({ args: ["dev", "--bots", String(bots), ...args], env });
  try {
    const browser = await launch();
    const stage = new Stage(server, browser);
    try {
      await play(stage);
    } catch (error) {
      console.error(stage.account());
      throw error;
    } finally {
      await browser.close();
    }
  } finally {
    await server.end();
  }
}
