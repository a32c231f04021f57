// A real server of a test's own: a free port, a folder that is gone with it, and nothing left running.

import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repository } from "../test/repository.js";

/** The binary under test: what `cargo build` made, unless another is named. */
const BINARY = process.env["WAYFARE"] ?? repository("target/debug/wayfare");

/** `dev` says in so many lines where it is and what to try. */
const GREETING_LINES = 3;

/** Longer than a start takes on a busy machine, in milliseconds. */
const START_TIME_MAX = 60_000;

/** What of the log is shown where something goes wrong, in lines. */
const LOG_LINES_MAX = 40;

/** How a server is started. */
export interface ServerOptions {
  /** The command and its flags; where to listen and where to keep data is added. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A node as a child process. `kill` and `restart` are one node's life, `end` is its end. */
export class Server {
  /** What the last start printed, from the first line to the address. */
  greeting: string[] = [];
  readonly #options: ServerOptions;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #port = 0;
  #log: string[] = [];
  readonly #killWithProcess = () => this.#child?.kill("SIGKILL");

  private constructor(options: ServerOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    process.on("exit", this.#killWithProcess);
  }

  /** Starts one, `wayfare dev` without bots by default, and waits until it says where it listens. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), "wayfare-"));
    const server = new Server(options, folder);
    try {
      await server.restart();
    } catch (error) {
      await server.end();
      throw error;
    }
    return server;
  }

  /** Where it listens: host and port. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The last lines of its log. */
  get log(): string {
    return this.#log.join("\n");
  }

  /** What a command like `wayfare token mint …` prints. */
  static run(...args: string[]): string {
    const { stdout, stderr, status } = spawnSync(BINARY, args, { encoding: "utf8" });
    if (status !== 0) {
      throw new Error(`${args.join(" ")}: ${stderr}`);
    }
    return stdout.trim();
  }

  /** As `kill -9` does it. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    }
  }

  /** Starts it again with the same data, where it was. */
  async restart(): Promise<void> {
    const { args = ["dev", "--bots", "0"], env = {} } = this.#options;
    const where = ["--listen", this.address, "--admin", "off", "--data", join(this.#folder, "data")];
    const child = spawn(BINARY, [...args, ...where], {
      cwd: this.#folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    createInterface(child.stderr).on("line", (line) => {
      this.#log.push(line);
      this.#log.splice(0, this.#log.length - LOG_LINES_MAX);
    });
    this.greeting = await this.#greeted(child);
  }

  /** Ends it and removes its folder. */
  async end(): Promise<void> {
    await this.kill();
    process.off("exit", this.#killWithProcess);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #greeted(child: ChildProcess): Promise<string[]> {
    const lines: string[] = [];
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        settle();
      };
      const fail = (why: string) =>
        end(() => reject(new Error(`the server ${why}:\n${this.log}`)));
      const timer = setTimeout(() => fail("does not say where it is"), START_TIME_MAX);
      child.once("error", (error) => fail(`does not start, ${error.message}`));
      child.once("close", (code) => fail(`is gone with ${code}`));
      createInterface(child.stdout!).on("line", (line) => {
        lines.push(line);
        const port = /ws:\/\/[^\s:]+:(\d+)/.exec(line)?.[1];
        if (port !== undefined) {
          this.#port = Number(port);
        }
        if (lines.length === GREETING_LINES) {
          end(() => resolve(lines));
        }
      });
    });
  }
}
