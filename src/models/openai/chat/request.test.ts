import { describe, expect, it } from "vitest";
import type { FunctionCallItem, ResponseItem } from "../../../contract/item.ts";
import type { ModelRequest } from "../../../contract/model.ts";
import { toChatRequest, type ChatOptions } from "./request.ts";

const LOCAL: ChatOptions = { name: "qwen3-coder", baseUrl: "http://127.0.0.1:8000/v1" };

function toRequest(items: ResponseItem[], options = LOCAL, more: Partial<ModelRequest> = {}) {
  return toChatRequest(options, {
    instructions: "Be brief.",
    items,
    tools: [],
    sessionId: "session-1",
    ...more,
  });
}

const messagesOf = (...items: ResponseItem[]) => toRequest(items).messages.slice(1);

function said(role: "user" | "assistant" | "developer", text: string): ResponseItem {
  const type = role === "assistant" ? "output_text" : "input_text";
  return { type: "message", role, content: [{ type, text }] };
}

function call(call_id: string, more: Partial<FunctionCallItem> = {}): ResponseItem {
  return { type: "function_call", call_id, name: "shell", arguments: "{}", ...more };
}

function output(call_id: string, text: string): ResponseItem {
  return { type: "function_call_output", call_id, output: text };
}

describe("the body of a chat completion", () => {
  it("has only what self-hosted servers know", () => {
    const tools = [{ name: "shell", description: "Runs.", parameters: { type: "object" } }];
    expect(toRequest([said("user", "Hi")], LOCAL, { tools, maxOutputTokens: 1000 })).toEqual({
      model: "qwen3-coder",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
      ],
      tools: [
        {
          type: "function",
          function: { name: "shell", description: "Runs.", parameters: { type: "object" } },
        },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 1000,
    });
  });

  it("names the session for the cache, and the limit as OpenAI's reasoning models want it", () => {
    const body = toRequest([], { name: "gpt-5", reasoningEffort: "low" }, { maxOutputTokens: 1000 });
    expect(body).toMatchObject({
      prompt_cache_key: "session-1",
      max_completion_tokens: 1000,
      reasoning_effort: "low",
    });
    expect(body).not.toHaveProperty("max_tokens");
  });

  it("puts what an assistant said and called in a row into one message, and the outputs after it", () => {
    expect(
      messagesOf(
        said("user", "Hi"),
        said("assistant", "Looking."),
        call("call_1"),
        call("call_2"),
        output("call_2", "two"),
        output("call_1", "one"),
        said("assistant", "Done."),
        said("user", "Thanks"),
      ),
    ).toEqual([
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: "Looking.",
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "shell", arguments: "{}" } },
          { id: "call_2", type: "function", function: { name: "shell", arguments: "{}" } },
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: "one" },
      { role: "tool", tool_call_id: "call_2", content: "two" },
      { role: "assistant", content: "Done." },
      { role: "user", content: "Thanks" },
    ]);
  });

  it("keeps each step's calls apart, also when their ids repeat", () => {
    const messages = messagesOf(
      call("call_0"),
      output("call_0", "first"),
      call("call_0"),
      output("call_0", "second"),
    );
    expect(messages).toMatchObject([
      { role: "assistant", content: null, tool_calls: [{ id: "call_0" }] },
      { role: "tool", tool_call_id: "call_0", content: "first" },
      { role: "assistant", tool_calls: [{ id: expect.not.stringMatching(/^call_0$/) }] },
      { role: "tool", content: "second" },
    ]);
  });

  it("puts an output right after its call when the person spoke in between", () => {
    expect(messagesOf(call("call_1"), said("user", "Hurry"), output("call_1", "one"))).toMatchObject([
      { role: "assistant" },
      { role: "tool", content: "one" },
      { role: "user", content: "Hurry" },
    ]);
  });

  it("sends neither reasoning nor a provider's own items", () => {
    const origin = { provider: "openai", model: "m", opaque: { type: "compaction" } } as const;
    expect(
      messagesOf(
        { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hmm" }], origin },
        { type: "provider_item", origin },
        said("assistant", "A"),
      ),
    ).toEqual([{ role: "assistant", content: "A" }]);
  });

  it("calls developer messages by the role that all servers know", () => {
    expect(messagesOf(said("developer", "Careful."))).toEqual([{ role: "system", content: "Careful." }]);
  });

  it("sends parts only where there is an image", () => {
    const image_url = "data:image/png;base64,AAAA";
    const content = [
      { type: "input_text" as const, text: "Look:" },
      { type: "input_image" as const, image_url },
    ];
    expect(messagesOf({ type: "message", role: "user", content })).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "Look:" },
          { type: "image_url", image_url: { url: image_url, detail: "auto" } },
        ],
      },
    ]);
  });

  it("does not send arguments that were cut off", () => {
    const messages = messagesOf(
      call("call_1", { arguments: '{"a', status: "incomplete" }),
      output("call_1", "x"),
    );
    expect(messages).toMatchObject([{ tool_calls: [{ function: { arguments: "{}" } }] }, { role: "tool" }]);
  });
});
