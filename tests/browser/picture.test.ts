// The picture in README can be taken anew, and there is something to see on it.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BOTS, looks, picture } from "./picture.js";
import { onStage } from "./stage.js";

test("the plaza with its bots is a picture", () =>
  onStage(
    async (stage) => {
      const folder = mkdtempSync(join(tmpdir(), "wayfare-picture-"));
      try {
        const path = join(folder, "plaza.png");
        writeFileSync(path, await picture(stage));
        const seen = await looks(stage.browser, readFileSync(path));
        assert.deepEqual([seen.width, seen.height], [1280, 800]);
        assert.ok(seen.colors > 100, `${seen.colors} colours`);
        assert.ok(seen.commonest < 0.6, `${seen.commonest} is of one colour`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    { bots: BOTS },
  ));

test("a blank picture is found out", () =>
  onStage(async ({ browser }) => {
    const page = await browser.newPage({ viewport: { width: 400, height: 300 } });
    const seen = await looks(browser, await page.screenshot());
    assert.deepEqual(seen, { width: 400, height: 300, colors: 1, commonest: 1 });
  }));
