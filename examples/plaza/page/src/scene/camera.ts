// From places on the ground to points on the screen, and back.

import type { Point } from "../generated/types.js";

/** The ground is seen from above at an angle: what lies one step further south is so much lower. */
export const TILT = 0.6;

/** What there is to see, in steps across and steps of the screen down: the place and its edges. */
export const BOUNDS = { left: -130, top: -225, right: 1130, bottom: 672 };

const WIDTH = BOUNDS.right - BOUNDS.left;
const HEIGHT = BOUNDS.bottom - BOUNDS.top;
/** Pixels of a step, where people can still be told apart. */
const SCALE_MIN = 0.8;
/** How much larger than fitting things may be, so that they fill the screen. */
const FILL_MAX = 1.12;
/** No panel hides more than this, in pixels. */
const COVERED_MAX = 460;
/** Seconds in which two thirds of the way to whom one follows are made. */
const FOLLOW = 0.35;

export class Camera {
  /** Pixels of the page for a step. */
  scale = 1;
  /** The step at the left and upper edge of the screen. */
  left = 0;
  top = 0;
  #width = 1;
  #height = 1;
  /** So much of the screen, at its lower edge, is hidden by something. */
  covered = 0;
  #settled = false;
  #seen = 0;

  /** The canvas has another size. */
  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    const fitting = Math.min(this.#width / WIDTH, this.#height / HEIGHT);
    const filling = Math.max(this.#width / WIDTH, this.#height / HEIGHT);
    this.scale = Math.max(SCALE_MIN, Math.min(filling, fitting * FILL_MAX));
    this.#settled = false;
  }

  /** What the ground has to reach: everything there is to see, or the screen where that is larger. */
  get reach(): { left: number; top: number; width: number; height: number } {
    const width = Math.max(WIDTH, this.#width / this.scale);
    // Below the edge, more comes to light where the lower part of the screen is hidden.
    const height = Math.max(HEIGHT, this.#height / this.scale) + COVERED_MAX / this.scale;
    const left = BOUNDS.left - (width - WIDTH) / 2;
    const top = BOUNDS.top - Math.max(0, this.#height / this.scale - HEIGHT) / 2;
    return { left, top, width, height };
  }

  /** Another place: there is no way to glide from the former. */
  cut(): void {
    this.#settled = false;
  }

  /** Keeps this in sight, as far as there is something to see around it. */
  follow({ x, y }: Point, now: number): void {
    const width = this.#width / this.scale;
    const height = (this.#height - this.covered) / this.scale;
    const left = within(x - width / 2, BOUNDS.left, BOUNDS.right - width);
    const top = within(y * TILT - 25 - height / 2, BOUNDS.top, BOUNDS.bottom - height);
    const part = this.#settled ? 1 - Math.exp((this.#seen - now) / FOLLOW) : 1;
    this.left += (left - this.left) * part;
    this.top += (top - this.top) * part;
    this.#seen = now;
    this.#settled = true;
  }

  /** The place on the ground under a point of the canvas, in pixels of the page. */
  ground(x: number, y: number): Point {
    return { x: this.left + x / this.scale, y: (this.top + y / this.scale) / TILT };
  }

  /** The point of the canvas over a place on the ground, at a height, in pixels of the page. */
  screen({ x, y }: Point, height = 0): Point {
    return { x: (x - this.left) * this.scale, y: (y * TILT - height - this.top) * this.scale };
  }
}

/** Between two bounds, or in the middle if they leave no room. */
function within(value: number, least: number, most: number): number {
  return most < least ? (least + most) / 2 : Math.min(most, Math.max(least, value));
}
