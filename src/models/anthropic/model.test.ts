import { afterEach, describe, expect, it } from "vitest";
import type { ReasoningItem } from "../../contract/item.ts";
import type { ModelInfo, ToolSpec } from "../../contract/model.ts";
import {
  eventStream,
  startFakeProvider,
  type FakeAnswer,
  type FakeProvider,
} from "../../testing/fake-provider.ts";
import { describeModel, digest, type ToolTurn } from "../model.suite.ts";
import { QUESTION, runModel } from "../suite/outcome.ts";
import { createAnthropicModel, type AnthropicOptions } from "./model.ts";

const INFO: ModelInfo = { contextWindow: 200_000, maxOutputTokens: 8192 };
const KEY = "sk-ant-api03-not-a-real-key";

describeModel({
  family: "anthropic",
  make: ({ baseUrl, name, idleTimeoutMs }) =>
    createAnthropicModel({ baseUrl, name, idleTimeoutMs, apiKey: KEY, info: INFO }),
  isTerminal: (event) => hasType(event, "message_stop"),
  errors: {
    "error-event.overloaded.sse": "provider_overloaded",
    "http-400.prompt_too_long.json": "context_window_exceeded",
    "http-529.overloaded.json": "provider_overloaded",
  },
  reasoning: inRecordedWords,
  amended: {
    // The provider's explanation is all that a person can be shown of a refusal without content.
    "refusal.empty.chunks.txt": {
      refusal:
        "This request triggered restrictions on violative cyber content and was blocked under Anthropic's Usage Policy.",
    },
  },
  turns: [
    { ...weatherTurn("tool.sonnet-4"), name: "text and a call without thinking" },
    { ...weatherTurn("thinking.sonnet-4"), name: "thinking and a call", check: checkThinkingGoesBack },
    {
      name: "two calls at once",
      model: "claude-sonnet-4-20250514",
      first: "parallel.sonnet-4.0.sse",
      second: "parallel.sonnet-4.1.sse",
      instructions: "You are a helpful assistant. Always use both add and multiply at the same time.",
      user: "Add and multiply the number 2 and 3",
      tools: [numbersTool("add"), numbersTool("multiply")],
      outputs: { add: "5", multiply: "6" },
      check: (body) => {
        expect(body["messages"]).toMatchObject([
          { role: "user" },
          { role: "assistant", content: [{ type: "text" }, { type: "tool_use" }, { type: "tool_use" }] },
          { role: "user", content: [{ type: "tool_result" }, { type: "tool_result" }] },
        ]);
      },
    },
  ],
});

