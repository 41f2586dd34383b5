import { afterEach, describe, expect, it } from "vitest";
import {
  eventStream,
  startFakeProvider,
  type FakeAnswer,
  type FakeProvider,
} from "../../../testing/fake-provider.ts";
import { describeConnection } from "../../suite/connection.suite.ts";
import { runModel } from "../../suite/outcome.ts";
import { createOpenAIModel } from "../model.ts";

let provider: FakeProvider | undefined;
afterEach(async () => {
  await provider?.close();
  provider = undefined;
});

function make({ baseUrl, name, idleTimeoutMs }: { baseUrl: string; name: string; idleTimeoutMs: number }) {
  return createOpenAIModel({
    name,
    apiKey: "none",
    baseUrl: `${baseUrl}/v1`,
    wireApi: "chat",
    info: { contextWindow: 1000, maxOutputTokens: 100 },
    idleTimeoutMs,
  });
}

async function answer(given: FakeAnswer) {
  provider = await startFakeProvider(given);
  return runModel(make({ baseUrl: provider.url, name: "qwen3", idleTimeoutMs: 15_000 }));
}

const stream = (...events: (object | string)[]) => answer({ body: eventStream(...events) });

const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: "chatcmpl-1",
  model: "qwen3-served",
  choices: [{ index: 0, delta, finish_reason }],
});
const piece = (more: object, name?: string, args?: string) => ({
  tool_calls: [
    { ...more, function: { ...(name ? { name } : {}), ...(args === undefined ? {} : { arguments: args }) } },
  ],
});

