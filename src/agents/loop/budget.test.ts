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

const named = (name: string) => ({
  provider: "scripted" as const,
  name,
  info: {
    contextWindow: 100_000,
    maxOutputTokens: 1000,
    price: { input: 1, cachedInput: 0.1, cacheWrite: 1, output: 10 },
  },
});
const model = named("priced");
const unpriced = { ...model, info: { contextWindow: 1, maxOutputTokens: 1 } };
const of = { model, aside: false };
const plan = (inputTokens: number, more: object = {}) => ({ ...of, inputTokens, ...more });

describe("a budget", () => {
  it("stops before the request that would pass its cost, not after it", () => {
    const budget = new Budget("session", { costUsd: 0.03 });
    budget.spend(usage(10_000, 1000, 0.02), of);
    // 10 000 tokens from the cache and 0 new ones, and an answer of 1000: 0.001 + 0.01.
    expect(() => budget.hold(plan(10_000))).toThrow(
      /\$0.0200 of \$0.0300 are spent.*\$0.0110.*MAX_SESSION_COST_USD/,
    );
    expect(() => new Budget("session", { costUsd: 0.04 }).hold(plan(10_000))).not.toThrow();
  });

  it("stops before the request that would pass its tokens", () => {
    const budget = new Budget("session", { tokens: 2000 });
    budget.spend(usage(900, 100, null), of);
    budget.hold(plan(800)).release();
    expect(() => budget.hold(plan(1000))).toThrow(/1000 of 2000 tokens.*MAX_SESSION_TOKENS/);
  });

  it("expects nothing in the cache of another model, or of a question beside the conversation", () => {
    const budget = new Budget("session", {});
    budget.spend(usage(1000, 10, 0), of);
    const cachedOf = (more: object) => budget.hold(plan(1500, more)).expected.cached_input_tokens;
    expect(cachedOf({})).toBe(1000);
    expect(cachedOf({ aside: true })).toBe(0);
    expect(cachedOf({ model: named("another") })).toBe(0);
  });

  it("has no limit where none is set, and counts a model without a price as free", () => {
    const budget = new Budget("session", { costUsd: 1 });
    budget.spend(usage(1e9, 1e9, null), { model: unpriced, aside: false });
    expect(() => budget.hold(plan(1e9, { model: unpriced }))).not.toThrow();
  });

  it("lies within the server's, which all sessions share", () => {
    const server = new Budget("server", { costUsd: 1 });
    const one = new Budget("session", {}, server);
    const two = new Budget("session", {}, server);
    one.spend(usage(10, 10, 0.6), of);
    two.spend(usage(10, 10, 0.5), of);
    expect(() => one.hold(plan(10))).toThrow(/The server's budget.*MAX_SERVER_COST_USD/);
  });

  it("does not promise the same money to two requests that run at the same time", () => {
    const server = new Budget("server", { tokens: 1000 });
    const one = new Budget("session", {}, server);
    const two = new Budget("session", {}, server);
    const held = one.hold(plan(700));
    expect(() => two.hold(plan(700))).toThrow(/The server's/);
    held.release();
    expect(() => two.hold(plan(700))).not.toThrow();
  });

  it("counts what a session spent in an earlier life as the session's, not as the server's", () => {
    const server = new Budget("server", { tokens: 100 });
    const session = new Budget("session", { tokens: 100_000 }, server);
    session.recall(usage(5000, 0, null), { model: "scripted/priced", aside: false });
    session.hold(plan(10)).release();
    expect(() => session.hold(plan(96_000))).toThrow(/This session's/);
  });
});
