// The picture: the backdrop, everybody in front of and behind its things, the light, and the words.

import type { ThemeName } from "../panels/theme.js";
import type { Place, PlaceName } from "../places.js";
import type { Point } from "../generated/types.js";
import { COLORS } from "../rules.js";
import { type Person, type World, isWaving } from "../world.js";
import { type Backdrop, paintBackdrop } from "./backdrop.js";
import { Camera, TILT } from "./camera.js";
import { clock } from "../clock.js";
import { drawFestoons } from "./festoons.js";
import type { Reach } from "./ground.js";
import { CENTRE } from "./layout.js";
import type { Coarse } from "./night.js";
import { paintClock } from "./houses.js";
import type { Brush } from "./paint.js";
import { Figures, type Looks, drawShadow, looksOf } from "./people.js";
import { Pigeons } from "./pigeons.js";
import { Sayings } from "./sayings.js";
import { drawPicture } from "./standing.js";
import { JETS, Water, drawJet, isInWater } from "./water.js";

/** Finer screens than this look no better, and cost. */
const RATIO_MAX = 2;
/** How long words stay above a head, in seconds: that, and so much for each character. */
const SAID = 3.2;
const SAID_PER_CHAR = 0.06;
/** In which somebody who comes in grows to their size. */
const GROWTH = 0.35;

/** A window that changes goes on changing for so long, in seconds. */
const RESIZE_TIME = 0.15;

/** Something drawn in its turn, from north to south. */
interface Turn {
  readonly at: Point;
  readonly draw: (brush: Brush) => void;
}

export class Scene {
  readonly camera = new Camera();
  readonly #canvas: HTMLCanvasElement;
  readonly #brush: Brush;
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #figures = new Figures();
  readonly #sayings = new Sayings();
  readonly #water = new Water();
  readonly #pigeons: Readonly<Record<PlaceName, Pigeons>>;
  readonly #looks = new WeakMap<Person, { readonly color: string; readonly looks: Looks }>();
  #backdrop: Backdrop | undefined;
  #backdropOf = "";
  #resizedAt = -Infinity;
  #ratio = 1;
  #place: Place | undefined;

  constructor(canvas: HTMLCanvasElement) {
    const brush = canvas.getContext("2d", { alpha: false });
    if (!brush) {
      throw new Error("this browser does not draw");
    }
    this.#canvas = canvas;
    this.#brush = brush;
    this.#pigeons = { plaza: new Pigeons(12), square: new Pigeons(6) };
  }

  /** In pixels of the page. */
  resize(width: number, height: number): void {
    this.#ratio = Math.min(RATIO_MAX, devicePixelRatio || 1);
    this.#canvas.width = Math.round(width * this.#ratio);
    this.#canvas.height = Math.round(height * this.#ratio);
    this.camera.resize(width, height);
    this.#figures.resize(this.camera.scale * this.#ratio);
    this.#sayings.resize(this.#ratio);
    this.#resizedAt = clock();
  }

  draw(place: Place, world: World | undefined, theme: ThemeName, now: number): void {
    if (place !== this.#place) {
      this.#place = place;
      this.camera.cut();
    }
    const { camera } = this;
    const own = world?.own;
    camera.follow(own?.motion.at(now) ?? CENTRE, now);
    const backdrop = this.#paint(place, theme, now);
    const people = [...(world?.people.values() ?? [])];
    const time = this.#calm.matches ? 0 : now;
    const scale = camera.scale * this.#ratio;
    // On whole pixels the ground is copied, not resampled.
    const [left, top] = [Math.round(camera.left * scale), Math.round(camera.top * scale)];
    const { reach, ground } = backdrop;
    const grown = scale / backdrop.scale;
    this.#brush.setTransform(1, 0, 0, 1, 0, 0);
    this.#brush.drawImage(
      ground,
      Math.round(reach.left * scale) - left,
      Math.round(reach.top * scale) - top,
      ground.width * grown,
      ground.height * grown,
    );
    this.#brush.setTransform(scale, 0, 0, scale, -left, -top);
    this.#drawFlat(place, people, own, now, time, theme);
    this.#drawStanding(place, backdrop, people, now, time);
    this.#drawNight(backdrop);
    if (place.name === "square") {
      drawFestoons(this.#brush);
    }
    this.#brush.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    this.#drawWords(people, own, now);
  }

