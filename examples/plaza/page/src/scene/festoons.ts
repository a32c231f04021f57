// Strings of lights from the mast of the square to the posts around it.

import type { Point } from "../generated/types.js";
import { TILT } from "./camera.js";
import { CENTRE, MAST_HEIGHT, POSTS, POST_HEIGHT } from "./layout.js";
import { type Brush, ellipse } from "./paint.js";

const BULBS = 11;
/** How far a string hangs through, in steps. */
const SAG = 34;

/** All bulbs, as points of the screen in steps. */
export function bulbs(): Point[] {
  return strings().flat();
}

export function drawFestoons(brush: Brush): void {
  brush.strokeStyle = "#3b3440b0";
  brush.lineWidth = 1;
  brush.beginPath();
  for (const string of strings()) {
    string.forEach(({ x, y }, index) => (index === 0 ? brush.moveTo(x, y) : brush.lineTo(x, y)));
  }
  brush.stroke();
  for (const { x, y } of bulbs()) {
    ellipse(brush, x, y + 2, 2.3, 2.9, "#ffe6a0");
  }
}

function strings(): Point[][] {
  return POSTS.map((post) => {
    const [from, to] = [CENTRE.y * TILT - MAST_HEIGHT, post.y * TILT - POST_HEIGHT];
    return Array.from({ length: BULBS + 2 }, (_, index) => {
      const part = index / (BULBS + 1);
      const sag = 4 * SAG * part * (1 - part);
      return { x: CENTRE.x + (post.x - CENTRE.x) * part, y: from + (to - from) * part + sag };
    });
  });
}
