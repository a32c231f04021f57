// How a client is made.

import { ConnectError } from "../core/errors.js";
import { settingsOf } from "../core/settings.js";
import type { State } from "./client.js";
import { Client } from "./client.js";
import type { Codec } from "./codec.js";
import type { ShellSettings } from "./driver.js";
import type { Environment, WebSocketConstructor } from "./environment.js";
import { environmentOf } from "./environment.js";
import type { WaitOptions } from "./waiter.js";
import { waiter } from "./waiter.js";

/** Asks for a token, of whoever signs them. Where it fails, the client tries again later. */
export type AskToken = () => string | Promise<string>;

/** Who a client is, and how patient. All times are in milliseconds. */
export interface ConnectOptions {
  /**
   * A signed token; its `sub` is the player. A function is asked for one whenever a session begins, the
   * first and any that follows one that was lost: where tokens expire, give a function.
   */
  readonly token?: string | AskToken;
  /**
   * The `ticket` of an earlier client: its session goes on, with its player, and joining a room that it
   * was in takes back the place there. If that session is over, another begins, with the token or as a
   * guest.
   */
  readonly resume?: string | undefined;
  /** Without a token the client is a guest; this is a wish for the name shown to others. */
  readonly guest?: string;
  /** Who the client is, for the server's logs: `game/1.2`. */
  readonly sdk?: string;
  /** How long `connect` tries; 15,000 by default. */
  readonly timeout?: number;
  /** Aborted, `connect` tries no longer. */
  readonly signal?: AbortSignal;
  /**
   * Ends a client that has been without a connection for this long. By default it tries for as long as
   * it lives.
   */
  readonly giveUpAfter?: number;
  /** The longest wait between two attempts to connect; 10,000 by default. */
  readonly backoffMax?: number;
  /** How payloads are written, unless a join says otherwise; `messagePack` by default. */
  readonly codec?: Codec;
  /** What to connect with, where the platform has none (Node before 22): that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
}

/**
 * Connects to a server, like `ws://127.0.0.1:7777`, or to one of several: they are tried in rotation,
 * the last good one first. Rejects with a `ConnectError`, or with the signal's reason.
 */
export async function connect(
  urls: string | URL | readonly (string | URL)[],
  options: ConnectOptions = {},
): Promise<Client> {
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (!WebSocket) {
    throw new ConnectError("invalid", "no WebSocket: give one in the options");
  }
  return connectIn(environmentOf(WebSocket), urls, options);
}

/** As `connect`, wherever that is. */
export async function connectIn(
  environment: Environment,
  urls: string | URL | readonly (string | URL)[],
  options: ConnectOptions,
): Promise<Client> {
  options.signal?.throwIfAborted();
  const endpoints = [urls].flat().map(endpointOf);
  if (endpoints.length === 0) {
    throw new ConnectError("invalid", "no endpoint");
  }
  const { token, guest = "", timeout = 15_000, signal } = options;
  checkText("guest", guest);
  if (token !== undefined && typeof token !== "function") {
    checkText("token", token);
  }
  const credential = typeof token === "string" ? { token } : { guest };
  const settings: ShellSettings = settingsOf(endpoints.length, credential);
  const { sdk = settings.sdk, giveUpAfter = Infinity, backoffMax = settings.backoffMax } = options;
  Object.assign(settings, { sdk, giveUpAfter, backoffMax });
  if (typeof token === "function") {
    settings.prepare = async () => {
      const answer = await token();
      checkText("the answer", answer);
      settings.credential = { token: answer };
    };
  }
  if (options.resume !== undefined) {
    settings.resume = ticketOf(options.resume);
  }
  const client = new Client(endpoints, settings, environment, options.codec);
  await welcomed(client, environment, { timeout, signal });
  return client;
}

function ticketOf(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new ConnectError("invalid", "what to resume is no ticket");
  }
}

/** A token that is missing by mistake must not make a guest of somebody. */
function checkText(what: string, value: unknown): void {
  if (typeof value !== "string") {
    const found = value === null ? "null" : typeof value;
    throw new ConnectError("invalid", `${what} is ${found} and no text; guests have no token at all`);
  }
}

/** Waits for the first session. */
async function welcomed(client: Client, environment: Environment, options: WaitOptions) {
  const { promise, settle } = waiter(
    environment,
    options,
    (message) => new ConnectError("timeout", `${message}: ${why(client.state)}`),
    () => void client.close(),
  );
  const stop = client.on("state", (state) => {
    if (state.status === "connected") {
      settle(undefined);
    } else if (state.status === "ended") {
      const { kind, message, server } = state.end;
      settle(new ConnectError(kind === "refused" ? kind : "closed", message, server));
    }
  });
  await promise.finally(stop);
}

function why(state: State): string {
  if (state.status !== "interrupted") {
    return "the handshake took too long";
  }
  const { cause, detail } = state;
  return cause.message + (detail === undefined ? "" : ` (${detail})`);
}

/** A page's own address will do, for a server that serves the page. */
function endpointOf(text: string | URL): string {
  try {
    const url = new URL(text, globalThis.location?.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    if (/^wss?:/.test(url.href)) {
      return url.href;
    }
  } catch {
    // Told as any other text that is no address.
  }
  throw new ConnectError("invalid", `${JSON.stringify(text)} is no address like ws://host:port`);
}
