// The page's clock.

/** In seconds; nobody sets it. */
export function clock(): number {
  return performance.now() / 1000;
}
