import type { Usage } from "../contract/item.ts";

/** Adds up responses; one without a price makes the price of the sum unknown, an estimated one makes it an estimate. */
export class UsageSum {
  total: Usage | undefined;

  add(usage: Usage): void {
    const sum = this.total;
    if (!sum) {
      this.total = { ...usage };
      return;
    }
    sum.input_tokens += usage.input_tokens;
    sum.cached_input_tokens += usage.cached_input_tokens;
    sum.cache_write_input_tokens += usage.cache_write_input_tokens;
    const hour = usage.hour_cache_write_input_tokens;
    if (hour !== undefined)
      sum.hour_cache_write_input_tokens = (sum.hour_cache_write_input_tokens ?? 0) + hour;
    if (usage.estimated) sum.estimated = true;
    sum.output_tokens += usage.output_tokens;
    sum.reasoning_output_tokens += usage.reasoning_output_tokens;
    sum.cost_usd = sum.cost_usd === null || usage.cost_usd === null ? null : sum.cost_usd + usage.cost_usd;
  }
}
