/** Time, so that a test need not wait for it. */
export interface Clock {
  /** Milliseconds; never goes back. */
  now(): number;
  /** The returned function stops it. */
  every(intervalMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every(intervalMs, run) {
    const timer = setInterval(run, intervalMs).unref();
    return () => clearInterval(timer);
  },
};