describe("createAnthropicModel", () => {
  let provider: FakeProvider | undefined;
  afterEach(async () => {
    await provider?.close();
    provider = undefined;
  });

  async function run(answer: FakeAnswer, options: Partial<AnthropicOptions> = {}) {
    provider = await startFakeProvider(answer);
    const model = createAnthropicModel({
      name: "claude-sonnet-4-5",
      apiKey: KEY,
      baseUrl: provider.url,
      info: INFO,
      idleTimeoutMs: 15_000,
      ...options,
    });
    return runModel(model);
  }

  const ANSWER: FakeAnswer = {
    body: eventStream(
      {
        type: "message_start",
        message: { id: "msg_1", model: "claude-sonnet-4-5-20250929", usage: { input_tokens: 9 } },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
      { type: "message_stop" },
    ),
  };

  it("asks the Messages API for a stream, with the key in a header and the model's beta features", async () => {
    const { done } = await run(ANSWER);
    const sent = provider?.requests[0];
    expect(sent).toMatchObject({ method: "POST", path: "/v1/messages" });
    expect(sent?.body).toMatchObject({ model: "claude-sonnet-4-5", stream: true, max_tokens: 8192 });
    expect(sent?.headers["anthropic-version"]).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(sent?.headers["anthropic-beta"]).toBe("interleaved-thinking-2025-05-14");
    expect(JSON.stringify(sent?.headers)).toContain(KEY);
    expect(done).toMatchObject({
      responseId: "msg_1",
      servedModel: "claude-sonnet-4-5-20250929",
      stop: "completed",
    });
  });

  it("asks once, whatever the answer is, and leaves trying again to others", async () => {
    const { error } = await run({
      status: 529,
      body: ['{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'],
      headers: { "content-type": "application/json" },
    });
    expect(error).toMatchObject({
      code: "provider_overloaded",
      retryable: true,
      details: { provider_code: "overloaded_error" },
    });
    expect(error).toHaveProperty(
      "message",
      "anthropic could not serve claude-sonnet-4-5 (HTTP 529): Overloaded",
    );
    expect(provider?.requests).toHaveLength(1);
  });

  it("gives up a provider that does not even begin to answer", async () => {
    const { error } = await run({ ending: "silence" }, { idleTimeoutMs: 200 });
    expect(error).toMatchObject({ code: "provider_stream_broken", retryable: true });
    expect(String(error)).toContain("0.2 seconds");
    await provider?.abandoned();
  });

  it("never repeats the key in an error", async () => {
    const body = [
      JSON.stringify({
        type: "error",
        error: { type: "authentication_error", message: `invalid x-api-key: ${KEY}` },
      }),
    ];
    const { error } = await run({ status: 401, body, headers: { "content-type": "application/json" } });
    expect(error).toMatchObject({ code: "provider_auth", retryable: false });
    expect(String(error)).toContain("ANTHROPIC_API_KEY");
    expect(String(error)).not.toContain(KEY);
  });

  it("refuses a key that no header can hold, without repeating it", async () => {
    const { error } = await run(ANSWER, { apiKey: "sk-ant-secret…" });
    expect(error).toMatchObject({ code: "provider_auth", retryable: false });
    expect(String(error)).not.toContain("secret");
    expect(provider?.requests).toEqual([]);
  });

  it("goes on asking with the same client after a failure", async () => {
    provider = await startFakeProvider({ status: 500 }, ANSWER);
    const model = createAnthropicModel({
      name: "claude-opus-4-8",
      apiKey: KEY,
      baseUrl: provider.url,
      info: INFO,
      idleTimeoutMs: 15_000,
    });
    expect((await runModel(model, QUESTION)).error).toMatchObject({ code: "provider_overloaded" });
    expect((await runModel(model, QUESTION)).done?.stop).toBe("completed");
  });
});

function hasType(event: unknown, type: string): boolean {
  return typeof event === "object" && event !== null && "type" in event && event.type === type;
}

function inRecordedWords({ summary, origin }: ReasoningItem): Record<string, unknown> {
  const { type, data = "", signature = "" } = (origin?.opaque ?? {}) as Record<string, string>;
  if (type === "redacted_thinking") return { redacted: digest(data) };
  return { text: summary.map(({ text }) => text).join(""), signature: digest(signature) };
}

function weatherTurn(recording: string): ToolTurn {
  return {
    name: recording,
    model: "claude-sonnet-4-20250514",
    first: `${recording}.0.sse`,
    second: `${recording}.1.sse`,
    instructions: "You are a helpful assistant",
    user: "What's the weather in Florence, Italy?",
    tools: [
      {
        name: "weather",
        description: "Get weather information for a location",
        parameters: {
          type: "object",
          properties: { location: { type: "string", description: "the city" } },
          required: ["location"],
        },
      },
    ],
    outputs: { weather: "40 C" },
    // The first response had no thinking, and the API wants a tool turn to have it from the start or not at all.
    check: (body) => expect(body).not.toHaveProperty("thinking"),
  };
}

function checkThinkingGoesBack(body: Record<string, unknown>): void {
  expect(body).toMatchObject({
    thinking: { type: "enabled", budget_tokens: 4096 },
    messages: [
      { role: "user" },
      {
        role: "assistant",
        content: [{ type: "thinking", signature: expect.any(String) }, { type: "tool_use" }],
      },
      { role: "user", content: [{ type: "tool_result" }] },
    ],
  });
}

function numbersTool(name: string): ToolSpec {
  const number = { type: "integer" };
  return {
    name,
    description: `${name} two numbers`,
    parameters: { type: "object", properties: { a: number, b: number }, required: ["a", "b"] },
  };
}
