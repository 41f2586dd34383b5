import { describe, expect, it } from "vitest";
import { Budget } from "./budget.ts";

const usage = (input: number, output: number, cost: number | null) => ({
  input_tokens: input,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: output,
  reasoning_output_tokens: 0,
  cost_usd: cost,
});

const priced = {
  contextWindow: 100_000,
  maxOutputTokens: 1000,
  price: { input: 1, cachedInput: 0.1, cacheWrite: 1, output: 10 },
};

describe("a budget", () => {
  it("stops before the request that would pass its cost, not after it", () => {
    const budget = new Budget("session", { costUsd: 0.03 });
    budget.add(usage(10_000, 1000, 0.02));
    // 10 000 tokens from the cache and 0 new ones, and an answer of 1000: 0.001 + 0.01.
    expect(() => budget.check(10_000, priced)).toThrow(
      /\$0.0200 of \$0.0300 are spent.*\$0.0110.*MAX_SESSION_COST_USD/,
    );
    expect(() => new Budget("session", { costUsd: 0.04 }).check(10_000, priced)).not.toThrow();
  });

  it("stops before the request that would pass its tokens", () => {
    const budget = new Budget("session", { tokens: 2000 });
    budget.add(usage(900, 100, null));
    expect(() => budget.check(800, priced)).not.toThrow();
    expect(() => budget.check(1000, priced)).toThrow(/1000 of 2000 tokens.*MAX_SESSION_TOKENS/);
  });

  it("has no limit where none is set, and counts a model without a price as free", () => {
    const budget = new Budget("session", { costUsd: 1 });
    budget.add(usage(1e9, 1e9, null));
    expect(() => budget.check(1e9, { contextWindow: 1, maxOutputTokens: 1 })).not.toThrow();
  });

  it("lies within the server's, which all sessions share", () => {
    const server = new Budget("server", { costUsd: 1 });
    const one = new Budget("session", {}, server);
    const two = new Budget("session", {}, server);
    one.add(usage(10, 10, 0.6));
    two.add(usage(10, 10, 0.5));
    expect(() => one.check(10, priced)).toThrow(/The server's budget.*MAX_SERVER_COST_USD/);
  });

  it("counts what a session spent in an earlier life as the session's, not as the server's", () => {
    const server = new Budget("server", { tokens: 100 });
    const session = new Budget("session", { tokens: 100_000 }, server);
    session.add(usage(5000, 0, null), { earlier: true });
    expect(() => session.check(10, priced)).not.toThrow();
    expect(() => session.check(96_000, priced)).toThrow(/This session's/);
  });
});
