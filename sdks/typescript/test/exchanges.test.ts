// Every rule of the client as a text: the same texts that the Rust client runs, and those of browsers.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { scenariosOf } from "../conformance/exchange.js";
import { repository } from "./repository.js";

/** All clients; those where pages sleep. */
const FOLDERS = ["crates/wayfare-client-core/exchanges", "sdks/exchanges"];

for (const folder of FOLDERS) {
  const files = readdirSync(repository(folder)).filter((name) => name.endsWith(".txt"));
  test(`${folder} has exchanges`, () => {
    assert.notEqual(files.length, 0);
  });
  for (const file of files) {
    suite(`${folder}/${file}`, () => {
      const scenarios = scenariosOf(readFileSync(repository(`${folder}/${file}`), "utf8"));
      assert.notEqual(scenarios.length, 0);
      for (const { name, run } of scenarios) {
        test(name, run);
      }
    });
  }
}
