// Prints what importing the client costs a page, minified and gzipped, and fails beyond the bounds.
//
// Counted is all that comes with an import: own code, what is generated from proto/, and dependencies.
// The bounds leave room for a feature or two; whoever needs more says what a page gets for it.

import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const BOUNDS = [
  // What nearly every page does; the bundler leaves out the rest.
  ["connect alone", 'export { connect } from "./src/index.js";', 36 * 1024],
  ["everything", 'export * from "./src/index.js";', 40 * 1024],
];

async function size(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ".", loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const compress = { passes: 3, keep_fargs: false, unsafe_arrows: true };
  const { code } = await minify(outputFiles[0].text, { module: true, ecma: 2022, compress });
  return gzipSync(code, { level: 9 }).length;
}

let isTooLarge = false;
for (const [name, contents, max] of BOUNDS) {
  const bytes = await size(contents);
  isTooLarge ||= bytes > max;
  console.log(`import ${name.padEnd(14)}${String(bytes).padStart(6)} bytes of ${max}`);
}
if (isTooLarge) {
  console.error("too large");
  process.exit(1);
}
