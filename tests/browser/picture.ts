// A picture of the plaza with its bots, and whether there is anything to see on one.

import type { Browser } from "playwright-core";
import type { Stage } from "./stage.js";

const SIZE = { width: 1280, height: 800 };
/** As many as `dev` brings. */
export const BOTS = 11;
/** Some of them are on the square; and they have said something to each other by then. */
const PEOPLE = 5;
const LINES = 3;

/** Somebody comes to the plaza, and this is what they see. */
export async function picture(stage: Stage): Promise<Buffer> {
  const options = { viewport: SIZE, deviceScaleFactor: 1, colorScheme: "light" } as const;
  const joan = await stage.enter("Joan", stage.address, options);
  await joan.page.waitForFunction(
    ([people, lines]) =>
      document.querySelectorAll("#people li").length >= people &&
      document.querySelectorAll("#chat li").length >= lines,
    [PEOPLE, LINES] as const,
  );
  // Nobody stands in a corner, and whatever moved in at the start has settled.
  await joan.clickGround(0.62, 0.66);
  await joan.seesStop("Joan");
  return joan.page.screenshot();
}

/** What there is to see: the size, how many colours, and how much the commonest of them covers. */
export interface Looks {
  readonly width: number;
  readonly height: number;
  readonly colors: number;
  readonly commonest: number;
}

/** Looks at a PNG with a browser's eyes. */
export async function looks(browser: Browser, png: Buffer): Promise<Looks> {
  const page = await browser.newPage();
  return page.evaluate(async (url) => {
    const image = await createImageBitmap(await (await fetch(url)).blob());
    const { width, height } = image;
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas?.drawImage(image, 0, 0);
    const { data } = canvas?.getImageData(0, 0, width, height) ?? { data: [] };
    const counts = new Map<number, number>();
    for (let at = 0; at < data.length; at += 4) {
      // Shades that an eye tells apart: four bits of each channel.
      const channels = [data[at], data[at + 1], data[at + 2]] as number[];
      const color = channels.reduce((color, channel) => color * 16 + (channel >> 4), 0);
      counts.set(color, (counts.get(color) ?? 0) + 1);
    }
    const commonest = Math.max(...counts.values()) / (width * height);
    return { width, height, colors: counts.size, commonest };
  }, `data:image/png;base64,${png.toString("base64")}`);
}
