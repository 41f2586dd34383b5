import type { Usage } from "../../contract/item.ts";
import type { ModelInfo, TokenUsage } from "../../contract/model.ts";

/** Prices a response: cached and cache-written tokens are part of the input, reasoning is part of the output. */
export function priced(usage: TokenUsage, { price }: ModelInfo): Usage {
  if (!price) return { ...usage, cost_usd: null };
  const fresh = usage.input_tokens - usage.cached_input_tokens - usage.cache_write_input_tokens;
  const dollars =
    Math.max(0, fresh) * price.input +
    usage.cached_input_tokens * price.cachedInput +
    usage.cache_write_input_tokens * price.cacheWrite +
    usage.output_tokens * price.output;
  return { ...usage, cost_usd: dollars / 1_000_000 };
}
