// The client: one session over many connections.

import type { Pong, Welcome } from "../generated/wayfare_pb.js";
import type { Random } from "./backoff.js";
import { Backoff } from "./backoff.js";
import { isOfConduct, reconnectOf } from "./error-code.js";
import { JoinError, ListError } from "./errors.js";
import type { Said } from "./frame.js";
import { decode } from "./frame.js";
import { VERSION_MAX, VERSION_MIN } from "./limits.js";
import type { Link, Timeout } from "./link.js";
import { Pulse } from "./link.js";
import { Lists } from "./lists.js";
import { isPlayerName } from "./names.js";
import { Outbox } from "./outbox.js";
import type { CommandId, End, Interruption, ListId, Output, RoomKey } from "./output.js";
import { Rooms } from "./rooms.js";
import { Route } from "./route.js";
import { ServerClock } from "./server-clock.js";
import { ServerError } from "./server-error.js";
import type { Limits, Session } from "./session.js";
import { limitsOf, sessionId } from "./session.js";
import type { Join, Settings } from "./settings.js";

const HAS_ENDED = "the client has ended";

/**
 * The client half of the protocol as one state machine: it owns no socket, reads no clock and draws no
 * randomness of its own.
 *
 * Whoever drives it hands in what happens, each time with the present in milliseconds, and after each
 * call takes `pollOutput` until it is empty, then sleeps until `pollTimeout` at most. One connection is
 * open or being opened at a time. From a new client the first output is the order to connect.
 *
 * What `random` draws decides the jitter of its delays and nothing else.
 */
export class ClientCore {
  readonly #settings: Settings;
  readonly #out = new Outbox();
  readonly #lists = new Lists();
  readonly #route: Route;
  readonly #rooms: Rooms;
  readonly #serverClock = new ServerClock();
  #limits: Limits = limitsOf();
  #link: Link = { at: "ended" };
  #session: Session | undefined;
  #roundTrip: number | undefined;
  /** Since when there is no open connection. */
  #outSince: number;
  /** There is no network, says the device. */
  #offline = false;

  constructor(settings: Settings, random: Random, now: number) {
    this.#settings = settings;
    const backoff = new Backoff(settings, random);
    this.#route = new Route(settings.endpoints, backoff);
    this.#rooms = new Rooms({ out: this.#out, settings, backoff });
    this.#outSince = now;
    this.#session = settings.resume && { id: undefined, ticket: settings.resume };
    this.#connect(now);
  }

  /** What to do next, in order. */
  pollOutput(): Output | undefined {
    return this.#out.poll();
  }

