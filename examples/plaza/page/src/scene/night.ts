// Night: everything is darker and bluer, except where there is light.

import type { PlaceName } from "../places.js";
import { TILT } from "./camera.js";
import type { Reach } from "./ground.js";
import type { Window } from "./houses.js";
import { chance } from "./chance.js";
import { bulbs } from "./festoons.js";
import { lights } from "./layout.js";
import { type Brush, box, sheet } from "./paint.js";
import { type Standing, drawPicture } from "./standing.js";

/** Light has no edges: its sheets may be coarse. In pixels for a step. */
const SHADE_SCALE = 0.25;
const GLOW_SCALE = 0.5;
/** What is left of each colour where there is no light. */
const DARKNESS = "#5a5f9c";

/** A sheet over everything within reach, and its pixels for a step. */
export interface Coarse {
  readonly canvas: HTMLCanvasElement;
  readonly scale: number;
}

export interface Night {
  /** To be multiplied with what is drawn. */
  readonly shade: Coarse;
  /** To be added to it. */
  readonly glow: Coarse;
}

/** What stands before a window hides it. */
export function paintNight(
  place: PlaceName,
  reach: Reach,
  windows: readonly Window[],
  standing: readonly Standing[],
): Night {
  const glow = over(reach, GLOW_SCALE);
  paintWindows(glow.brush, windows);
  glow.brush.globalCompositeOperation = "destination-out";
  standing.forEach((thing) => drawPicture(glow.brush, thing));
  glow.brush.globalCompositeOperation = "source-over";
  paintGlow(glow.brush, place);
  return { shade: paintShade(place, reach), glow };
}

function paintShade(place: PlaceName, reach: Reach): Coarse {
  const shade = over(reach, SHADE_SCALE);
  const { brush } = shade;
  brush.fillStyle = DARKNESS;
  // The last pixels too, of which only a part is within reach.
  brush.fillRect(reach.left, reach.top, reach.width + 9, reach.height + 9);
  brush.globalCompositeOperation = "lighter";
  for (const { x, y, height, reach: radius } of lights(place)) {
    // On the ground below, and around the light itself, for who stands in it.
    pool(brush, x, y * TILT, radius, TILT, "#b89058");
    pool(brush, x, y * TILT - height * 0.7, radius * 0.45, 1, "#80603c");
  }
  // From the windows onto the street.
  const street = brush.createLinearGradient(0, -90, 0, 60);
  street.addColorStop(0, "#00000000");
  street.addColorStop(0.4, "#8a663c80");
  street.addColorStop(1, "#00000000");
  brush.fillStyle = street;
  brush.fillRect(reach.left, -90, reach.width, 150);
  return shade;
}

function paintWindows(brush: Brush, windows: readonly Window[]): void {
  const random = chance(3);
  for (const { x, y, width, height } of windows) {
    // Not everybody is at home.
    if (random() > 0.3) {
      box(brush, x, y, width, height, "#f0b45cc0", 1);
      pool(brush, x + width / 2, y + height / 2, 26, 1, "#c8843c50");
    }
  }
}

function paintGlow(brush: Brush, place: PlaceName): void {
  for (const { x, y, height, reach: radius } of lights(place)) {
    pool(brush, x, y * TILT - height, radius * 0.3, 1, "#e8a85078");
    pool(brush, x, y * TILT - height, 13, 1, "#fff0c4e0");
  }
  if (place === "square") {
    for (const { x, y } of bulbs()) {
      pool(brush, x, y, 11, 1, "#ffc870b0");
    }
  }
}

/** A light that fades to all sides. */
function pool(
  brush: Brush,
  x: number,
  y: number,
  radius: number,
  flat: number,
  color: string,
): void {
  brush.save();
  brush.translate(x, y);
  brush.scale(1, flat);
  const light = brush.createRadialGradient(0, 0, 0, 0, 0, radius);
  const clear = `${color.slice(0, 7)}00`;
  light.addColorStop(0, color);
  light.addColorStop(0.35, color.length === 7 ? `${color}88` : `${color.slice(0, 7)}30`);
  light.addColorStop(1, clear);
  brush.fillStyle = light;
  brush.fillRect(-radius, -radius, 2 * radius, 2 * radius);
  brush.restore();
}

function over(
  { left, top, width, height }: Reach,
  scale: number,
): Coarse & { readonly brush: Brush } {
  const made = sheet(width * scale, height * scale);
  made.brush.scale(scale, scale);
  made.brush.translate(-left, -top);
  return { ...made, scale };
}
