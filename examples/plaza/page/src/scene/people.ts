// People, drawn at their feet.

import type { Point } from "../generated/types.js";
import { numberOf, pick } from "./chance.js";
import { type Brush, box, ellipse, line, shade, shape, sheet } from "./paint.js";

const SKINS = ["#f3cfae", "#e6b48c", "#c98d63", "#9a6544", "#6f4630", "#f6d9c0"] as const;
const HAIRS = [
  "#2d2320",
  "#5b3a26",
  "#8a5a33",
  "#c98f45",
  "#b3492f",
  "#8d8b8b",
  "#e3ddd2",
] as const;
const STYLES = ["short", "bun", "long", "beanie", "hat", "curls"] as const;
const TROUSERS = ["#3c4152", "#54473f", "#2f4a55", "#5a5364"] as const;

/** A box that holds a head, or a coat: how far it reaches to the sides, and from where to where. */
const PART = { side: 16, top: -62, bottom: -5 };
/** Pictures of parts that are kept; beyond, all are made anew. */
const PARTS_MAX = 1500;

/** Who somebody is on the picture: the same on every screen. */
export interface Looks {
  /** Who has the same looks the same. */
  readonly key: string;
  readonly coat: string;
  readonly dark: string;
  readonly skin: string;
  readonly hair: string;
  readonly trousers: string;
  readonly style: (typeof STYLES)[number];
}

export interface Pose {
  /** Seconds, for whatever swings. */
  readonly time: number;
  readonly isWalking: boolean;
  readonly isWaving: boolean;
  readonly heading: Point;
}

export function looksOf(who: string, coat: string): Looks {
  const number = numberOf(who);
  const skin = pick(SKINS, number);
  const hair = pick(HAIRS, number >>> 5);
  const trousers = pick(TROUSERS, number >>> 9);
  const style = pick(STYLES, number >>> 13);
  return {
    key: coat + skin + hair + style,
    coat,
    dark: shade(coat, -0.2),
    skin,
    hair,
    trousers,
    style,
  };
}

export function drawShadow(brush: Brush): void {
  ellipse(brush, 1, 0, 12, 4.6, "#2a203040");
}

/** Draws people at a scale. What of them only turns is painted once for each direction. */
export class Figures {
  readonly #parts = new Map<string, HTMLCanvasElement>();
  #scale = 1;

  /** Pixels of the device for a step. */
  resize(scale: number): void {
    this.#scale = scale;
    this.#parts.clear();
  }

  /** Feet at the origin, nothing above 62. */
  draw(brush: Brush, looks: Looks, pose: Pose): void {
    const { time, isWalking, heading } = pose;
    const stride = isWalking ? Math.sin(time * 11) : 0;
    const bob = isWalking ? Math.abs(Math.cos(time * 11)) * 1.8 : Math.sin(time * 2.1) * 0.5;
    const length = Math.hypot(heading.x, heading.y) || 1;
    const aside = Math.round((heading.x / length) * 2) / 2;
    const isBack = heading.y / length < -0.55;
    brush.lineCap = "round";
    drawLegs(brush, looks, stride, aside);
    brush.translate(0, -bob);
    drawArm(brush, looks, -1, stride, false, time);
    this.#part(brush, `coat${aside}${isBack}${looks.coat}`, (part) =>
      drawCoat(part, looks, aside, isBack),
    );
    drawArm(brush, looks, 1, stride, pose.isWaving, time);
    brush.translate(aside * 1.5, 0);
    this.#part(brush, `head${aside}${isBack}${looks.key}`, (part) =>
      drawHead(part, looks, aside, isBack),
    );
  }

  #part(brush: Brush, key: string, draw: (brush: Brush) => void): void {
    const { side, top, bottom } = PART;
    let picture = this.#parts.get(key);
    if (!picture) {
      if (this.#parts.size >= PARTS_MAX) {
        this.#parts.clear();
      }
      const made = sheet(2 * side * this.#scale, (bottom - top) * this.#scale);
      made.brush.scale(made.canvas.width / (2 * side), made.canvas.height / (bottom - top));
      made.brush.translate(side, -top);
      made.brush.lineCap = "round";
      made.brush.lineJoin = "round";
      draw(made.brush);
      picture = made.canvas;
      this.#parts.set(key, picture);
    }
    brush.drawImage(picture, -side, top, 2 * side, bottom - top);
  }
}

function drawLegs(brush: Brush, { trousers }: Looks, stride: number, aside: number): void {
  for (const side of [-1, 1]) {
    const swing = stride * side;
    const foot = [side * 4 + swing * aside * 5.5, -1.5 - Math.max(0, swing) * 3] as const;
    line(brush, trousers, 5.4, [side * 4, -12], foot);
    ellipse(brush, foot[0] + aside * 1.6, foot[1] + 0.6, 3.8, 2.3, shade(trousers, -0.35));
  }
}

