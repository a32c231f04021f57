// The plaza's page in a tab that can be hidden and frozen. Pages that the test library drives always
// count as seen, so this one is kept from it and driven by DevTools commands alone.

import type { Browser, CDPSession } from "playwright-core";
import { PATIENCE } from "./stage.js";
import { watchStates } from "./visitor.js";

interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    readonly exceptionDetails?: { readonly text: string };
  };
}

export class Tab {
  readonly #browser: CDPSession;
  readonly #context: string;
  readonly #session: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  private constructor(browser: CDPSession, context: string, session: string) {
    this.#browser = browser;
    this.#context = context;
    this.#session = session;
    browser.on("Target.receivedMessageFromTarget", ({ message }) => {
      const answer = JSON.parse(message) as Answer;
      this.#waiting.get(answer.id ?? 0)?.(answer);
    });
  }

  /** Opens it, seen at first. */
  static async open(browser: Browser, address: string): Promise<Tab> {
    const session = await browser.newBrowserCDPSession();
    const { browserContextId } = await session.send("Target.createBrowserContext");
    const page = { url: address, browserContextId, newWindow: true, width: 760, height: 480 };
    const { targetId } = await session.send("Target.createTarget", page);
    const attach = { targetId, flatten: false };
    const { sessionId } = await session.send("Target.attachToTarget", attach);
    return new Tab(session, browserContextId, sessionId);
  }

  async enter(name: string): Promise<void> {
    await this.#until(`document.readyState === "complete" && document.querySelector("#name")`);
    await this.evaluate(`(${watchStates})()`);
    await this.#submit("#name", name);
    await this.is("connected");
  }

  async is(state: string): Promise<void> {
    await this.#until(`document.documentElement.dataset.state === "${state}"`);
  }

  /** Puts another tab before it. */
  async hide(): Promise<void> {
    const page = { url: "about:blank", browserContextId: this.#context };
    await this.#browser.send("Target.createTarget", page);
    await this.#until("document.hidden");
  }

  async freeze(): Promise<void> {
    await this.#call("Page.setWebLifecycleState", { state: "frozen" });
  }

  async thaw(): Promise<void> {
    await this.#call("Page.setWebLifecycleState", { state: "active" });
  }

  async say(text: string): Promise<void> {
    await this.#submit("#text", text);
  }

  /** Waits until this line is there. */
  async reads(text: string): Promise<void> {
    await this.#until(`document.querySelector('#chat li[data-text="${text}"]')`);
  }

  /** Waits until this person is here. */
  async sees(name: string): Promise<void> {
    await this.#until(`document.querySelector('#people li[data-name="${name}"]')`);
  }

  lines(): Promise<unknown> {
    return this.evaluate(`[...document.querySelectorAll("#chat li")].map((li) => li.dataset.text)`);
  }

  /** Every state the page went through. */
  states(): Promise<unknown> {
    return this.evaluate("states");
  }

  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.#call("Runtime.evaluate", { expression, returnByValue: true });
    return answer.result?.result?.value;
  }

  async #submit(input: string, text: string): Promise<void> {
    await this.evaluate(`{
      const input = document.querySelector("${input}");
      input.value = ${JSON.stringify(text)};
      input.form.requestSubmit();
    }`);
  }

  async #until(condition: string): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!(await this.evaluate(`!!(${condition})`))) {
      if (performance.now() > deadline) {
        throw new Error(`it does not come to this: ${condition}`);
      }
    }
  }

  async #call(method: string, params: object): Promise<Answer> {
    const id = ++this.#calls;
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    await this.#browser.send("Target.sendMessageToTarget", { sessionId: this.#session, message });
    const { error, result = {} } = await answer;
    this.#waiting.delete(id);
    const wrong = error?.message ?? result.exceptionDetails?.text;
    if (wrong !== undefined) {
      throw new Error(`${message}: ${wrong}`);
    }
    return { result };
  }
}
