// Somebody in front of the plaza's page: what they do, and what the page shows them.

import type { BrowserContext, Page } from "playwright-core";

export interface Person {
  readonly who: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly away: boolean;
}

/** The states that the page shows on its root. */
export type PageState = "form" | "joining" | "connected" | "reconnecting" | "ended";

/** Somebody whose place is the same so many frames later stands. */
const STANDING_FRAMES = 30;

/** Over when the page has drawn so many frames; runs in the page. */
function frames(count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number) => (left > 0 ? requestAnimationFrame(() => next(left - 1)) : resolve());
    next(count);
  });
}

/** Writes down every state from now on; runs in the page. */
export function watchStates(): void {
  const states: string[] = [];
  Object.assign(globalThis, { states });
  const look = () => {
    const state = document.documentElement?.dataset["state"];
    if (state !== undefined && state !== states.at(-1)) {
      states.push(state);
    }
  };
  look();
  new MutationObserver(look).observe(document, { subtree: true, attributeFilter: ["data-state"] });
}

export class Visitor {
  /** What the page complained of. */
  readonly errors: string[] = [];
  /** How often it tried to connect. */
  sockets = 0;

  private constructor(readonly page: Page) {
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.errors.push(message.text());
      }
    });
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("websocket", () => (this.sockets += 1));
  }

  static async open(context: BrowserContext, address: string): Promise<Visitor> {
    const page = await context.newPage();
    const visitor = new Visitor(page);
    await page.addInitScript(watchStates);
    await page.goto(address);
    return visitor;
  }

  async enter(name: string): Promise<void> {
    await this.submit({ name });
    await this.is("connected");
  }

  /** Fills in the form and sends it; what is not given stays as it is. */
  async submit({ name, token }: { name?: string; token?: string }): Promise<void> {
    if (name !== undefined) {
      await this.page.getByLabel("Your name").fill(name);
    }
    if (token !== undefined) {
      await this.page.getByLabel("Token").fill(token);
    }
    await this.page.getByRole("button", { name: "Come in" }).click();
  }

  /** Waits for the form to say why not. */
  async refusal(): Promise<string> {
    await this.page.waitForSelector("#form-error:not(:empty)");
    return (await this.page.locator("#form-error").textContent()) ?? "";
  }

  /** Waits until the page says so. */
  async is(state: PageState): Promise<void> {
    await this.page.waitForSelector(`html[data-state="${state}"]`, { state: "attached" });
  }

  async isIn(room: "plaza" | "square"): Promise<void> {
    const selector = `html[data-state="connected"][data-room="${room}"]`;
    await this.page.waitForSelector(selector, { state: "attached" });
  }

  /** Waits until this person is here, as the page shows them. */
  async sees(name: string, where = ""): Promise<Person> {
    const selector = `#people li[data-name="${name}"]${where}`;
    await this.page.waitForSelector(selector, { state: "attached" });
    const person = (await this.people()).find((person) => person.name === name);
    if (!person) {
      throw new Error(`${name} was here, and is not any more`);
    }
    return person;
  }

  /** Waits until nobody of this name is here. */
  async sawLeave(name: string): Promise<void> {
    const selector = `#people li[data-name="${name}"]`;
    await this.page.waitForSelector(selector, { state: "detached" });
  }

  /** Waits until this person is gone or away: a page that is closed may not come to say goodbye. */
  async misses(name: string): Promise<void> {
    const selector = `#people li[data-name="${name}"][data-away="false"]`;
    await this.page.waitForSelector(selector, { state: "detached" });
  }

  people(): Promise<Person[]> {
    return this.page.$$eval("#people li", (items) =>
      items.map((item) => {
        const { who = "", name = "", x, y, away } = (item as HTMLElement).dataset;
        return { who, name, x: Number(x), y: Number(y), away: away === "true" };
      }),
    );
  }

  async say(text: string): Promise<void> {
    await this.page.getByLabel("Say something").fill(text);
    await this.page.getByLabel("Say something").press("Enter");
  }

  /** Waits until this line is there. */
  async reads(text: string): Promise<void> {
    await this.page.waitForSelector(`#chat li[data-text="${text}"]`, { state: "attached" });
  }

  /** All that the chat shows. */
  lines(): Promise<string[]> {
    return this.page.$$eval("#chat li", (items) =>
      items.map((item) => (item as HTMLElement).dataset["text"] ?? ""),
    );
  }

  /** Every state the page went through. */
  states(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as { states: string[] }).states);
  }

  /** Clicks on a part of the ground, as shares of its width and height. */
  async clickGround(across: number, down: number): Promise<void> {
    const [x, y] = await this.#ground(across, down);
    await this.page.mouse.click(x, y);
  }

  /** The same with a finger. */
  async tapGround(across: number, down: number): Promise<void> {
    const [x, y] = await this.#ground(across, down);
    await this.page.touchscreen.tap(x, y);
  }

  /** To the other place, by the button that leads there. */
  async travel(): Promise<void> {
    await this.page.locator("#travel").click();
  }

  /** Holds a key until the page shows this person at that height, and lets go within a frame. */
  async walkTo(me: string, y: number): Promise<void> {
    await this.page.evaluate(
      ([me, goal]) =>
        new Promise<void>((resolve) => {
          const at = () => {
            const items = [...document.querySelectorAll<HTMLElement>("#people li")];
            return Number(items.find(({ dataset }) => dataset["name"] === me)?.dataset["y"]);
          };
          const isBelow = at() > goal;
          const code = isBelow ? "ArrowUp" : "ArrowDown";
          const press = (type: string) => dispatchEvent(new KeyboardEvent(type, { code }));
          const look = () => {
            if (isBelow === at() > goal) {
              requestAnimationFrame(look);
            } else {
              press("keyup");
              resolve();
            }
          };
          press("keydown");
          look();
        }),
      [me, y] as const,
    );
  }

  /**
   * Takes the wall clock into one's hands: what this returns sets it forward or back, as when somebody sets it
   * or the device sleeps, and then lets the page go on as if somebody looked at it again.
   */
  async wallClock(): Promise<(milliseconds: number) => Promise<void>> {
    await this.page.evaluate(() => {
      const now = Date.now;
      let lead = 0;
      Date.now = () => now() + lead;
      Object.assign(globalThis, { leap: (milliseconds: number) => (lead += milliseconds) });
    });
    return async (milliseconds) => {
      await this.page.evaluate((milliseconds) => {
        (globalThis as unknown as { leap(milliseconds: number): void }).leap(milliseconds);
        document.dispatchEvent(new Event("visibilitychange"));
      }, milliseconds);
    };
  }

  /** Waits until the page shows this person standing, which it does for some frames then. */
  async seesStop(name: string): Promise<Person> {
    let person = await this.sees(name);
    for (;;) {
      await this.page.evaluate(frames, STANDING_FRAMES);
      const now = await this.sees(name);
      if (now.x === person.x && now.y === person.y) {
        return now;
      }
      person = now;
    }
  }

  /** Waits until the page shows this person farther than so many steps from there. */
  async seesWalk({ name, x, y }: Person, steps = 20): Promise<void> {
    await this.page.waitForFunction(
      ([name, x, y, steps]) => {
        const items = [...document.querySelectorAll<HTMLElement>("#people li")];
        const { dataset } = items.find(({ dataset }) => dataset["name"] === name) ?? {};
        return Math.hypot(Number(dataset?.["x"]) - x, Number(dataset?.["y"]) - y) > steps;
      },
      [name, x, y, steps] as const,
    );
  }

  async #ground(across: number, down: number): Promise<[x: number, y: number]> {
    const box = await this.page.locator("#ground").boundingBox();
    if (!box) {
      throw new Error("there is no ground");
    }
    return [box.x + box.width * across, box.y + box.height * down];
  }

  account(): string {
    return `the page at ${this.page.url()} complained of:\n${this.errors.join("\n")}`;
  }
}
