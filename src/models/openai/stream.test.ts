import { afterEach, describe, expect, it } from "vitest";
import type { ToolSpec } from "../../contract/model.ts";
import {
  eventStream,
  startFakeProvider,
  type FakeAnswer,
  type FakeProvider,
} from "../../testing/fake-provider.ts";
import { QUESTION, runModel, textOf, messagesOf } from "../suite/outcome.ts";
import { createOpenAIModel } from "./model.ts";

let provider: FakeProvider | undefined;
afterEach(async () => {
  await provider?.close();
  provider = undefined;
});

async function respond(...answers: FakeAnswer[]) {
  provider = await startFakeProvider(...answers);
  return createOpenAIModel({
    name: "gpt-5",
    apiKey: "sk-test",
    baseUrl: `${provider.url}/v1`,
    wireApi: "responses",
    info: { contextWindow: 1000, maxOutputTokens: 100 },
    idleTimeoutMs: 15_000,
  });
}

const added = (output_index: number, item: object) => ({
  type: "response.output_item.added",
  output_index,
  item,
});
const done = (output_index: number, item: object) => ({
  type: "response.output_item.done",
  output_index,
  item,
});
const delta = (type: string, output_index: number, delta: string) => ({
  type: `response.${type}.delta`,
  output_index,
  delta,
});
const completed = (more: object = {}) => ({
  type: "response.completed",
  response: { id: "resp_1", model: "gpt-5-2025", usage: null, ...more },
});
const message = (text: string) => ({
  type: "message",
  id: "msg_1",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }],
});
const call = (call_id: string, args: string, name = "shell") => ({
  type: "function_call",
  id: "fc_1",
  call_id,
  name,
  arguments: args,
  status: "completed",
});

