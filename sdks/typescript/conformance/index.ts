// All that a client must do, for a page or a program to run: texts in, verdicts out.

import { checkVector, vectorsOf } from "./golden.js";
import { scenariosOf } from "./exchange.js";

/** What became of one scenario or one golden vector. */
export interface Verdict {
  readonly name: string;
  /** What went otherwise; `undefined` if nothing did. */
  readonly failure: string | undefined;
}

/** Runs exchanges, given as the contents of their files by name, and golden vectors, as their file's. */
export function runConformance(exchanges: Record<string, string>, golden: string): Verdict[] {
  const scenarios = Object.entries(exchanges).flatMap(([file, text]) =>
    scenariosOf(text).map(({ name, run }) => verdict(`${file}: ${name}`, run)),
  );
  const vectors = vectorsOf(golden).map((vector) => verdict(vector.name, () => checkVector(vector)));
  return [...scenarios, ...vectors];
}

function verdict(name: string, run: () => void): Verdict {
  try {
    run();
    return { name, failure: undefined };
  } catch (error) {
    return { name, failure: String(error) };
  }
}
