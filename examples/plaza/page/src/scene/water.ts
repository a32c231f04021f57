// The water in the middle of the plaza: so shallow that one walks through it, with jets.

import type { Point } from "../generated/types.js";
import { TILT } from "./camera.js";
import { CENTRE, POOL_RADIUS } from "./layout.js";
import { type Brush, ellipse } from "./paint.js";

interface Ripple extends Point {
  readonly since: number;
}

/** Jets of water, by their places. */
export const JETS: readonly (Point & { height: number })[] = [
  { ...CENTRE, height: 78 },
  ...Array.from({ length: 8 }, (_, index) => {
    const angle = (index / 8) * 2 * Math.PI + 0.2;
    const radius = POOL_RADIUS * 0.62;
    return {
      x: CENTRE.x + Math.cos(angle) * radius,
      y: CENTRE.y + Math.sin(angle) * radius,
      height: 34,
    };
  }),
];

const RIPPLES_MAX = 60;
const RIPPLE_TIME = 1.4;

export function isInWater({ x, y }: Point): boolean {
  return Math.hypot(x - CENTRE.x, y - CENTRE.y) < POOL_RADIUS;
}

export class Water {
  #ripples: Ripple[] = [];
  readonly #stepped = new Map<string, number>();

  /** Somebody is in the water, and moves. */
  step(who: string, at: Point, now: number): void {
    if (now - (this.#stepped.get(who) ?? -1) > 0.22 && this.#ripples.length < RIPPLES_MAX) {
      this.#stepped.set(who, now);
      this.#ripples.push({ ...at, since: now });
    }
  }

  draw(brush: Brush, now: number): void {
    this.#ripples = this.#ripples.filter(({ since }) => now - since < RIPPLE_TIME);
    brush.save();
    brush.beginPath();
    brush.ellipse(
      CENTRE.x,
      CENTRE.y * TILT,
      POOL_RADIUS - 5,
      (POOL_RADIUS - 5) * TILT,
      0,
      0,
      2 * Math.PI,
    );
    brush.clip();
    this.#drawGleam(brush, now);
    for (const { x, y, since } of this.#ripples) {
      ring(brush, x, y, 5 + (now - since) * 26, 1 - (now - since) / RIPPLE_TIME);
    }
    for (const [index, { x, y, height }] of JETS.entries()) {
      for (const shift of [0, 0.5]) {
        const part = (now * 0.7 + index * 0.31 + shift) % 1;
        ring(brush, x, y, 4 + part * height * 0.5, (1 - part) * 0.7);
      }
    }
    brush.restore();
  }

  #drawGleam(brush: Brush, now: number): void {
    brush.lineCap = "round";
    brush.strokeStyle = "#ffffff55";
    brush.lineWidth = 1.6;
    brush.beginPath();
    for (let index = 0; index < 22; index++) {
      const x = CENTRE.x + Math.sin(index * 12.9 + now * 0.13) * POOL_RADIUS * 0.9;
      const y = CENTRE.y * TILT + Math.cos(index * 7.3) * POOL_RADIUS * 0.9 * TILT;
      const width = 5 + 7 * Math.sin(now * 1.1 + index * 2);
      if (width > 1) {
        brush.moveTo(x - width, y);
        brush.lineTo(x + width, y);
      }
    }
    brush.stroke();
  }
}

/** One jet; its drops rise, spread and fall. */
export function drawJet(brush: Brush, height: number, now: number, seed: number): void {
  const drops = height > 50 ? 26 : 11;
  brush.fillStyle = "#f4fdffd8";
  brush.beginPath();
  for (let index = 0; index < drops; index++) {
    const part = (now * 0.95 + index / drops) % 1;
    const angle = index * 2.4 + seed;
    const spread = part * height * 0.22;
    const x = Math.cos(angle) * spread;
    const y = Math.sin(angle) * spread * TILT - 4 * height * part * (1 - part);
    const size = 1 + 1.2 * (1 - part);
    brush.moveTo(x + size, y);
    brush.ellipse(x, y, size, size * 1.3, 0, 0, 2 * Math.PI);
  }
  brush.fill();
  ellipse(brush, 0, 0, 4, 1.8, "#ffffff90");
}

function ring(brush: Brush, x: number, y: number, radius: number, strength: number): void {
  brush.strokeStyle = `rgb(255 255 255 / ${strength * 0.7})`;
  brush.lineWidth = 1.3;
  brush.beginPath();
  brush.ellipse(x, y * TILT, radius, radius * TILT, 0, 0, 2 * Math.PI);
  brush.stroke();
}
