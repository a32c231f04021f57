// README's first command serves the page, as a browser's cache wants it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { repository } from "../../sdks/typescript/test/repository.js";
import { Server } from "../../sdks/typescript/crowd/server.js";

test("the address that the first command prints is that of the page", async () => {
  assert.match(readFileSync(repository("README.md"), "utf8"), /^cargo run -- dev$/m);
  const server = await Server.start({ args: ["dev"] });
  try {
    const address = /http:\/\/[^\s,]+/.exec(server.greeting.join("\n"))?.[0];
    assert.ok(address, server.greeting.join("\n"));
    const page = await fetch(address);
    const html = await page.text();
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(html, /<form id="join"/);

    const files = [...html.matchAll(/(?:src|href)="(\.\/assets\/[^"]+)"/g)].map(([, path]) => path);
    assert.ok(files.length >= 2, "a script and a sheet at least");
    for (const path of ["", ...files]) {
      const url = new URL(path ?? "", `${address}/`);
      const response = await fetch(url);
      await response.arrayBuffer();
      const tag = response.headers.get("etag");
      assert.ok(response.status === 200 && tag, `${url}: ${response.status}, ${tag}`);
      const again = await fetch(url, { headers: { "if-none-match": tag } });
      assert.deepEqual([again.status, await again.text()], [304, ""], url.href);
    }

    for (const path of ["missing.html", "assets/missing.js", "..%2f..%2fCargo.toml"]) {
      const missing: Response = await fetch(`${address}/${path}`);
      await missing.text();
      assert.equal(missing.status, 404, path);
    }
  } finally {
    await server.end();
  }
});
