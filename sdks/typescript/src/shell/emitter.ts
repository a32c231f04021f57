// Handlers by name.

export class Emitter {
  readonly #handlers = new Map<string, Set<(value: never) => void>>();

  get isEmpty(): boolean {
    return this.#handlers.size === 0;
  }

  /** Returns what takes it away again. */
  on(name: string, handler: (value: never) => void): () => void {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return () => {
      handlers.delete(handler);
      if (handlers.size === 0 && this.#handlers.get(name) === handlers) {
        this.#handlers.delete(name);
      }
    };
  }

  emit(name: string, value: unknown): void {
    // Who is added meanwhile hears the next.
    for (const handler of [...(this.#handlers.get(name) ?? [])]) {
      try {
        handler(value as never);
      } catch (error) {
        // The application's own error: it costs nobody else anything, and is not hidden.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
