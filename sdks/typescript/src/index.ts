// The TypeScript client of Wayfare. Read `connect`, then `Client`, then `Room`.

export { ErrorCode } from "./core/error-code.js";
export {
  CommandError,
  ConnectError,
  JoinError,
  ListError,
  PayloadError,
  WayfareError,
} from "./core/errors.js";
export type { LeaveReason } from "./core/leave-reason.js";
export type { End, Interruption, ListedRoom, Listing } from "./core/output.js";
export { ServerError } from "./core/server-error.js";
export type { JoinMode } from "./core/settings.js";
export type { Client, JoinOptions, ListOptions, State } from "./shell/client.js";
export { type Codec, json, messagePack, raw } from "./shell/codec.js";
export { connect, type ConnectOptions } from "./shell/connect.js";
export type { WebSocketConstructor, WebSocketLike } from "./shell/environment.js";
export type { Room } from "./shell/room.js";
export type {
  FellBack,
  Left,
  Resync,
  RoomEvent,
  RoomMessage,
  Undecodable,
  Unread,
  UnreliableMessage,
} from "./shell/room-event.js";
export type { RoomTypes, TypeOf, VariantName, VariantValue } from "./shell/types.js";
export type { WaitOptions } from "./shell/waiter.js";
