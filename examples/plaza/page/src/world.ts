// The model that everything is drawn from: the room's view, and its events since.

import { Motion } from "./motion.js";
import { OwnWalk } from "./own-walk.js";
import type { Color, Line, Point, Walker, World as View } from "./generated/types.js";
import { CHAT_LINES_MAX } from "./rules.js";

/** How long a wave takes, in seconds. */
const WAVE = 1.7;

/** Somebody there, as the page knows them. */
export interface Person {
  readonly who: string;
  name: string;
  color: Color;
  away: boolean;
  readonly motion: Motion;
  /** What they said last, and when. */
  said: { readonly text: string; readonly at: number } | undefined;
  wavedAt: number;
  readonly since: number;
}

export class World {
  readonly people = new Map<string, Person>();
  chat: Line[] = [];
  /** Counts up whenever the chat is another one, so that a panel need not compare lines. */
  chatVersion = 0;
  readonly #walk = new OwnWalk();

  constructor(
    /** Who looks. */
    readonly me: string,
    view: View,
    now: number,
  ) {
    this.replace(view, now);
  }

  get own(): Person | undefined {
    return this.people.get(this.me);
  }

  /** The room as it is now; whoever is still there glides to where they are. */
  replace(view: View, now: number): void {
    this.#walk.forget();
    for (const who of this.people.keys()) {
      if (!Object.hasOwn(view.walkers, who)) {
        this.people.delete(who);
      }
    }
    for (const [who, walker] of Object.entries(view.walkers)) {
      this.joined(who, walker, now);
    }
    this.chat = view.chat.slice(-CHAT_LINES_MAX);
    this.chatVersion++;
  }

  joined(who: string, walker: Walker, now: number): void {
    const known = this.people.get(who);
    if (known) {
      const { name, color, away } = walker;
      Object.assign(known, { name, color, away });
      known.motion.correct(walker.at, walker.to, now, now);
      return;
    }
    const { name, color, at, to, away } = walker;
    const motion = new Motion(at, to, now);
    const wavedAt = -Infinity;
    this.people.set(who, { who, name, color, away, motion, said: undefined, wavedAt, since: now });
  }

  left(who: string): void {
    this.people.delete(who);
  }

  said(line: Line, now: number): void {
    this.chat = [...this.chat, line].slice(-CHAT_LINES_MAX);
    this.chatVersion++;
    const person = this.people.get(line.who);
    if (person) {
      person.said = { text: line.text, at: now };
    }
  }

  walks(who: string, from: Point, to: Point, now: number): void {
    const person = this.people.get(who);
    if (person && who === this.me) {
      this.#walk.answered(person.motion, from, to, now);
    } else {
      person?.motion.correct(from, to, now, now);
    }
  }

  waved(who: string, now: number): void {
    const person = this.people.get(who);
    if (person && !isWaving(person, now)) {
      person.wavedAt = now;
    }
  }

  away(who: string, away: boolean): void {
    const person = this.people.get(who);
    if (person) {
      person.away = away;
    }
  }

  /** One's own walk, before the room knows of it. */
  walk(to: Point, now: number): void {
    const own = this.own;
    if (own) {
      this.#walk.sets(own.motion, to, now);
    }
  }

  walkRefused(to: Point): void {
    this.#walk.refused(to);
  }
}

export function isWaving(person: Person, now: number): boolean {
  return now - person.wavedAt < WAVE;
}
