// Prints what a page pays for the client, minified and gzipped, and fails beyond the bounds.
//
// Own code is what is left when the dependencies and the code generated from proto/ are taken away.
// Everything counts that the package exports; a page that imports less pays less.

import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const OWN_BYTES_MAX = 10 * 1024;
const ALL_BYTES_MAX = 36 * 1024;

/** All of the dependencies that the client uses. */
const DEPENDENCIES = `
  export { create, fromBinary, toBinary } from "@bufbuild/protobuf";
  export { enumDesc, fileDesc, messageDesc } from "@bufbuild/protobuf/codegenv2";
  export { Decoder, Encoder } from "@msgpack/msgpack";
`;
const GENERATED = `
  export { ClientFrameSchema, ServerFrameSchema } from "./src/generated/wayfare_pb.js";
`;

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

const all = await size('export * from "./src/index.js";');
const dependencies = await size(DEPENDENCIES);
const generated = (await size(DEPENDENCIES + GENERATED)) - dependencies;
const own = all - dependencies - generated;

const row = (name, bytes, max) =>
  console.log(`${name.padEnd(24)}${String(bytes).padStart(6)} bytes${max ? ` of ${max}` : ""}`);
row("own code", own, OWN_BYTES_MAX);
row("generated from proto/", generated);
row("dependencies", dependencies);
row("everything", all, ALL_BYTES_MAX);

if (own > OWN_BYTES_MAX || all > ALL_BYTES_MAX) {
  console.error("too large");
  process.exit(1);
}
