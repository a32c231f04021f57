// One stay in one room: from the join, through every change of connection and owner, to its end.

import type { Backoff } from "./backoff.js";
import { CommandError, JoinError, left, notAMember, unknown } from "./errors.js";
import type { Said } from "./frame.js";
import type { LeaveReason } from "./leave-reason.js";
import type { Item, Request } from "./ledger.js";
import { Ledger } from "./ledger.js";
import type { Outbox } from "./outbox.js";
import type { CommandId, RoomKey, Told } from "./output.js";
import type { Rejoin } from "./rejoin.js";
import type { Join, Settings } from "./settings.js";
import { wireModeOf } from "./settings.js";

/** What all stays of a client have in common. */
export interface Shared {
  readonly out: Outbox;
  readonly settings: Settings;
  /** Of the delays between joins of a room that was lost. */
  readonly backoff: Backoff;
}

export interface Member {
  readonly at: "member";
  readonly handle: bigint;
  readonly membership: number;
  epoch: bigint;
  /** The highest sequence that came, be it an event or a reply. */
  position: bigint;
  /**
   * Only an attachment says from where the room speaks. Without one nothing is sent, and what is heard
   * is dropped, for the replay behind the next attachment brings it again: taken now, it would hide what
   * lies between.
   */
  attached: boolean;
  readonly since: number;
  /** Joins in a row that it took to come here after a loss of the room; none for the first. */
  readonly rejoins: number;
}

type Phase =
  /** The former stay in the same room must end first. */
  | { readonly at: "queued" }
  | { readonly at: "joining"; readonly asked: bigint }
  | Member
  /** The room was lost with its server, and the application knows nothing of it yet. */
  | Rejoin;

/** Whether a stay goes on; one that rejoins goes on without its handle, for the next join gives another. */
export type Fate = "stays" | "rejoins" | "over";

export class Stay {
  ledger = new Ledger(0n);
  phase: Phase = { at: "queued" };
  leaving = false;

  constructor(
    readonly key: RoomKey,
    /** Kept to the end: the room recognises a join that is repeated. */
    readonly join: Join,
    readonly shared: Shared,
  ) {}

  /** The room is free: takes the next number of its sequence. */
  begin(last: bigint): void {
    this.ledger = new Ledger(last);
    this.phase = { at: "joining", asked: this.ledger.numberJoin() };
  }

  /** The connection is gone, and the attachment with it. */
  detach(): void {
    if (this.phase.at === "member") {
      this.phase.attached = false;
    }
  }

  /** There is a connection: says the join, or where this stay stands. */
  resume(now: number): void {
    const { phase } = this;
    if (phase.at === "member") {
      const { handle, membership, epoch, position: sequence } = phase;
      const attach = { room: this.join.room, handle, membership, epoch, sequence };
      return this.shared.out.send({ case: "attach", value: attach }, now);
    }
    if (phase.at === "rejoining") {
      phase.since = now;
    }
    // What waits to join goes on waiting: the server asked for it.
    const asked = this.joining();
    if (asked) {
      this.sayJoin(asked, now);
    }
  }

  /** Throws a `CommandError` if this is no member, or no longer. */
  command(id: CommandId, payload: Uint8Array, now: number): void {
    this.#taking();
    this.request({ id, payload }, now);
  }

  /** Throws a `CommandError` if this is no member, or no longer. */
  sendUnreliable(payload: Uint8Array, now: number): void {
    const member = this.#taking();
    if (member?.attached) {
      const { handle, membership } = member;
      this.shared.out.send({ case: "unreliable", value: { handle, membership, payload } }, now);
    }
  }

  /** Throws a `CommandError` if it was left already. */
  leave(now: number): Fate {
    if (this.leaving) {
      throw notAMember();
    }
    this.leaving = true;
    const { phase } = this;
    // Nothing is out: there is nothing to wait for.
    if (phase.at === "queued" || (phase.at === "rejoining" && phase.asked === undefined)) {
      return this.end("requested");
    }
    // A join that may have arrived is left as soon as its answer says what to leave.
    if (phase.at !== "joining") {
      this.request({}, now);
    }
    return "stays";
  }

  /** The sequence of the join that waits for its answer. */
  joining(): bigint | undefined {
    const { phase } = this;
    return "asked" in phase ? phase.asked : undefined;
  }

  /** The session is over, and nobody will answer any more. */
  lose(): void {
    this.resolveRest(unknown());
    if (this.phase.at === "queued" || this.phase.at === "joining") {
      const message = "the session ended before the join was answered";
      this.joinRefused(new JoinError("session_lost", message));
    } else {
      this.left("ended");
    }
  }

  joinRefused(error: JoinError): void {
    if (this.leaving) {
      this.left("requested");
    } else {
      this.tell({ type: "join_refused", error });
    }
  }

  tell(event: Told): void {
    this.shared.out.event({ room: this.key, ...event });
  }

  request(request: Request, now: number): void {
    this.ledger.push(request);
    this.sendRequests(now);
  }

  /** Sends what waits, as much as may be in flight, where there is an attachment. */
  sendRequests(now: number): void {
    if (this.phase.at === "member" && this.phase.attached) {
      for (let item; (item = this.ledger.nextToSend()); ) {
        this.shared.out.send(requestFrame(this.phase, item), now);
      }
    }
  }

  sayJoin(sequence: bigint, now: number): void {
    const { room, open, payload } = this.join;
    const mode = wireModeOf(this.join.mode);
    this.shared.out.send({ case: "join", value: { room, sequence, mode, open, payload } }, now);
  }

  /** The stay is over before anything that waits was sent, or was applied. */
  end(reason: LeaveReason, message = ""): Fate {
    this.resolveRest(left(reason));
    return this.left(reason, message);
  }

  resolveRest(error: CommandError): void {
    for (let request; (request = this.ledger.takeFirst()); ) {
      this.resolve(request, error);
    }
  }

  /** Answers a command; a leave is answered by `left`. */
  resolve({ id }: Request, result: Uint8Array | CommandError): boolean {
    if (id !== undefined) {
      this.tell({ type: "reply", command: id, result });
    }
    return id !== undefined;
  }

  left(reason: LeaveReason, message = ""): Fate {
    this.tell({ type: "left", reason, message });
    return "over";
  }

  /** The membership that takes requests; none while the room is joined anew. */
  #taking(): Member | undefined {
    const { phase, leaving } = this;
    const isMember = phase.at === "member";
    if (leaving || (!isMember && phase.at !== "rejoining")) {
      throw notAMember();
    }
    return isMember ? phase : undefined;
  }
}

function requestFrame(member: Member, { sequence, request }: Item): Said {
  const { handle, membership, epoch } = member;
  return request.payload
    ? { case: "command", value: { handle, membership, sequence, epoch, payload: request.payload } }
    : { case: "leave", value: { handle, membership, sequence, epoch } };
}
