// Everything of a place that does not move, painted once for a size and a time of day.

import { PLACES, type PlaceName } from "../places.js";
import type { ThemeName } from "../panels/theme.js";
import { type Reach, paintGround } from "./ground.js";
import { GATE_BREADTH, THINGS, type Thing } from "./layout.js";
import { type Night, paintNight } from "./night.js";
import { type Brush, sheet } from "./paint.js";
import type { Standing } from "./standing.js";
import { EXTENT, drawGate, drawThing } from "./things.js";

export interface Backdrop {
  readonly ground: HTMLCanvasElement;
  readonly reach: Reach;
  readonly scale: number;
  readonly standing: readonly Standing[];
  readonly night: Night | undefined;
}

/** The scale is in pixels of the device for a step. */
export function paintBackdrop(
  name: PlaceName,
  theme: ThemeName,
  reach: Reach,
  scale: number,
): Backdrop {
  const { canvas: ground, brush } = sheet(reach.width * scale, reach.height * scale);
  brush.scale(scale, scale);
  brush.translate(-reach.left, -reach.top);
  const windows = paintGround(brush, name, reach, theme === "dark");
  const standing = [...things(name, scale), ...gate(name, scale)];
  const night = theme === "dark" ? paintNight(name, reach, windows, standing) : undefined;
  return { ground, reach, scale, night, standing };
}

function things(name: PlaceName, scale: number): Standing[] {
  const pictures = new Map<string, HTMLCanvasElement>();
  return THINGS[name].map((thing: Thing) => {
    const { kind, seed, x, y } = thing;
    const key = kind === "tree" || kind === "stall" ? kind + seed : kind;
    const picture = pictures.get(key) ?? pictureOf(scale, (brush) => drawThing(brush, thing));
    pictures.set(key, picture);
    return { x, y, picture, isBroad: kind === "tree" };
  });
}

function gate(name: PlaceName, scale: number): Standing[] {
  const place = PLACES[name];
  const x = place.gate.x + (place.east ? 24 : -24);
  return [false, true].map((front) => ({
    x,
    isBroad: false,
    y: place.gate.y + (front ? GATE_BREADTH : -GATE_BREADTH),
    picture: pictureOf(scale, (brush) => drawGate(brush, place, front)),
  }));
}

function pictureOf(scale: number, draw: (brush: Brush) => void): HTMLCanvasElement {
  const { canvas, brush } = sheet(2 * EXTENT.side * scale, (EXTENT.up + EXTENT.down) * scale);
  brush.scale(scale, scale);
  brush.translate(EXTENT.side, EXTENT.up);
  draw(brush);
  return canvas;
}
