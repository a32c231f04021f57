// Hands: pointers and keys become places to walk to.

import { clock } from "./clock.js";
import type { Point } from "./generated/types.js";
import { SIZE } from "./rules.js";

/** Walks told in a second, at most; a server takes many more. */
const WALKS_PER_SECOND_MAX = 7;
/** How far ahead a key that is held leads, in steps; and when that is told anew. */
const AHEAD = 170;
const AHEAD_MIN = 70;

const KEYS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  KeyW: [0, -1],
  KeyS: [0, 1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
};

export interface Hands {
  /** Where one is, while one can walk. */
  position(): { at: Point; to: Point } | undefined;
  /** The place under a point of the canvas. */
  pointed(event: PointerEvent): Point;
  walk(to: Point): void;
}

export class Steering {
  readonly #hands: Hands;
  readonly #held = new Set<string>();
  #told = -Infinity;
  /** What is to be told once it may be. */
  #next: ((at: Point) => Point) | undefined;
  #timer = 0;
  /** The way that is held. */
  #way: readonly [number, number] = [0, 0];
  #pointer: number | undefined;

  constructor(canvas: HTMLCanvasElement, hands: Hands) {
    this.#hands = hands;
    canvas.addEventListener("pointerdown", (event) => this.#press(canvas, event));
    canvas.addEventListener("pointermove", (event) => this.#drag(event));
    for (const type of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(type, () => (this.#pointer = undefined));
    }
    addEventListener("keydown", (event) => this.#keyDown(event));
    addEventListener("keyup", (event) => this.#release(event.code));
    addEventListener("blur", () => this.#releaseAll());
    addEventListener("focusin", () => isTyping(document.activeElement) && this.#releaseAll());
  }

  /** Every frame: who holds a key is led on. */
  lead(): void {
    const position = this.#hands.position();
    const [x, y] = this.#way;
    if (!position || (x === 0 && y === 0)) {
      return;
    }
    const { at, to } = position;
    if (Math.hypot(to.x - at.x, to.y - at.y) < AHEAD_MIN) {
      const next = ahead(at, x, y);
      if (Math.hypot(next.x - to.x, next.y - to.y) > 1) {
        this.#tell(() => next);
      }
    }
  }

  #press(canvas: HTMLCanvasElement, event: PointerEvent): void {
    if (event.button !== 0) {
      return;
    }
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#follow(event);
  }

  #drag(event: PointerEvent): void {
    if (event.pointerId === this.#pointer) {
      this.#follow(event);
    }
  }

  #follow(event: PointerEvent): void {
    const to = this.#hands.pointed(event);
    this.#tell(() => to);
  }

  #keyDown(event: KeyboardEvent): void {
    const isChord = event.ctrlKey || event.metaKey || event.altKey;
    if (!(event.code in KEYS) || isChord || isTyping(event.target)) {
      return;
    }
    event.preventDefault();
    if (!event.repeat) {
      this.#held.add(event.code);
      this.#turn();
    }
  }

  #release(code: string): void {
    if (this.#held.delete(code)) {
      this.#turn();
    }
  }

  #releaseAll(): void {
    if (this.#held.size > 0) {
      this.#held.clear();
      this.#turn();
    }
  }

  /** Another set of keys is held. */
  #turn(): void {
    const keys = [...this.#held].flatMap((code) => [KEYS[code] ?? [0, 0]]);
    const x = Math.sign(keys.reduce((sum, [x = 0]) => sum + x, 0));
    const y = Math.sign(keys.reduce((sum, [, y = 0]) => sum + y, 0));
    this.#way = [x, y];
    // Who lets go stops where they are by then.
    this.#tell((at) => (x === 0 && y === 0 ? at : ahead(at, x, y)));
  }

  /** Not too often; the last word counts. */
  #tell(next: (at: Point) => Point): void {
    const position = this.#hands.position();
    if (!position) {
      return;
    }
    this.#next = next;
    const wait = this.#told + 1 / WALKS_PER_SECOND_MAX - clock();
    clearTimeout(this.#timer);
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#next && this.#tell(this.#next), wait * 1000);
      return;
    }
    this.#next = undefined;
    this.#told = clock();
    const to = next(position.at);
    this.#hands.walk({ x: within(to.x), y: within(to.y) });
  }
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

function ahead(at: Point, x: number, y: number): Point {
  const length = Math.hypot(x, y);
  return { x: within(at.x + (x / length) * AHEAD), y: within(at.y + (y / length) * AHEAD) };
}

function within(value: number): number {
  return Math.min(SIZE, Math.max(0, value));
}
