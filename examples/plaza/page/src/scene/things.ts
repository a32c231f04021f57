// Things that stand: trees, lanterns, stalls, and the gate. Each has its feet at the origin.

import type { Place } from "../places.js";
import { chance } from "./chance.js";
import { TILT } from "./camera.js";
import { GATE_BREADTH, MAST_HEIGHT, POST_HEIGHT, type Thing } from "./layout.js";
import { type Brush, box, ellipse, line, shade, shape } from "./paint.js";

const IRON = "#4a4f58";
const WOOD = "#8b6343";
const LEAVES = ["#7fb25a", "#6aa052", "#92bf62"] as const;
const AWNINGS = [
  "#c8553d",
  "#3f8f86",
  "#d39a3a",
  "#7d5a9e",
  "#4d7fb8",
  "#b8566f",
  "#5e9150",
] as const;

/** A box that holds any of them: how far it reaches to the sides, up and down. */
export const EXTENT = { side: 74, up: 206, down: 22 };

export function drawThing(brush: Brush, { kind, seed }: Thing): void {
  brush.lineCap = "round";
  switch (kind) {
    case "tree":
      return drawTree(brush, seed);
    case "lamp":
      return drawLamp(brush);
    case "post":
      return drawPost(brush, POST_HEIGHT, 3);
    case "mast":
      return drawPost(brush, MAST_HEIGHT, 5);
    case "stall":
      return drawStall(brush, seed);
    case "cat":
      return drawCat(brush);
  }
}

function drawTree(brush: Brush, seed: number): void {
  const random = chance(seed * 97);
  const size = 0.9 + random() * 0.3;
  ellipse(brush, 3, 0, 34 * size, 12 * size, "#2a203034");
  ellipse(brush, 0, 0, 13, 5.5, "#7c6248");
  shape(brush, WOOD, [-4.5, 0], [-2.5, -46], [3, -46], [5, 0]);
  shape(brush, shade(WOOD, -0.2), [1, 0], [1.5, -46], [3, -46], [5, 0]);
  const crown: (readonly [number, number, number])[] = [
    [-19, -50, 19],
    [19, -48, 18],
    [0, -44, 20],
    [-12, -68, 20],
    [13, -67, 20],
    [0, -83, 18],
  ];
  for (const [tone, inset, drop] of [
    [-0.22, 0, 3],
    [0, 2.5, 0],
    [0.16, 9, -5],
  ] as const) {
    const leaf = shade(LEAVES[seed % LEAVES.length] ?? LEAVES[0], tone);
    for (const [x, y, radius] of crown) {
      const reach = Math.max(3, (radius - inset) * size);
      ellipse(brush, x * size + drop * 0.6, y * size + drop, reach, reach * 0.93, leaf);
    }
  }
  const blossom = ["#ffffff00", "#ffe9ef", "#fff3c9"][seed % 3] ?? "";
  for (let index = 0; index < 16; index++) {
    ellipse(brush, (random() - 0.5) * 54 * size, (-42 - random() * 50) * size, 1.7, 1.7, blossom);
  }
}

function drawLamp(brush: Brush): void {
  ellipse(brush, 2, 0, 9, 3.5, "#2a203040");
  box(brush, -5, -6, 10, 7, shade(IRON, -0.15), 2);
  box(brush, -1.7, -66, 3.4, 62, IRON, 1);
  box(brush, -4, -40, 8, 2.4, IRON, 1);
  line(brush, IRON, 2, [-7, -66], [7, -66]);
  shape(brush, "#fff1c4", [-5.5, -67], [-7.5, -84], [7.5, -84], [5.5, -67]);
  shape(brush, "#ffffff90", [-3.5, -67], [-5, -84], [-1, -84], [-1, -67]);
  line(brush, IRON, 1.4, [-5.5, -67], [-7.5, -84], [7.5, -84], [5.5, -67], [-5.5, -67]);
  shape(brush, IRON, [-10, -84], [0, -93], [10, -84]);
  ellipse(brush, 0, -94, 2, 2, IRON);
}

function drawPost(brush: Brush, height: number, width: number): void {
  ellipse(brush, 2, 0, width * 3, width * 1.2, "#2a203040");
  box(brush, -width * 1.6, -7, width * 3.2, 8, shade(WOOD, -0.35), 2);
  box(brush, -width / 2, -height, width, height - 4, WOOD, 1);
  box(brush, width / 6, -height, width / 3, height - 4, shade(WOOD, -0.2), 1);
  ellipse(brush, 0, -height, width, width, "#d9b25c");
}

