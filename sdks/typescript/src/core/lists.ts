// Lists that wait for their answer. They belong to no session: a new connection asks again.

import type { Listing as WireListing } from "../generated/wayfare_pb.js";
import { ListError } from "./errors.js";
import { encode } from "./frame.js";
import { isRoomName } from "./names.js";
import type { Outbox } from "./outbox.js";
import type { ListedRoom, ListId } from "./output.js";
import { ServerError } from "./server-error.js";
import type { Limits } from "./session.js";
import { excess } from "./session.js";

/** More than an application shows at once. */
const LISTS_PENDING_MAX = 16;

interface List {
  readonly case: "list";
  readonly value: {
    readonly request: ListId;
    readonly kind: string;
    readonly properties: Record<string, string>;
    readonly limit: number;
  };
}

export class Lists {
  readonly #pending = new Map<ListId, List>();
  #last = 0;

  /** Throws a `ListError` if it is not even asked. */
  ask(
    kind: string,
    properties: Readonly<Record<string, string>>,
    limit: number,
    limits: Limits,
  ): List {
    const pending = this.#pending.size;
    if (pending >= LISTS_PENDING_MAX) {
      throw new ListError("too_many", `${pending} lists already wait for their answer`);
    }
    const request = (this.#last + 1) >>> 0;
    const list: List = {
      case: "list",
      value: { request, kind, properties: { ...properties }, limit },
    };
    const complaint = excess(limits, "list", encode(list).length, 0);
    if (complaint) {
      throw new ListError("too_large", complaint);
    }
    this.#last = request;
    this.#pending.set(request, list);
    return list;
  }

  askAgain(out: Outbox, now: number): void {
    for (const list of this.#pending.values()) {
      out.send(list, now);
    }
  }

  handleListing(listing: WireListing, out: Outbox): void {
    if (!this.#pending.delete(listing.request)) {
      return;
    }
    const { error, truncated } = listing;
    // A room whose name this build does not take could not be joined either.
    const rooms = listing.rooms.filter((listed) => isRoomName(listed.room)).map(listedRoom);
    const result = error ? ServerError.of(error) : { rooms, truncated };
    out.event({ type: "listing", list: listing.request, result });
  }
}

function listedRoom({ $typeName, ...listed }: WireListing["rooms"][0]): ListedRoom {
  return listed;
}
