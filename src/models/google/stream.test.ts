import { describe, expect, it } from "vitest";
import { AgentError } from "../../contract/error.ts";
import { MODEL, chunk, origin, read } from "./chunks.suite.ts";
import { toContents } from "./contents.ts";

describe("a stream of Google's", () => {
  it("becomes deltas, items and an end, in the order of its parts", async () => {
    const { events } = await read([
      chunk([{ text: "Let me ", thought: true }]),
      chunk([{ text: "think.", thought: true }, { text: "I will " }]),
      chunk([{ text: "look." }, { functionCall: { name: "shell", args: { command: ["ls"] }, id: "abc" } }]),
      chunk([{ text: "Then more." }]),
      chunk([{ text: "" }], "STOP", {
        modelVersion: "gemini-3-pro-001",
        usageMetadata: { promptTokenCount: 9 },
      }),
    ]);
    expect(events).toEqual([
      { type: "delta", index: 0, kind: "reasoning", delta: "Let me " },
      { type: "delta", index: 0, kind: "reasoning", delta: "think." },
      {
        type: "item",
        index: 0,
        item: {
          type: "reasoning",
          summary: [{ type: "summary_text", text: "Let me think." }],
          origin: origin(),
        },
      },
      { type: "delta", index: 1, kind: "text", delta: "I will " },
      { type: "delta", index: 1, kind: "text", delta: "look." },
      {
        type: "item",
        index: 1,
        item: {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: "I will look." }],
          status: "completed",
          origin: origin(),
        },
      },
      {
        type: "item",
        index: 2,
        item: {
          type: "function_call",
          call_id: "abc",
          name: "shell",
          arguments: '{"command":["ls"]}',
          status: "completed",
          origin: origin({ callId: "abc" }),
        },
      },
      { type: "delta", index: 3, kind: "text", delta: "Then more." },
      { type: "begun", usage: expect.objectContaining({ input_tokens: 9 }) },
      {
        type: "item",
        index: 3,
        item: {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: "Then more." }],
          status: "completed",
          origin: origin(),
        },
      },
      {
        type: "done",
        responseId: "response-1",
        stop: "tool_calls",
        servedModel: "gemini-3-pro-001",
        usage: {
          input_tokens: 9,
          cached_input_tokens: 0,
          cache_write_input_tokens: 0,
          output_tokens: 0,
          reasoning_output_tokens: 0,
        },
      },
    ]);
  });

  it.each([undefined, "FINISH_REASON_UNSPECIFIED"])(
    "ends in silence when no reason came, so that it counts as broken: %s",
    async (finishReason) => {
      const { done } = await read([chunk([{ text: "Half an ans" }], finishReason)]);
      expect(done).toBeUndefined();
    },
  );

  it("goes on after a reason that comes with every chunk", async () => {
    const { items, done } = await read([chunk([{ text: "Hel" }], "STOP"), chunk([{ text: "lo" }], "STOP")]);
    expect(items).toMatchObject([{ content: [{ text: "Hello" }] }]);
    expect(done).toMatchObject({ stop: "completed" });
  });

  it.each([
    ["MAX_TOKENS", "max_output_tokens"],
    ["SAFETY", "content_filter"],
    ["RECITATION", "content_filter"],
    ["PROHIBITED_CONTENT", "content_filter"],
    ["MALFORMED_FUNCTION_CALL", "tool_call_invalid"],
    ["UNEXPECTED_TOOL_CALL", "tool_call_invalid"],
    ["CONTINUATION", "pause"],
    ["OTHER", "completed"],
    ["SOMETHING_NEW", "completed"],
  ])("that ended for %s stopped for %s", async (finishReason, stop) => {
    const { done } = await read([chunk([{ text: "Hm." }], finishReason)]);
    expect(done).toMatchObject({ stop });
  });

  it("marks a text that was cut off", async () => {
    const { items } = await read([chunk([{ text: "Half an ans" }], "MAX_TOKENS")]);
    expect(items).toMatchObject([{ type: "message", status: "incomplete" }]);
  });

  it("may have no candidate at all when the prompt was blocked", async () => {
    const { items, done } = await read([{ promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }]);
    expect(items).toEqual([]);
    expect(done).toMatchObject({ stop: "content_filter", responseId: expect.stringMatching(/.{8}/) });
  });

  it("that is empty and ends for no good reason is broken, and may be tried again", async () => {
    await expect(read([chunk([], "OTHER")])).rejects.toMatchObject({
      code: "provider_stream_broken",
      retryable: true,
      message: expect.stringContaining("OTHER"),
    });
  });

  it("throws an error in its midst, with what Google asks for", async () => {
    const error = {
      code: 429,
      message: "Resource exhausted.",
      status: "RESOURCE_EXHAUSTED",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "2s" }],
    };
    const reading = read([chunk([{ text: "Half" }]), { error }]);
    await expect(reading).rejects.toBeInstanceOf(AgentError);
    await expect(reading).rejects.toMatchObject({ code: "provider_rate_limited", retryAfterMs: 2000 });
  });

  it("is broken when a chunk has a form that nobody knows", async () => {
    const reading = read([{ candidates: "none" }]);
    await expect(reading).rejects.toMatchObject({ code: "provider_stream_broken" });
  });

  it("counts thoughts as output, and what Google's tools read as input", async () => {
    const { done } = await read([
      chunk([{ text: "a" }], undefined, {
        usageMetadata: { promptTokenCount: 100, trafficType: "ON_DEMAND" },
      }),
      chunk([{ text: "b" }], "STOP", {
        usageMetadata: {
          promptTokenCount: 120,
          cachedContentTokenCount: 80,
          toolUsePromptTokenCount: 7,
          candidatesTokenCount: 10,
          thoughtsTokenCount: 30,
          totalTokenCount: 167,
        },
      }),
    ]);
    expect(done).toMatchObject({
      usage: {
        input_tokens: 127,
        cached_input_tokens: 80,
        cache_write_input_tokens: 0,
        output_tokens: 40,
        reasoning_output_tokens: 30,
      },
    });
  });

  it("keeps what it does not know, for Google", async () => {
    const part = { inlineData: { mimeType: "image/png", data: "AA==" }, thoughtSignature: "s" };
    const { items } = await read([chunk([{ text: "See: " }, part, {}, { videoMetadata: {} }], "STOP")]);
    expect(items.slice(1)).toEqual([
      { type: "provider_item", origin: origin({ part }) },
      { type: "provider_item", origin: origin({ part: { videoMetadata: {} } }) },
    ]);
  });
});

