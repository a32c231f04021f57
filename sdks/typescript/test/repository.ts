// Where the files are that all languages share.

import { fileURLToPath } from "node:url";

/** The path of a file in the repository; tests run from `sdks/typescript/build/test`. */
export function repository(path: string): string {
  return fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
}
