// Who gets in, and what the others read.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Server } from "../../sdks/typescript/crowd/server.js";
import { onStage } from "./stage.js";

test("a wrong token is told why, and a right one gets in", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wayfare-key-"));
  const key = join(folder, "key");
  writeFileSync(key, Server.run("token", "key"));
  const mint = (...more: string[]) => Server.run("token", "mint", "--token-key-file", key, ...more);
  const token = mint("--sub", "ada", "--name", "Ada");
  const middle = token.lastIndexOf(".") + 10;
  const other = token[middle] === "A" ? "B" : "A";
  const forged = token.slice(0, middle) + other + token.slice(middle + 1);
  const options = { args: ["--token-key-file", key], env: { WAYFARE_GUESTS: "false" } };
  try {
    await onStage(async (stage) => {
      const guest = await stage.arrive();
      await guest.submit({ name: "Ada" });
      assert.match(await guest.refusal(), /token/);

      const forger = await stage.arrive(`${stage.address}#token=${forged}`);
      await forger.submit({});
      const refusal = await forger.refusal();
      assert.match(refusal, /does not accept this token/);
      await forger.is("form");

      // The same page, and another token.
      await forger.submit({ token });
      await forger.is("connected");
      assert.equal((await forger.sees("Ada")).who, "ada");

      // A second login of the same player takes the place of the first, which is told.
      const again = await stage.arrive(`${stage.address}#token=${token}`);
      await again.submit({});
      await again.is("connected");
      await forger.is("ended");
      assert.match((await forger.page.locator("#end-why").textContent()) ?? "", /somewhere else/);
      await again.sees("Ada", '[data-away="false"]');
    }, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
