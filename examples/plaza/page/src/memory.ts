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