describe("the chat adapter", () => {
  describeConnection({ make });

  it("tells text, reasoning, calls and usage", async () => {
    const { events, error } = await stream(
      chunk({ role: "assistant", content: "" }),
      chunk({ reasoning_content: "Hm" }),
      chunk({ reasoning_content: "m." }),
      chunk({ content: "Look" }),
      chunk({ content: "ing." }),
      chunk(piece({ index: 0, id: "call_a", type: "function" }, "shell", "")),
      chunk(piece({ index: 0 }, undefined, '{"a"')),
      chunk(piece({ index: 1, id: "call_b" }, "shell", '{"b":2}')),
      chunk(piece({ index: 0 }, undefined, ":1}")),
      chunk({}, "tool_calls"),
      {
        id: "chatcmpl-1",
        choices: [],
        usage: {
          prompt_tokens: 10,
          completion_tokens: 5,
          prompt_tokens_details: { cached_tokens: 4 },
          completion_tokens_details: { reasoning_tokens: 2 },
        },
      },
      "[DONE]",
    );
    expect(error).toBeUndefined();
    const origin = { provider: "openai", model: "qwen3" };
    expect(events).toEqual([
      { type: "delta", index: 0, kind: "reasoning", delta: "Hm" },
      { type: "delta", index: 0, kind: "reasoning", delta: "m." },
      { type: "delta", index: 1, kind: "text", delta: "Look" },
      { type: "delta", index: 1, kind: "text", delta: "ing." },
      { type: "delta", index: 2, kind: "arguments", delta: '{"a"', callId: "call_a" },
      { type: "delta", index: 3, kind: "arguments", delta: '{"b":2}', callId: "call_b" },
      { type: "delta", index: 2, kind: "arguments", delta: ":1}", callId: "call_a" },
      {
        type: "item",
        index: 0,
        item: { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hmm." }], origin },
      },
      {
        type: "item",
        index: 1,
        item: {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: "Looking." }],
          status: "completed",
          origin,
        },
      },
      ...[
        { index: 2, call_id: "call_a", arguments: '{"a":1}' },
        { index: 3, call_id: "call_b", arguments: '{"b":2}' },
      ].map(({ index, ...call }) => ({
        type: "item",
        index,
        item: { type: "function_call", name: "shell", status: "completed", origin, ...call },
      })),
      {
        type: "done",
        responseId: "chatcmpl-1",
        servedModel: "qwen3-served",
        stop: "tool_calls",
        usage: {
          input_tokens: 10,
          cached_input_tokens: 4,
          cache_write_input_tokens: 0,
          output_tokens: 5,
          reasoning_output_tokens: 2,
        },
      },
    ]);
    expect(provider?.requests[0]).toMatchObject({ method: "POST", path: "/v1/chat/completions" });
  });

  it("takes calls in one piece, all at place 0, without ids, and with arguments as an object", async () => {
    const { items, done } = await stream(
      chunk({
        tool_calls: [
          { index: 0, id: "call_a", function: { name: "one", arguments: "{}" } },
          { index: 0, id: "call_b", function: { name: "two", arguments: { b: 2 } } },
        ],
      }),
      chunk({ tool_calls: [{ index: 1, function: { name: "three", arguments: "" } }] }),
      chunk({}, "stop"),
      "[DONE]",
    );
    expect(items).toMatchObject([
      { call_id: "call_a", name: "one", arguments: "{}" },
      { call_id: "call_b", name: "two", arguments: '{"b":2}' },
      { call_id: expect.stringMatching(/^call_[0-9a-f]{32}$/), name: "three", arguments: "{}" },
    ]);
    expect(done).toMatchObject({ stop: "tool_calls", usage: { input_tokens: 0, output_tokens: 0 } });
  });

  it("takes pieces without a place as those of the call before", async () => {
    const { items } = await stream(
      chunk(piece({ id: "call_a" }, "one", '{"a"')),
      chunk(piece({}, undefined, ":1}")),
      chunk(piece({ id: "call_b" }, "two", "{}")),
      chunk({}, "tool_calls"),
    );
    expect(items).toMatchObject([
      { call_id: "call_a", arguments: '{"a":1}' },
      { call_id: "call_b", arguments: "{}" },
    ]);
  });

  it.each([
    ["stop", "completed", "completed"],
    ["length", "max_output_tokens", "incomplete"],
    ["content_filter", "content_filter", "incomplete"],
    ["something new", "completed", "completed"],
  ])("takes the finish reason %o for %s", async (reason, stop, status) => {
    const { items, done } = await stream(chunk({ content: "Hi" }), chunk({}, reason), "[DONE]");
    expect(done?.stop).toBe(stop);
    expect(items).toMatchObject([{ type: "message", status }]);
  });

  it("marks a call that was cut off", async () => {
    const { items, done } = await stream(
      chunk(piece({ index: 0, id: "call_a" }, "shell", '{"done":true}')),
      chunk(piece({ index: 1, id: "call_b" }, "shell", '{"command":["rm')),
      chunk({}, "length"),
      "[DONE]",
    );
    expect(items).toMatchObject([
      { call_id: "call_a", status: "completed" },
      { call_id: "call_b", status: "incomplete", arguments: '{"command":["rm' },
    ]);
    expect(done?.stop).toBe("max_output_tokens");
  });

  it("tells a refusal", async () => {
    const { items, done } = await stream(chunk({ refusal: "No." }), chunk({}, "stop"), "[DONE]");
    expect(items).toMatchObject([{ content: [{ type: "refusal", refusal: "No." }] }]);
    expect(done?.stop).toBe("refusal");
  });

  it("is content with a finish reason or with [DONE], but not with neither", async () => {
    expect((await stream(chunk({ content: "Hi" }, "stop"))).done?.stop).toBe("completed");
    await provider?.close();
    expect((await stream(chunk({ content: "Hi" }), "[DONE]")).done?.stop).toBe("completed");
    await provider?.close();
    const { items, error } = await stream(chunk({ content: "Hi" }));
    expect(items).toEqual([]);
    expect(error).toMatchObject({ code: "provider_stream_broken" });
  });

  it.each([
    [{ error: { message: "The model's context length is 10.", code: 400 } }, "context_window_exceeded"],
    [{ error: { message: "busy", type: "server_error" } }, "provider_overloaded"],
    [{ error: { message: "slow", code: "429" } }, "provider_rate_limited"],
  ])("takes the error chunk %j for %s", async (event, code) => {
    const { error } = await stream(chunk({ content: "Hi" }), event);
    expect(error).toMatchObject({ code });
  });
});
