// An error as the server stated it.

import type { Error as WireError } from "../generated/wayfare_pb.js";
import { codeName, isRetryable } from "./error-code.js";

/** An error as the server stated it. */
export class ServerError {
  constructor(
    /** The number on the wire, an `ErrorCode`; it may be one that this build has no name for. */
    readonly code: number,
    /** Words for a person. */
    readonly message = "",
    /** The application's own number for a refusal; 0 if none. */
    readonly detail = 0,
    /** Not before this many milliseconds; 0 means at once, if at all. */
    readonly retryAfter = 0,
  ) {}

  static of(error: WireError | undefined): ServerError {
    return error
      ? new ServerError(error.code, error.message, error.detail, error.retryAfterMs)
      : new ServerError(0);
  }

  /** The code's name, if this build knows it. */
  get codeName(): string | undefined {
    return codeName(this.code);
  }

  /** Whether the same request may succeed later by itself. */
  get isRetryable(): boolean {
    return isRetryable(this.code);
  }

  toString(): string {
    const code = [this.codeName, this.code].filter((part) => part !== undefined).join(", ");
    return `${this.message && `${this.message} `}(${code})`;
  }
}
