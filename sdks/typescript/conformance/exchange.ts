// Runs exchanges: texts of what happens to a client (`>`) and what it must do then (`<`). What they
// mean is written in crates/wayfare-client-core/exchanges/README.md. Runs wherever JavaScript does.

import { ClientCore } from "../src/core/client.js";
import type { JoinMode } from "../src/core/settings.js";
import { settingsOf } from "../src/core/settings.js";
import { serverFrame } from "./says.js";
import { Names, outputText } from "./shows.js";
import { durationOf, payloadOf, Words } from "./words.js";

/** One scenario of a text: runs it, and throws with the transcript where it goes otherwise. */
export interface Scenario {
  readonly name: string;
  readonly run: () => void;
}

/** The scenarios of a text, in order. */
export function scenariosOf(text: string): Scenario[] {
  const lines = parse(text);
  const names = text.split("\n").flatMap((line) => (line.startsWith("== ") ? [line.slice(3)] : []));
  return names.map((name) => ({
    name,
    run: () => {
      const exchange = new Exchange(lines);
      exchange.run(name);
      exchange.assertNothingLeft(name);
    },
  }));
}

type Lines = ReadonlyMap<string, readonly string[]>;

function parse(text: string): Lines {
  const texts = new Map<string, string[]>();
  let lines: string[] | undefined;
  for (const line of text.split("\n")) {
    if (/^(==|--) /.test(line)) {
      const name = line.slice(3);
      check(!texts.has(name), `${JSON.stringify(name)} twice`);
      texts.set(name, (lines = []));
    } else if (line !== "" && !line.startsWith("#")) {
      check(lines !== undefined, "a heading comes first");
      lines?.push(line);
    }
  }
  return texts;
}

class Exchange {
  #client: ClientCore | undefined;
  #now = 0;
  readonly #names = new Names();
  /** What came out and was not expected yet. */
  #shown: string[] = [];
  #transcript = "";

  constructor(readonly texts: Lines) {}

  run(name: string): void {
    const lines = this.texts.get(name);
    check(lines !== undefined, `no scenario ${JSON.stringify(name)}`);
    for (const line of lines ?? []) {
      if (line.startsWith("use ")) {
        this.run(line.slice(4));
      } else if (line.startsWith("> ")) {
        this.assertNothingLeft(name);
        this.#transcript += `${line}\n`;
        this.#shown = this.#input(line.slice(2));
        this.#transcript += this.#shown.map((output) => `< ${output}\n`).join("");
      } else {
        check(line.startsWith("< "), `${JSON.stringify(line)} is no line`);
        const shown = this.#shown.shift();
        const happened = shown === undefined ? "nothing" : JSON.stringify(shown);
        const where = `in ${JSON.stringify(name)}, which went\n${this.#transcript}`;
        check(shown === line.slice(2), `${happened} where ${JSON.stringify(line)} is due, ${where}`);
      }
    }
  }

