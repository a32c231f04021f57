// Where the files are that all languages share.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The path of a file in the repository, wherever in it this was compiled to. */
export function repository(path: string): string {
  return join(ROOT, path);
}

const ROOT = above(fileURLToPath(import.meta.url));

function above(path: string): string {
  const folder = dirname(path);
  return existsSync(join(folder, "Cargo.lock")) ? folder : above(folder);
}
