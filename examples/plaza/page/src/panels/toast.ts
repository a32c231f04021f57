// A word in passing.

import { element } from "./element.js";

/** How long it stays, in milliseconds. */
const STAYS = 5000;

export class Toast {
  readonly #toast = element("toast", HTMLElement);
  #timer = 0;

  show(text: string): void {
    this.#toast.textContent = text;
    this.#toast.classList.add("shown");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#toast.classList.remove("shown"), STAYS);
  }
}
