import { describe, expect, it } from "vitest";
import { AgentError, type AgentErrorOptions } from "../contract/error.ts";
import type { ErrorCode } from "../contract/error.ts";
import type { Model, ModelEvent } from "../contract/model.ts";
import { withRetries, type RetryOptions } from "./retry.ts";
import { endWithDone } from "./stream-check.ts";
import { QUESTION, runModel } from "./suite/outcome.ts";

const TEXT: ModelEvent = { type: "delta", index: 0, kind: "text", delta: "Hi" };
const ITEM: ModelEvent = {
  type: "item",
  index: 0,
  item: { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] },
};
const DONE: ModelEvent = {
  type: "done",
  responseId: "r",
  stop: "completed",
  usage: {
    input_tokens: 0,
    cached_input_tokens: 0,
    cache_write_input_tokens: 0,
    output_tokens: 0,
    reasoning_output_tokens: 0,
  },
};

/** A model that plays one script a try: its events, and an error to end with. */
function scripted(...tries: (ModelEvent | Error)[][]) {
  let calls = 0;
  const model: Model = {
    provider: "openai",
    name: "gpt-test",
    info: { contextWindow: 1, maxOutputTokens: 1 },
    async *stream() {
      for (const step of tries[calls++] ?? [DONE]) {
        if (step instanceof Error) throw step;
        yield step;
      }
    },
  };
  return { model, calls: () => calls };
}

function failure(code: ErrorCode = "provider_overloaded", options: AgentErrorOptions = {}) {
  return new AgentError(code, `it failed: ${code}`, { retryable: true, ...options });
}

/** No waiting, and the upper half of the jitter. */
function instant(waits: number[] = []): RetryOptions {
  return {
    random: () => 1,
    wait: async (ms) => {
      waits.push(ms);
    },
  };
}

describe("withRetries", () => {
  it("tells each wait before it and waits longer each time", async () => {
    const waits: number[] = [];
    const { model } = scripted([failure()], [failure("provider_unreachable")], [TEXT, ITEM, DONE]);
    const { events, error } = await runModel(withRetries(model, instant(waits)));
    expect(error).toBeUndefined();
    expect(events).toEqual([
      {
        type: "retry",
        inMs: 500,
        attempt: 1,
        reason: "it failed: provider_overloaded",
        code: "provider_overloaded",
      },
      {
        type: "retry",
        inMs: 1000,
        attempt: 2,
        reason: "it failed: provider_unreachable",
        code: "provider_unreachable",
      },
      TEXT,
      ITEM,
      DONE,
    ]);
    expect(waits).toEqual([500, 1000]);
  });

  it("gives up after five retries with the last error", async () => {
    const last = failure("provider_rate_limited");
    const { model, calls } = scripted(...Array.from({ length: 5 }, () => [failure()]), [last]);
    expect((await runModel(withRetries(model, instant()))).error).toBe(last);
    expect(calls()).toBe(6);
  });

  it("tries again after deltas, but not after an item", async () => {
    const afterDelta = scripted([TEXT, failure()], [TEXT, ITEM, DONE]);
    expect((await runModel(withRetries(afterDelta.model, instant()))).done).toBe(DONE);
    const error = failure();
    const afterItem = scripted([TEXT, ITEM, error]);
    expect((await runModel(withRetries(afterItem.model, instant()))).error).toBe(error);
    expect(afterItem.calls()).toBe(1);
  });

  it.each([
    failure("provider_auth", { retryable: false }),
    new AgentError("internal", "x"),
    new Error("a fault"),
  ])("does not retry what will not succeed later: %s", async (error) => {
    const { model, calls } = scripted([error]);
    expect((await runModel(withRetries(model, instant()))).error).toBe(error);
    expect(calls()).toBe(1);
  });

  it("waits at least as long as the provider asks", async () => {
    const waits: number[] = [];
    const { model } = scripted([failure("provider_rate_limited", { retryAfterMs: 60_000 })], [DONE]);
    await runModel(withRetries(model, instant(waits)));
    expect(waits).toEqual([61_000]);
  });

  it("gives up at once when the provider asks for more than a minute", async () => {
    const error = failure("provider_rate_limited", { retryAfterMs: 60_001 });
    const { model, calls } = scripted([error]);
    expect((await runModel(withRetries(model, instant()))).error).toBe(error);
    expect(calls()).toBe(1);
  });

  it("ends its wait at once when it is aborted", async () => {
    const controller = new AbortController();
    const { model, calls } = scripted([failure("provider_rate_limited", { retryAfterMs: 50_000 })]);
    const stream = withRetries(model).stream(QUESTION, controller.signal)[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ type: "retry" });
    const waiting = stream.next();
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(calls()).toBe(1);
  });
});

describe("endWithDone", () => {
  const run = (model: Model, signal?: AbortSignal) =>
    runModel(
      { ...model, stream: (request, signal) => endWithDone(model, model.stream(request, signal), signal) },
      QUESTION,
      signal,
    );

  it("calls an end in silence broken", async () => {
    const { events, error } = await run(scripted([TEXT]).model);
    expect(events).toEqual([TEXT]);
    expect(error).toMatchObject({ code: "provider_stream_broken", retryable: true });
  });

  it("ends at done, whatever may follow", async () => {
    const { events, error } = await run(scripted([ITEM, DONE, new Error("late")]).model);
    expect(events).toEqual([ITEM, DONE]);
    expect(error).toBeUndefined();
  });

  it("throws the reason of an abort whatever the stream threw", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const model = scripted().model;
    model.stream = async function* () {
      yield TEXT;
      controller.abort(reason);
      throw new Error("AbortError of an SDK");
    };
    expect((await run(model, controller.signal)).error).toBe(reason);
  });
});
