// What stands where.

import type { PlaceName } from "../places.js";
import type { Point } from "../generated/types.js";

export type Thing = Point & {
  readonly kind: "tree" | "lamp" | "post" | "mast" | "stall" | "cat";
  readonly seed: number;
};

export const CENTRE: Point = { x: 500, y: 500 };
/** The water in the middle of the plaza is a finger deep: one walks through it. */
export const POOL_RADIUS = 118;
/** Posts around the mast of the square, which hold up the strings of lights. */
export const MAST_HEIGHT = 175;
export const POST_HEIGHT = 92;
/** From the middle of a gate to either pillar, in steps. */
export const GATE_BREADTH = 66;

function things(kind: Thing["kind"], ...at: (readonly [x: number, y: number])[]): Thing[] {
  return at.map(([x, y], index) => ({ kind, x, y, seed: index + 1 }));
}

export const POSTS: readonly Point[] = [0, 1, 2, 3, 4, 5].map((index) => {
  const angle = (index / 6) * 2 * Math.PI;
  return { x: 500 + Math.cos(angle) * 330, y: 500 + Math.sin(angle) * 330 };
});

export const THINGS: Readonly<Record<PlaceName, readonly Thing[]>> = {
  plaza: [
    ...things(
      "lamp",
      [300, 290],
      [700, 290],
      [300, 710],
      [700, 710],
      [30, 500],
      [1086, 258],
      [1086, 402],
    ),
    ...things("tree", [110, 110], [890, 110], [105, 900], [895, 900]),
    ...things(
      "tree",
      [-85, 60],
      [-80, 330],
      [-95, 640],
      [-80, 930],
      [1088, 70],
      [1092, 520],
      [1082, 730],
      [1092, 960],
    ),
  ],
  square: [
    ...things("mast", [500, 500]),
    ...things("post", ...POSTS.map(({ x, y }) => [x, y] as const)),
    ...things("lamp", [-86, 258], [-86, 402], [960, 60]),
    ...things(
      "stall",
      [150, -12],
      [300, -12],
      [700, -12],
      [850, -12],
      [1082, 330],
      [1082, 560],
      [1082, 790],
    ),
    ...things("cat", [372, 22]),
    ...things(
      "tree",
      [-85, 90],
      [-92, 590],
      [-80, 800],
      [-92, 990],
      [1088, 120],
      [1090, 990],
      [70, 930],
      [930, 930],
    ),
  ],
};

/** What gives light at night, and how high it hangs. */
export function lights(place: PlaceName): readonly (Point & { height: number; reach: number })[] {
  return THINGS[place].flatMap(({ kind, x, y }) => {
    switch (kind) {
      case "lamp":
        return [{ x, y, height: 78, reach: 190 }];
      case "post":
        return [{ x, y, height: POST_HEIGHT, reach: 170 }];
      case "mast":
        return [{ x, y, height: 120, reach: 330 }];
      case "stall":
        return [{ x, y, height: 34, reach: 120 }];
      default:
        return [];
    }
  });
}
