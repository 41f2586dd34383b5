import { describe, expect, it } from "vitest";
import type { AgentOutput } from "../../contract/agent.ts";
import { AgentError } from "../../contract/error.ts";
import type { ResponseItem, Usage } from "../../contract/item.ts";
import type { Model, ModelEvent, TokenUsage } from "../../contract/model.ts";
import { Budget } from "./budget.ts";
import { History } from "./history.ts";
import { respond } from "./turn.ts";

const INFO = {
  contextWindow: 100_000,
  maxOutputTokens: 1000,
  price: { input: 1, cachedInput: 0.1, cacheWrite: 1.25, hourCacheWrite: 2, output: 10 },
};

const counted = (input: number, output: number, more: Partial<TokenUsage> = {}): TokenUsage => ({
  input_tokens: input,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: output,
  reasoning_output_tokens: 0,
  ...more,
});

const delta = (text: string): ModelEvent => ({ type: "delta", index: 0, kind: "text", delta: text });
const item: ResponseItem = {
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text: "x".repeat(400) }],
};
const done = (usage: TokenUsage): ModelEvent => ({
  type: "done",
  responseId: "r1",
  stop: "completed",
  usage,
});
const retry: ModelEvent = {
  type: "retry",
  inMs: 0,
  reason: "busy",
  attempt: 1,
  code: "provider_stream_broken",
};
const failure = (code: "provider_stream_broken" | "provider_overloaded") =>
  new AgentError(code, code, { retryable: true });

/** A response of these events, of which one may be thrown; `cancelAt` fires the signal before that one. */
async function answer(
  events: (ModelEvent | Error)[],
  { budget = new Budget("session", {}), cancelAt }: { budget?: Budget; cancelAt?: number } = {},
) {
  const abort = new AbortController();
  const model: Model = {
    provider: "scripted",
    name: "m",
    info: INFO,
    async *stream() {
      for (const [nth, event] of events.entries()) {
        if (nth === cancelAt) abort.abort();
        abort.signal.throwIfAborted();
        if (event instanceof Error) throw event;
        yield event;
      }
    },
  };
  const exchange = { history: new History(), budget, inputTokens: 1000, aside: false };
  const request = { instructions: "", items: [], tools: [], sessionId: "s" };
  const said: AgentOutput[] = [];
  const outputs = respond(model, request, exchange, abort.signal);
  let error: unknown;
  try {
    for await (const output of outputs) said.push(output);
  } catch (thrown) {
    error = thrown;
  }
  const usages = said.flatMap(({ body }): Usage[] =>
    body.type === "status" && body.payload.kind === "response_finished" ? [body.payload.usage] : [],
  );
  return { said, usages, error, budget };
}

/** What a budget of so many tokens says of a request of one more. */
const spent = (budget: Budget) => {
  try {
    budget.hold({
      model: { provider: "scripted", name: "other", info: INFO },
      inputTokens: 1e9,
      aside: true,
    });
  } catch (error) {
    return Number(/(\d+) of \d+ tokens/.exec(String(error))?.[1]);
  }
  throw new Error("the budget has no limit");
};

describe("the bill of a response", () => {
  it("is what its provider has counted, also what is cached for an hour", async () => {
    const usage = counted(1000, 10, {
      cached_input_tokens: 500,
      cache_write_input_tokens: 400,
      hour_cache_write_input_tokens: 300,
    });
    const { usages } = await answer([delta("hi"), { type: "item", index: 0, item }, done(usage)]);
    // 100 fresh, 500 read, 100 written for minutes, 300 for an hour, 10 of output.
    expect(usages).toEqual([{ ...usage, cost_usd: (100 + 50 + 125 + 600 + 100) / 1e6 }]);
  });

  it("is estimated when the response is cancelled, from the request and what had come", async () => {
    const budget = new Budget("session", { tokens: 1e6 });
    const { usages, said } = await answer([delta("x".repeat(400)), done(counted(1, 1))], {
      budget,
      cancelAt: 1,
    });
    expect(usages).toMatchObject([{ input_tokens: 1000, output_tokens: 104, estimated: true }]);
    expect(spent(budget)).toBe(1104);
    const told = said.find(({ body }) => body.type === "status");
    expect(told?.body.payload).toMatchObject({ kind: "response_finished", responseId: "", aside: true });
  });

  it("takes the provider's own count of the input of a response that broke off", async () => {
    const begun = counted(5000, 1, { cached_input_tokens: 4900 });
    const { usages } = await answer([
      { type: "begun", usage: begun },
      delta("x".repeat(40)),
      failure("provider_overloaded"),
    ]);
    expect(usages).toMatchObject([{ input_tokens: 5000, cached_input_tokens: 4900, output_tokens: 14 }]);
    expect(usages[0]?.estimated).toBe(true);
  });

  it("has every attempt on it", async () => {
    const budget = new Budget("session", { tokens: 1e6 });
    const { usages } = await answer([delta("x".repeat(400)), retry, delta("y"), done(counted(1200, 50))], {
      budget,
    });
    expect(usages.map(({ estimated, output_tokens }) => [estimated, output_tokens])).toEqual([
      [true, 104],
      [undefined, 50],
    ]);
    expect(spent(budget)).toBe(1104 + 1250);
  });

  it("is nothing for a request that was refused, and an estimate for one that nobody answered", async () => {
    expect((await answer([failure("provider_overloaded")])).usages).toEqual([]);
    expect((await answer([failure("provider_stream_broken")])).usages).toMatchObject([
      { input_tokens: 1000, output_tokens: 0, estimated: true },
    ]);
  });

  it("is estimated where a server does not count", async () => {
    const { usages } = await answer([{ type: "item", index: 0, item }, done(counted(0, 0))]);
    expect(usages).toMatchObject([{ input_tokens: 1000, output_tokens: 104, estimated: true }]);
  });

  it("ends the response when it does not allow another attempt", async () => {
    const budget = new Budget("session", { tokens: 2000 });
    const { error, said } = await answer([delta("x".repeat(400)), retry, done(counted(1200, 50))], {
      budget,
    });
    expect(error).toMatchObject({ code: "budget_exceeded" });
    expect(said.map(({ body }) => body.payload)).not.toContainEqual(
      expect.objectContaining({ kind: "retrying" }),
    );
    expect(spent(budget)).toBe(1104);
  });

  it("holds nothing back when it is paid, or when nobody reads on", async () => {
    const budget = new Budget("session", { tokens: 2500 });
    await answer([done(counted(1000, 0))], { budget });
    const { error } = await answer([done(counted(1000, 0))], { budget });
    expect(error).toBeUndefined();
    expect(spent(budget)).toBe(2000);
  });
});