describe("a stream of the Responses API", () => {
  it("tells deltas, items and the end, with the id of the call that deltas belong to", async () => {
    const model = await respond({
      body: eventStream(
        { type: "response.created", response: { id: "resp_1" } },
        added(0, { type: "message", content: [] }),
        delta("output_text", 0, "Hel"),
        delta("output_text", 0, "lo"),
        done(0, message("Hello")),
        added(1, { type: "function_call", call_id: "call_1", name: "shell" }),
        delta("function_call_arguments", 1, '{"a":1}'),
        done(1, call("call_1", '{"a":1}')),
        completed({
          usage: {
            input_tokens: 10,
            output_tokens: 5,
            input_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 },
            output_tokens_details: { reasoning_tokens: 2 },
          },
        }),
      ),
    });
    const { events, error } = await runModel(model);
    expect(error).toBeUndefined();
    const origin = { provider: "openai", model: "gpt-5" };
    expect(events).toEqual([
      { type: "delta", index: 0, kind: "text", delta: "Hel" },
      { type: "delta", index: 0, kind: "text", delta: "lo" },
      {
        type: "item",
        index: 0,
        item: {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: "Hello" }],
          status: "completed",
          origin,
        },
      },
      { type: "delta", index: 1, kind: "arguments", delta: '{"a":1}', callId: "call_1" },
      {
        type: "item",
        index: 1,
        item: {
          type: "function_call",
          call_id: "call_1",
          name: "shell",
          arguments: '{"a":1}',
          status: "completed",
          origin,
        },
      },
      {
        type: "done",
        responseId: "resp_1",
        servedModel: "gpt-5-2025",
        stop: "tool_calls",
        usage: {
          input_tokens: 10,
          cached_input_tokens: 4,
          cache_write_input_tokens: 3,
          output_tokens: 5,
          reasoning_output_tokens: 2,
        },
      },
    ]);
    expect(provider?.requests[0]).toMatchObject({ method: "POST", path: "/v1/responses" });
  });

  it("tells a text as a delta that a gateway sent only whole", async () => {
    const model = await respond({ body: eventStream(done(0, message("Hello")), completed()) });
    const { events } = await runModel(model);
    expect(events[0]).toEqual({ type: "delta", index: 0, kind: "text", delta: "Hello" });
  });

  it("parts the paragraphs of a summary", async () => {
    const part = (summary_index: number) => ({
      type: "response.reasoning_summary_part.added",
      output_index: 0,
      summary_index,
    });
    const model = await respond({
      body: eventStream(
        part(0),
        delta("reasoning_summary_text", 0, "One."),
        part(1),
        delta("reasoning_summary_text", 0, "Two."),
        completed(),
      ),
    });
    const { events } = await runModel(model);
    const told = events.flatMap((event) => (event.type === "delta" ? [event.delta] : []));
    expect(told.join("")).toBe("One.\n\nTwo.");
  });

  it("lets unknown events, parts and items pass", async () => {
    const unknown = { type: "hologram", id: "h_1", depth: 3 };
    const rich = {
      ...message("Hello"),
      content: [{ type: "smell", data: "x" }, ...message("Hello").content],
    };
    const model = await respond({
      body: [
        ...eventStream({ type: "response.hologram.delta", delta: { depth: 3 } }, { ping: 1 }),
        ...eventStream(done(0, unknown), done(1, rich), completed(), "[DONE]"),
      ],
    });
    const { items, done: end, error } = await runModel(model);
    expect(error).toBeUndefined();
    expect(items).toMatchObject([
      { type: "provider_item", origin: { provider: "openai", model: "gpt-5", opaque: unknown } },
      { type: "message", content: [{ type: "output_text", text: "Hello" }] },
    ]);
    expect(end?.stop).toBe("completed");
  });

  it("keeps what had begun when a filter ended the response", async () => {
    const model = await respond({
      body: eventStream(
        delta("output_text", 0, "Par"),
        added(1, { type: "function_call", call_id: "call_1", name: "shell" }),
        delta("function_call_arguments", 1, '{"a'),
        {
          type: "response.incomplete",
          response: { id: "resp_1", incomplete_details: { reason: "content_filter" }, output: [] },
        },
      ),
    });
    const { items, done: end } = await runModel(model);
    expect(items).toMatchObject([
      { type: "message", status: "incomplete", content: [{ text: "Par" }] },
      { type: "function_call", call_id: "call_1", status: "incomplete", arguments: '{"a' },
    ]);
    expect(end?.stop).toBe("content_filter");
  });

  const wrapped = JSON.stringify({
    tool_uses: [
      { recipient_name: "functions.shell", parameters: { a: 1 } },
      { recipient_name: "functions.shell", parameters: { a: 2 } },
    ],
  });

  it("unpacks several calls in one, each with an id and an index of its own", async () => {
    const model = await respond({
      body: eventStream(
        added(0, { type: "function_call", call_id: "call_1", name: "multi_tool_use.parallel" }),
        delta("function_call_arguments", 0, wrapped),
        done(0, call("call_1", wrapped, "multi_tool_use.parallel")),
        completed(),
      ),
    });
    const { events } = await runModel(model);
    const told = events.filter((event) => event.type === "item");
    expect(events.some((event) => event.type === "delta")).toBe(false);
    expect(told.map(({ item }) => item)).toMatchObject([
      { call_id: "call_1_0", name: "shell", arguments: '{"a":1}' },
      { call_id: "call_1_1", name: "shell", arguments: '{"a":2}' },
    ]);
    expect(new Set(told.map(({ index }) => index)).size).toBe(2);
  });

  it("leaves a tool of ours alone that has the name of OpenAI's wrapper", async () => {
    const model = await respond({
      body: eventStream(done(0, call("call_1", wrapped, "parallel")), completed()),
    });
    const tools: ToolSpec[] = [{ name: "parallel", description: "", parameters: {} }];
    const { items } = await runModel(model, { ...QUESTION, tools });
    expect(items).toMatchObject([{ call_id: "call_1", name: "parallel", arguments: wrapped }]);
  });

  it("gives a call without arguments an empty object", async () => {
    const model = await respond({ body: eventStream(done(0, call("call_1", "")), completed()) });
    expect((await runModel(model)).items).toMatchObject([{ arguments: "{}", status: "completed" }]);
  });

  it.each([
    [
      { type: "error", code: "rate_limit_exceeded", message: "Try again in 2s." },
      "provider_rate_limited",
      true,
    ],
    [
      { type: "error", error: { type: "invalid_request_error", message: "bad" } },
      "provider_bad_request",
      false,
    ],
    [
      { type: "response.failed", response: { error: { code: "server_error", message: "x" } } },
      "provider_overloaded",
      true,
    ],
    [{ type: "response.failed", response: { error: null } }, "provider_overloaded", true],
    [
      { type: "error", error: { code: "insufficient_quota", message: "pay" } },
      "provider_rate_limited",
      false,
    ],
  ])("takes %j for %s", async (event, code, retryable) => {
    const { error } = await runModel(await respond({ body: eventStream(event) }));
    expect(error).toMatchObject({ code, retryable });
  });

  it("goes on without summaries when the account may not have them", async () => {
    const body = {
      error: {
        message: "Your organization must be verified to generate reasoning summaries.",
        param: "reasoning.summary",
      },
    };
    const refusal = {
      status: 400,
      headers: { "content-type": "application/json" },
      body: [JSON.stringify(body)],
    };
    const model = await respond(refusal, { body: eventStream(done(0, message("Hello")), completed()) });
    const { items, error } = await runModel(model);
    expect(error).toBeUndefined();
    expect(textOf(messagesOf(items))).toBe("Hello");
    await runModel(model);
    expect(provider?.requests.map((request) => request.body["reasoning"])).toEqual([
      { summary: "auto" },
      {},
      {},
    ]);
  });
});
