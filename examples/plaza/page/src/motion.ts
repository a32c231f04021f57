// Where a walker is on the screen at any moment, from the few words the room says about it.

import type { Point } from "./generated/types.js";
import { SPEED } from "./rules.js";

/** Seconds in which two thirds of a small correction are made; larger ones take longer. */
const BLEND = 0.12;
const BLEND_PER_STEP = 0.0012;
const BLEND_MAX = 0.5;

/** A straight walk at the speed everybody has, and what is shown of it without jumps. */
export class Motion {
  #from: Point;
  #to: Point;
  /** In seconds, as all times here. */
  #since: number;
  /** How far beside the path the walker was shown at a correction; it fades. */
  #beside: Point = { x: 0, y: 0 };
  #besideSince = 0;
  #blend = BLEND;

  constructor(at: Point, to: Point, now: number) {
    this.#from = at;
    this.#to = to;
    this.#since = now;
  }

  get to(): Point {
    return this.#to;
  }

  /** As it is shown. */
  at(now: number): Point {
    const path = this.#path(now);
    const beside = Math.exp((this.#besideSince - now) / this.#blend);
    return { x: path.x + this.#beside.x * beside, y: path.y + this.#beside.y * beside };
  }

  /** Whether the way is not over. */
  isWalking(now: number): boolean {
    return this.#gone(now) < 1;
  }

  /** Where the walker looks: along the way. */
  get heading(): Point {
    return { x: this.#to.x - this.#from.x, y: this.#to.y - this.#from.y };
  }

  /** The truth is this walk, begun then; what is shown glides over to it. */
  correct(from: Point, to: Point, since: number, now: number): void {
    const shown = this.at(now);
    this.#from = from;
    this.#to = to;
    this.#since = since;
    const path = this.#path(now);
    this.#beside = { x: shown.x - path.x, y: shown.y - path.y };
    this.#besideSince = now;
    const distance = Math.hypot(this.#beside.x, this.#beside.y);
    this.#blend = Math.min(BLEND + distance * BLEND_PER_STEP, BLEND_MAX);
  }

  /** Sets out from where the walk is now. */
  walk(to: Point, now: number): void {
    this.correct(this.#path(now), to, now, now);
  }

  /** Where the walk is, beside nothing. */
  #path(now: number): Point {
    const gone = this.#gone(now);
    return {
      x: this.#from.x + (this.#to.x - this.#from.x) * gone,
      y: this.#from.y + (this.#to.y - this.#from.y) * gone,
    };
  }

  /** The part of the way that is gone. */
  #gone(now: number): number {
    const way = Math.hypot(this.#to.x - this.#from.x, this.#to.y - this.#from.y);
    const gone = Math.max(0, now - this.#since) * SPEED;
    return gone >= way ? 1 : gone / way;
  }
}
