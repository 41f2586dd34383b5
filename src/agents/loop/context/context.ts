import type { AgentOutput } from "../../../contract/agent.ts";
import { AgentError } from "../../../contract/error.ts";
import type { ContextInfo } from "../../../contract/message.ts";
import type { Model, TokenUsage } from "../../../contract/model.ts";
import type { Budget } from "../budget.ts";
import type { History } from "../history.ts";
import { compacted } from "./compact.ts";
import { ContextMeter, type Counted, countedAt } from "./meter.ts";

/** How many items must come after a compaction that was none, before the next is tried. */
const GROWTH = 10;

export interface ContextOptions {
  sessionId: string;
  budget: Budget;
  strategy: "threshold" | "dummy";
  /** The share of the window at which `threshold` compacts. */
  threshold: number;
  /** Characters of instructions and tools, which every request carries. */
  overhead: number;
}

/** Keeps the conversation within the model's window. */
export class Context {
  readonly #history: History;
  readonly #options: ContextOptions;
  readonly #meter = new ContextMeter();
  /** How long the conversation was when a compaction came to nothing. */
  #fruitlessAt = -Infinity;

  constructor(history: History, options: ContextOptions) {
    this.#history = history;
    this.#options = options;
  }

  /** A response has been counted by its provider; the history has its items. */
  count(usage: TokenUsage): void {
    this.#meter.count(countedAt(usage, this.#history.items));
  }

  /** The conversation was taken up from its log. */
  restore(counted: Counted | undefined): void {
    this.#meter.count(counted);
  }

  info({ info }: Model): ContextInfo {
    const tokenCount = this.tokens;
    return {
      tokenCount,
      usagePercent: percent(tokenCount / info.contextWindow),
      transcriptLength: this.#history.items.length,
      maxTokens: info.contextWindow,
      strategy: this.#options.strategy,
    };
  }

  async *shortenIfFull(model: Model, signal: AbortSignal): AsyncGenerator<AgentOutput> {
    const { strategy, threshold } = this.#options;
    if (strategy === "dummy" || this.tokens < threshold * model.info.contextWindow) return;
    // A summary that was no shorter would be none again: not before there is more to leave out.
    if (this.#history.items.length < this.#fruitlessAt + GROWTH) return;
    try {
      yield* this.shorten(model, signal);
    } catch (error) {
      // The conversation is as it was, and may still fit.
      if (signal.aborted || !(error instanceof AgentError)) throw error;
      const message = `The context could not be compacted: ${error.message}`;
      yield { body: { type: "error", payload: { message, details: { code: error.code } } } };
    }
  }

  /** Replaces the older part by a summary; false when there was nothing to leave out. */
  async *shorten(model: Model, signal: AbortSignal): AsyncGenerator<AgentOutput, boolean> {
    const { strategy, sessionId, budget } = this.#options;
    const before = this.tokens;
    const shorter = yield* compacted(this.#history.items, { model, sessionId, budget }, signal);
    if (shorter) {
      this.#history.replace(shorter);
      this.#meter.count(undefined);
    }
    this.#fruitlessAt = shorter ? -Infinity : this.#history.items.length;
    const after = shorter ? this.tokens : before;
    yield {
      body: {
        type: "context_compacted",
        payload: {
          oldTokenCount: before,
          newTokenCount: after,
          reductionPercent: before === 0 ? 0 : percent(1 - after / before),
          strategy,
          ...(shorter && { keptItems: shorter.flatMap((item) => item.id ?? []) }),
        },
      },
    };
    return shorter !== undefined;
  }

  /** What the next request takes, by the provider's last count and an estimate. */
  get tokens(): number {
    return this.#meter.tokens(this.#history.items, this.#options.overhead);
  }
}

/** With one decimal. */
const percent = (share: number) => Math.round(share * 1000) / 10;
