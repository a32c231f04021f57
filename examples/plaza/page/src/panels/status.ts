// The state of the connection, the round trip, and who is here: for eyes, for ears, and for tests.

import { PLACES } from "../places.js";
import type { Visit } from "../visit.js";
import { element, write } from "./element.js";

export class Status {
  readonly #connection = element("connection", HTMLElement);
  readonly #text = element("connection-text", HTMLElement);
  readonly #rtt = element("rtt", HTMLElement);
  readonly #count = element("count", HTMLElement);
  readonly #title = element("place-title", HTMLElement);
  readonly #motto = element("place-motto", HTMLElement);
  readonly #welcome = element("join-motto", HTMLElement);
  readonly #travel = element("travel-text", HTMLElement);
  readonly #why = element("end-why", HTMLElement);
  readonly #people = element("people", HTMLUListElement);

  /** The phase, the place or the world is another. */
  changed({ phase, place, travelling }: Visit): void {
    const { dataset } = document.documentElement;
    dataset["state"] = phase.state;
    dataset["room"] = place.name;
    dataset["travelling"] = String(travelling);
    document.title = place.title;
    write(this.#title, place.title);
    write(this.#motto, place.motto);
    write(this.#welcome, place.welcome);
    write(this.#travel, `To ${PLACES[place.beyond].title.toLowerCase()}`);
    this.#connection.title = phase.state === "reconnecting" ? phase.why : "";
    write(this.#why, phase.state === "ended" ? phase.why : "");
  }

  /** Some times a second. */
  show(visit: Visit, now: number): void {
    write(this.#text, words(visit, now));
    const { roundTrip, world } = visit;
    write(this.#rtt, roundTrip === undefined ? "– ms" : `${Math.max(1, Math.round(roundTrip))} ms`);
    const count = world?.people.size ?? 0;
    write(this.#count, world ? `${count} here` : "");
    this.#list(visit, now);
  }

  #list({ world }: Visit, now: number): void {
    const list = this.#people;
    const items = new Map(
      [...list.children].map((item) => [(item as HTMLElement).dataset["who"], item]),
    );
    for (const person of world?.people.values() ?? []) {
      const item = (items.get(person.who) ?? document.createElement("li")) as HTMLElement;
      items.delete(person.who);
      const { x, y } = person.motion.at(now);
      item.dataset["who"] = person.who;
      item.dataset["name"] = person.name;
      item.dataset["x"] = String(Math.round(x));
      item.dataset["y"] = String(Math.round(y));
      item.dataset["away"] = String(person.away);
      write(item, person.name + (person.away ? " (away)" : ""));
      if (!item.isConnected) {
        list.append(item);
      }
    }
    items.forEach((item) => item.remove());
  }
}

function words({ phase }: Visit, now: number): string {
  switch (phase.state) {
    case "form":
      return "Not connected";
    case "joining":
      return "Joining…";
    case "connected":
      return "Connected";
    case "reconnecting": {
      const seconds = Math.ceil(phase.retryAt - now);
      return seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting…";
    }
    case "ended":
      return "Ended";
  }
}
