// The form one comes in by.

import { recall, remember } from "../memory.js";
import type { Color } from "../generated/types.js";
import { COLORS, NAME_BYTES_MAX } from "../rules.js";
import type { Visitor } from "../visit.js";
import { refusalOf } from "../words.js";
import { element, write } from "./element.js";

export class Door {
  readonly #form = element("join", HTMLFormElement);
  readonly #name = element("name", HTMLInputElement);
  readonly #token = element("token", HTMLInputElement);
  readonly #tokenDetails = element("token-details", HTMLDetailsElement);
  readonly #coats = element("coats", HTMLFieldSetElement);
  readonly #enter = element("enter", HTMLButtonElement);
  readonly #error = element("form-error", HTMLElement);
  #isEntering = false;

  constructor(token: string, enter: (visitor: Visitor) => Promise<void>) {
    this.#name.value = recall("name");
    this.token = token;
    this.#hangCoats(recall("color"));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit(enter);
    });
  }

  get color(): Color {
    const worn = this.#coats.querySelector<HTMLInputElement>("input:checked");
    return (worn?.value as Color | undefined) ?? "teal";
  }

  set token(token: string) {
    if (token !== "") {
      this.#token.value = token;
      this.#tokenDetails.open = true;
    }
  }

  focus(): void {
    this.#name.focus({ preventScroll: true });
  }

  /** Each coat is a radio button that looks like one. */
  #hangCoats(worn: string): void {
    const colors = Object.keys(COLORS) as Color[];
    const chosen = colors.find((color) => color === worn) ?? colors[colorOfToday(colors.length)];
    for (const color of colors) {
      const label = document.createElement("label");
      const radio = document.createElement("input");
      const name = document.createElement("span");
      Object.assign(radio, { type: "radio", name: "coat", value: color });
      radio.checked = color === chosen;
      label.dataset["color"] = color;
      label.title = color;
      name.className = "hidden";
      name.textContent = color;
      label.append(radio, name);
      this.#coats.append(label);
    }
  }

  async #submit(enter: (visitor: Visitor) => Promise<void>): Promise<void> {
    if (this.#isEntering) {
      return;
    }
    const name = fitting(this.#name.value.trim());
    const token = this.#token.value.trim();
    if (name === "" && token === "") {
      this.#refuse("Everybody has a name here. What is yours?");
      this.#name.focus();
      return;
    }
    const { color } = this;
    remember("name", name);
    remember("color", color);
    this.#busy(true);
    try {
      await enter({ name, token, color });
    } catch (error) {
      this.#refuse(refusalOf(error));
    }
    this.#busy(false);
  }

  #busy(busy: boolean): void {
    this.#isEntering = busy;
    this.#enter.ariaDisabled = String(busy);
    write(this.#enter, busy ? "Coming in…" : "Come in");
    if (busy) {
      this.#refuse("");
    }
  }

  #refuse(message: string): void {
    write(this.#error, message);
  }
}

/** As much of a name as a server takes. */
function fitting(name: string): string {
  const encoder = new TextEncoder();
  let fitting = "";
  for (const char of name) {
    if (encoder.encode(fitting + char).length > NAME_BYTES_MAX) {
      break;
    }
    fitting += char;
  }
  return fitting;
}

/** Whoever has no coat yet is offered another one each day; not the last, which is grey. */
function colorOfToday(count: number): number {
  return Math.floor(Date.now() / 86_400_000) % (count - 1);
}
