import { describe, expect, it } from "vitest";
import type { FunctionCallItem, MessageItem, Origin, ResponseItem } from "../../contract/item.ts";
import type { ModelRequest } from "../../contract/model.ts";
import { toResponsesRequest } from "./request.ts";

const OPENAI: Origin = { provider: "openai", model: "gpt-5" };
const ANTHROPIC: Origin = { provider: "anthropic", model: "claude" };

function toRequest(items: ResponseItem[], name = "gpt-5", more: Partial<ModelRequest> = {}) {
  const request = { instructions: "Be brief.", items, tools: [], sessionId: "session-1", ...more };
  return toResponsesRequest({ name }, request, { summaries: true });
}

const inputOf = (...items: ResponseItem[]) => toRequest(items).input;

function user(text: string): MessageItem {
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

function assistant(text: string, more: Partial<MessageItem> = {}): MessageItem {
  return { type: "message", role: "assistant", content: [{ type: "output_text", text }], ...more };
}

function call(call_id: string, more: Partial<FunctionCallItem> = {}): FunctionCallItem {
  return { type: "function_call", call_id, name: "shell", arguments: "{}", ...more };
}

function output(call_id: string, text = "done"): ResponseItem {
  return { type: "function_call_output", call_id, output: text };
}

describe("the body of a Responses request", () => {
  it.each([
    ["gpt-5.6", { mode: "explicit" }],
    ["gpt-6-astra", { mode: "explicit" }],
    ["gpt-5.5", undefined],
    ["gpt-5", undefined],
    ["codex-mini-latest", undefined],
  ])("keeps %s from writing a single question to its cache where that costs something", (name, options) => {
    expect(toRequest([user("Hi")], name, { cache: "none" }).prompt_cache_options).toEqual(options);
    expect(toRequest([user("Hi")], name, { cache: "hour" })).not.toHaveProperty("prompt_cache_options");
  });

  it("stores nothing, asks for ciphertext and names the session for the cache", () => {
    const tools = [{ name: "shell", description: "Runs.", parameters: { type: "object" } }];
    expect(toRequest([user("Hi")], "gpt-5", { tools, maxOutputTokens: 1000 })).toEqual({
      model: "gpt-5",
      instructions: "Be brief.",
      tools: [
        {
          type: "function",
          name: "shell",
          description: "Runs.",
          parameters: { type: "object" },
          strict: false,
        },
      ],
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] }],
      stream: true,
      store: false,
      prompt_cache_key: "session-1",
      max_output_tokens: 1000,
      include: ["reasoning.encrypted_content"],
      reasoning: { summary: "auto" },
    });
  });

  it.each(["gpt-5", "gpt-5.5-codex", "o3", "o4-mini", "codex-mini-latest", "ft:gpt-5-mini:org"])(
    "asks %s to reason",
    (name) => expect(toRequest([], name)).toHaveProperty("reasoning"),
  );

  it.each(["gpt-4o", "gpt-4.1", "gpt-5-chat-latest", "ft:gpt-4o:org", "llama-3", "gpt-oss-20b", "omni"])(
    "does not ask %s, which would refuse",
    (name) => {
      expect(toRequest([], name)).not.toHaveProperty("reasoning");
      expect(toRequest([], name)).not.toHaveProperty("include");
    },
  );

  it("begins with the same bytes when the conversation grows", () => {
    const items = [
      user("Hi"),
      call("call_0"),
      output("call_0"),
      assistant("A"),
      call("call_0"),
      output("call_0"),
    ];
    const bytes = items.map((_, n) => JSON.stringify(toRequest(items.slice(0, n)).input).slice(0, -1));
    expect(bytes.every((shorter, n) => (bytes[n + 1] ?? shorter).startsWith(shorter))).toBe(true);
    expect(JSON.stringify(toRequest(items))).toBe(JSON.stringify(toRequest(structuredClone(items))));
  });
});

