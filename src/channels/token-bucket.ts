import type { Clock } from "./clock.ts";

/** Lets `perSecond` a second pass in the long run, and twice as many at once. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#tokens = 2 * perSecond;
    this.#filledAt = clock.now();
  }

  /** False when there was none left. */
  take(): boolean {
    const now = this.#clock.now();
    const filled = this.#tokens + ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(filled, 2 * this.#perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
