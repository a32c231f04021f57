// From what a client puts out to the words of an exchange.

import { fromBinary } from "@bufbuild/protobuf";
import { CommandError } from "../src/core/errors.js";
import type { LeaveReason } from "../src/core/leave-reason.js";
import type { CommandId, CoreEvent, Output, RoomKey } from "../src/core/output.js";
import { ServerError } from "../src/core/server-error.js";
import type { ClientFrame } from "../src/generated/wayfare_pb.js";
import { ClientFrameSchema, JoinMode } from "../src/generated/wayfare_pb.js";

/** `r1`, `r2` are the joins in their order, `c1`, `c2` the commands. */
export class Names {
  readonly #rooms: RoomKey[] = [];
  readonly #commands: CommandId[] = [];

  room(key: RoomKey): string {
    return `r${placeIn(this.#rooms, key)}`;
  }

  roomKey(name: string): RoomKey {
    const key = this.#rooms[Number(name.slice(1)) - 1];
    if (key === undefined) {
      throw new Error(`${JSON.stringify(name)} is no stay`);
    }
    return key;
  }

  command(id: CommandId): string {
    return `c${placeIn(this.#commands, id)}`;
  }
}

/** In the words of an exchange. */
export const LEAVE_REASONS: Readonly<Record<LeaveReason, string>> = {
  unknown: "a reason this version does not know",
  requested: "the client left",
  kicked: "the room removed the member",
  closed: "the room closed",
  replaced: "another session of the player took over",
  expired: "the connection was gone for too long",
  ended: "the session ended",
  restarted: "the room restarted without this member",
  not_a_member: "the room does not know the member",
  room_gone: "the room was lost with its server",
};

export function outputText(output: Output, names: Names): string {
  switch (output.type) {
    case "connect":
      return `connect ${output.endpoint}`;
    case "disconnect":
      return "disconnect";
    case "send":
      return frameText(fromBinary(ClientFrameSchema, output.frame).body).trimEnd();
    case "event":
      return `* ${eventText(output.event, names)}`.trimEnd();
  }
}

function placeIn(list: number[], key: number): number {
  const index = list.indexOf(key);
  return index < 0 ? list.push(key) : index + 1;
}

function text(payload: Uint8Array): string {
  return payload.length < 40 ? new TextDecoder().decode(payload) : `${payload.length} bytes`;
}

function frameText(body: ClientFrame["body"]): string {
  const target = ({ handle, membership }: { handle: bigint; membership: number }) =>
    `${handle.toString(16)} m=${membership}`;
  switch (body.case) {
    case "hello": {
      const { versionMin, versionMax, sdk, credential } = body.value;
      return `hello ${versionMin}-${versionMax} ${sdk} ${credentialText(credential)}`;
    }
    case "join": {
      const { room, sequence, mode, open, payload } = body.value;
      const opened = open.length > 0 ? ` open=${text(open)}` : "";
      return `${JoinMode[mode]} ${room} #${sequence}${opened} ${text(payload)}`;
    }
    case "command":
      return `command ${target(body.value)} #${body.value.sequence} ${text(body.value.payload)}`;
    case "leave":
      return `leave ${target(body.value)} #${body.value.sequence}`;
    case "attach": {
      const { room, epoch, sequence } = body.value;
      return `attach ${room} ${target(body.value)} e=${epoch} @${sequence}`;
    }
    case "unreliable":
      return `unreliable ${target(body.value)} ${text(body.value.payload)}`;
    case "ping":
      return `ping ${body.value.nonce}`;
    case "list": {
      const { request, kind, properties } = body.value;
      const pairs = Object.entries(properties).map(([key, value]) => `"${key}": "${value}"`);
      return `list ${request} ${kind} {${pairs.join(", ")}}`;
    }
    default:
      return body.case ?? "nothing";
  }
}

function credentialText(credential: Extract<ClientFrame["body"], { case: "hello" }>["value"]["credential"]) {
  switch (credential.case) {
    case "token":
      return `token=${credential.value}`;
    case "ticket":
      return `ticket=${text(credential.value)}`;
    case "guest":
      return `guest ${credential.value.name}`;
    default:
      return "nobody";
  }
}

function eventText(event: CoreEvent, names: Names): string {
  switch (event.type) {
    case "connected":
      return `connected ${event.resumed ? "resumed" : "anew"} ${event.player}`;
    // The delay is drawn: its bounds are the route's own tests.
    case "interrupted":
      return `interrupted: ${event.cause.message}`;
    case "session_lost":
      return "session lost";
    case "ended":
      return `ended: ${event.end.message}`;
    case "listing": {
      const { list, result } = event;
      if (result instanceof ServerError) {
        return `ListId(${list})! ${result}`;
      }
      const rooms = result.rooms.map((listed) => listed.room).join(" ");
      return `ListId(${list}) ${rooms}${result.truncated ? " and more" : ""}`;
    }
    default:
      return roomEventText(event, names.room(event.room), names);
  }
}

function roomEventText(
  event: Extract<CoreEvent, { room: RoomKey }>,
  room: string,
  names: Names,
): string {
  switch (event.type) {
    case "joined":
      return `joined ${room} @${event.position} ${text(event.view)}`;
    case "join_refused":
      return `join refused ${room}: ${event.error.message}`;
    case "event":
      return `event ${room} @${event.position} ${text(event.payload)}`;
    case "unreliable":
      return `unreliable ${room} ${text(event.payload)}`;
    case "reply": {
      const [command, { result }] = [names.command(event.command), event];
      return result instanceof CommandError
        ? `reply ${room} ${command}! ${commandErrorText(result)}`
        : `reply ${room} ${command} ${text(result)}`;
    }
    case "resync": {
      const back = event.fellBack ? " fell back" : "";
      const view = text(event.view);
      return `resync ${room} @${event.position} lost=${event.lostReplies}${back} ${view}`;
    }
    case "fell_back":
      return `fell back ${room}`;
    case "left":
      return `left ${room}: ${LEAVE_REASONS[event.reason]} ${event.message}`;
  }
}

function commandErrorText({ message, leaveReason }: CommandError): string {
  return leaveReason ? message.replace(leaveReason, LEAVE_REASONS[leaveReason]) : message;
}