  /** When to call `handleTimeout` at the latest, and what for. */
  pollTimeout(): Timeout | undefined {
    const link = this.#link;
    if (link.at === "ended") {
      return undefined;
    }
    let first: Timeout = { at: this.#giveUpAt(), reason: "give up" };
    for (const [at, reason] of this.#linkTimeouts(link)) {
      if (at < first.at) {
        first = { at, reason };
      }
    }
    return first.at < Infinity ? first : undefined;
  }

  /** The milliseconds between the last answered ping and its answer. */
  get roundTrip(): number | undefined {
    return this.#roundTrip;
  }

  /** The time of the server's clock: milliseconds since 1970; unknown before it has said so. */
  serverTime(now: number): number | undefined {
    return this.#serverClock.now(now);
  }

  /**
   * The ticket that the next connection presents to resume the session. Without one it begins a
   * session, with the credential.
   */
  get ticket(): Uint8Array | undefined {
    const { ticket } = this.#session ?? {};
    return ticket?.length ? ticket : undefined;
  }

  /** The connection that was asked for is there. */
  handleConnected(now: number): void {
    if (this.#link.at !== "connecting") {
      return;
    }
    this.#link = { at: "greeting", since: now, deadline: this.#link.deadline };
    const hello = {
      versionMin: VERSION_MIN,
      versionMax: VERSION_MAX,
      sdk: this.#settings.sdk,
      credential: this.#credential(),
    };
    this.#out.send({ case: "hello", value: hello }, now);
  }

  /** The connection is gone, or could not be made. */
  handleDisconnected(now: number): void {
    switch (this.#link.at) {
      case "connecting":
      case "greeting":
        return this.#interrupt(now, "unreachable", "the server cannot be reached");
      case "open":
        return this.#interrupt(now, "lost", "the connection was lost");
    }
  }

  /** One frame came. */
  handleFrame(bytes: Uint8Array, now: number): void {
    const link = this.#link;
    if (link.at === "open") {
      link.pulse.heard(now);
    } else if (link.at !== "greeting") {
      return;
    }
    const body = decode(bytes);
    if (!body) {
      return this.#breakOff("a frame that cannot be decoded", now);
    }
    if (body.case === "ended") {
      return this.#handleEnded(ServerError.of(body.value.error), now);
    }
    if (link.at === "greeting") {
      // Before the Welcome nothing else is said.
      return body.case === "welcome" ? this.#handleWelcome(body.value, link.since, now) : undefined;
    }
    switch (body.case) {
      case "pong":
        this.#handlePong(body.value, link.pulse, now);
        break;
      case "listing":
        this.#lists.handleListing(body.value, this.#out);
        break;
      default:
        if (!this.#rooms.handleFrame(body, now)) {
          this.#breakOff("a handle that is already in use", now);
        }
    }
  }

  /** Time has passed. */
  handleTimeout(now: number): void {
    if (now >= this.#giveUpAt()) {
      return this.#end("gave_up", `no connection for ${this.#settings.giveUpAfter / 1000}s`);
    }
    const link = this.#link;
    switch (link.at) {
      case "waiting":
        if (now >= link.until && !this.#offline) {
          this.#connect(now);
        }
        break;
      case "connecting":
      case "greeting":
        if (now >= link.deadline) {
          this.#drop(now, "handshake_timeout", "the handshake took too long");
        }
        break;
      case "open":
        this.#handlePulse(link.pulse, now);
    }
    if (this.#isOpen()) {
      this.#rooms.handleTimeout(now);
    }
  }

  /**
   * The device says that there is no network: nothing new is tried until `handleOnline`. A connection
   * that is open may live through it, and is kept.
   */
  handleOffline(): void {
    this.#offline = true;
  }

  /**
   * The network is back, or the application is looked at again: what waits is tried at once, unless the
   * server forbade it, and an open connection is to show that it lives.
   */
  handleOnline(now: number): void {
    this.#offline = false;
    const link = this.#link;
    if (link.at === "waiting") {
      link.until = link.notBefore;
      this.handleTimeout(now);
    } else if (link.at === "open") {
      this.#probe(link.pulse, now);
    }
  }

  /**
   * This much time has passed that the clock did not count: the device slept, or somebody set its clock.
   * What was to happen meanwhile is due.
   */
  handleGap(missing: number, now: number): void {
    this.#serverClock.miss(missing);
    const link = this.#link;
    switch (link.at) {
      case "waiting":
        link.until = link.notBefore -= missing;
        break;
      case "connecting":
      case "greeting":
        link.deadline -= missing;
        break;
      case "open":
        link.pulse.miss(missing);
        this.#out.lastSent -= missing;
        if (now < link.pulse.deadAt()) {
          this.#probe(link.pulse, now);
        }
    }
    this.handleTimeout(now);
  }

  /**
   * Asks to become a member of a room. Answered by `joined` or `join_refused`, or, if the stay is left
   * before that, by `left`. Without a connection it waits for one. A room that is being left may be
   * joined again at once: the join then follows the `left`.
   *
   * Throws a `JoinError` if it is not even tried.
   */
  join(join: Join, now: number): RoomKey {
    if (this.#link.at === "ended") {
      throw new JoinError("closed", HAS_ENDED);
    }
    return this.#rooms.join(join, this.#limits, this.#isOpen(), now);
  }

  /**
   * Gives the room a command: applied once, in order, and answered by one `reply`, through whatever
   * happens to connection, session or room. Throws a `CommandError` if it is not even taken.
   */
  command(room: RoomKey, payload: Uint8Array, now: number): CommandId {
    return this.#rooms.command(room, payload, this.#limits, now);
  }

  /**
   * Sends the room a message without any promise: dropped where there is no connection. Throws a
   * `CommandError` if it could not be sent on any.
   */
  sendUnreliable(room: RoomKey, payload: Uint8Array, now: number): void {
    this.#rooms.sendUnreliable(room, payload, this.#limits, now);
  }

  /**
   * Leaves the room, or gives up the join. Answered by `left`; until then events may come, but no
   * command is taken any more. Throws a `CommandError` if the stay is over or was left already.
   */
  leave(room: RoomKey, now: number): void {
    this.#rooms.leave(room, now);
  }

  /**
   * Asks for at most `limit` rooms of a kind that have all these properties; 0 means as many as the
   * server lists. Answered by `listing`. Throws a `ListError` if it is not even asked.
   */
  list(
    kind: string,
    properties: Readonly<Record<string, string>>,
    limit: number,
    now: number,
  ): ListId {
    if (this.#link.at === "ended") {
      throw new ListError("closed", HAS_ENDED);
    }
    const list = this.#lists.ask(kind, properties, limit, this.#limits);
    if (this.#isOpen()) {
      this.#out.send(list, now);
    }
    return list.value.request;
  }

  /**
   * Ends the session: every room is left. Without a connection the server is not told, and the session
   * runs out by itself.
   */
  bye(now: number): void {
    if (this.#isOpen()) {
      this.#out.send({ case: "bye", value: {} }, now);
    }
    this.#end("bye", "closed by the application");
  }

  #handlePong({ nonce, timeMs }: Pong, pulse: Pulse, now: number): void {
    const roundTrip = pulse.pong(nonce, now);
    if (roundTrip !== undefined) {
      this.#roundTrip = roundTrip;
      this.#serverClock.heard(timeMs, now - roundTrip, now);
    }
  }

