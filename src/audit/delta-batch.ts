import { v7 as uuid } from "uuid";
import type { SessionLog, SessionRecord } from "../contract/log.ts";
import type { ResponseDelta } from "../contract/message.ts";

export interface BatchLimits {
  /** How long deltas may wait for their line. */
  intervalMs: number;
  /** How much text one line takes, in characters. */
  characters: number;
}

const DEFAULT_LIMITS: BatchLimits = { intervalMs: 250, characters: 16_384 };

/**
 * Writes the deltas of one item in one line, with each delta's milliseconds since the first and its length in
 * characters (`timing`), so that nothing is lost and the stream can be played again. Whatever is appended next comes
 * after them.
 */
export class DeltaBatches implements SessionRecord {
  readonly #log: SessionLog;
  readonly #limits: BatchLimits;
  #batch: Batch | undefined;

  constructor(log: SessionLog, limits: BatchLimits = DEFAULT_LIMITS) {
    this.#log = log;
    this.#limits = limits;
  }

  get head() {
    return this.#log.head;
  }

  delta(payload: ResponseDelta): void {
    if (this.#batch && !this.#batch.continues(payload)) this.#flush();
    this.#batch ??= new Batch(
      payload,
      setTimeout(() => this.#flushLater(), this.#limits.intervalMs),
    );
    this.#batch.add(payload.delta);
    if (this.#batch.length >= this.#limits.characters) this.#flush();
  }

  append(...line: Parameters<SessionLog["append"]>): number {
    this.#flush();
    return this.#log.append(...line);
  }

  async barrier(): Promise<void> {
    this.#flush();
    await this.#log.barrier();
  }

  async end(): Promise<void> {
    this.#flush();
    await this.#log.end();
  }

  #flush(): void {
    const batch = this.#batch;
    if (!batch) return;
    clearTimeout(batch.timer);
    this.#batch = undefined;
    this.#log.append("outgoing", batch.json());
  }

  #flushLater(): void {
    try {
      this.#flush();
    } catch {
      // The log refuses everything from now on, and whoever appends next is told.
    }
  }
}

/** Deltas of the same kind of the same item. */
class Batch {
  readonly timer: NodeJS.Timeout;
  readonly #of: Omit<ResponseDelta, "delta">;
  readonly #started = performance.now();
  readonly #timing: [number, number][] = [];
  #text = "";

  constructor({ itemId, kind, callId }: ResponseDelta, timer: NodeJS.Timeout) {
    this.#of = { itemId, kind, ...(callId !== undefined && { callId }) };
    this.timer = timer;
  }

  get length() {
    return this.#text.length;
  }

  continues({ itemId, kind }: ResponseDelta): boolean {
    return itemId === this.#of.itemId && kind === this.#of.kind;
  }

  add(delta: string): void {
    this.#timing.push([Math.round(performance.now() - this.#started), delta.length]);
    this.#text += delta;
  }

  json(): string {
    const payload = { ...this.#of, delta: this.#text, timing: this.#timing };
    return JSON.stringify({ id: uuid(), type: "response_delta", payload });
  }
}
