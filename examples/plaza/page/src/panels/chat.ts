// The chat: the last lines, and what one says oneself.

import type { Line } from "../generated/types.js";
import { COLORS, TEXT_CHARS_MAX } from "../rules.js";
import type { World } from "../world.js";
import { element } from "./element.js";

/** Within so many pixels of the end one reads along. */
const END = 40;

export class Chat {
  readonly #list = element("chat", HTMLOListElement);
  readonly #text = element("text", HTMLInputElement);
  readonly #panel = element("talk", HTMLElement);
  readonly #toggle = element("talk-toggle", HTMLButtonElement);
  #world: World | undefined;
  #version = -1;
  #shown: readonly Line[] = [];

  constructor(say: (text: string) => Promise<boolean>, leave: () => void) {
    element("say", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#say(say);
    });
    this.#text.addEventListener("keydown", (event) => event.key === "Escape" && leave());
    this.#toggle.addEventListener("click", () => this.open(!this.isOpen));
    this.open(matchMedia("(min-width: 720px)").matches);
  }

  get isOpen(): boolean {
    return this.#panel.classList.contains("open");
  }

  open(open: boolean): void {
    this.#panel.classList.toggle("open", open);
    this.#toggle.ariaExpanded = String(open);
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  focus(): void {
    this.#text.focus();
  }

  /** Every frame; mostly there is nothing to do. */
  show(world: World | undefined): void {
    if (world === this.#world && world?.chatVersion === this.#version) {
      return;
    }
    const isSame = world === this.#world;
    this.#world = world;
    this.#version = world?.chatVersion ?? -1;
    this.#replace(world, isSame ? this.#shown : []);
  }

  /** Lines that stay are the same elements, so that only new ones are read out. */
  #replace(world: World | undefined, before: readonly Line[]): void {
    const list = this.#list;
    const lines = world?.chat ?? [];
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < END;
    const gone = before.length > 0 ? before.indexOf(lines[0] as Line) : -1;
    const kept = gone < 0 ? [] : [...list.children].slice(gone);
    const added = lines.slice(kept.length).map((line) => item(line, world));
    list.replaceChildren(...kept, ...added);
    this.#shown = lines;
    if (isAtEnd) {
      list.scrollTop = list.scrollHeight;
    }
  }

  async #say(say: (text: string) => Promise<boolean>): Promise<void> {
    const text = [...this.#text.value.trim()].slice(0, TEXT_CHARS_MAX).join("");
    if (text === "") {
      return;
    }
    this.#text.value = "";
    const wasSaid = await say(text);
    if (!wasSaid && this.#text.value === "") {
      this.#text.value = text;
    }
  }
}

function item({ who, name, text }: Line, world: World | undefined): HTMLLIElement {
  const item = document.createElement("li");
  const speaker = document.createElement("b");
  item.dataset["who"] = who;
  item.dataset["text"] = text;
  item.classList.toggle("own", who === world?.me);
  speaker.textContent = name;
  speaker.dir = "auto";
  const color = world?.people.get(who)?.color;
  if (color && color in COLORS) {
    speaker.dataset["color"] = color;
  }
  const said = document.createElement("span");
  said.textContent = text;
  said.dir = "auto";
  item.append(speaker, " ", said);
  return item;
}
