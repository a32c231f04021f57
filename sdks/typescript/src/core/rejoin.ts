// Joining a room anew that was lost with its server.

import { GOOD_AFTER } from "./route.js";
import type { ServerError } from "./server-error.js";
import type { Fate, Member, Stay } from "./stay.js";

/** Between the loss of a room and the view of the new one. */
export interface Rejoin {
  readonly at: "rejoining";
  /** The number of the join that is out, or goes out when there is a connection. */
  asked: bigint | undefined;
  /** Without one, when the next goes out: it was refused for a reason that may pass, or lost again. */
  until: number;
  /** Since when the server could have answered. */
  since: number;
  /** Joins so far. */
  joins: number;
  readonly lostReplies: number;
}

/**
 * The room is lost, and its open commands are answered. The first join goes out at once, for a restart
 * is to cost little; a room that is lost again and again is backed off from.
 */
export function rejoin(stay: Stay, member: Member, lostReplies: number, now: number): Fate {
  const joins = now - member.since >= GOOD_AFTER ? 0 : member.rejoins;
  const delay = joins ? stay.shared.backoff.delay(joins - 1, 0) : 0;
  // Others may be there before, however it was the first time.
  stay.join.mode = "or_create";
  stay.phase = {
    at: "rejoining",
    asked: undefined,
    until: now + delay,
    since: now,
    joins,
    lostReplies,
  };
  handleRejoinTimeout(stay, now);
  return "rejoins";
}

export function rejoinRefused(stay: Stay, rejoin: Rejoin, error: ServerError, now: number): Fate {
  if (stay.leaving) {
    return stay.end("requested");
  }
  if (error.isRetryable) {
    const { backoff, settings } = stay.shared;
    const until = now + backoff.delay(Math.max(rejoin.joins - 1, 0), error.retryAfter);
    if (until <= rejoin.since + settings.rejoinTimeMax) {
      rejoin.asked = undefined;
      rejoin.until = until;
      return "stays";
    }
  }
  return stay.end("room_gone", error.toString());
}

/** When to join again. */
export function rejoinAt({ phase }: Stay): number {
  return phase.at === "rejoining" && phase.asked === undefined ? phase.until : Infinity;
}

/** Time has passed on an open connection. */
export function handleRejoinTimeout(stay: Stay, now: number): void {
  const { phase } = stay;
  if (phase.at === "rejoining" && now >= rejoinAt(stay)) {
    phase.asked = stay.ledger.numberJoin();
    phase.joins += 1;
    stay.sayJoin(phase.asked, now);
  }
}
