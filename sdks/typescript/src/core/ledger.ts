// The one sequence of a (session, room) pair, and what of it the room has yet to acknowledge.

import { REQUESTS_IN_FLIGHT_MAX } from "./limits.js";
import type { CommandId } from "./output.js";

/** Something reliable: kept until the room acknowledges it. A leave has neither id nor payload. */
export interface Request {
  readonly id?: CommandId;
  readonly payload?: Uint8Array;
}

export interface Item {
  sequence: bigint;
  readonly request: Request;
}

/**
 * Invariants: sequences in the items grow; every sequence in `(acknowledged, last]` is among them;
 * `acknowledged <= sent <= last`. So what is above an acknowledgement has no gap.
 */
export class Ledger {
  /** The number last given out. */
  last: bigint;
  payloadBytes = 0;
  #acknowledged: bigint;
  /** The number last sent under the present attachment. */
  #sent: bigint;
  #items: Item[] = [];

  /** Goes on behind `last`, which earlier stays in the room came to. */
  constructor(last: bigint) {
    this.last = this.#acknowledged = this.#sent = last;
  }

  get length(): number {
    return this.#items.length;
  }

  /**
   * The number of a join: its answer acknowledges it, so it is not an item. Items that wait for it,
   * because they were given while a lost room is joined anew, are numbered behind it.
   */
  numberJoin(): bigint {
    const join = ++this.last;
    this.#acknowledged = this.#sent = join;
    this.#renumber(-1n);
    return join;
  }

  /**
   * The room has applied what an earlier client of this session sent: numbers go on behind that. What
   * waits was numbered by this client, so then there is nothing to learn.
   */
  goOn(applied: bigint): void {
    if (this.#items.length === 0 && applied > this.last) {
      this.last = this.#sent = this.#acknowledged = applied;
    }
  }

  push(request: Request): void {
    this.payloadBytes += bytesOf(request);
    this.#items.push({ sequence: ++this.last, request });
  }

  /** The next request to send, counted as sent; none while as many are in flight as may be. */
  nextToSend(): Item | undefined {
    const isOpen = this.#sent - this.#acknowledged < REQUESTS_IN_FLIGHT_MAX;
    const item = isOpen && this.#items.find((item) => item.sequence > this.#sent);
    if (item) {
      this.#sent = item.sequence;
      return item;
    }
    return undefined;
  }

  /**
   * The room replied to this command: it and all before it are applied. `undefined` if it was answered
   * already, or never was.
   */
  replied(command: bigint): CommandId | undefined {
    this.#acknowledge(command);
    const index = this.#items.findIndex((item) => item.sequence === command);
    const request = this.#items[index]?.request;
    if (request?.id === undefined) {
      return undefined;
    }
    this.#items.splice(index, 1);
    this.payloadBytes -= bytesOf(request);
    return request.id;
  }

  /** The room applied everything up to here. Takes the items that this settles, one by one. */
  applied(applied: bigint): Request | undefined {
    this.#acknowledge(applied);
    const first = this.#items[0];
    return first && first.sequence <= applied ? this.takeFirst() : undefined;
  }

  /** Takes the first item, whatever became of it. */
  takeFirst(): Request | undefined {
    const request = this.#items.shift()?.request;
    this.payloadBytes -= request ? bytesOf(request) : 0;
    return request;
  }

  /**
   * The room states where it stands, possibly further back than it once was: what is above is numbered
   * anew without a gap, to be sent again, and goes on from there. True if the room fell back.
   */
  adopt(stated: bigint): boolean {
    const applied = stated < this.last ? stated : this.last;
    const fellBack = applied < this.#acknowledged;
    this.#acknowledged = this.#sent = this.last = applied;
    this.#renumber(applied);
    return fellBack;
  }

  /** Items above `floor` go on from `last`. */
  #renumber(floor: bigint): void {
    for (const item of this.#items) {
      if (item.sequence > floor) {
        item.sequence = ++this.last;
      }
    }
  }

  /** A room cannot have applied what was never sent: a claim beyond `last` counts as `last`. */
  #acknowledge(claim: bigint): void {
    const applied = claim < this.last ? claim : this.last;
    if (applied > this.#acknowledged) {
      this.#acknowledged = applied;
    }
    if (applied > this.#sent) {
      this.#sent = applied;
    }
  }
}

function bytesOf(request: Request): number {
  return request.payload?.length ?? 0;
}
