// A visit: the client, the stay in one room or the other, and what one does there.

import { type Client, CommandError, type Room, connect } from "@wayfare/client";
import { clock } from "./clock.js";
import { OwnWalk } from "./own-walk.js";
import { PLACES, type Place, type PlaceName } from "./places.js";
import type { Color, Command, PlazaTypes, Point } from "./generated/types.js";
import { endOf, leftFor, refusalOf, words } from "./words.js";
import { World } from "./world.js";

/** Milliseconds. */
const CONNECT_TIME_MAX = 12_000;
const JOIN_TIME_MAX = 12_000;
/** As long as the veil takes to fall. */
const VEIL_TIME = 260;

/** Who comes in, and how they look. */
export interface Visitor {
  readonly name: string;
  readonly token: string;
  readonly color: Color;
}

/** What a page leaves to the next one in its tab. */
export interface Kept {
  readonly ticket: string;
  readonly visitor: Visitor;
}

export type Phase =
  | { readonly state: "form" }
  | { readonly state: "joining" }
  | { readonly state: "connected" }
  /** When the next attempt begins, by the page's clock. */
  | { readonly state: "reconnecting"; readonly retryAt: number; readonly why: string }
  | { readonly state: "ended"; readonly why: string };

export interface Told {
  /** The phase, the place or the world is another. */
  changed(): void;
  /** Something to tell whoever plays. */
  toast(text: string): void;
}

export class Visit {
  phase: Phase = { state: "form" };
  /** On the way from one place to the other. */
  travelling = false;
  world: World | undefined;
  /** Milliseconds from a command to its answer, lately. */
  roundTrip: number | undefined;
  #place: Place;
  #client: Client | undefined;
  #room: Room<PlazaTypes> | undefined;
  #visitor: Visitor = { name: "", token: "", color: "grey" };
  /** A walk begun without a connection. */
  #wish: Point | undefined;
  #joining = false;
  /** The round trip is that of commands; a join takes longer. */
  #isMeasured = false;
  /** The former room is left in peace before it is joined again. */
  #leaving: Promise<void> = Promise.resolve();

  constructor(
    readonly server: string | URL,
    place: PlaceName,
    readonly told: Told,
  ) {
    this.#place = PLACES[place];
  }

  get place(): Place {
    return this.#place;
  }

  /** Comes in. Rejects, with the reason, if that is not to be. */
  async enter(visitor: Visitor): Promise<void> {
    this.#visitor = visitor;
    this.#become({ state: "joining" });
    try {
      await this.#connect();
      await this.#join(this.#place);
    } catch (error) {
      this.#drop();
      this.#become({ state: "form" });
      throw error;
    }
  }

  /** Comes in again as the same, after an end. */
  async again(): Promise<void> {
    this.#become({ state: "joining" });
    try {
      if (this.#client === undefined || this.#client.state.status === "ended") {
        await this.#connect();
      }
      await this.#join(this.#place);
    } catch (error) {
      this.#become({ state: "ended", why: refusalOf(error) });
    }
  }

  /** Back before the door, as somebody else perhaps. */
  out(): void {
    this.#drop();
    this.#become({ state: "form" });
  }

  /** What the next page needs to go on with this stay, if there is one. */
  get kept(): Kept | undefined {
    const ticket = this.#room && this.#client?.ticket;
    return ticket === undefined ? undefined : { ticket, visitor: this.#visitor };
  }

  /** Goes on with the stay that a former page kept; before the door again if it is over. */
  async back({ ticket, visitor }: Kept): Promise<void> {
    this.#visitor = visitor;
    this.#become({ state: "joining" });
    try {
      const client = await this.#connect(ticket);
      if (client.state.status === "connected" && client.state.resumed) {
        return await this.#join(this.#place);
      }
    } catch {
      // The door says it again to whoever tries.
    }
    this.out();
  }

  /** Walks over to the other place; without a stay, only looks at it. */
  async travel(name: PlaceName): Promise<void> {
    const place = PLACES[name];
    if (this.travelling || place === this.#place) {
      return;
    }
    const former = this.#room;
    if (!former) {
      this.#place = place;
      this.told.changed();
      return;
    }
    this.travelling = true;
    this.told.changed();
    try {
      await this.#leaving;
      await this.#join(place, VEIL_TIME);
      this.#leaving = former.leave();
    } catch (error) {
      this.told.toast(`${place.title} cannot be reached. ${refusalOf(error)}`);
    }
    this.travelling = false;
    this.told.changed();
    this.#comeBack();
  }

  walk(wish: Point): void {
    const to = OwnWalk.round(wish);
    this.world?.walk(to, clock());
    if (this.phase.state === "connected") {
      void this.#command({ walk: to }).then((done) => done || this.world?.walkRefused(to));
    } else {
      this.#wish = to;
    }
  }

  /** Whether it was said. */
  say(text: string): Promise<boolean> {
    return this.#command({ say: text });
  }

  wave(): void {
    if (this.phase.state === "connected" && this.world) {
      this.world.waved(this.world.me, clock());
      void this.#command("wave");
    }
  }

  async #connect(resume?: string): Promise<Client> {
    this.#drop();
    const { name, token } = this.#visitor;
    const credential = token === "" ? { guest: name } : { token };
    const options = { ...credential, resume, sdk: "plaza-page", timeout: CONNECT_TIME_MAX };
    const client = await connect(this.server, options);
    this.#client = client;
    client.on("state", () => this.#heard(client));
    return client;
  }

  /** The client's state is another. */
  #heard(client: Client): void {
    const { state } = client;
    const isOver = this.phase.state === "form" || this.phase.state === "ended";
    if (client !== this.#client || isOver) {
      return;
    }
    switch (state.status) {
      case "interrupted": {
        const retryAt = clock() + state.retryIn / 1000;
        this.#become({ state: "reconnecting", retryAt, why: state.cause.message });
        break;
      }
      case "ended":
        this.#end(endOf(state.end));
        break;
      case "connected":
        this.#become({ state: this.#room ? "connected" : "joining" });
        this.#fulfil();
        this.#comeBack();
    }
  }

