import type { Usage } from "../../contract/item.ts";
import type { ThreadTokenUsage, TokenUsageBreakdown } from "./wire.ts";

/** The tokens of a thread, as far as its log tells. */
export class TokenUsage {
  #total: TokenUsageBreakdown = breakdown();
  #last: TokenUsageBreakdown | undefined;
  #model = "";

  /** What was asked beside the conversation counts as spent, but says nothing of how full the context is. */
  add(usage: Usage, model: string, isAside: boolean): void {
    const added = breakdown(usage);
    this.#total = sum(this.#total, added);
    if (isAside) return;
    this.#last = added;
    this.#model = model;
  }

  /** Undefined before the first response. */
  report(contextWindow: (model: string) => number | undefined): ThreadTokenUsage | undefined {
    if (!this.#last) return undefined;
    return {
      total: this.#total,
      last: this.#last,
      modelContextWindow: contextWindow(this.#model) ?? null,
    };
  }
}

const NOTHING: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
  cost_usd: null,
};

function breakdown(usage: Usage = NOTHING): TokenUsageBreakdown {
  return {
    totalTokens: usage.input_tokens + usage.output_tokens,
    inputTokens: usage.input_tokens,
    cachedInputTokens: usage.cached_input_tokens,
    cacheWriteInputTokens: usage.cache_write_input_tokens,
    outputTokens: usage.output_tokens,
    reasoningOutputTokens: usage.reasoning_output_tokens,
  };
}

const sum = (one: TokenUsageBreakdown, other: TokenUsageBreakdown): TokenUsageBreakdown => ({
  totalTokens: one.totalTokens + other.totalTokens,
  inputTokens: one.inputTokens + other.inputTokens,
  cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
  cacheWriteInputTokens: one.cacheWriteInputTokens + other.cacheWriteInputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  reasoningOutputTokens: one.reasoningOutputTokens + other.reasoningOutputTokens,
});