describe("items of a Responses request", () => {
  it("carry no ids", () => {
    const items = [
      user("Hi"),
      assistant("A", { id: "item-1" }),
      call("call_1", { id: "item-2" }),
      output("call_1"),
    ];
    expect(JSON.stringify(toRequest(items))).not.toContain("item-");
  });

  it("send reasoning back as it came, before what it led to", () => {
    const reasoning: ResponseItem = {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "Thinking" }],
      encrypted_content: "gAAAA",
      origin: OPENAI,
    };
    expect(inputOf(reasoning, call("call_1"), output("call_1"))).toMatchObject([
      {
        type: "reasoning",
        summary: [{ type: "summary_text", text: "Thinking" }],
        encrypted_content: "gAAAA",
      },
      { type: "function_call" },
      { type: "function_call_output" },
    ]);
  });

  it("leave reasoning out that led to nothing, or that another provider made", () => {
    const mine: ResponseItem = { type: "reasoning", summary: [], encrypted_content: "gAAAA", origin: OPENAI };
    const other: ResponseItem = { type: "reasoning", summary: [], encrypted_content: "x", origin: ANTHROPIC };
    expect(inputOf(mine, user("Hi"), other, assistant("A"), mine)).toMatchObject([
      { role: "user" },
      { role: "assistant" },
    ]);
  });

  it("keep texts and calls of other providers", () => {
    const items = [
      assistant("A", { origin: ANTHROPIC }),
      call("toolu_1", { origin: ANTHROPIC }),
      output("toolu_1"),
    ];
    expect(inputOf(...items)).toEqual([
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "A" }] },
      { type: "function_call", call_id: "toolu_1", name: "shell", arguments: "{}" },
      { type: "function_call_output", call_id: "toolu_1", output: "done" },
    ]);
  });

  it("carry the phase of OpenAI's messages only", () => {
    expect(
      inputOf(
        assistant("A", { phase: "commentary", origin: OPENAI }),
        assistant("B", { phase: "x", origin: ANTHROPIC }),
      ),
    ).toMatchObject([{ phase: "commentary" }, expect.not.objectContaining({ phase: "x" })]);
  });

  it("say what an assistant said as output, and what others said as input", () => {
    const parts: MessageItem["content"] = [
      { type: "input_text", text: "in" },
      { type: "output_text", text: "out" },
      { type: "refusal", refusal: "no" },
      { type: "output_text", text: "" },
    ];
    expect(inputOf({ type: "message", role: "assistant", content: parts })).toMatchObject([
      {
        content: [
          { type: "output_text", text: "in" },
          { type: "output_text", text: "out" },
          { type: "refusal", refusal: "no" },
        ],
      },
    ]);
    expect(inputOf({ type: "message", role: "developer", content: parts })).toMatchObject([
      {
        role: "developer",
        content: [
          { type: "input_text", text: "in" },
          { type: "input_text", text: "out" },
          { type: "input_text", text: "no" },
        ],
      },
    ]);
  });

  it("leave empty messages out and developer messages in their place", () => {
    const developer: ResponseItem = { ...user("Now be careful."), role: "developer" };
    expect(inputOf(user("Hi"), assistant(""), developer, user("Go"))).toMatchObject([
      { role: "user" },
      { role: "developer" },
      { role: "user" },
    ]);
  });

  it("carry images", () => {
    const image_url = "data:image/png;base64,AAAA";
    expect(
      inputOf({ type: "message", role: "user", content: [{ type: "input_image", image_url }] }),
    ).toMatchObject([{ content: [{ type: "input_image", image_url, detail: "auto" }] }]);
  });

  it("map call ids that are too long or come twice, each output to its call", () => {
    const long = "x".repeat(65);
    const input = JSON.parse(
      JSON.stringify(
        inputOf(
          call(long),
          output(long, "long"),
          call("call_0"),
          output("call_0", "first"),
          call("call_0"),
          call("call_0"),
          output("call_0", "second"),
          output("call_0", "third"),
        ),
      ),
    );
    const ids = [0, 2, 4, 5].map((n) => input[n].call_id);
    expect(new Set(ids).size).toBe(4);
    expect(Math.max(...ids.map((id) => id.length))).toBeLessThanOrEqual(64);
    expect(input[2].call_id).toBe("call_0");
    const outputs = input.filter((item: { type: string }) => item.type === "function_call_output");
    expect(outputs.map((item: { call_id: string }) => item.call_id)).toEqual(ids);
    expect(outputs.map((item: { output: string }) => item.output)).toEqual([
      "long",
      "first",
      "second",
      "third",
    ]);
  });

  it("leave an output out whose call is gone", () => {
    expect(inputOf(output("call_gone"), user("Hi"))).toMatchObject([{ role: "user" }]);
  });

  it("replace arguments that were cut off, and names that OpenAI does not take", () => {
    const cut = call("call_1", { arguments: '{"command":["rm', status: "incomplete" });
    const odd = call("call_2", { arguments: "[1]", name: "files.read file" });
    expect(inputOf(cut, output("call_1"), odd, output("call_2"))).toMatchObject([
      { type: "function_call", arguments: "{}" },
      { type: "function_call_output" },
      { type: "function_call", name: "files_read_file", arguments: "{}" },
      { type: "function_call_output" },
    ]);
  });

  it("send of OpenAI's own items only those back that carry their whole state", () => {
    const own = (opaque: unknown, origin = OPENAI): ResponseItem => ({
      type: "provider_item",
      origin: { ...origin, opaque },
    });
    const compaction = { type: "compaction", id: "cmp_1", encrypted_content: "gAAAA" };
    expect(
      inputOf(
        own(compaction),
        own({
          type: "custom_tool_call",
          call_id: "call_1",
          name: "sql",
          input: "SELECT 1",
          encrypted_content: "x",
        }),
        own({ type: "web_search_call", id: "ws_1", status: "completed" }),
        own(compaction, ANTHROPIC),
        user("Hi"),
      ),
    ).toMatchObject([{ type: "compaction", encrypted_content: "gAAAA" }, { role: "user" }]);
    expect(JSON.stringify(inputOf(own(compaction)))).not.toContain("cmp_1");
  });
});