  /** A session that was lost took its stays with it: the new one is to have its own. */
  #comeBack(): void {
    const isConnected = this.#client?.state.status === "connected";
    const isOver = this.phase.state === "form" || this.phase.state === "ended";
    if (isConnected && !isOver && !this.#room && !this.#joining && !this.travelling) {
      void this.again();
    }
  }

  async #join(place: Place, veil = 0): Promise<void> {
    const client = this.#client;
    if (!client) {
      return;
    }
    this.#joining = true;
    try {
      const asked = performance.now();
      const payload = { color: this.#visitor.color };
      const options = { payload, timeout: JOIN_TIME_MAX };
      const room = await client.join<PlazaTypes>(place.room, options);
      const took = performance.now() - asked;
      this.roundTrip ??= took;
      // The room waits for the veil to fall, and its events for whoever listens.
      await pause(Math.max(0, veil - took));
      this.#arrive(client, place, room);
    } finally {
      this.#joining = false;
    }
  }

  #arrive(client: Client, place: Place, room: Room<PlazaTypes>): void {
    const me = client.state.status === "connected" ? client.state.player : (this.world?.me ?? "");
    const world = new World(me, room.view, clock());
    this.#place = place;
    this.#room = room;
    this.world = world;
    this.#wish = undefined;
    room.onEvent("joined", ({ who, walker }) => world.joined(who, walker, clock()));
    room.onEvent("left", ({ who }) => world.left(who));
    room.onEvent("said", (line) => world.said(line, clock()));
    room.onEvent("walks", ({ who, from, to }) => world.walks(who, from, to, clock()));
    room.onEvent("waved", ({ who }) => world.waved(who, clock()));
    room.onEvent("away", ({ who, away }) => world.away(who, away));
    room.on("resync", ({ view, fellBack }) => {
      world.replace(view, clock());
      if (fellBack && room === this.#room) {
        this.told.toast(`${place.title} was lost with its server, and is had anew.`);
      }
    });
    room.on("left", ({ reason, message }) => {
      if (room !== this.#room) {
        return;
      }
      this.#room = undefined;
      // A session that ended has a successor, or an end that is told of the client.
      if (reason !== "ended") {
        this.#end(leftFor(reason, message));
      }
    });
    if (client.state.status === "connected") {
      this.#become({ state: "connected" });
    }
  }

  /** What was wished without a connection. */
  #fulfil(): void {
    if (this.#wish && this.#room) {
      void this.#command({ walk: this.#wish });
      this.#wish = undefined;
    }
  }

  /** Whether the room did as it was told; if not, whoever plays has been told why. */
  async #command(command: Command): Promise<boolean> {
    const room = this.#room;
    if (!room) {
      return false;
    }
    const asked = performance.now();
    const wasConnected = this.phase.state === "connected";
    try {
      await room.send(command);
      if (wasConnected && this.phase.state === "connected") {
        this.#took(performance.now() - asked);
      }
      return true;
    } catch (error) {
      // What went with a room, or a stay in it, was told as its end.
      const isOver = error instanceof CommandError && ["left", "room_lost"].includes(error.kind);
      if (!isOver && room === this.#room) {
        this.told.toast(words(error));
      }
      return false;
    }
  }

  /** A command took so long. */
  #took(milliseconds: number): void {
    const before = this.#isMeasured ? (this.roundTrip ?? milliseconds) : milliseconds;
    this.roundTrip = before * 0.6 + milliseconds * 0.4;
    this.#isMeasured = true;
  }

  #end(why: string): void {
    this.#room = undefined;
    this.#become({ state: "ended", why });
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#room = undefined;
    this.world = undefined;
    this.roundTrip = undefined;
    this.#isMeasured = false;
    void client?.close();
  }

  #become(phase: Phase): void {
    this.phase = phase;
    this.told.changed();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
