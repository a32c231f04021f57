// All stays of a session, by key, by room name and by handle.

import type { Joined, JoinRefused } from "../generated/wayfare_pb.js";
import { CommandError, JoinError, notAMember } from "./errors.js";
import type { Heard } from "./frame.js";
import { handleJoined, handleJoinRefused, handleRoomFrame } from "./heard.js";
import { bytesOf, isRoomName } from "./names.js";
import type { CommandId, RoomKey } from "./output.js";
import { handleRejoinTimeout, rejoinAt } from "./rejoin.js";
import type { Limits } from "./session.js";
import { excess } from "./session.js";
import type { Join } from "./settings.js";
import type { Shared } from "./stay.js";
import { Stay } from "./stay.js";

/** What the session remembers of a room, stays or none: for its life, because the room does too. */
interface Name {
  last: bigint;
  current?: Stay | undefined;
  /** Joined again while `current` is still being left. */
  queued?: Stay | undefined;
}

export class Rooms {
  readonly #shared: Shared;
  readonly #stays = new Map<RoomKey, Stay>();
  readonly #names = new Map<string, Name>();
  readonly #handles = new Map<bigint, Stay>();
  #keys = 0;
  #commands = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** `open` says whether there is a connection to send on. Throws a `JoinError` if not even tried. */
  join(join: Join, limits: Limits, open: boolean, now: number): RoomKey {
    const { room } = join;
    if (!isRoomName(room)) {
      throw new JoinError("invalid_room", `${JSON.stringify(room)} is no room: kind/key`);
    }
    const bytes = bytesOf(room) + join.open.length + join.payload.length;
    const complaint = excess(limits, "join", bytes);
    if (complaint) {
      throw new JoinError("too_large", complaint);
    }
    const name = this.#names.get(room) ?? { last: 0n };
    const { current } = name;
    // A room has one stay at a time; another may queue behind one that is being left.
    if (name.queued || (current && !current.leaving)) {
      throw new JoinError("already_joined", `already in ${room}, or joining it`);
    }
    const held = [...this.#stays.values()].filter((stay) => stay.phase.at !== "queued").length;
    if (!current && held >= limits.roomsMax) {
      throw new JoinError("too_many_rooms", `a session may be in ${limits.roomsMax} rooms`);
    }
    const stay = new Stay(++this.#keys, join, this.#shared);
    name.queued = stay;
    this.#names.set(room, name);
    this.#stays.set(stay.key, stay);
    beginQueued(name, open, now);
    return stay.key;
  }

  /** Throws a `CommandError` if it is not even taken. */
  command(room: RoomKey, payload: Uint8Array, limits: Limits, now: number): CommandId {
    const stay = this.#stay(room);
    checkSize(payload, limits);
    const { length, payloadBytes } = stay.ledger;
    const { outstandingCommandsMax, outstandingBytesMax } = this.#shared.settings;
    const over = length > 0 && payloadBytes + payload.length > outstandingBytesMax;
    if (over || length >= outstandingCommandsMax) {
      const message = `${length} commands of ${payloadBytes} bytes already wait for this room`;
      throw new CommandError("backpressure", message);
    }
    stay.command(this.#commands + 1, payload, now);
    return ++this.#commands;
  }

  /** Throws a `CommandError` if it could not be sent on any connection. */
  sendUnreliable(room: RoomKey, payload: Uint8Array, limits: Limits, now: number): void {
    const stay = this.#stay(room);
    checkSize(payload, limits);
    stay.sendUnreliable(payload, now);
  }

  /** Throws a `CommandError` if the stay is over or was left already. */
  leave(room: RoomKey, now: number): void {
    const stay = this.#stay(room);
    if (stay.leave(now) === "over") {
      // No join was out: nothing queues behind it, and no connection is needed.
      this.#remove(stay);
    }
  }

  /** When a room that was lost is to be joined again, over a connection. */
  pollTimeout(): number {
    return Math.min(...[...this.#stays.values()].map(rejoinAt));
  }

  /** Time has passed on an open connection. */
  handleTimeout(now: number): void {
    for (const stay of this.#stays.values()) {
      handleRejoinTimeout(stay, now);
    }
  }

  detach(): void {
    for (const stay of this.#stays.values()) {
      stay.detach();
    }
  }

  resume(now: number): void {
    for (const stay of this.#stays.values()) {
      stay.resume(now);
    }
  }

  /** The session is over: so is every stay, and every sequence starts again. */
  lose(): void {
    for (const stay of this.#stays.values()) {
      stay.lose();
    }
    this.#stays.clear();
    this.#names.clear();
    this.#handles.clear();
  }

  /**
   * A frame about a room, on an open connection. About a room that is not known it is ignored: it may
   * be late. False if two rooms go by one handle: whom an event is for could not be told.
   */
  handleFrame(body: Heard, now: number): boolean {
    switch (body.case) {
      case "joined":
        return this.#handleJoined(body.value, now);
      case "joinRefused":
        this.#handleJoinRefused(body.value, now);
        return true;
    }
    const { handle = -1n } = (body.value ?? {}) as { readonly handle?: bigint };
    const stay = this.#handles.get(handle);
    if (stay) {
      const fate = handleRoomFrame(stay, body, now);
      if (fate !== "stays") {
        this.#handles.delete(handle);
      }
      if (fate === "over") {
        this.#finish(stay, now);
      }
    }
    return true;
  }

  #handleJoined(joined: Joined, now: number): boolean {
    const stay = this.#joining(joined);
    if (!stay) {
      return true;
    }
    if (this.#handles.has(joined.handle)) {
      return false;
    }
    handleJoined(stay, joined, now);
    this.#handles.set(joined.handle, stay);
    return true;
  }

  #handleJoinRefused(refused: JoinRefused, now: number): void {
    const stay = this.#joining(refused);
    if (stay && handleJoinRefused(stay, refused, now) === "over") {
      this.#finish(stay, now);
    }
  }

  #stay(room: RoomKey): Stay {
    const stay = this.#stays.get(room);
    if (!stay) {
      throw notAMember();
    }
    return stay;
  }

  /** The stay whose join this answers. */
  #joining({ room, sequence }: Joined | JoinRefused): Stay | undefined {
    const stay = this.#names.get(room)?.current;
    return stay?.joining() === sequence ? stay : undefined;
  }

  /** A stay that had begun is over, on an open connection: whoever queued behind it is next. */
  #finish(stay: Stay, now: number): void {
    const name = this.#remove(stay);
    if (name) {
      beginQueued(name, true, now);
    }
  }

  #remove(stay: Stay): Name | undefined {
    this.#stays.delete(stay.key);
    if (stay.phase.at === "member") {
      this.#handles.delete(stay.phase.handle);
    }
    const name = this.#names.get(stay.join.room);
    if (name?.current === stay) {
      name.current = undefined;
      name.last = stay.ledger.last;
    } else if (name) {
      name.queued = undefined;
    }
    return name;
  }
}

function beginQueued(name: Name, open: boolean, now: number): void {
  const { queued } = name;
  if (name.current || !queued) {
    return;
  }
  name.current = queued;
  name.queued = undefined;
  queued.begin(name.last);
  if (open) {
    queued.resume(now);
  }
}

function checkSize(payload: Uint8Array, limits: Limits): void {
  const complaint = excess(limits, "message", payload.length);
  if (complaint) {
    throw new CommandError("too_large", complaint);
  }
}
