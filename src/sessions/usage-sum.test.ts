import { expect, it } from "vitest";
import { UsageSum } from "./usage-sum.ts";

const usage = (more: object = {}) => ({
  input_tokens: 10,
  cached_input_tokens: 4,
  cache_write_input_tokens: 3,
  output_tokens: 2,
  reasoning_output_tokens: 1,
  cost_usd: 0.5,
  ...more,
});

it("adds up all counts, and is an estimate when one of them is", () => {
  const sum = new UsageSum();
  sum.add(usage());
  expect(sum.total).toEqual(usage());
  sum.add(usage({ hour_cache_write_input_tokens: 3, estimated: true }));
  sum.add(usage({ hour_cache_write_input_tokens: 2 }));
  expect(sum.total).toEqual({
    input_tokens: 30,
    cached_input_tokens: 12,
    cache_write_input_tokens: 9,
    hour_cache_write_input_tokens: 5,
    output_tokens: 6,
    reasoning_output_tokens: 3,
    cost_usd: 1.5,
    estimated: true,
  });
});

it("has no price when one of them has none", () => {
  const sum = new UsageSum();
  sum.add(usage());
  sum.add(usage({ cost_usd: null }));
  expect(sum.total?.cost_usd).toBeNull();
});