  #handleWelcome(welcome: Welcome, sent: number, now: number): void {
    const { version, player, ticket, timeMs } = welcome;
    if (version < VERSION_MIN || version > VERSION_MAX) {
      return this.#breakOff("a version that was not offered", now);
    }
    const id = sessionId(welcome.session);
    if (id === undefined) {
      return this.#breakOff("an invalid session id", now);
    }
    if (!isPlayerName(player)) {
      return this.#breakOff("an invalid player id", now);
    }
    const known = this.#session?.id ?? id;
    const resumed = welcome.resumed && this.#session !== undefined && known === id;
    if (!resumed) {
      this.#loseSession();
    }
    this.#limits = limitsOf(welcome);
    this.#serverClock.heard(timeMs, sent, now);
    this.#link = { at: "open", pulse: new Pulse(this.#limits.heartbeat, now) };
    this.#outSince = Infinity;
    this.#session = { id, ticket };
    this.#out.send({ case: "acknowledge", value: {} }, now);
    this.#out.event({ type: "connected", session: id, player, resumed });
    this.#rooms.resume(now);
    this.#lists.askAgain(this.#out, now);
  }

  #handleEnded(server: ServerError, now: number): void {
    switch (reconnectOf(server.code)) {
      case "never":
        return this.#end("refused", server.toString(), server);
      case "afresh":
        this.#loseSession();
    }
    if (this.#isOpen() && !isOfConduct(server.code)) {
      this.#route.turn();
    }
    this.#drop(now, "ended", `the server ended the connection: ${server}`, server);
  }

  #handlePulse(pulse: Pulse, now: number): void {
    if (now >= pulse.deadAt()) {
      this.#drop(now, "silent", "the server stopped responding");
    } else if (now >= pulse.pingAt(this.#out.lastSent)) {
      this.#ping(pulse, now);
    }
  }

  #probe(pulse: Pulse, now: number): void {
    pulse.doubt(now);
    this.#ping(pulse, now);
  }

  #ping(pulse: Pulse, now: number): void {
    this.#out.send({ case: "ping", value: { nonce: pulse.ping(now) } }, now);
  }

  /** The server makes no sense: another connection may. */
  #breakOff(why: string, now: number): void {
    this.#drop(now, "violation", `the server broke the protocol: ${why}`);
  }

  #drop(now: number, kind: Interruption["kind"], message: string, server?: ServerError): void {
    this.#out.push({ type: "disconnect" });
    this.#interrupt(now, kind, message, server);
  }

  /** There is no connection any more: another is made after a while. */
  #interrupt(now: number, kind: Interruption["kind"], message: string, server?: ServerError): void {
    if (this.#link.at === "open") {
      this.#route.lost(now - this.#link.pulse.since);
    } else {
      this.#route.turn();
    }
    this.#rooms.detach();
    this.#outSince = Math.min(this.#outSince, now);
    const retryAfter = server?.retryAfter ?? 0;
    const retryIn = this.#route.delay(retryAfter);
    this.#link = { at: "waiting", until: now + retryIn, notBefore: now + retryAfter };
    this.#out.event({ type: "interrupted", retryIn, cause: { kind, message, server } });
  }

  #connect(now: number): void {
    this.#link = { at: "connecting", deadline: now + this.#settings.handshakeTimeMax };
    this.#out.push({ type: "connect", endpoint: this.#route.endpoint });
  }

  #credential(): NonNullable<Extract<Said, { case: "hello" }>["value"]["credential"]> {
    const { credential } = this.#settings;
    if (this.ticket) {
      return { case: "ticket", value: this.ticket };
    }
    return "token" in credential
      ? { case: "token", value: credential.token }
      : { case: "guest", value: { name: credential.guest } };
  }

  /** The session, if there was one, is no more; joins that waited for a first one go on waiting. */
  #loseSession(): void {
    const lost = this.#session;
    this.#session = undefined;
    if (lost?.id !== undefined) {
      this.#out.event({ type: "session_lost" });
      this.#rooms.lose();
    }
  }

  #end(kind: End["kind"], message: string, server?: ServerError): void {
    const { at } = this.#link;
    if (at === "ended") {
      return;
    }
    if (at !== "waiting") {
      this.#out.push({ type: "disconnect" });
    }
    this.#link = { at: "ended" };
    this.#session = undefined;
    this.#rooms.lose();
    this.#out.event({ type: "ended", end: { kind, message, server } });
  }

  #linkTimeouts(link: Exclude<Link, { at: "ended" }>): [at: number, reason: string][] {
    switch (link.at) {
      case "waiting":
        return [[this.#offline ? Infinity : link.until, "reconnect"]];
      case "open":
        return [
          [link.pulse.pingAt(this.#out.lastSent), "ping"],
          [this.#rooms.pollTimeout(), "rejoin"],
          [link.pulse.deadAt(), "silence"],
        ];
      default:
        return [[link.deadline, "handshake"]];
    }
  }

  #giveUpAt(): number {
    return this.#outSince + this.#settings.giveUpAfter;
  }

  #isOpen(): boolean {
    return this.#link.at === "open";
  }
}