  /** Painted anew only where the former does not do; and of a window that is being drawn larger, later. */
  #paint(place: Place, theme: ThemeName, now: number): Backdrop {
    const of = `${place.name} ${theme}`;
    const { reach } = this.camera;
    const scale = this.camera.scale * this.#ratio;
    const former = this.#backdropOf === of ? this.#backdrop : undefined;
    const fits = former?.scale === scale && reaches(former.reach, reach);
    if (former && (fits || now - this.#resizedAt < RESIZE_TIME)) {
      return former;
    }
    this.#backdrop = paintBackdrop(place.name, theme, reach, scale);
    this.#backdropOf = of;
    return this.#backdrop;
  }

  #cover({ left, top }: Reach, { canvas, scale }: Coarse): void {
    this.#brush.drawImage(canvas, left, top, canvas.width / scale, canvas.height / scale);
  }

  /** What lies on the ground. */
  #drawFlat(
    place: Place,
    people: Person[],
    own: Person | undefined,
    now: number,
    time: number,
    theme: ThemeName,
  ): void {
    const brush = this.#brush;
    if (place.name === "plaza") {
      for (const { who, motion } of people) {
        const at = motion.at(now);
        if (time > 0 && isInWater(at) && motion.isWalking(now)) {
          this.#water.step(who, at, now);
        }
      }
      this.#water.draw(brush, time);
    } else {
      paintClock(brush, theme === "dark");
    }
    drawChevrons(brush, place, time);
    if (own) {
      // The keyboard's focus shows where it takes effect.
      const color = this.#canvas.matches(":focus-visible") ? "#ffc62e" : "#fffdf4d8";
      drawOwnRing(brush, own, now, color);
    }
  }

  /** What stands, from north to south. */
  #drawStanding(
    place: Place,
    { standing }: Backdrop,
    people: Person[],
    now: number,
    time: number,
  ): void {
    const brush = this.#brush;
    const feet = people.map(({ motion }) => motion.at(now));
    const turns: Turn[] = standing.map((thing) => ({
      at: thing,
      draw: () => {
        const hides = thing.isBroad && feet.some((at) => isBehind(at, thing));
        brush.globalAlpha = hides ? 0.5 : 1;
        drawPicture(brush, { ...thing, x: 0, y: 0 });
      },
    }));
    for (const person of people) {
      turns.push({ at: person.motion.at(now), draw: () => this.#drawPerson(person, now, time) });
    }
    if (place.name === "plaza" && time > 0) {
      JETS.forEach(({ x, y, height }, seed) =>
        turns.push({ at: { x, y }, draw: () => drawJet(brush, height, now, seed) }),
      );
    }
    const pigeons = this.#pigeons[place.name];
    if (time > 0) {
      pigeons.mind(feet, now);
    }
    turns.push(...pigeons.all(time));
    turns.sort((one, other) => one.at.y - other.at.y);
    for (const { at, draw } of turns) {
      brush.save();
      brush.translate(at.x, at.y * TILT);
      draw(brush);
      brush.restore();
    }
  }

  #drawPerson(person: Person, now: number, time: number): void {
    const brush = this.#brush;
    const { motion, away, since } = person;
    const grown = Math.min(1, (now - since) / GROWTH + 0.05);
    if (away) {
      brush.globalAlpha = 0.42;
    }
    brush.scale(grown, grown * (2 - grown));
    drawShadow(brush);
    const isWalking = motion.isWalking(now) && !away;
    const heading = isWalking ? motion.heading : { x: motion.heading.x * 0.4, y: 0 };
    this.#figures.draw(brush, this.#looksOf(person), {
      time: time === 0 ? 0 : now + (since % 1),
      isWalking,
      isWaving: isWaving(person, now),
      heading,
    });
  }

  #looksOf(person: Person): Looks {
    const color = COLORS[person.color] ?? COLORS.grey;
    let known = this.#looks.get(person);
    if (known?.color !== color) {
      known = { color, looks: looksOf(person.who, color) };
      this.#looks.set(person, known);
    }
    return known.looks;
  }

  #drawNight({ night, reach }: Backdrop): void {
    if (night) {
      const brush = this.#brush;
      brush.globalCompositeOperation = "multiply";
      this.#cover(reach, night.shade);
      brush.globalCompositeOperation = "lighter";
      this.#cover(reach, night.glow);
      brush.globalCompositeOperation = "source-over";
    }
  }

  #drawWords(people: Person[], own: Person | undefined, now: number): void {
    const brush = this.#brush;
    // Those in front last, and oneself at the very last.
    const depth = (person: Person) => (person === own ? Infinity : person.motion.at(now).y);
    people.sort((one, other) => depth(one) - depth(other));
    const heads = people.map((person) => this.camera.screen(person.motion.at(now), 59));
    const heights = people.map((person, index) => {
      const away = person.away && person !== own;
      brush.globalAlpha = away ? 0.7 : 1;
      return this.#sayings.drawName(
        brush,
        person.name,
        heads[index] ?? CENTRE,
        person === own,
        away,
      );
    });
    people.forEach(({ said }, index) => {
      const head = heads[index];
      if (said && head) {
        const age = now - said.at;
        const stays = SAID + said.text.length * SAID_PER_CHAR;
        brush.globalAlpha = Math.max(0, Math.min(1, age / 0.15, (stays - age) / 0.4));
        if (brush.globalAlpha > 0) {
          const rise = this.#calm.matches ? 0 : 8 * Math.max(0, 1 - age / 0.15);
          const y = head.y - (heights[index] ?? 0) - 1 + rise;
          this.#sayings.drawText(brush, said.text, { x: head.x, y });
        }
      }
    });
    brush.globalAlpha = 1;
  }
}

