// Whatever a server says and whenever: nothing breaks, and the application is never told nonsense.

import assert from "node:assert/strict";
import { test } from "node:test";
import { generator } from "../conformance/exchange.js";
import { serverFrame } from "../conformance/says.js";
import { Words } from "../conformance/words.js";
import { ClientCore } from "../src/core/client.js";
import { WayfareError } from "../src/core/errors.js";
import type { CoreEvent } from "../src/core/output.js";
import { settingsOf } from "../src/core/settings.js";

const RUNS = 300;
const STEPS = 150;

/** What the application was told of one stay. */
interface Told {
  position: bigint;
  over: boolean;
}

class Play {
  readonly #random: () => number;
  readonly #client: ClientCore;
  readonly #rooms = new Map<number, Told>();
  readonly #open = new Set<number>();
  #now = 0;
  #ended = false;
  #count = 0;

  constructor(seed: number) {
    this.#random = generator(seed);
    this.#client = new ClientCore(settingsOf(2, { guest: "" }), this.#random, 0);
  }

  /** How many events, replies and resyncs the application was told of. */
  run(): number {
    for (let step = 0; step < STEPS; step += 1) {
      try {
        this.#act();
      } catch (error) {
        assert.ok(error instanceof WayfareError, String(error));
      }
      this.#drain();
    }
    this.#client.bye(this.#now);
    this.#drain();
    assert.ok(this.#ended);
    assert.equal(this.#open.size, 0, "every command is answered");
    assert.ok([...this.#rooms.values()].every(({ over }) => over), "every stay is over");
    assert.equal(this.#client.pollTimeout(), undefined);
    return this.#count;
  }

  #act(): void {
    const client = this.#client;
    const key = this.#below(5);
    switch (this.#below(24)) {
      case 0:
        client.handleConnected(this.#now);
        return this.#hear(`welcome ${this.#below(5) === 0 ? 1 : 0} t resumed heartbeat=10000`);
      case 1:
        return this.#below(8) === 0 ? client.handleDisconnected(this.#now) : undefined;
      case 2:
        if (this.#below(3) > 0) {
          return;
        }
        this.#now = Math.max(this.#now, client.pollTimeout()?.at ?? 0);
        return client.handleTimeout(this.#now);
      case 3: {
        const [room, none] = [`plaza/${this.#below(3)}`, new Uint8Array()];
        const joined = client.join({ room, mode: "create", open: none, payload: none }, this.#now);
        this.#rooms.set(joined, { position: -1n, over: false });
        return this.#hear(`joined ${room} ${["a", "b", "c"][this.#below(3)]} #1 m=1 e=1 @0`);
      }
      case 4:
      case 5:
        this.#open.add(client.command(key, Uint8Array.of(1), this.#now));
        return;
      case 6:
        return this.#below(8) === 0 ? client.leave(key, this.#now) : undefined;
      case 7:
        this.#now += this.#below(3000);
        return;
      case 8:
        return this.#below(2) === 0 ? client.handleOnline(this.#now) : client.handleOffline();
      default:
        return this.#hear(this.#frame());
    }
  }

  #hear(line: string): void {
    const words = new Words(line);
    this.#client.handleFrame(serverFrame(words.next(), words), this.#now);
  }

  /** Small numbers, so that they meet; and the largest, so that nothing overflows. */
  #frame(): string {
    const number = () => (this.#below(10) === 0 ? "max" : String(this.#below(8)));
    const [room, handle] = [`plaza/${this.#below(3)}`, ["a", "b", "c"][this.#below(3)]];
    const [sequence, position] = [`#${number()}`, `@${number()}`];
    const [epoch, membership] = [`e=${number()}`, `m=${1 + this.#below(2)}`];
    const code = [1303, 1400, 1501, 1599][this.#below(4)];
    const frames = [
      `welcome ${this.#below(2)} t resumed heartbeat=1000`,
      `welcome ${this.#below(2)} t resumed heartbeat=1000`,
      `joined ${room} ${handle} ${sequence} ${membership} ${epoch} ${position}`,
      `joined ${room} ${handle} #1 ${membership} e=1 @0`,
      `joined ${room} ${handle} #1 ${membership} e=1 @0`,
      `join-refused ${room} ${sequence} error=${code}`,
      `event ${handle} ${position}`,
      ...[50, 100, 200, 400].map((bound) => `event ${handle} @${this.#below(bound)}`),
      ...[5, 10, 20].map((bound) => `reply ${handle} @${this.#below(400)} #${this.#below(bound)}`),
      `reply ${handle} ${position} ${sequence}`,
      `applied ${handle} ${sequence}`,
      `attached ${handle} ${epoch} ${position} ${sequence} failed=${number()}`,
      `resync ${handle} ${epoch} ${position} ${sequence} stands=${number()}`,
      `left ${handle} ${membership} reason=${this.#below(12)} ${sequence}`,
      `left ${handle} ${membership} reason=10 ${sequence}`,
      this.#below(4) === 0 ? `ended ${[1201, 1500, 1501][this.#below(3)]}` : "pong 1",
    ];
    return frames[this.#below(frames.length)] ?? "";
  }

  #drain(): void {
    for (let output; (output = this.#client.pollOutput()); ) {
      if (output.type === "event") {
        assert.ok(!this.#ended, "nothing follows the end");
        this.#tell(output.event);
      }
    }
  }

  #tell(event: CoreEvent): void {
    if (!("room" in event)) {
      this.#ended ||= event.type === "ended";
      return;
    }
    this.#count += ["event", "reply", "resync"].includes(event.type) ? 1 : 0;
    if (event.type === "reply") {
      assert.ok(this.#open.delete(event.command), "a command is answered once");
      return;
    }
    const told = this.#rooms.get(event.room);
    assert.ok(told && !told.over, `${event.type} of a stay that is none`);
    if (event.type === "event") {
      assert.ok(event.position > told.position, "events come once and in order");
    }
    if ("position" in event) {
      told.position = event.position;
    }
    told.over = event.type === "left" || event.type === "join_refused";
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }
}

test(`${RUNS} servers that say anything at any time`, () => {
  let told = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    try {
      told += new Play(seed).run();
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).stack}`);
    }
  }
  assert.ok(told > 2 * RUNS, `only ${told} things were told`);
});
