// One's own walk: it begins at once, and the room's word on it is blended in when it comes.

import type { Motion } from "./motion.js";
import type { Point } from "./generated/types.js";

interface Sent {
  readonly to: Point;
  readonly at: number;
}

export class OwnWalk {
  /** What the room has not answered yet, oldest first. */
  #sent: Sent[] = [];

  /** Points that the wire's numbers hold exactly, so that answers are recognised. */
  static round({ x, y }: Point): Point {
    return { x: Math.round(x * 8) / 8, y: Math.round(y * 8) / 8 };
  }

  sets(motion: Motion, to: Point, now: number): void {
    this.#sent.push({ to, at: now });
    motion.walk(to, now);
  }

  /**
   * The room's word. Whoever has asked for something else since is not led back; otherwise the walk
   * counts from when it was asked for, as it was shown.
   */
  answered(motion: Motion, from: Point, to: Point, now: number): void {
    const index = this.#sent.findIndex((sent) => sent.to.x === to.x && sent.to.y === to.y);
    const answered = this.#sent[index];
    this.#sent.splice(0, index + 1);
    if (this.#sent.length === 0) {
      motion.correct(from, to, answered?.at ?? now, now);
    }
  }

  /** The room would not have it. */
  refused(to: Point): void {
    this.#sent = this.#sent.filter((sent) => sent.to !== to);
  }

  forget(): void {
    this.#sent = [];
  }
}
