// Names above heads, and what people say: each written once, then only shown.

import type { Point } from "../generated/types.js";
import { type Brush, sheet } from "./paint.js";

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const NAME_FONT = `600 12px ${FAMILY}`;
const TEXT_FONT = `500 13px ${FAMILY}`;
/** In pixels of the page. */
const NAME_WIDTH_MAX = 130;
const TEXT_WIDTH_MAX = 190;
const LINE = 17;
const LINES_MAX = 5;
/** Pictures that are kept; beyond, all are made anew. */
const PICTURES_MAX = 400;

interface Picture {
  readonly canvas: HTMLCanvasElement;
  readonly width: number;
  readonly height: number;
}

export class Sayings {
  readonly #pictures = new Map<string, Picture>();
  readonly #measure = sheet(1, 1).brush;
  #ratio = 1;

  /** Pixels of the device for one of the page. */
  resize(ratio: number): void {
    this.#ratio = ratio;
    this.#pictures.clear();
  }

  /** Over a point, both in pixels of the page. Returns how high it is. */
  drawName(brush: Brush, name: string, at: Point, own: boolean, away: boolean): number {
    const picture = this.#kept(`${own}${away}name:${name}`, () => this.#name(name, own, away));
    return this.#draw(brush, picture, at);
  }

  drawText(brush: Brush, text: string, at: Point): void {
    this.#draw(
      brush,
      this.#kept(`text:${text}`, () => this.#bubble(text)),
      at,
    );
  }

  #draw(brush: Brush, { canvas, width, height }: Picture, { x, y }: Point): number {
    // On whole pixels, or letters blur.
    const snap = (value: number) => Math.round(value * this.#ratio) / this.#ratio;
    brush.drawImage(canvas, snap(x - width / 2), snap(y - height), width, height);
    return height;
  }

  #kept(key: string, make: () => Picture): Picture {
    let picture = this.#pictures.get(key);
    if (!picture) {
      if (this.#pictures.size >= PICTURES_MAX) {
        this.#pictures.clear();
      }
      picture = make();
      this.#pictures.set(key, picture);
    }
    return picture;
  }

  #sheet(width: number, height: number): { picture: Picture; brush: Brush } {
    const ratio = this.#ratio;
    const { canvas, brush } = sheet(width * ratio, height * ratio);
    brush.scale(canvas.width / width, canvas.height / height);
    brush.textAlign = "center";
    brush.textBaseline = "middle";
    return { picture: { canvas, width, height }, brush };
  }

  #name(name: string, own: boolean, away: boolean): Picture {
    this.#measure.font = NAME_FONT;
    const text = this.#cut(name, NAME_WIDTH_MAX) + (away ? " …" : "");
    const width = Math.ceil(this.#measure.measureText(text).width) + 14;
    const { picture, brush } = this.#sheet(width, 19);
    brush.fillStyle = own ? "#fff8e6" : "#1d2233a8";
    brush.beginPath();
    brush.roundRect(0.5, 0.5, width - 1, 18, 9);
    brush.fill();
    brush.font = NAME_FONT;
    brush.fillStyle = own ? "#3a2c22" : "#ffffff";
    brush.fillText(text, width / 2, 10);
    return picture;
  }

  #bubble(text: string): Picture {
    this.#measure.font = TEXT_FONT;
    const lines = this.#wrap(text);
    const widths = lines.map((line) => this.#measure.measureText(line).width);
    const width = Math.ceil(Math.max(24, ...widths)) + 26;
    const height = lines.length * LINE + 25;
    const { picture, brush } = this.#sheet(width, height);
    brush.shadowColor = "#1a142840";
    brush.shadowBlur = 4 * this.#ratio;
    brush.shadowOffsetY = this.#ratio;
    brush.fillStyle = "#fffdf8";
    brush.beginPath();
    brush.roundRect(4, 3, width - 8, height - 13, 12);
    brush.moveTo(width / 2 - 6, height - 10.5);
    brush.lineTo(width / 2, height - 3);
    brush.lineTo(width / 2 + 6, height - 10.5);
    brush.fill();
    brush.shadowColor = "transparent";
    brush.font = TEXT_FONT;
    brush.fillStyle = "#2c2530";
    lines.forEach((line, index) => brush.fillText(line, width / 2, 9.5 + LINE * (index + 0.5)));
    return picture;
  }

  /** Into lines that fit, words that are too long cut. */
  #wrap(text: string): string[] {
    const lines: string[] = [];
    let line = "";
    for (const word of text.split(/\s+/)) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (this.#measure.measureText(longer).width <= TEXT_WIDTH_MAX) {
        line = longer;
        continue;
      }
      if (line !== "") {
        lines.push(line);
      }
      line = word;
      while (this.#measure.measureText(line).width > TEXT_WIDTH_MAX) {
        const head = this.#head(line, TEXT_WIDTH_MAX);
        lines.push(head);
        line = line.slice(head.length);
      }
    }
    lines.push(line);
    if (lines.length > LINES_MAX) {
      lines.length = LINES_MAX;
      lines[LINES_MAX - 1] = `${this.#head(lines[LINES_MAX - 1] ?? "", TEXT_WIDTH_MAX - 14)}…`;
    }
    return lines;
  }

  #cut(text: string, width: number): string {
    const head = this.#head(text, width);
    return head === text ? text : `${head}…`;
  }

  /** As much of it as fits, a character at least. */
  #head(text: string, width: number): string {
    let head = "";
    for (const char of text) {
      if (head !== "" && this.#measure.measureText(head + char).width > width) {
        break;
      }
      head += char;
    }
    return head;
  }
}
