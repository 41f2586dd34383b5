/** Functions that are called when something happens. */
export class Listeners<Facts extends unknown[]> {
  readonly #listeners = new Set<(...facts: Facts) => void>();

  /** The returned function takes it off again. */
  add(listener: (...facts: Facts) => void): () => void {
    // The same function may listen twice.
    const own = (...facts: Facts) => listener(...facts);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(...facts: Facts): void {
    for (const listener of this.#listeners) {
      try {
        listener(...facts);
      } catch (error) {
        // The fault of one listener is no matter of the others, but it must be seen.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
