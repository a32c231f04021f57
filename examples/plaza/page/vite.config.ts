import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const client = new URL("../../../sdks/typescript/src/index.ts", import.meta.url);

export default defineConfig({
  // Wherever the page is served from, its files lie beside it.
  base: "./",
  resolve: { alias: { "@wayfare/client": fileURLToPath(client) } },
  build: {
    target: "es2022",
    // One script and one sheet: there is nothing to load ahead.
    modulePreload: false,
    // The files are committed: nobody reads a map of them there.
    sourcemap: false,
    reportCompressedSize: false,
  },
});
