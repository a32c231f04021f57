// The houses along the north, and their windows, which are warm at night.

import { chance, pick } from "./chance.js";
import { type Brush, box, ellipse, line, shade, shape } from "./paint.js";

const WALLS = [
  "#f0c39b",
  "#f1dfba",
  "#d5dfc6",
  "#e9b5a2",
  "#c9dbe2",
  "#f5e6cd",
  "#dcc6da",
] as const;
const ROOFS = ["#b5604a", "#9c5546", "#8a6a62", "#a8705a"] as const;
const GLASS = "#8aa3b0";
const FRAME = "#fdf6e8";

export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A row of houses that stand on a line of the screen. */
export function paintHouses(
  brush: Brush,
  windows: Window[],
  left: number,
  right: number,
  base: number,
  seed: number,
): void {
  const random = chance(seed);
  for (let x = left; x < right;) {
    const width = Math.min(right - x, 78 + Math.floor(random() * 3) * 22);
    if (width > 34) {
      paintHouse(brush, windows, x, base, width, 74 + random() * 34, random);
    }
    x += width;
  }
}

function paintHouse(
  brush: Brush,
  windows: Window[],
  x: number,
  base: number,
  width: number,
  height: number,
  random: () => number,
): void {
  const wall = pick(WALLS, random() * 70);
  const roof = pick(ROOFS, random() * 40);
  const top = base - height;
  if (random() > 0.5) {
    shape(brush, roof, [x - 3, top], [x + width / 2, top - 34], [x + width + 3, top]);
    shape(
      brush,
      shade(roof, -0.16),
      [x + width / 2, top - 34],
      [x + width + 3, top],
      [x + width / 2, top],
    );
  } else {
    shape(
      brush,
      roof,
      [x - 3, top],
      [x + 11, top - 25],
      [x + width - 11, top - 25],
      [x + width + 3, top],
    );
    box(brush, x + width * 0.7, top - 38, 9, 22, shade(roof, -0.25));
  }
  box(brush, x, top, width, height, wall);
  box(brush, x + width - 7, top, 7, height, shade(wall, -0.08));
  box(brush, x - 3, top - 2, width + 6, 4, shade(wall, -0.22));
  const columns = Math.max(2, Math.floor(width / 27));
  const doorAt = Math.floor(random() * columns);
  for (let column = 0; column < columns; column++) {
    const middle = x + ((column + 0.5) * width) / columns;
    for (let y = top + 12; y < base - 46; y += 30) {
      paintWindow(brush, windows, middle - 6.5, y, 13, 18, shade(wall, -0.3));
    }
    if (column === doorAt) {
      box(brush, middle - 8, base - 29, 16, 29, shade(roof, -0.3), 6);
      ellipse(brush, middle + 4, base - 13, 1.2, 1.2, "#f4d890");
    } else {
      paintWindow(brush, windows, middle - 9, base - 29, 18, 18, shade(roof, -0.1));
    }
  }
  if (random() > 0.45) {
    paintAwning(brush, x + 5, base - 36, width - 12, pick(ROOFS, random() * 40));
  }
}

function paintWindow(
  brush: Brush,
  windows: Window[],
  x: number,
  y: number,
  width: number,
  height: number,
  sill: string,
): void {
  box(brush, x - 1.5, y - 1.5, width + 3, height + 3, FRAME, 2);
  box(brush, x, y, width, height, GLASS, 1);
  shape(
    brush,
    "#ffffff38",
    [x, y + height * 0.7],
    [x + width * 0.7, y],
    [x + width, y],
    [x, y + height],
  );
  line(brush, FRAME, 1.3, [x + width / 2, y], [x + width / 2, y + height]);
  box(brush, x - 3, y + height + 1, width + 6, 2.5, sill);
  windows.push({ x, y, width, height });
}

function paintAwning(brush: Brush, x: number, y: number, width: number, color: string): void {
  const stripes = Math.max(3, Math.round(width / 9));
  const stripe = width / stripes;
  for (let index = 0; index < stripes; index++) {
    const from = x + index * stripe;
    const fill = index % 2 === 0 ? color : "#fbf3e4";
    shape(
      brush,
      fill,
      [from + 2, y - 9],
      [from + stripe + 2, y - 9],
      [from + stripe, y],
      [from, y],
    );
    brush.beginPath();
    brush.arc(from + stripe / 2, y, stripe / 2, 0, Math.PI);
    brush.fill();
  }
}

/** With a tower whose clock tells the time. */
export function paintTownHall(brush: Brush, windows: Window[], x: number, base: number): void {
  const wall = "#e6d3b8";
  const roof = "#6f8d86";
  box(brush, x - 128, base - 92, 256, 92, wall);
  shape(
    brush,
    roof,
    [x - 133, base - 92],
    [x - 108, base - 124],
    [x + 108, base - 124],
    [x + 133, base - 92],
  );
  box(brush, x - 133, base - 94, 266, 4, shade(wall, -0.25));
  for (let index = -4; index <= 4; index++) {
    if (Math.abs(index) > 1) {
      paintWindow(brush, windows, x + index * 27 - 7, base - 78, 14, 22, shade(wall, -0.3));
    }
    if (index !== 0) {
      paintArch(brush, x + index * 27, base);
    }
  }
  box(brush, x - 31, base - 142, 62, 142, shade(wall, 0.14));
  box(brush, x + 23, base - 142, 8, 142, shade(wall, -0.04));
  shape(brush, roof, [x - 36, base - 142], [x, base - 176], [x + 36, base - 142]);
  shape(brush, shade(roof, -0.18), [x, base - 176], [x + 36, base - 142], [x, base - 142]);
  box(brush, x - 35, base - 144, 70, 4, shade(wall, -0.25));
  box(brush, x - 14, base - 42, 28, 42, "#6d4a3a", 13);
  box(brush, x - 1, base - 42, 2, 42, "#53382c");
  ellipse(brush, x, CLOCK_FACE.y, CLOCK_FACE.radius + 3, CLOCK_FACE.radius + 3, "#b08d4f");
}

/** Where the clock is; its hands move. */
export const CLOCK_FACE = { x: 500, y: -150, radius: 15 };

function paintArch(brush: Brush, x: number, base: number): void {
  box(brush, x - 10, base - 38, 20, 38, "#cdb797", 10);
  box(brush, x - 7.5, base - 35, 15, 35, "#7f6f66", 8);
}

/** The face of the clock, and the time on it. */
export function paintClock(brush: Brush, lit: boolean): void {
  const { x, y, radius } = CLOCK_FACE;
  ellipse(brush, x, y, radius, radius, lit ? "#ffedb8" : "#fffaf0");
  const time = new Date();
  const minutes = time.getMinutes() + time.getSeconds() / 60;
  const hand = (turns: number, length: number, width: number) => {
    const angle = turns * 2 * Math.PI;
    line(
      brush,
      "#4a3b32",
      width,
      [x, y],
      [x + Math.sin(angle) * length, y - Math.cos(angle) * length],
    );
  };
  brush.lineCap = "round";
  for (let hour = 0; hour < 12; hour++) {
    const angle = (hour / 6) * Math.PI;
    ellipse(brush, x + Math.sin(angle) * 12.3, y - Math.cos(angle) * 12.3, 0.9, 0.9, "#9c8468");
  }
  hand((time.getHours() + minutes / 60) / 12, 7.5, 2.2);
  hand(minutes / 60, 11, 1.5);
}
