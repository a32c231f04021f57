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
const WORKER =
  "let t={};onmessage=({data:[i,d]})=>{clearTimeout(t[i]);" +
  "t[i]=setTimeout(()=>{delete t[i];postMessage(i)},d)}";

/** One worker rings for all alarms of a page that are set while nobody looks. */
let worker: Worker | undefined;
let url: string | undefined;
/** By the alarms' numbers. */
const awaited = new Map<number, () => void>();
let alarms = 0;

export function createAlarm(ring: () => void): Alarm {
  const number = (alarms += 1);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = () => {
    clearTimeout(timer);
    awaited.delete(number);
  };
  const due = () => {
    cancel();
    ring();
  };
  return {
    set(delay) {
      cancel();
      if (delay !== undefined) {
        const bounded = Math.min(delay, DELAY_MAX);
        timer = setTimeout(due, bounded);
        if (globalThis.document?.hidden) {
          awaited.set(number, due);
          worker ??= createWorker();
          worker?.postMessage([number, bounded]);
        }
      }
    },
    stop() {
      cancel();
      if (awaited.size === 0) {
        worker?.terminate();
        worker = undefined;
      }
    },
  };
}

/** None where the page's policy forbids it: then the timer has to do. */
function createWorker(): Worker | undefined {
  try {
    url ??= URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.onmessage = ({ data }) => awaited.get(data)?.();
    return worker;
  } catch {
    return undefined;
  }
}