/** Whether there is nothing of one that the other lacks. */
function reaches(one: Reach, other: Reach): boolean {
  return (
    one.left <= other.left &&
    one.top <= other.top &&
    one.left + one.width >= other.left + other.width &&
    one.top + one.height >= other.top + other.height
  );
}

/** Whether a tree's crown would hide somebody. */
function isBehind(at: Point, tree: Point): boolean {
  return Math.abs(at.x - tree.x) < 42 && at.y < tree.y && at.y > tree.y - 165;
}

/** They lead to the gate. */
function drawChevrons(brush: Brush, { gate, east }: Place, time: number): void {
  const side = east ? 1 : -1;
  brush.lineCap = "round";
  brush.lineJoin = "round";
  brush.lineWidth = 5;
  for (let index = 0; index < 3; index++) {
    const x = gate.x + side * (index * 20 - 58);
    const strength = 0.4 + 0.35 * Math.sin(time * 3 - index * 0.9);
    brush.strokeStyle = `rgb(255 250 236 / ${strength})`;
    brush.beginPath();
    brush.moveTo(x - side * 8, gate.y * TILT - 13);
    brush.lineTo(x + side * 2, gate.y * TILT);
    brush.lineTo(x - side * 8, gate.y * TILT + 13);
    brush.stroke();
  }
}

/** Where one is oneself, and where one goes. */
function drawOwnRing(brush: Brush, { motion }: Person, now: number, color: string): void {
  const at = motion.at(now);
  brush.lineWidth = 2.4;
  brush.strokeStyle = color;
  brush.beginPath();
  brush.ellipse(at.x, at.y * TILT, 18, 18 * TILT, 0, 0, 2 * Math.PI);
  brush.stroke();
  if (motion.isWalking(now)) {
    const { x, y } = motion.to;
    const pulse = 7 + Math.sin(now * 7) * 1.5;
    brush.strokeStyle = "#fffdf4b8";
    brush.beginPath();
    brush.ellipse(x, y * TILT, pulse, pulse * TILT, 0, 0, 2 * Math.PI);
    brush.moveTo(x + 2, y * TILT);
    brush.ellipse(x, y * TILT, 2, 2 * TILT, 0, 0, 2 * Math.PI);
    brush.stroke();
  }
}
