// An alarm that rings in a hidden page too, where a browser lets timers ring once a minute only.

/** A bell at the end of a delay; a new delay replaces the former. */
export interface Alarm {
  /** In milliseconds; `undefined` is never. */
  set(delay: number | undefined): void;
  /** For good. */
  readonly stop: () => void;
}

/** The longest that a timer takes: 31 bits. */
const DELAY_MAX = 2 ** 31 - 1;

/** The timers of a worker are not throttled, whether anybody looks at the page or not. */
const WORKER = "let t;onmessage=e=>{clearTimeout(t);t=setTimeout(()=>postMessage(0),e.data)}";

export function createAlarm(ring: () => void): Alarm {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let worker: Worker | undefined;
  return {
    set(delay) {
      clearTimeout(timer);
      if (delay !== undefined) {
        const bounded = Math.min(delay, DELAY_MAX);
        timer = setTimeout(ring, bounded);
        if (globalThis.document?.hidden) {
          worker ??= createWorker(ring);
          worker?.postMessage(bounded);
        }
      }
    },
    stop() {
      clearTimeout(timer);
      worker?.terminate();
    },
  };
}

/** None where the page's policy forbids it: then the timer has to do. */
function createWorker(ring: () => void): Worker | undefined {
  try {
    const url = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.onmessage = ring;
    return worker;
  } catch {
    return undefined;
  }
}
