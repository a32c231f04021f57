// What lies still: lawn, stones, hedges and the houses behind them. Painted once for a size.

import { PLACES, type PlaceName } from "../places.js";
import { SIZE } from "../rules.js";
import { TILT } from "./camera.js";
import { chance } from "./chance.js";
import { type Window, paintHouses, paintTownHall } from "./houses.js";
import { CENTRE, POOL_RADIUS } from "./layout.js";
import { type Brush, box, ellipse, shade, shape } from "./paint.js";

export interface Reach {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Stones reach so much further than one can walk. */
const RIM = 32;
/** How broad the way through the gate is. */
const PATH = 120;
/** A house may go on beyond the edge. */
const WIDEST = 122;
/** Where the lawn ends and the houses stand, on the screen. */
const STREET = -34;
const LAWN = { plaza: "#a8c47c", square: "#9dbb83" };
const FLAGS = { plaza: "#e9d6b4", square: "#d5c8bf" };
const HEDGE = "#7ba45d";

/** Returns the windows there are, which are lit at night. */
export function paintGround(brush: Brush, place: PlaceName, reach: Reach, dark: boolean): Window[] {
  const windows: Window[] = [];
  const random = chance(place === "plaza" ? 7 : 11);
  paintSky(brush, reach, dark, random);
  paintLawn(brush, place, reach, random);
  if (place === "plaza") {
    paintHouses(brush, windows, reach.left, reach.left + reach.width + WIDEST, STREET, 3);
  } else {
    paintHouses(brush, windows, reach.left, 372, STREET, 5);
    paintHouses(brush, windows, 628, reach.left + reach.width + WIDEST, STREET, 9);
    paintTownHall(brush, windows, 500, STREET);
  }
  box(brush, reach.left, STREET, reach.width, 13, shade(FLAGS[place], -0.16));
  paintPath(brush, place, reach);
  paintStones(brush, place, random);
  paintHedges(brush, place, reach);
  return windows;
}

function paintSky(brush: Brush, reach: Reach, dark: boolean, random: () => number): void {
  const { left, top, width } = reach;
  const sky = brush.createLinearGradient(0, top, 0, STREET);
  const [above, below] = dark ? ["#39427e", "#a08cc0"] : ["#a9d5ee", "#f3efe0"];
  sky.addColorStop(0, above ?? "");
  sky.addColorStop(1, below ?? "");
  brush.fillStyle = sky;
  brush.fillRect(left, top, width, STREET - top + 1);
  for (let index = 0; index < width / 9; index++) {
    const [x, y, size] = [left + random() * width, top + random() * (STREET - top), random()];
    if (dark) {
      ellipse(brush, x, y, 0.4 + size * 0.7, 0.4 + size * 0.7, "#ffffffd0");
    } else if (index % 16 === 0) {
      const cloud = "#ffffff70";
      ellipse(brush, x, y, 42 + size * 30, 8, cloud);
      ellipse(brush, x + 12, y - 6, 24, 9, cloud);
    }
  }
}

function paintLawn(brush: Brush, place: PlaceName, reach: Reach, random: () => number): void {
  const { left, top, width, height } = reach;
  const bottom = top + height;
  box(brush, left, STREET, width, bottom - STREET, LAWN[place]);
  for (let index = 0; index < width * 0.9; index++) {
    const [x, y] = [left + random() * width, STREET + random() * (bottom - STREET)];
    const tuft = random() > 0.5 ? shade(LAWN[place], -0.07) : shade(LAWN[place], 0.1);
    ellipse(brush, x, y, 3 + random() * 5, 1.2, tuft);
    if (index % 9 === 0) {
      const petals = ["#fff6e0", "#f3c9d5", "#f6dc8a"][index % 3] ?? "";
      ellipse(brush, x + 9, y + 3, 1.6, 1.3, petals);
    }
  }
}

/** The way that leaves through the gate. */
function paintPath(brush: Brush, place: PlaceName, { left, width }: Reach): void {
  const [from, to] = place === "plaza" ? [SIZE, left + width] : [left, 0];
  const { y } = PLACES[place].gate;
  const [north, south] = [(y - PATH / 2) * TILT, (y + PATH / 2) * TILT];
  box(brush, from, north - 4, to - from, south - north + 8, shade(FLAGS[place], -0.2));
  box(brush, from, north, to - from, south - north, shade(FLAGS[place], 0.06));
  for (let x = Math.floor(from / 36) * 36; x < to; x += 36) {
    brush.fillStyle = "#6b543018";
    brush.fillRect(x, north, 1.5, south - north);
    brush.fillRect(x, north + ((x / 36) % 2 === 0 ? 24 : 46), 36, 1.2);
  }
}

function paintStones(brush: Brush, place: PlaceName, random: () => number): void {
  const color = FLAGS[place];
  box(
    brush,
    -RIM - 6,
    -RIM * TILT - 2,
    SIZE + 2 * RIM + 12,
    (SIZE + 2 * RIM) * TILT + 12,
    shade(color, -0.3),
    12,
  );
  brush.save();
  brush.beginPath();
  brush.roundRect(-RIM, -RIM * TILT, SIZE + 2 * RIM, (SIZE + 2 * RIM) * TILT, 10);
  brush.clip();
  brush.fillStyle = color;
  brush.fill();
  // From here on in steps, as a bird sees them.
  brush.scale(1, TILT);
  if (place === "plaza") {
    paintRings(brush, color, random);
  } else {
    paintTiles(brush, color, random);
  }
  paintEdge(brush, place);
  brush.restore();
}

/** Rings of stones around the water. */
function paintRings(brush: Brush, color: string, random: () => number): void {
  const ring = 34;
  for (let radius = POOL_RADIUS; radius < 760; radius += ring) {
    const count = Math.round((2 * Math.PI * radius) / 62);
    const turned = random();
    const isBand = Math.round((radius - POOL_RADIUS) / ring) % 5 === 4;
    for (let index = 0; index < count; index++) {
      const from = ((index + turned) / count) * 2 * Math.PI;
      const to = ((index + 1 + turned) / count) * 2 * Math.PI;
      const tone = (random() - 0.5) * 0.09 - (isBand ? 0.1 : 0);
      brush.fillStyle = isBand ? shade("#d9a88a", tone) : shade(color, tone);
      brush.beginPath();
      brush.arc(CENTRE.x, CENTRE.y, radius + ring, from, to);
      brush.arc(CENTRE.x, CENTRE.y, radius, to, from, true);
      brush.fill();
      brush.strokeStyle = "#7a5c3420";
      brush.lineWidth = 2;
      brush.stroke();
    }
  }
  wedges(brush, POOL_RADIUS + 30, POOL_RADIUS + 4, "#cf9f7f", "#f4e8cf");
  disc(brush, POOL_RADIUS + 8, "#f6ecd8");
  disc(brush, POOL_RADIUS, "#5aa9bf");
  disc(brush, POOL_RADIUS - 5, "#79c3d3");
}

/** Tiles on their corners, and a star of the winds in the middle. */
function paintTiles(brush: Brush, color: string, random: () => number): void {
  const half = 33;
  for (let row = -2; row * half < SIZE + 2 * RIM + 80; row++) {
    for (let column = -2; column * half < SIZE + 2 * RIM + 80; column++) {
      if ((row + column) % 2 === 0) {
        const [x, y] = [column * half - RIM, row * half - RIM];
        const tone = (random() - 0.5) * 0.08;
        const isDark = (((row + column) / 2) % 2 === 0) !== (row % 2 === 0);
        shape(
          brush,
          shade(isDark ? shade(color, -0.1) : color, tone),
          [x, y - half],
          [x + half, y],
          [x, y + half],
          [x - half, y],
        );
        brush.strokeStyle = "#4a37301c";
        brush.lineWidth = 2;
        brush.stroke();
      }
    }
  }
  disc(brush, 152, "#b98673");
  disc(brush, 144, "#e4d9cc");
  wedges(brush, 144, 122, "#9d6a5c", "#ded0c2");
  for (let index = 0; index < 16; index++) {
    const angle = (index * Math.PI) / 8;
    const length = index % 4 === 0 ? 118 : index % 2 === 0 ? 84 : 52;
    for (const side of [-1, 1]) {
      const edge = angle + (side * Math.PI) / 13;
      shape(
        brush,
        side > 0 ? "#8f5f57" : "#c69484",
        [CENTRE.x, CENTRE.y],
        [CENTRE.x + Math.cos(edge) * length * 0.32, CENTRE.y + Math.sin(edge) * length * 0.32],
        [CENTRE.x + Math.cos(angle) * length, CENTRE.y + Math.sin(angle) * length],
      );
    }
  }
}

function paintEdge(brush: Brush, place: PlaceName): void {
  const [outer, inner] = place === "plaza" ? ["#c9a57e", "#f1e3c8"] : ["#97786c", "#e2d7cd"];
  brush.strokeStyle = outer ?? "";
  brush.lineWidth = 22;
  brush.strokeRect(-RIM + 7, -RIM + 7, SIZE + 2 * RIM - 14, SIZE + 2 * RIM - 14);
  brush.strokeStyle = inner ?? "";
  brush.lineWidth = 5;
  brush.strokeRect(-RIM + 20, -RIM + 20, SIZE + 2 * RIM - 40, SIZE + 2 * RIM - 40);
}

function paintHedges(brush: Brush, place: PlaceName, { left, width }: Reach): void {
  const { gate, east } = PLACES[place];
  const [north, south] = [20, SIZE + 10];
  const around = [
    [north, gate.y - PATH / 2 - 15],
    [gate.y + PATH / 2 + 15, south],
  ];
  // Where the square has its stalls, there is none.
  const other =
    place === "square"
      ? [
          [north, 180],
          [900, south],
        ]
      : [[north, south]];
  for (const [x, isEast] of [
    [-RIM - 30, false],
    [SIZE + RIM + 14, true],
  ] as const) {
    for (const [from = 0, to = 0] of isEast === east ? around : other) {
      paintHedge(brush, x, from * TILT, 16, (to - from) * TILT);
    }
  }
  paintHedge(brush, -RIM - 30, (SIZE + RIM + 32) * TILT + 8, SIZE + 2 * RIM + 60, 12);
  // Beds of flowers in front of it.
  const random = chance(place === "plaza" ? 21 : 22);
  for (let index = 0; index < 150; index++) {
    const x = left + random() * width;
    const y = (SIZE + RIM) * TILT + 60 + random() * 22;
    const petals = ["#e98a9a", "#f4c95d", "#ffffff", "#b893d6"][index % 4] ?? "";
    ellipse(brush, x, y + 2, 4, 2, "#7a9c5a");
    ellipse(brush, x, y, 2.6, 2.2, petals);
  }
}

function paintHedge(brush: Brush, x: number, y: number, width: number, height: number): void {
  box(brush, x - 2, y + 6, width + 9, height + 5, "#3c4a2a38", 8);
  box(brush, x, y - 4, width, height + 8, shade(HEDGE, -0.28), 8);
  box(brush, x, y - 10, width, height + 6, HEDGE, 8);
  box(brush, x + 3, y - 8, width - 6, Math.max(2, height - 3), shade(HEDGE, 0.12), 6);
}

function disc(brush: Brush, radius: number, fill: string): void {
  ellipse(brush, CENTRE.x, CENTRE.y, radius, radius, fill);
}

/** A ring of wedges in two colours. */
function wedges(brush: Brush, outer: number, inner: number, first: string, second: string): void {
  for (let index = 0; index < 32; index++) {
    brush.fillStyle = index % 2 === 0 ? first : second;
    brush.beginPath();
    brush.arc(CENTRE.x, CENTRE.y, outer, (index * Math.PI) / 16, ((index + 1) * Math.PI) / 16);
    brush.arc(
      CENTRE.x,
      CENTRE.y,
      inner,
      ((index + 1) * Math.PI) / 16,
      (index * Math.PI) / 16,
      true,
    );
    brush.fill();
  }
}
