// Day and night: as the device has it, unless somebody says otherwise.

import { recall, remember } from "../memory.js";
import { element } from "./element.js";

export type ThemeName = "light" | "dark";

export class Theme {
  readonly #button = element("theme", HTMLButtonElement);
  readonly #device = matchMedia("(prefers-color-scheme: dark)");
  #chosen = recall("theme");

  constructor() {
    this.#button.addEventListener("click", () => {
      this.#chosen = this.name === "dark" ? "light" : "dark";
      remember("theme", this.#chosen);
      this.#apply();
    });
    this.#device.addEventListener("change", () => this.#apply());
    this.#apply();
  }

  get name(): ThemeName {
    if (this.#chosen === "dark" || this.#chosen === "light") {
      return this.#chosen;
    }
    return this.#device.matches ? "dark" : "light";
  }

  #apply(): void {
    document.documentElement.dataset["theme"] = this.name;
    this.#button.ariaLabel = this.name === "dark" ? "Make it day" : "Make it night";
    this.#button.title = this.#button.ariaLabel;
  }
}