describe("a signature in a stream", () => {
  it.each([
    ["on the last piece of a text", [{ text: "Hello " }, { text: "world", thoughtSignature: "s" }]],
    ["after a text, on its own", [{ text: "Hello world" }, { text: "", thoughtSignature: "s" }]],
    ["before a text, on its own", [{ text: "", thoughtSignature: "s" }, { text: "Hello" }]],
    ["on a piece in the middle", [{ text: "a" }, { text: "b", thoughtSignature: "s" }, { text: "c" }]],
    ["on a part with nothing else", [{ text: "a" }, { thoughtSignature: "s" }]],
    [
      "on a thought",
      [
        { text: "Hm", thought: true },
        { text: "", thought: true, thoughtSignature: "s" },
      ],
    ],
    [
      "on its own after a call",
      [{ functionCall: { name: "a", args: {} } }, { text: "", thoughtSignature: "s" }],
    ],
    [
      "on the first of two calls",
      [
        { functionCall: { name: "a", args: { n: 1 }, id: "x" }, thoughtSignature: "s" },
        { functionCall: { name: "a", args: { n: 2 }, id: "y" } },
      ],
    ],
  ])("goes back to its part: %s", async (_, parts) => {
    const { items } = await read([...parts.map((part) => chunk([part])), chunk([], "STOP")]);
    const contents = toContents(
      [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }, ...items],
      { model: MODEL.name, needsSignatures: false },
    );
    const sent = parts.map((part) =>
      "functionCall" in part || "text" in part ? part : { text: "", ...part },
    );
    expect(contents[1]?.parts).toEqual(sent);
  });

  it("that comes alone adds no empty message to the conversation", async () => {
    const { items } = await read([chunk([{ text: "", thoughtSignature: "s" }], "STOP")]);
    expect(items.map((item) => item.type)).toEqual(["provider_item"]);
  });
});
