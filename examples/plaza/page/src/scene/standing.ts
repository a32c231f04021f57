// Pictures that stand somewhere.

import { TILT } from "./camera.js";
import type { Brush } from "./paint.js";
import { EXTENT } from "./things.js";

/** A picture that stands somewhere; whoever is further north is behind it. */
export interface Standing {
  readonly x: number;
  readonly y: number;
  /** It hides who is behind it. */
  readonly isBroad: boolean;
  readonly picture: HTMLCanvasElement;
}

export function drawPicture(brush: Brush, { x, y, picture }: Standing): void {
  const { side, up, down } = EXTENT;
  brush.drawImage(picture, x - side, y * TILT - up, 2 * side, up + down);
}
