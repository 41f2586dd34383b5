import type { Usage } from "../../contract/item.ts";
import type { ModelInfo, TokenUsage } from "../../contract/model.ts";

/** Prices a response: cached and cache-written tokens are part of the input, reasoning is part of the output. */
export function priced(usage: TokenUsage, { price }: ModelInfo): Usage {
  if (!price) return { ...usage, cost_usd: null };
  const { cached_input_tokens: cached, cache_write_input_tokens: written, output_tokens: output } = usage;
  const hourWritten = usage.hour_cache_write_input_tokens ?? 0;
  const fresh = Math.max(0, usage.input_tokens - cached - written);
  const dollars =
    fresh * price.input +
    cached * price.cachedInput +
    (written - hourWritten) * price.cacheWrite +
    hourWritten * (price.hourCacheWrite ?? price.cacheWrite) +
    output * price.output;
  return { ...usage, cost_usd: dollars / 1_000_000 };
}
