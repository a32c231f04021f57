// Makes the TypeScript of proto/ with the plugin that npm installed; `--check` only compares.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";

const FILE = "wayfare_pb.ts";
const COMMITTED = "src/generated";
const check = process.argv.includes("--check");

const folder = check ? mkdtempSync(join(tmpdir(), "wayfare-generated-")) : ".";
const path = [resolve("node_modules/.bin"), process.env.PATH].join(delimiter);
const { status } = spawnSync("buf", ["generate", "--output", folder], {
  stdio: "inherit",
  env: { ...process.env, PATH: path },
});
if (status !== 0) {
  process.exit(status ?? 1);
}
if (check) {
  const made = readFileSync(join(folder, COMMITTED, FILE), "utf8");
  rmSync(folder, { recursive: true });
  if (made !== readFileSync(join(COMMITTED, FILE), "utf8")) {
    console.error(`${COMMITTED}/${FILE} is not what proto/ makes: run npm run generate`);
    process.exit(1);
  }
}
