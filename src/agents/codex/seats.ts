import { AgentError } from "../../contract/error.ts";

/** Who has a process. */
export interface Holder {
  /** It could do without for now. */
  readonly isIdle: boolean;
  /** Ends its process; it may ask for another one later. */
  letGo(): Promise<void>;
}

/** How many processes may run at once. An idle one makes room for who needs one. */
export class Seats {
  readonly #max: number;
  /** The one that was used longest ago first. */
  readonly #holders = new Set<Holder>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Throws AgentError `rate_limited` when all are at work. */
  async take(holder: Holder): Promise<void> {
    if (!this.#holders.delete(holder) && this.#holders.size >= this.#max) {
      const idle = [...this.#holders].find(({ isIdle }) => isIdle);
      if (idle === undefined) throw full(this.#max);
      this.#holders.delete(idle);
      // Before anything is waited for: two who ask at once must not get the same seat.
      this.#holders.add(holder);
      await idle.letGo();
      return;
    }
    this.#holders.add(holder);
  }

  free(holder: Holder): void {
    this.#holders.delete(holder);
  }
}

const full = (max: number) =>
  new AgentError(
    "rate_limited",
    `The server runs ${max} codex processes already, all at work (CODEX_MAX_PROCESSES).`,
    {
      retryable: true,
    },
  );