  assertNothingLeft(name: string): void {
    const left = JSON.stringify(this.#shown);
    const where = `in ${JSON.stringify(name)}, which went\n${this.#transcript}`;
    check(this.#shown.length === 0, `${left} is not expected ${where}`);
  }

  /** Does one thing to the client, and shows what comes out. */
  #input(input: string): string[] {
    const words = new Words(input);
    const verb = words.next();
    if (verb === "client") {
      this.#client = new ClientCore(settings(words), generator(1), this.#now);
      return this.#outputs();
    }
    if (verb === "wait") {
      return this.#wait(durationOf(words.next()));
    }
    const client = this.#client;
    if (!client) {
      throw new Error("a scenario begins with client");
    }
    const refusal = this.#handle(client, verb, words);
    return [...refusal, ...this.#outputs()];
  }

  /** The error, where a call of the application is refused. */
  #handle(client: ClientCore, verb: string, words: Words): string[] {
    switch (verb) {
      case "connected":
        client.handleConnected(this.#now);
        break;
      case "disconnected":
        client.handleDisconnected(this.#now);
        break;
      case "offline":
        client.handleOffline();
        break;
      case "online":
        client.handleOnline(this.#now);
        break;
      case "gap":
        client.handleGap(durationOf(words.next()), this.#now);
        break;
      case "due":
        this.#due(client, words.rest());
        break;
      case "idle":
        check(client.pollTimeout() === undefined, `idle, after\n${this.#transcript}`);
        break;
      case "round-trip":
        check(client.roundTrip === durationOf(words.next()), `${client.roundTrip} ms`);
        break;
      case "server-time": {
        const shown = client.serverTime(this.#now);
        check(shown === durationOf(words.next()), `the server's clock shows ${shown}`);
        break;
      }
      case "garbage":
        client.handleFrame(Uint8Array.of(0x0a, 0x7f), this.#now);
        break;
      case "unknown":
        client.handleFrame(Uint8Array.of(0xfa, 0x07, 0x00), this.#now);
        break;
      case "join":
      case "command":
      case "cast":
      case "leave":
      case "list":
      case "bye":
        return this.#call(client, verb, words);
      default:
        client.handleFrame(serverFrame(verb, words), this.#now);
    }
    return [];
  }

  #due(client: ClientCore, reason: string): void {
    const timeout = client.pollTimeout();
    check(timeout?.reason === reason, `${timeout?.reason} is due, after\n${this.#transcript}`);
    this.#now = Math.max(this.#now, timeout?.at ?? 0);
    client.handleTimeout(this.#now);
  }

  #call(client: ClientCore, verb: string, words: Words): string[] {
    const now = this.#now;
    try {
      switch (verb) {
        case "join": {
          const room = words.next();
          const mode = modeOf(words.option("mode"));
          const open = payloadOf(words.option("open") ?? "");
          const payload = payloadOf(words.rest());
          this.#names.room(client.join({ room, mode, open, payload }, now));
          break;
        }
        case "command": {
          const room = this.#names.roomKey(words.next());
          this.#names.command(client.command(room, payloadOf(words.rest()), now));
          break;
        }
        case "cast": {
          const room = this.#names.roomKey(words.next());
          client.sendUnreliable(room, payloadOf(words.rest()), now);
          break;
        }
        case "leave":
          client.leave(this.#names.roomKey(words.next()), now);
          break;
        case "list": {
          const kind = words.next();
          const map = words.option("map");
          client.list(kind, map === undefined ? {} : { map }, 0, now);
          break;
        }
        default:
          client.bye(now);
      }
    } catch (error) {
      return [`! ${(error as Error).message}`];
    }
    return [];
  }

  /** Lets time pass, with each timeout when it is due. */
  #wait(duration: number): string[] {
    const until = this.#now + duration;
    const shown: string[] = [];
    for (let timeout; (timeout = this.#client?.pollTimeout()) && timeout.at <= until; ) {
      this.#now = Math.max(this.#now, timeout.at);
      this.#client?.handleTimeout(this.#now);
      shown.push(...this.#outputs());
    }
    this.#now = until;
    return shown;
  }

  #outputs(): string[] {
    const shown: string[] = [];
    for (let output; (output = this.#client?.pollOutput()); ) {
      shown.push(outputText(output, this.#names));
    }
    return shown;
  }
}

/** Mulberry32 (Tommy Ettinger): no scenario depends on what is drawn, but each run draws the same. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

function settings(words: Words) {
  const token = words.option("token");
  const credential = token === undefined ? { guest: "" } : { token };
  const settings = settingsOf(Number(words.option("endpoints") ?? "1"), credential);
  settings.sdk = "test";
  const resume = words.option("resume");
  if (resume !== undefined) {
    settings.resume = payloadOf(resume);
  }
  const [giveUp, commands, bytes] = [
    words.option("give-up"),
    words.option("commands"),
    words.option("bytes"),
  ];
  settings.giveUpAfter = giveUp === undefined ? Infinity : durationOf(giveUp);
  settings.outstandingCommandsMax = Number(commands ?? settings.outstandingCommandsMax);
  settings.outstandingBytesMax = Number(bytes ?? settings.outstandingBytesMax);
  return settings;
}

function modeOf(text: string | undefined): JoinMode {
  return text === "existing" || text === "create" ? text : "or_create";
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) {
    throw new Error(otherwise);
  }
}

