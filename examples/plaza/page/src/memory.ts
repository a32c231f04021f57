// What the browser keeps for the next time, where it may.

export function recall(key: string): string {
  try {
    return localStorage.getItem(`plaza-${key}`) ?? "";
  } catch {
    // Storage may be forbidden; then there is nothing to recall.
    return "";
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`plaza-${key}`, value);
  } catch {
    // As above: the next time begins anew.
  }
}

/** As `remember`, for this tab alone, and until it is taken. */
export function leave(key: string, value: string): void {
  try {
    sessionStorage.setItem(`plaza-${key}`, value);
  } catch {
    // As above.
  }
}

/** Takes what this tab left, so that a copy of the tab finds nothing. */
export function take(key: string): string {
  try {
    const value = sessionStorage.getItem(`plaza-${key}`) ?? "";
    sessionStorage.removeItem(`plaza-${key}`);
    return value;
  } catch {
    return "";
  }
}
