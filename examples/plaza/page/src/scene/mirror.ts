// The mirror beside the door: how one will look.

import { COLORS } from "../rules.js";
import type { Color } from "../generated/types.js";
import { Figures, drawShadow, looksOf } from "./people.js";

const WIDTH = 84;
const HEIGHT = 96;
const SCALE = 1.45;

export class Mirror {
  readonly #figures = new Figures();
  readonly #brush: CanvasRenderingContext2D | null;

  constructor(canvas: HTMLCanvasElement) {
    const ratio = Math.min(2, devicePixelRatio || 1);
    canvas.width = WIDTH * ratio;
    canvas.height = HEIGHT * ratio;
    this.#brush = canvas.getContext("2d");
    this.#brush?.scale(ratio, ratio);
    this.#figures.resize(SCALE * ratio);
  }

  draw(color: Color, isWaving: boolean, time: number): void {
    const brush = this.#brush;
    if (!brush) {
      return;
    }
    brush.clearRect(0, 0, WIDTH, HEIGHT);
    brush.save();
    brush.translate(WIDTH / 2, HEIGHT - 7);
    brush.scale(SCALE, SCALE);
    drawShadow(brush);
    const heading = { x: 0.2, y: 0.4 };
    this.#figures.draw(brush, looksOf("mirror", COLORS[color]), {
      time,
      isWalking: false,
      isWaving,
      heading,
    });
    brush.restore();
  }
}
