import { v7 as uuid } from "uuid";
import type { AuditFacts } from "../../contract/audit.ts";
import type { SessionLog, SessionRecord } from "../../contract/log.ts";
import type { ResponseDelta } from "../../contract/message.ts";
import { openTail } from "./patterns.ts";

export interface BatchLimits {
  /** How long deltas may wait for their line. */
  intervalMs: number;
  /** How much text one line takes, in characters. */
  characters: number;
}

/** By AUDIT_DELTAS. With `each` every delta is a line of its own; with `final` only the finished item is logged. */
const LIMITS = {
  batch: { intervalMs: 250, characters: 16_384 },
  each: { intervalMs: 0, characters: 1 },
  final: undefined,
} satisfies Record<string, BatchLimits | undefined>;

export type DeltaMode = keyof typeof LIMITS;

/**
 * Writes the deltas of one item in one line, with each delta's milliseconds since the first and its length in
 * characters (`timing`), so that nothing is lost and the stream can be played again. Whatever is appended next comes
 * after them. An end that could be the beginning of a secret waits for the next batch, because secrets are recognised
 * line by line.
 */
export class DeltaBatches implements SessionRecord {
  readonly #log: SessionLog;
  readonly #limits: BatchLimits | undefined;
  #batch: Batch | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: SessionLog, how: DeltaMode | BatchLimits = "batch") {
    this.#log = log;
    this.#limits = typeof how === "string" ? LIMITS[how] : how;
  }

  get head() {
    return this.#log.head;
  }

  delta(payload: ResponseDelta, redactions = 0): void {
    const limits = this.#limits;
    if (limits === undefined) return;
    if (this.#batch && !this.#batch.continues(payload)) this.#flush();
    this.#batch ??= new Batch(payload);
    this.#batch.add(payload.delta, redactions);
    this.#timer ??= setTimeout(() => this.#flushLater(), limits.intervalMs);
    if (this.#batch.length >= limits.characters) this.#flush(true);
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

  /** With `keepOpen` an end that could be the beginning of a secret stays, until more or another message comes. */
  #flush(keepOpen = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#batch;
    this.#batch = keepOpen ? batch?.splitOpenEnd() : undefined;
    if (batch && batch.length > 0) this.#log.append("outgoing", batch.json(), batch.audit());
  }

  #flushLater(): void {
    try {
      this.#flush(true);
    } catch {
      // The log refuses everything from now on, and whoever appends next is told.
    }
  }
}

/** Deltas of the same kind of the same item. */
class Batch {
  readonly #of: Omit<ResponseDelta, "delta">;
  /** When each delta came, by the process's clock, and its length. */
  #pieces: { at: number; length: number }[] = [];
  #text = "";
  #redactions = 0;

  constructor({ itemId, kind, callId }: Omit<ResponseDelta, "delta">) {
    this.#of = { itemId, kind, ...(callId !== undefined && { callId }) };
  }

  get length() {
    return this.#text.length;
  }

  continues({ itemId, kind }: ResponseDelta): boolean {
    return itemId === this.#of.itemId && kind === this.#of.kind;
  }

  add(delta: string, redactions: number): void {
    this.#pieces.push({ at: performance.now(), length: delta.length });
    this.#text += delta;
    this.#redactions += redactions;
  }

  /** Takes the end off that could be the beginning of a secret. */
  splitOpenEnd(): Batch | undefined {
    let left = openTail(this.#text);
    if (left === 0) return undefined;
    const end = new Batch(this.#of);
    end.#text = this.#text.slice(-left);
    this.#text = this.#text.slice(0, -left);
    while (left > 0) {
      const piece = this.#pieces.at(-1) ?? { at: 0, length: left };
      const length = Math.min(left, piece.length);
      end.#pieces.unshift({ at: piece.at, length });
      piece.length -= length;
      left -= length;
      if (piece.length === 0) this.#pieces.pop();
    }
    // What nobody writes cannot be counted either.
    if (this.#text === "") end.#redactions = this.#redactions;
    return end;
  }

  json(): string {
    const started = this.#pieces[0]?.at ?? 0;
    const timing = this.#pieces.map(({ at, length }) => [Math.round(at - started), length]);
    const payload = { ...this.#of, delta: this.#text, timing };
    return JSON.stringify({ id: uuid(), type: "response_delta", payload });
  }

  audit(): AuditFacts | undefined {
    return this.#redactions > 0 ? { redactions: this.#redactions } : undefined;
  }
}
