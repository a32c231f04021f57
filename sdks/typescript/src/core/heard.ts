// What a room says to its member.

import type {
  Attached,
  Joined,
  JoinRefused,
  Left,
  Reply,
  Resync,
} from "../generated/wayfare_pb.js";
import { LeaveReason as WireReason } from "../generated/wayfare_pb.js";
import { ErrorCode } from "./error-code.js";
import { CommandError, JoinError, left, unknown } from "./errors.js";
import type { Heard } from "./frame.js";
import type { LeaveReason } from "./leave-reason.js";
import { leaveReasonOf } from "./leave-reason.js";
import { rejoin, rejoinRefused } from "./rejoin.js";
import { ServerError } from "./server-error.js";
import type { Fate, Member, Stay } from "./stay.js";

const NOTHING = new Uint8Array();

export function handleJoined(stay: Stay, joined: Joined, now: number): void {
  const { handle, membership, epoch, position, applied, view } = joined;
  const { phase } = stay;
  stay.ledger.goOn(applied);
  const rejoins = phase.at === "rejoining" ? phase.joins : 0;
  const member: Member = {
    at: "member",
    handle,
    membership,
    epoch,
    position,
    attached: true,
    since: now,
    rejoins,
  };
  stay.phase = member;
  if (phase.at === "rejoining") {
    const { lostReplies } = phase;
    const fellBack = true;
    stay.tell({ type: "resync", view, position, stands: 0n, lostReplies, fellBack });
    stay.sendRequests(now);
  } else if (stay.leaving) {
    stay.request({}, now);
  } else {
    stay.tell({ type: "joined", view, position });
  }
}

export function handleJoinRefused(stay: Stay, refused: JoinRefused, now: number): Fate {
  const error = ServerError.of(refused.error);
  if (stay.phase.at === "rejoining") {
    return rejoinRefused(stay, stay.phase, error, now);
  }
  stay.joinRefused(new JoinError("refused", error.toString(), error));
  return "over";
}

/** A frame about a room, to whom it has a handle for. */
export function handleRoomFrame(stay: Stay, body: Heard, now: number): Fate {
  const { phase } = stay;
  if (phase.at !== "member") {
    return "stays";
  }
  switch (body.case) {
    case "event": {
      const { sequence, payload } = body.value;
      if (advance(phase, sequence)) {
        stay.tell({ type: body.case, position: sequence, payload });
      }
      break;
    }
    case "unreliable":
      stay.tell({ type: body.case, payload: body.value.payload });
      break;
    case "reply":
      handleReply(stay, phase, body.value, now);
      break;
    case "applied":
      return handleApplied(stay, phase, body.value.applied, now);
    case "position":
      advance(phase, body.value.sequence);
      break;
    case "attached":
      handleAttached(stay, phase, body.value, now);
      break;
    case "resync":
      return handleResync(stay, phase, body.value, now);
    case "left":
      return handleLeft(stay, phase, body.value, now);
  }
  return "stays";
}

function handleReply(stay: Stay, member: Member, reply: Reply, now: number): void {
  const { sequence, command, result } = reply;
  if (!advance(member, sequence)) {
    return;
  }
  const id = stay.ledger.replied(command);
  stay.sendRequests(now);
  if (id !== undefined) {
    stay.resolve(
      { id },
      result.case === "error" ? refused(ServerError.of(result.value)) : (result.value ?? NOTHING),
    );
  }
}

/** What is applied and had no reply of its own was answered with nothing. */
function handleApplied(stay: Stay, member: Member, applied: bigint, now: number): Fate {
  if (!member.attached) {
    return "stays";
  }
  for (let request; (request = stay.ledger.applied(applied)); ) {
    if (!stay.resolve(request, NOTHING)) {
      return stay.left("requested");
    }
  }
  stay.sendRequests(now);
  return "stays";
}

function handleAttached(stay: Stay, member: Member, attached: Attached, now: number): void {
  if (!takeOwner(stay, member, attached)) {
    return;
  }
  if (stay.ledger.adopt(attached.applied)) {
    stay.tell({ type: "fell_back" });
  }
  stay.sendRequests(now);
}

function handleResync(stay: Stay, member: Member, resync: Resync, now: number): Fate {
  if (!takeOwner(stay, member, resync)) {
    return "stays";
  }
  const { position, applied, stands, view } = resync;
  const eventsUndone = stands < member.position;
  member.position = position;
  const commandsUndone = stay.ledger.adopt(applied);
  const { lostReplies, hasLeft } = loseReplies(stay, applied);
  if (hasLeft) {
    return stay.left("requested");
  }
  const fellBack = commandsUndone || eventsUndone;
  stay.tell({ type: "resync", view, position, stands, lostReplies, fellBack });
  stay.sendRequests(now);
  return "stays";
}

function handleLeft(stay: Stay, member: Member, heard: Left, now: number): Fate {
  if (member.membership !== heard.membership) {
    return "stays";
  }
  const lost = heard.reason === WireReason.LEAVE_ROOM_LOST;
  const stated = leaveReasonOf(heard.reason);
  // A leave went through, and only the word of it was lost; or whoever wanted to leave does not want
  // the room anew.
  const asked = stay.leaving && (lost || stated === "not_a_member");
  const reason: LeaveReason = asked ? "requested" : stated;
  const { lostReplies } = loseReplies(stay, heard.applied);
  // Who is no member any more is not known to the room, nor what it did.
  const unanswered = stated === "room_gone" ? roomLost() : left(reason);
  stay.resolveRest(stated === "not_a_member" ? unknown() : unanswered);
  if (lost && !stay.leaving) {
    return rejoin(stay, member, lostReplies, now);
  }
  return stay.left(reason, heard.message);
}

/** Whether it is one: a lower epoch is void, of an owner that does not know yet that it is none. */
function takeOwner(stay: Stay, member: Member, { epoch, failed }: Attached | Resync): boolean {
  if (epoch < member.epoch) {
    return false;
  }
  // The command that the room failed on under an earlier epoch is answered by that, and is not sent
  // again.
  const id = epoch > member.epoch ? stay.ledger.replied(failed) : undefined;
  member.epoch = epoch;
  member.attached = true;
  if (id !== undefined) {
    const error = new ServerError(ErrorCode.HandlerFailed, "the room failed on this request");
    stay.resolve({ id }, refused(error));
  }
  return true;
}

/** Everything up to `applied` is, but nobody will say with which reply. */
function loseReplies(stay: Stay, applied: bigint) {
  let lostReplies = 0;
  let hasLeft = false;
  for (let request; (request = stay.ledger.applied(applied)); ) {
    if (stay.resolve(request, new CommandError("reply_lost", "applied, but the reply is lost"))) {
      lostReplies += 1;
    } else {
      hasLeft = true;
    }
  }
  return { lostReplies, hasLeft };
}

/** Whether something with this sequence is new; what was heard before is a duplicate. */
function advance(member: Member, sequence: bigint): boolean {
  const isNew = member.attached && sequence > member.position;
  if (isNew) {
    member.position = sequence;
  }
  return isNew;
}

function refused(error: ServerError): CommandError {
  return new CommandError("refused", error.toString(), error);
}

function roomLost(): CommandError {
  const message = "the room was lost with its server, and the command with it";
  return new CommandError("room_lost", message);
}
