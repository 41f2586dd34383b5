import type { ErrorCode } from "../../contract/error.ts";
import type { ModelEvent, TokenUsage } from "../../contract/model.ts";
import { estimateTokens, textTokens } from "./context/meter.ts";

/** What is known of a response while it comes: a provider bills it, too, when it breaks off or is cancelled. */
export class Attempt {
  readonly #expected: TokenUsage;
  readonly #sentAt: number;
  #counted: TokenUsage | undefined;
  #finishedTokens = 0;
  /** Characters of the items that have begun and not finished. */
  readonly #open = new Map<number, number>();

  /** `inMs`: how long it waits before it is sent. */
  constructor(expected: TokenUsage, inMs = 0) {
    this.#expected = expected;
    this.#sentAt = performance.now() + inMs;
  }

  take(event: ModelEvent): void {
    if (event.type === "begun") this.#counted = event.usage;
    if (event.type === "delta")
      this.#open.set(event.index, (this.#open.get(event.index) ?? 0) + event.delta.length);
    if (event.type !== "item") return;
    this.#open.delete(event.index);
    this.#finishedTokens += estimateTokens(event.item);
  }

  /**
   * What it took when no count came at its end: the provider's own count of the input, or an estimate, and what was
   * received. Undefined for a request that its provider never began to work on.
   */
  lost(why: ErrorCode | "aborted"): TokenUsage | undefined {
    const hasBegun = this.#counted !== undefined || this.#receivedTokens() > 0;
    if (hasBegun) return this.estimate();
    return WORKED_ON.has(why) && performance.now() >= this.#sentAt ? this.estimate() : undefined;
  }

  estimate(): TokenUsage {
    const counted = this.#counted ?? { ...this.#expected, output_tokens: 0 };
    return { ...counted, output_tokens: Math.max(counted.output_tokens, this.#receivedTokens()) };
  }

  #receivedTokens(): number {
    return [...this.#open.values()].reduce((sum, length) => sum + textTokens(length), this.#finishedTokens);
  }
}

/** Ends of a request that was sent whole, and not refused. */
const WORKED_ON: ReadonlySet<ErrorCode | "aborted"> = new Set(["aborted", "provider_stream_broken"] as const);
