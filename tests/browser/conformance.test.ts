// The exchanges and the golden vectors in a real page: as many as under Node, and none goes otherwise.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { build } from "esbuild";
import type { Verdict } from "../../sdks/typescript/conformance/index.js";
import { runConformance } from "../../sdks/typescript/conformance/index.js";
import { repository } from "../../sdks/typescript/test/repository.js";
import { launch } from "./chromium.js";

interface Conformance {
  readonly conformance: { readonly runConformance: typeof runConformance };
}

const FOLDERS = ["crates/wayfare-client-core/exchanges", "sdks/exchanges"];

function exchanges(): Record<string, string> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(repository(folder))
      .filter((name) => name.endsWith(".txt"))
      .map((name) => [name, readFileSync(repository(`${folder}/${name}`), "utf8")] as const),
  );
  return Object.fromEntries(files);
}

test("a page does all that a client must do", async () => {
  const { outputFiles } = await build({
    entryPoints: [repository("sdks/typescript/conformance/index.ts")],
    bundle: true,
    platform: "browser",
    format: "iife",
    globalName: "conformance",
    write: false,
  });
  const texts = exchanges();
  const golden = readFileSync(repository("proto/golden/frames.json"), "utf8");
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
    const verdicts: Verdict[] = await page.evaluate(
      ({ texts, golden }) => {
        const { conformance } = globalThis as unknown as Conformance;
        return conformance.runConformance(texts, golden);
      },
      { texts, golden },
    );
    const here = runConformance(texts, golden);
    assert.deepEqual(verdicts, here);
    assert.deepEqual(verdicts.filter(({ failure }) => failure !== undefined), []);
    console.log(`${verdicts.length} verdicts in Chromium ${browser.version()}, as under Node`);
  } finally {
    await browser.close();
  }
});
