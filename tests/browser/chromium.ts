// The browser: Debian's Chromium unless another is named.

import type { Browser, LaunchOptions } from "playwright-core";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A name that is not the loopback's, and still this machine: to the page, it is on the network. */
export const FAR_HOST = "play.test";

/** What keeps hidden pages as awake as others; without it they sleep, as they do for players. */
const WAKEFUL_FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

export function launch(): Promise<Browser> {
  const options: LaunchOptions = {
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [...FLAGS, `--host-resolver-rules=MAP ${FAR_HOST} 127.0.0.1`],
    ignoreDefaultArgs: WAKEFUL_FLAGS,
  };
  return chromium.launch(options);
}