function drawStall(brush: Brush, seed: number): void {
  const color = AWNINGS[seed % AWNINGS.length] ?? AWNINGS[0];
  const random = chance(seed * 31);
  ellipse(brush, 0, 1, 52, 10, "#2a203038");
  for (const x of [-43, 40]) {
    box(brush, x, -60, 3.5, 60, shade(WOOD, -0.25));
  }
  box(brush, -42, -44, 84, 30, "#5a4436");
  box(brush, -46, -24, 92, 24, WOOD, 2);
  for (let x = -44; x < 44; x += 11) {
    line(brush, shade(WOOD, -0.2), 1, [x, -22], [x, -1]);
  }
  box(brush, -48, -27, 96, 5, shade(WOOD, 0.2), 2);
  const goods = ["#d8573f", "#e8a13b", "#7fae4b", "#f0d36a", "#a9527a", "#e9e2d0"];
  for (let index = 0; index < 22; index++) {
    const crate = Math.floor(index / 5.5);
    const fill = goods[(crate + seed) % goods.length] ?? "";
    ellipse(
      brush,
      -34 + crate * 22 + (random() - 0.5) * 15,
      -29 - random() * 4,
      3.2,
      3.2,
      shade(fill, (random() - 0.5) * 0.2),
    );
  }
  const stripes = 9;
  for (let index = 0; index < stripes; index++) {
    const [above, below] = [-44 + (index * 88) / stripes, -54 + (index * 108) / stripes];
    const fill = index % 2 === 0 ? color : "#fbf4e6";
    shape(brush, fill, [above, -80], [above + 88 / stripes, -80], [below + 12, -55], [below, -55]);
    brush.fillStyle = shade(fill, -0.08);
    brush.beginPath();
    brush.arc(below + 6, -55, 6, 0, Math.PI);
    brush.fill();
  }
}

/** Somebody asks for it now and then. */
function drawCat(brush: Brush): void {
  const fur = "#dd8f4a";
  ellipse(brush, 1, 0, 15, 4.5, "#2a203040");
  line(brush, shade(fur, -0.15), 4, [11, -3], [16, -2], [18, -6]);
  ellipse(brush, 0, -6, 13, 7, fur);
  for (const x of [-1, 4, 9]) {
    line(brush, shade(fur, -0.25), 1.8, [x, -12], [x + 1, -8]);
  }
  shape(brush, fur, [-16, -11], [-15, -18], [-10, -14]);
  shape(brush, fur, [-8, -13], [-4, -18], [-4, -10]);
  ellipse(brush, -10, -9.5, 6.6, 5.6, fur);
  line(brush, "#5a3520", 1, [-13.5, -9.5], [-11.5, -9]);
  line(brush, "#5a3520", 1, [-8.5, -9], [-6.5, -9.5]);
  ellipse(brush, -10, -7.6, 1, 0.7, "#8a3f3a");
}

/** A pillar of a gate: the one behind, or the one in front with the arch between them. */
export function drawGate(brush: Brush, place: Place, front: boolean): void {
  const lean = place.east ? 1 : -1;
  ellipse(brush, 0, 0, 13, 5, "#2a203040");
  box(brush, -8, -10, 16, 12, "#a48d78", 2);
  box(brush, -6, -74, 12, 66, "#cdb59a", 1);
  box(brush, 2, -74, 4, 66, "#b89f84", 1);
  box(brush, -8, -78, 16, 6, "#a48d78", 2);
  if (front) {
    drawArch(brush, lean);
    drawSign(brush, place, lean);
  }
}

/** From this pillar to the one behind, which is so much further up the screen. */
const BETWEEN = 2 * GATE_BREADTH * TILT;

function drawArch(brush: Brush, lean: number): void {
  const random = chance(77);
  const at = (part: number): readonly [number, number] => {
    const rise = Math.sin(part * Math.PI);
    return [lean * rise * 10, -78 - part * BETWEEN - rise * 34];
  };
  const way = Array.from({ length: 21 }, (_, index) => at(index / 20));
  line(brush, "#6b4f38", 5, ...way);
  for (let index = 0; index < 90; index++) {
    const [x, y] = at(random());
    const leaf = shade(LEAVES[index % 3] ?? LEAVES[0], (random() - 0.6) * 0.3);
    ellipse(brush, x + (random() - 0.5) * 15, y + (random() - 0.5) * 13, 4.6, 3.6, leaf);
  }
  for (let index = 0; index < 26; index++) {
    const [x, y] = at(random());
    const rose = ["#e8677f", "#f6b5c0", "#fff3ea"][index % 3] ?? "";
    ellipse(brush, x + (random() - 0.5) * 16, y + (random() - 0.5) * 14, 2.8, 2.6, rose);
  }
}

function drawSign(brush: Brush, { beyond }: Place, lean: number): void {
  brush.save();
  brush.translate(lean * 4, -62);
  box(brush, -34, -9, 68, 20, "#6a4a33", 4);
  box(brush, -32, -7, 64, 16, "#f6e7c8", 3);
  brush.fillStyle = "#5b3f2c";
  brush.font = "600 11px system-ui, sans-serif";
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  const name = beyond === "square" ? "Square" : "Plaza";
  brush.fillText(lean > 0 ? `${name} →` : `← ${name}`, 0, 1.5);
  brush.restore();
}