function drawCoat(brush: Brush, { coat, dark }: Looks, aside: number, isBack: boolean): void {
  brush.fillStyle = coat;
  brush.beginPath();
  brush.moveTo(-6.5, -34);
  brush.quadraticCurveTo(-10.5, -33, -11, -25);
  brush.lineTo(-12, -10);
  brush.quadraticCurveTo(0, -6.5, 12, -10);
  brush.lineTo(11, -25);
  brush.quadraticCurveTo(10.5, -33, 6.5, -34);
  brush.closePath();
  brush.fill();
  const lee = aside >= 0 ? -1 : 1;
  shape(brush, dark, [lee * 6.5, -34], [lee * 11, -25], [lee * 12, -10], [lee * 7, -8.4]);
  if (!isBack) {
    line(brush, dark, 1, [aside * 4, -31], [aside * 4.6, -8]);
    ellipse(brush, aside * 4 + 2, -24, 0.9, 0.9, "#fff4d8");
    ellipse(brush, aside * 4.2 + 2, -17, 0.9, 0.9, "#fff4d8");
  }
  box(brush, -7, -36.5, 14, 5, shade(coat, 0.45), 2.5);
}

function drawArm(
  brush: Brush,
  { coat, dark, skin }: Looks,
  side: number,
  stride: number,
  up: boolean,
  time: number,
): void {
  const shoulder = [side * 8.5, -30] as const;
  const swing = stride * side * 3.5;
  const hand = up
    ? ([side * (14 + Math.sin(time * 13) * 4.5), -49] as const)
    : ([side * 12.5 + swing, -17 - Math.abs(swing) * 0.4] as const);
  line(brush, side < 0 ? dark : shade(coat, -0.08), 5.6, shoulder, hand);
  ellipse(brush, hand[0], hand[1] + (up ? -2.5 : 2), 3, 3, skin);
}

function drawHead(brush: Brush, looks: Looks, aside: number, isBack: boolean): void {
  const { skin, hair, style, dark } = looks;
  if (style === "long") {
    box(brush, -9.5, -45, 19, 15, hair, 6);
  }
  if (style === "bun") {
    ellipse(brush, -aside * 4, -53, 4.4, 4.2, hair);
  }
  ellipse(brush, 0, -42, 8.8, 9, isBack && style !== "hat" ? hair : skin);
  if (!isBack) {
    ellipse(brush, aside * 4.5 - 3, -41, 1.15, 1.5, "#30262a");
    ellipse(brush, aside * 4.5 + 3, -41, 1.15, 1.5, "#30262a");
    ellipse(brush, aside * 4.5 - 4.8, -38.4, 1.7, 1.1, "#e2787855");
    ellipse(brush, aside * 4.5 + 4.8, -38.4, 1.7, 1.1, "#e2787855");
    line(
      brush,
      "#7a4038",
      1,
      [aside * 4.5 - 1.4, -37.3],
      [aside * 4.5, -36.8],
      [aside * 4.5 + 1.4, -37.3],
    );
  }
  drawHair(brush, style, hair, dark, aside);
}

function drawHair(
  brush: Brush,
  style: Looks["style"],
  hair: string,
  dark: string,
  aside: number,
): void {
  if (style === "hat") {
    ellipse(brush, 0, -47, 14, 3.6, shade(dark, -0.25));
    box(brush, -8, -55, 16, 9, shade(dark, -0.15), 4);
    box(brush, -8, -50, 16, 2.4, "#f2dfb4");
    return;
  }
  const fill = style === "beanie" ? shade(dark, 0.25) : hair;
  brush.fillStyle = fill;
  brush.beginPath();
  brush.ellipse(-aside * 1.2, -44, 9.4, 8.6, 0, Math.PI, 2 * Math.PI);
  brush.quadraticCurveTo(4 - aside * 3, -46.5, -aside * 2, -45.6);
  brush.quadraticCurveTo(-6 - aside * 3, -46.5, -9.4 - aside, -44);
  brush.fill();
  if (style === "beanie") {
    box(brush, -9.6, -46.6, 19.2, 4, shade(fill, 0.3), 2);
    ellipse(brush, 0, -53.6, 2.8, 2.8, "#fff6e4");
  }
  if (style === "curls") {
    for (const [x, y] of [
      [-8, -45],
      [-6, -50],
      [0, -52],
      [6, -50],
      [8, -45],
    ] as const) {
      ellipse(brush, x - aside, y, 4, 4, hair);
    }
  }
}
