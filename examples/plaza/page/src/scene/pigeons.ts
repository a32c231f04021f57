// Pigeons: they mind the people, on each screen for itself.

import type { Point } from "../generated/types.js";
import { chance } from "./chance.js";
import { type Brush, ellipse, shape } from "./paint.js";

/** Closer than this, people are too close; in steps. */
const SHY = 46;
const FLIGHT = 1.15;

interface Pigeon {
  at: Point;
  from: Point;
  /** When it flew up. */
  flew: number;
  /** What it looks like it wants, now and then. */
  readonly mood: number;
  side: number;
}

export class Pigeons {
  readonly #random = chance(5);
  readonly #flock: Pigeon[];

  constructor(count: number) {
    this.#flock = Array.from({ length: count }, () => {
      const at = this.#somewhere({ x: 500, y: 620 }, 300);
      return { at, from: at, flew: -Infinity, mood: this.#random() * 10, side: 1 };
    });
  }

  /** Whoever is too close makes them fly. */
  mind(people: Iterable<Point>, now: number): void {
    const near = [...people];
    for (const pigeon of this.#flock) {
      const { at } = pigeon;
      const isDown = now - pigeon.flew > FLIGHT;
      if (isDown && near.some(({ x, y }) => Math.abs(x - at.x) + Math.abs(y - at.y) < SHY)) {
        pigeon.from = at;
        pigeon.at = this.#somewhere(at, 190);
        pigeon.side = pigeon.at.x > at.x ? 1 : -1;
        pigeon.flew = now;
      }
    }
  }

  /** Each with where its shadow is, for whoever draws it in its turn. */
  *all(now: number): Generator<{ at: Point; draw: (brush: Brush) => void }> {
    for (const pigeon of this.#flock) {
      const part = Math.min(1, (now - pigeon.flew) / FLIGHT);
      const { at: to, from } = pigeon;
      const at = { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
      yield { at, draw: (brush) => draw(brush, pigeon, part, now) };
    }
  }

  #somewhere(near: Point, reach: number): Point {
    const some = (value: number) =>
      Math.min(960, Math.max(40, value + (this.#random() - 0.5) * 2 * reach));
    return { x: some(near.x), y: some(near.y) };
  }
}

function draw(brush: Brush, { mood, side }: Pigeon, part: number, now: number): void {
  const height = part < 1 ? Math.sin(part * Math.PI) * 62 : 0;
  const pecks = part === 1 && (now * 0.7 + mood) % 3 < 0.9 ? Math.abs(Math.sin(now * 9)) * 4 : 0;
  ellipse(brush, 0, 0, 5, 2, "#2a203038");
  brush.save();
  brush.translate(0, -height);
  brush.scale(side, 1);
  shape(brush, "#7b8392", [-4, -5], [-11, -4], [-5, -2]);
  ellipse(brush, 0, -4.5, 6, 3.6, "#9aa3b3");
  ellipse(brush, 5, -8.5 + pecks * 1.4, 2.6, 2.6, "#7d8a9c");
  ellipse(brush, 4, -6 + pecks * 0.5, 2.2, 1.6, "#6fa08f");
  shape(brush, "#e0a050", [7, -9 + pecks * 1.4], [10, -7.8 + pecks * 1.5], [7, -7.4 + pecks * 1.4]);
  if (part < 1) {
    const flap = Math.sin(now * 34) * 9;
    shape(brush, "#c3cad6", [-4, -6], [3, -6], [-2, -8 - flap]);
  } else {
    ellipse(brush, -1.5, -5, 4, 2.2, "#848d9d");
  }
  brush.restore();
}
