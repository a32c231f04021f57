// The exchanges and the golden vectors as a page runs them: one bundle without anything of Node's.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import type { Verdict } from "../conformance/index.js";
import { repository } from "./repository.js";

test("everything runs in one bundle for browsers, given texts", async () => {
  const { outputFiles } = await build({
    entryPoints: [repository("sdks/typescript/conformance/index.ts")],
    bundle: true,
    platform: "browser",
    format: "iife",
    globalName: "conformance",
    write: false,
  });
  const folders = ["crates/wayfare-client-core/exchanges", "sdks/exchanges"];
  const files = folders.flatMap((folder) =>
    readdirSync(repository(folder))
      .filter((name) => name.endsWith(".txt"))
      .map((name) => [name, readFileSync(repository(`${folder}/${name}`), "utf8")] as const),
  );
  const page = {
    TextEncoder,
    TextDecoder,
    btoa,
    atob,
    exchanges: Object.fromEntries(files),
    golden: readFileSync(repository("proto/golden/frames.json"), "utf8"),
  };
  const run = `${outputFiles[0]?.text}; conformance.runConformance(exchanges, golden)`;
  const verdicts = runInNewContext(run, page) as Verdict[];
  const failures = verdicts.filter(({ failure }) => failure !== undefined);
  assert.deepEqual(JSON.stringify(failures), "[]");
  assert.ok(verdicts.length > 150, `${verdicts.length} ran`);
});
