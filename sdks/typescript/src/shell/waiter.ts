// A promise that somebody may give up waiting for.

import type { Environment } from "./environment.js";

/** How long to wait. */
export interface WaitOptions {
  /** Aborted, the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds; without one there is no end but the answer. */
  readonly timeout?: number | undefined;
}

/** A promise, and what settles it: an error rejects. What it resolves to, whoever waits knows. */
export interface Waiter {
  readonly promise: Promise<unknown>;
  readonly settle: (result: unknown) => void;
}

/** `timedOut` makes the error; `abandoned` is called if nobody waits any more. */
export function waiter(
  environment: Environment,
  { signal, timeout }: WaitOptions,
  timedOut: (message: string) => Error,
  abandoned: () => void,
): Waiter {
  let settle!: (result: unknown) => void;
  const promise = new Promise((resolve, reject) => {
    const end = (how: (result: unknown) => void, result: unknown) => {
      signal?.removeEventListener("abort", abort);
      cancel?.();
      how(result);
    };
    const abandon = (reason: unknown) => {
      end(reject, reason);
      abandoned();
    };
    const abort = () => abandon(signal?.reason);
    signal?.addEventListener("abort", abort);
    const late = () => abandon(timedOut(`no answer in ${timeout} ms`));
    const cancel = timeout === undefined ? undefined : environment.after(timeout, late);
    settle = (result) => end(result instanceof Error ? reject : resolve, result);
  });
  return { promise, settle };
}
